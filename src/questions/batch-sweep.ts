// Claim: etcd's proposed batch of the backend, 10 ms and 1,000, is better than its default, 100 ms and 10,000.
// Nobody published a measurement of it, so the rule asks whether it is so here. Invariants: two cells decide,
// a closed loop (throughput) and an open one (put p99 from the intended start), on the disk as it is; the grids
// over interval, limit and sync latency draw, and a best setting picked from a grid is called that and no verdict.

import type { Published, Role, Verdict } from '../record/answer.ts';
import type { Mode } from '../record/run.ts';
import { ratioOf } from '../question/contrast.ts';
import type { Arm, Cell, Contrast, Estimates } from '../question/question.ts';
import { count, list, times } from '../judge/words.ts';
import {
  batchLimits,
  batchPanels,
  batchTables,
  DEFAULT_ARM,
  PROPOSAL_ARM,
} from './batch-pictures.ts';
import {
  ADDED_LATENCY,
  claimSource,
  excludesGain,
  findingWords,
  FLOOR,
  floorOf,
  INTERVAL,
  intervalIn,
  LOAD_INVALID,
  measuredOf,
  NOTABLE,
  ratioWords,
  sideOf,
  slicesOf,
  type Told,
} from './claim-question.ts';
import { hasValue } from './cell-figures.ts';
import { loadCell, loadFactors } from './load-cell.ts';

const ID = 'batch-sweep';
/** Throughput may be lower by this, or by the A/A floor where that is larger. */
const KEPT = 1.05;

interface Setting {
  readonly batchIntervalMs: number;
  readonly batchLimit: number;
}

/** etcd's default, and what PR 10283 talked of as a better one. */
const DEFAULT: Setting = { batchIntervalMs: 100, batchLimit: 10_000 };
const PROPOSAL: Setting = { batchIntervalMs: 10, batchLimit: 1000 };

const PARAMETERS = { keys: 4000, valueBytes: 256, readShare: 0 };
const CLIENTS = 64;
/** All settings of a cell run at once, each in a process of its own. */
const ARMS_MAX = 6;
/** Puts a second offered, by milliseconds added to a sync: below what every setting can take there. */
const OFFERED: ReadonlyMap<number, number> = new Map([
  [0, 10_000],
  [1, 5000],
  [5, 2000],
]);
const offeredAt = (syncDelayMs: number): number => OFFERED.get(syncDelayMs) ?? 1000;

const LOOKS: Readonly<Record<Mode, readonly number[]>> = {
  quick: [3],
  default: [4, 6, 9],
  full: [3, 5, 8, 12, 16],
};

const PUBLISHED: Published = {
  value: 1,
  words: 'nothing measured',
  unit: 'x',
  what: 'put p99, default / proposal; above 1x the proposal is better',
  source:
    'etcd PR 10283 (2018), which made both settings flags: "We probably should change the default from ' +
    '100ms,10000 to 10ms, 1000 regardless. The old value was too conservative and hurt latency." A ' +
    'benchmark was promised; none was found, and the default is unchanged to this day',
};

const RULE =
  `At the disk's own sync latency, default and proposal paired within sessions, each by its ${INTERVAL}. ` +
  `Reproduced if put p99 (open loop, from the intended start) is lower with the proposal beyond the ` +
  `${FLOOR}, and throughput (closed loop) is shown to be lower by no more than 5%, or the A/A floor of ` +
  'throughput where that is larger. Partly if p99 is lower and throughput is not shown to be kept. ' +
  'Not-reproduced if p99 is higher beyond the floor, or if no gain beyond the floor is shown and the ' +
  `interval excludes one of 1.25x, with a floor no larger than that. Inconclusive otherwise. ${LOAD_INVALID}`;

const CAVEATS: readonly string[] = [
  'etcd has both as flags, --backend-batch-interval and --backend-batch-limit, since 3.4 (PR 10283); the ' +
    'defaults are 100 ms and 10,000 in every version from 3.1 on, 3.6 and 3.7 included.',
  'Storage layer only: no consensus and no network, clients in the same process.',
  "A put is answered after the log's sync and not after the backend's commit: a commit delays the puts that " +
    'arrive during it.',
  ADDED_LATENCY,
];

