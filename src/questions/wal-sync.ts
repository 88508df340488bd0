// Claim: one sync of the log for all puts that wait (group commit) carries many writers far beyond what the disk's
// syncs allow one put at a time. Invariants: two cells decide, 64 writers of 256 B on the disk as it is and with
// 5 ms added to every sync; the rest draws. 'none' is never compared: it loses acknowledged puts in a crash of the
// machine. The disk's own sync latency is probed before each slice: what one sync a put allows follows from it.

import { DURABILITIES, type Durability } from '../../engine/index.ts';
import type { LinesPanel, Panel, Published, Role, Table, Verdict } from '../record/answer.ts';
import type { Round } from '../record/round.ts';
import type { Mode } from '../record/run.ts';
import { ratioOf } from '../question/contrast.ts';
import type { Cell, Contrast, Estimates } from '../question/question.ts';
import { count, list, times } from '../judge/words.ts';
import {
  armPoints,
  armTable,
  axis,
  hasValue,
  levelIn,
  levelWith,
  linesOf,
  medianOf,
  pointOf,
  scaled,
  tableOf,
} from './cell-figures.ts';
import {
  ADDED_LATENCY,
  addedWords,
  armsBy,
  claimSource,
  findingWords,
  FLOOR,
  floorOf,
  INTERVAL,
  intervalIn,
  LOAD_INVALID,
  measuredOf,
  ratioWords,
  sideOf,
  slicesOf,
  type Told,
} from './claim-question.ts';
import { reasonWords } from './gain-rule.ts';
import { loadCell, loadFactors } from './load-cell.ts';

const ID = 'wal-sync';
const WRITERS = 64;
const VALUE_BYTES = 256;
const KEYS_MIN = 64;
const SLOW_MS = 5;
const BOUND_TOLERANCE = 0.25;
/** Most of the error goes to the bounds: the gains are far from what is asked of them. */
const BOUND_WEIGHT = 4;
const BOUND_CUTS = [1 - BOUND_TOLERANCE, 1 + BOUND_TOLERANCE];

/** The two cells that decide, and the gain that group must reach there. */
const SIDES = [
  { syncDelayMs: 0, gain: 5, where: 'on the disk as it is' },
  { syncDelayMs: SLOW_MS, gain: 20, where: 'with 5 ms added to every sync' },
] as const;
type Side = (typeof SIDES)[number];

const gainId = ({ syncDelayMs }: Side): string => `gain-${String(syncDelayMs)}ms`;
const boundId = ({ syncDelayMs }: Side): string => `bound-${String(syncDelayMs)}ms`;

const LOOKS: Readonly<Record<Mode, readonly number[]>> = {
  quick: [3],
  default: [4, 6, 9],
  full: [3, 5, 8, 12],
};

const PUBLISHED: Published = {
  value: SIDES[0].gain,
  words: 'no figure',
  unit: 'x',
  what: 'puts/s with 64 writers of 256 B, one sync for all that wait / a sync for each put',
  source:
    "etcd's write path: the entries of one raft Ready go into the log with one fdatasync; the article " +
    'names the write latency of the log as a bound of performance. No figure of the gain was ' +
    'published. etcd 3.2 reached 583 puts/s with one client and 44,341 with 1,000 on one cluster ' +
    '(performance page), which the network has a part in too',
};

const RULE =
  'With 64 writers of 256 B in a closed loop, arms paired within sessions, each figure by its ' +
  `${INTERVAL}. Reproduced if group reaches at least 5x the puts/s of each at the disk's own sync ` +
  'latency and at least 20x with 5 ms added to every sync, and each lies in both within 25% of ' +
  'what one sync a put allows: 1 / (mean sync latency of the disk, measured before the same slice, ' +
  `plus what is added). Partly if group is faster in both beyond the ${FLOOR} and one of the ` +
  'others fails. Not-reproduced if in one of them it is slower beyond the floor, or not shown ' +
  'faster and the interval excludes the gain asked for there, which the floor does not reach. ' +
  `Inconclusive otherwise. ${LOAD_INVALID}`;

const CAVEATS: readonly string[] = [
  'Every etcd version groups: it has no setting for a sync of each put. Nearest to none is ' +
    '--unsafe-no-fsync, since 3.4.10 and 3.5: for tests only.',
  'none loses acknowledged puts in a crash of the machine; it is shown to tell what durability costs, and has ' +
    'no part in the verdict.',
  'Storage layer only: no consensus and no network, writers in the same process. In etcd a follower syncs as ' +
    'well before the leader may answer.',
  ADDED_LATENCY,
];