export const batchSweep = claimSource({
  id: ID,
  title: 'A batch of 10 ms and 1,000 puts serves puts better than 100 ms and 10,000',
  ...{ published: PUBLISHED, ruleText: RULE, caveats: CAVEATS, looks: LOOKS },
  // A p99 on the disk's own syncs is the noisiest figure of all: last, where time is short.
  priority: 3,
  ...{ cells: cellsOf, contrasts: () => CONTRASTS, rule },
  wording: (told) => ({
    finding: findingOf(told),
    measured: measuredOf(told.estimates.get('p99'), {
      ...{ unit: 'x', what: 'put p99, default / proposal' },
      at: { syncDelayMs: 0, ratePerSecond: offeredAt(0) },
    }),
    limits: batchLimits(told),
    caveats: backlogOf(told),
    panels: batchPanels(told),
    tables: batchTables(told),
  }),
});

type Loop = 'closed' | 'open';

function cellsOf(mode: Mode): readonly Cell[] {
  const two = [DEFAULT, PROPOSAL];
  const deciding = [
    batchCell('closed', two, { loop: 'closed', seconds: 0.35, role: 'deciding', slices: 4 }),
    batchCell('open', two, { loop: 'open', seconds: 0.5, role: 'deciding', slices: 4 }),
  ];
  if (mode === 'quick') return deciding.map((cell) => ({ ...cell, slices: 3 }));
  const full = mode === 'full';
  const limits = full ? [100, 1000, 10_000, 100_000] : [100, 1000, 10_000];
  const slow = full ? [1, 10, 100, 1000] : [10, 100];
  const grids = [
    { delay: 0, intervals: [1, 10, 100, 1000] },
    ...[1, 5, 10].map((delay) => ({ delay, intervals: slow })),
  ];
  const sessions = full ? 2 : 1;
  return [
    ...deciding,
    ...grids.flatMap(({ delay, intervals }) =>
      partsOf(intervals, Math.floor(ARMS_MAX / limits.length)).flatMap((some) =>
        (['closed', 'open'] as const).map((loop) => {
          // An open slice holds a commit of the longest interval, and operations enough for a p99.
          const openSeconds = Math.max(0.4, 1.1e-3 * Math.max(...some), 700 / offeredAt(delay));
          const seconds = loop === 'closed' ? 0.25 : openSeconds;
          const about = { loop, seconds, delay, sessions, slices: 2 };
          const name = `grid-${String(delay)}-${String(some[0])}-${loop}`;
          return batchCell(name, grid(some, limits), { ...about, role: 'curve' });
        }),
      ),
    ),
  ];
}

/** In order, so many at most in each part. */
function partsOf(intervals: readonly number[], most: number): number[][] {
  const parts = Math.ceil(intervals.length / most);
  return Array.from({ length: parts }, (_, part) =>
    intervals.slice(part * most, (part + 1) * most),
  );
}

function grid(intervals: readonly number[], limits: readonly number[]): Setting[] {
  return intervals.flatMap((batchIntervalMs) =>
    limits.map((batchLimit) => ({ batchIntervalMs, batchLimit })),
  );
}

function batchCell(
  name: string,
  settings: readonly Setting[],
  about: {
    readonly loop: Loop;
    readonly seconds: number;
    readonly role: Role;
    readonly slices: number;
    readonly delay?: number;
    readonly sessions?: number;
  },
): Cell {
  const { loop, seconds, role, slices, delay = 0, sessions = 0 } = about;
  const added = delay === 0 ? 'syncs as the disk has them' : `${String(delay)} ms added to a sync`;
  const ratePerSecond = offeredAt(delay);
  const offered = loop === 'closed' ? 'closed loop' : `${count(ratePerSecond)} puts/s offered`;
  return loadCell({
    id: `${ID}/${name}`,
    title: `${String(settings.length)} settings of the batch, ${offered}, ${added}`,
    ...{ role, slices, sessions },
    factors: loadFactors('large-values', PARAMETERS, {
      ...(loop === 'closed' ? { loop } : { loop, arrival: 'poisson', ratePerSecond }),
      ...{ clients: CLIENTS, seconds, syncDelayMs: delay },
    }),
    arms: settings.map(armOf),
  });
}