export const walSync = claimSource({
  id: ID,
  title: 'One log sync for all puts that wait carries many writers past the disk',
  ...{ published: PUBLISHED, ruleText: RULE, caveats: CAVEATS, looks: LOOKS },
  ...{ cells: cellsOf, contrasts: () => CONTRASTS, rule },
  wording: (told) => ({
    finding: findingOf(told),
    measured: measuredOf(told.estimates.get(gainId(SIDES[0])), {
      ...{ unit: 'x', what: 'puts/s, group / each' },
      at: { writers: WRITERS, valueBytes: VALUE_BYTES, syncDelayMs: 0 },
    }),
    limits: limitsOf(told),
    panels: panelsOf(told),
    tables: [...barTable(told), ...cellTable(told)],
  }),
});

interface About {
  readonly writers?: number;
  readonly valueBytes?: number;
  readonly syncDelayMs?: number;
  readonly arms?: readonly Durability[];
}

const WAITING: readonly Durability[] = ['each', 'group'];

function cellsOf(mode: Mode): readonly Cell[] {
  const deciding = SIDES.map(({ syncDelayMs }) =>
    walCell('deciding', { syncDelayMs, arms: WAITING }, 0),
  );
  const one: About = { writers: 1 };
  if (mode === 'quick') {
    const short = deciding.map((cell) => ({ ...cell, slices: 3 }));
    return [...short, walCell('curve', { ...one, arms: WAITING }, 1)];
  }
  const curves: readonly About[] = [
    { arms: ['none'] },
    ...[1, 8, 256].map((writers) => ({ writers })),
    ...[4096, 65_536].map((valueBytes) => ({ valueBytes })),
    ...[1, SLOW_MS, 10].flatMap((syncDelayMs): About[] => [
      { ...one, syncDelayMs, arms: WAITING },
      ...(syncDelayMs === SLOW_MS ? [] : [{ syncDelayMs, arms: WAITING }]),
      // 256 puts of a sync each would outlast the slice.
      { syncDelayMs, writers: 256, arms: ['group'] },
    ]),
  ];
  return [...deciding, ...curves.map((about) => walCell('curve', about, mode === 'full' ? 3 : 1))];
}

function cellId({
  writers = WRITERS,
  valueBytes = VALUE_BYTES,
  syncDelayMs = 0,
  arms,
}: About): string {
  const only = arms?.length === 1 && arms[0] === 'none' ? 'none-' : '';
  return `${ID}/${only}${[writers, valueBytes, syncDelayMs].join('-')}`;
}

function walCell(role: Role, about: About, sessions: number): Cell {
  const { writers = WRITERS, valueBytes = VALUE_BYTES, syncDelayMs = 0 } = about;
  const { arms = DURABILITIES } = about;
  const who = writers === 1 ? '1 writer' : `${String(writers)} writers`;
  const delay = syncDelayMs === 0 ? '' : `, ${String(syncDelayMs)} ms added to a sync`;
  const parameters = { keys: Math.max(KEYS_MIN, writers), valueBytes, readShare: 0 };
  const load = { clients: writers, seconds: 0.25, syncDelayMs, probeSync: true };
  return loadCell({
    id: cellId(about),
    title: `${who} of ${count(valueBytes)} B${delay}`,
    ...{ role, sessions, slices: role === 'deciding' ? 4 : 2 },
    factors: loadFactors('large-values', parameters, load),
    arms: armsBy('durability', arms),
  });
}

/** Puts a second as a part of what one sync a put allows, by the probe before the slice. */
function ofBound({ figures }: Round): number | undefined {
  const { putsPerSecond: puts, boundPerSecond: bound } = figures;
  return puts === undefined || bound === undefined ? undefined : puts / bound;
}

const CONTRASTS: readonly Contrast[] = SIDES.flatMap((side) => {
  const { syncDelayMs, gain, where } = side;
  const cell = cellId({ syncDelayMs });
  return [
    ratioOf({
      ...{ id: gainId(side), words: `puts/s, group / each, ${where}`, cell },
      ...{ figure: 'putsPerSecond', over: 'group', under: 'each', cuts: [1, gain] },
    }),
    levelWith({
      ...{ id: boundId(side), words: `puts/s of each / one put a sync, ${where}`, cell },
      ...{ arm: 'each', metric: ofBound, unit: 'x', cuts: BOUND_CUTS },
      ...{ weight: BOUND_WEIGHT },
    }),
  ];
});

function rule(found: Estimates): Verdict {
  if (SIDES.some((side) => isRefuted(found, side))) return 'not-reproduced';
  const ids = SIDES.flatMap((side) => [gainId(side), boundId(side)]);
  if (ids.some((id) => intervalIn(found, id) === undefined)) return 'inconclusive';
  if (missedOf(found).length === 0) return 'reproduced';
  const sides = SIDES.map((side) => sideOf(found.get(gainId(side))));
  return sides.every((side) => side === 'above') ? 'partly' : 'inconclusive';
}

function isRefuted(found: Estimates, asked: Side): boolean {
  const gain = found.get(gainId(asked));
  const side = sideOf(gain);
  if (side !== 'neither') return side === 'below';
  const high = intervalIn(found, gainId(asked))?.high ?? asked.gain;
  return high < asked.gain && (floorOf(gain) ?? 1) < asked.gain;
}

/** What the rule asks for and the sessions did not show. */
function missedOf(found: Estimates): string[] {
  const gains = SIDES.filter((side) => (intervalIn(found, gainId(side))?.low ?? 0) < side.gain);
  const unbound = SIDES.filter((side) => {
    const { low, high } = intervalIn(found, boundId(side)) ?? { low: 0, high: 0 };
    return low < 1 - BOUND_TOLERANCE || high > 1 + BOUND_TOLERANCE;
  });
  const missed = gains.map(
    ({ gain, where }) => `the gain was not shown to be ${times(gain)} ${where}`,
  );
  if (unbound.length > 0) {
    const where = list(unbound.map((side) => side.where));
    missed.push(`each was not shown to be within 25% of what one sync a put allows ${where}`);
  }
  return missed;
}

function findingOf({ estimates, decided }: Told): string {
  const gains = SIDES.flatMap((side) => {
    const [gain, bound] = [estimates.get(gainId(side)), estimates.get(boundId(side))];
    if (!hasValue(gain)) return [];
    const share = hasValue(bound)
      ? `, where each reaches ${(bound.value * 100).toPrecision(3)}% of one put a sync`
      : '';
    return [`${ratioWords(gain)} ${side.where}${share}`];
  });
  const reached =
    gains.length === 0
      ? undefined
      : `With 64 writers of 256 B group reaches, in puts/s of each, ${list(gains)}`;
  const why = {
    missed: missedOf(estimates),
    reproduced: 'gain and bound are as the rule asks',
    refuted: 'no gain as asked for in one of the two',
  };
  return findingWords([reached], reasonWords(decided, why));
}

function limitsOf(told: Told): string[] {
  const at = (about: About, arm: string): number | undefined =>
    levelIn(told, cellId(about), arm, 'putsPerSecond')?.value;
  const limits: string[] = [];
  const [one, oneGroup] = [at({ writers: 1 }, 'each'), at({ writers: 1 }, 'group')];
  if (one !== undefined && oneGroup !== undefined) {
    limits.push(
      `One writer gains nothing: ${count(one)} puts/s with each, ${count(oneGroup)} with group. Only ` +
        'puts that wait together can share a sync.',
    );
  }
  const [each, group, none] = [at({}, 'each'), at({}, 'group'), at({ arms: ['none'] }, 'none')];
  if (group !== undefined && none !== undefined) {
    limits.push(
      `64 writers without any sync reach ${count(none)} puts/s, with group ${count(group)}: the rest of ` +
        'the price of durability here.',
    );
  }
  const large = { valueBytes: 65_536 };
  const [eachLarge, groupLarge] = [at(large, 'each'), at(large, 'group')];
  if (eachLarge && groupLarge && each && group) {
    limits.push(
      `With values of 64 KiB the gain is ${times(groupLarge / eachLarge)}, with 256 B ` +
        `${times(group / each)}.`,
    );
  }
  return limits;
}

const PUTS_PER_SYNC_BAR = 20;
const RAW_DISK_SHARE_BAR = 0.6;

const isAt =
  (levels: Readonly<Record<string, number>>) =>
  ({ factors }: Cell): boolean =>
    Object.entries(levels).every(([name, level]) => factors[name] === level);

const nameOf = (arm: string): string => (arm === 'none' ? 'none (unsafe)' : arm);

const PUTS = axis('Throughput', 'puts/s');
const OVER_WRITERS = axis('Concurrent writers', '');