function armOf(setting: Setting): Arm {
  const { batchIntervalMs, batchLimit } = setting;
  const is = (other: Setting): boolean =>
    batchIntervalMs === other.batchIntervalMs && batchLimit === other.batchLimit;
  const other = `${count(batchIntervalMs)} ms, ${count(batchLimit)}`;
  return {
    name: is(DEFAULT) ? DEFAULT_ARM : is(PROPOSAL) ? PROPOSAL_ARM : other,
    ...{ target: 'engine', settings: { batchIntervalMs, batchLimit } },
  };
}

const CONTRASTS: readonly Contrast[] = [
  ratioOf({
    ...{ id: 'p99', words: 'put p99, default / proposal', cell: `${ID}/open` },
    ...{ figure: 'putP99Us', over: DEFAULT_ARM, under: PROPOSAL_ARM, cuts: [1, NOTABLE] },
  }),
  ratioOf({
    ...{ id: 'throughput', words: 'puts/s, proposal / default', cell: `${ID}/closed` },
    ...{ figure: 'putsPerSecond', over: PROPOSAL_ARM, under: DEFAULT_ARM },
    cuts: [1 / KEPT],
  }),
];

function rule(found: Estimates): Verdict {
  const p99 = found.get('p99');
  const side = sideOf(p99);
  if (side === 'unknown') return 'inconclusive';
  if (side === 'below') return 'not-reproduced';
  if (side === 'neither') return excludesGain(p99) ? 'not-reproduced' : 'inconclusive';
  const throughput = intervalIn(found, 'throughput');
  if (throughput === undefined) return 'inconclusive';
  return throughput.low >= 1 / marginOf(found) ? 'reproduced' : 'partly';
}

/** How much lower throughput may be. */
function marginOf(found: Estimates): number {
  return Math.max(KEPT, floorOf(found.get('throughput')) ?? 1);
}

function findingOf({ estimates, decided }: Told): string {
  const [p99, throughput] = [estimates.get('p99'), estimates.get('throughput')];
  if (!hasValue(p99)) return findingWords([], '');
  const parts = [
    `put p99 at ${count(offeredAt(0))} puts/s offered is ${ratioWords(p99)} as long with the ` +
      'default as with the proposal',
    ...(hasValue(throughput)
      ? [`the proposal reaches ${ratioWords(throughput)} of the throughput of the default`]
      : []),
  ];
  return findingWords([`On this disk ${list(parts)}`], reasonOf(estimates, decided));
}

function reasonOf(found: Estimates, decided: Verdict): string {
  const floor = floorOf(found.get('p99'));
  const noise = floor === undefined ? 'unknown' : times(floor);
  if (decided === 'reproduced') return 'the proposal is better here';
  if (decided === 'partly') {
    const isLost = (intervalIn(found, 'throughput')?.high ?? 1) < 1 / marginOf(found);
    return `lower p99, but throughput is ${isLost ? 'lower' : 'not shown to be kept'}`;
  }
  if (decided === 'not-reproduced') {
    return sideOf(found.get('p99')) === 'below'
      ? 'p99 is higher with the proposal'
      : `no gain is shown (the A/A floor is ${noise}), and one of ${times(NOTABLE)} is excluded`;
  }
  return `the interval does not tell a gain from the noise (the A/A floor is ${noise})`;
}

/** The rate offered was more than the disk could sync. */
function backlogOf({ rounds }: Told): string[] {
  const open = slicesOf(rounds, `${ID}/open`);
  const late = open.filter(({ warnings }) => warnings.some(({ code }) => code === 'skipped'));
  if (late.length === 0) return [];
  return [
    `In ${String(late.length)} of ${String(open.length)} deciding slices the store did not keep up with ` +
      'the rate offered: their p99 is that of a backlog.',
  ];
}