/** By writers for each sync latency, beside what one sync a put allows; by size of a value; puts that shared a sync. */
function panelsOf(told: Told): (Panel | undefined)[] {
  const small = told.cells.filter(isAt({ valueBytes: VALUE_BYTES }));
  const delays = [...new Set(small.map(({ factors }) => Number(factors['syncDelayMs'])))];
  delays.sort((a, b) => a - b);
  const bySize = {
    ...{ id: 'bytes', title: 'Puts by size of the value: 64 writers, syncs as the disk has them' },
    ...{ x: axis('Size of a value', 'B'), y: PUTS, pointsMin: 2 },
  };
  const shared = {
    ...{ id: 'shared', title: 'Puts that share a sync of the log with group, by sync latency' },
    ...{ x: OVER_WRITERS, y: axis('Puts a sync', ''), pointsMin: 2 },
    references: [{ y: PUTS_PER_SYNC_BAR, label: 'bar at 64 writers: 20' }],
  };
  const fixed = told.cells.filter(isAt({ clients: WRITERS, syncDelayMs: 0 }));
  const sharing = delays.flatMap((syncDelayMs) =>
    small.filter(isAt({ syncDelayMs })).flatMap((cell) => {
      const line = syncDelayMs === 0 ? 'as it is' : `+${String(syncDelayMs)} ms`;
      const contrast = levelWith({ cell: cell.id, arm: 'group', metric: 'putsPerSync' });
      return pointOf(cell, 'clients', line, contrast);
    }),
  );
  return [
    ...delays.map((delay) => writersPanel(told, small.filter(isAt({ syncDelayMs: delay })), delay)),
    linesOf(told, bySize, armPoints(fixed, 'valueBytes', 'putsPerSecond', nameOf)),
    linesOf(told, shared, sharing),
  ];
}

function writersPanel(told: Told, cells: readonly Cell[], delay: number): LinesPanel | undefined {
  const slices = cells.flatMap(({ id }) => slicesOf(told.rounds, id));
  const bound = medianOf(slices, 'boundPerSecond');
  const about = {
    id: `writers-${String(delay)}ms`,
    title: `Puts by concurrent writers of 256 B, ${addedWords(delay)}`,
    ...{ x: OVER_WRITERS, y: PUTS, pointsMin: 2 },
    references:
      bound === null ? [] : [{ y: bound, label: `one put a sync: ${count(bound)} puts/s` }],
  };
  return linesOf(told, about, armPoints(cells, 'clients', 'putsPerSecond', nameOf));
}

function cellTable({ rounds, cells }: Told): Table[] {
  return armTable(rounds, {
    caption: 'All cells: medians over slices; the sync of the disk was probed before each slice',
    cells,
    factors: [
      { title: 'Sync +', unit: 'ms', factor: 'syncDelayMs' },
      { title: 'Value', unit: 'B', factor: 'valueBytes' },
      { title: 'Writers', factor: 'clients' },
    ],
    ...{ armTitle: 'Durability', nameOf },
    metrics: [
      { title: 'Puts', unit: '1/s', metric: 'putsPerSecond' },
      { title: 'p50', unit: 'ms', metric: scaled('putP50Us', 1e-3) },
      { title: 'p99', unit: 'ms', metric: scaled('putP99Us', 1e-3) },
      { title: 'Puts a sync', metric: 'putsPerSync' },
      { title: 'Log sync', unit: 'ms', metric: scaled('walSyncUs', 1e-3) },
      { title: 'Disk sync', unit: 'ms', metric: scaled('diskSyncUs', 1e-3) },
    ],
  });
}

/** The bar that the engine's log is held to, by the deciding cell; reported, and no part of the rule. */
function barTable({ rounds, cells }: Told): Table[] {
  const cell = cells.find(
    ({ role, factors }) => role === 'deciding' && factors['syncDelayMs'] === 0,
  );
  const own = cell === undefined ? [] : slicesOf(rounds, cell.id, 'group');
  const ofDisk = (round: Round): number | undefined => {
    const [puts, shared] = [ofBound(round), round.figures['putsPerSync']];
    return puts === undefined || shared === undefined ? undefined : puts / shared;
  };
  const share = 'puts/s as a part of syncs/s of the raw disk x puts a sync';
  const bars = [
    { what: 'puts a sync', value: medianOf(own, 'putsPerSync'), bar: PUTS_PER_SYNC_BAR },
    { what: share, value: medianOf(own, ofDisk), bar: RAW_DISK_SHARE_BAR },
  ].flatMap(({ value, ...bar }) => (value === null ? [] : [{ ...bar, value }]));
  return tableOf(
    "The project's own bar for the log: group, 64 writers of 256 B, medians over slices",
    bars,
    [
      { title: 'What', of: ({ what }) => what },
      { title: 'Measured', of: ({ value }) => value },
      { title: 'At least', of: ({ bar }) => bar },
      { title: '', of: ({ value, bar }) => (value >= bar ? 'met' : 'missed') },
    ],
  );
}
