// Claim: a compaction of the key index that does not hold one lock for its whole walk stalls nobody, where the
// lock's stall grows with the keys. Invariants: one cell decides, its most keys by the stall itself and all of
// its sizes by the growth; etcd's own store stands beside it where its harness is at hand. Published seconds are of
// another machine and an unknown number of keys: they are shown beside, never asked for. Pure.

import { count, times } from '../judge/words.ts';
import { levelOf, ratioOf, slopeOf } from '../question/contrast.ts';
import type { Cell, Peers } from '../question/question.ts';
import type { LinesPanel, Published, Table } from '../record/answer.ts';
import type { Mode } from '../record/run.ts';
import {
  armTable,
  axis,
  described,
  entryOf,
  hasValue,
  levelIn,
  linesOf,
  medianOf,
  sizePoints,
  sizeTable,
  type Described,
  type DrawnPoint,
} from './cell-figures.ts';
import {
  armsBy,
  claimSource,
  findingWords,
  FLOOR,
  INTERVAL,
  LOOKS,
  measuredOf,
  msWords,
  ratioWords,
  slicesOf,
  slopeWords,
  type Told,
} from './claim-question.ts';
import { gainContrasts, gainReason, judgeGain, type GainRule } from './gain-rule.ts';

const ID = 'index-lock';
const CELL = `${ID}/compaction`;
const ETCD_CELL = `${ID}/etcd`;
const LOCKS = ['global', 'optimistic'] as const;
const SLOPE_MIN = 0.8;
const GAIN_MIN = 10;
/** From here on etcd warns that a request took too long to apply. */
const SLOW_MS = 100;

const PUBLISHED: Published = {
  value: 5,
  unit: 's',
  what: 'stall of all requests while an index of millions of keys is compacted, 5 to 10 s; after: none',
  source:
    'etcd issue 9506 (2018, etcd 3.3.1, E5-2670 v2, 16 logical processors; how many millions was not ' +
    'said) and PR 9511 (Braintree), whose test asks that puts during a compaction of 1,000,000 keys of ' +
    '64 B do not block',
};

const RULE =
  'Decided by the longest put while keys of 64 B with two revisions each are compacted, from 100,000 to ' +
  `1,000,000 keys (30,000 to 300,000 with --quick), each by its ${INTERVAL}. Reproduced if with global ` +
  'the longest put grows at least about in proportion to the keys (log-log slope of 0.8 or more), and at ' +
  'the most keys it is with optimistic at least 10x shorter and below 100 ms, from which on etcd calls ' +
  `a request slow. Partly if it is shorter beyond the ${FLOOR} and one of the others fails. ` +
  'Not-reproduced if it is not shorter. Inconclusive if one of them was not measured, has no ' +
  'interval, or one that holds both no gain and 10x. The published seconds are not asked for: their ' +
  'number of keys is unknown. Invalid if a round did not run as its arm, got wrong answers, or did ' +
  'not drop what was superseded.';

const CAVEATS: readonly string[] = [
  'etcd has the change since 3.4 (PR 9511 of Braintree, 2018, not Alibaba; a race in it was mended by PR ' +
    '10699): it walks a copy-on-write clone and locks for one key at a time. 3.3 and older lock for the ' +
    'whole walk. optimistic goes further: readers take no lock at all.',
  "global's walk is this engine's, over shared memory without garbage collection, and takes a fraction of " +
    'the time that etcd 3.3 was reported to take: the growth can be compared, the seconds cannot.',
  'The sizes are compacted in one store, smallest first.',
  'Index only: no consensus, no syncs, and no file behind the compacted keys. The batches in which the ' +
    'file is compacted afterwards are the same in both arms.',
];

export const indexLock = claimSource({
  id: ID,
  title: 'Compaction stalls puts no longer: no lock is held for the walk of the key index',
  ...{ published: PUBLISHED, ruleText: RULE, caveats: CAVEATS, looks: LOOKS },
  cells: indexCells,
  contrasts: () => gainContrasts(STALL_RULE),
  rule: (found) => judgeGain(found, STALL_RULE),
  wording: (told) => {
    const compacted = compactedOf(told);
    const keys = Number(compacted.find(({ id }) => id === CELL)?.factors['keysMax']);
    return {
      finding: findingOf(told, keys),
      measured: measuredOf(longestPut(told, 'global'), {
        ...{ unit: 's', what: `longest put while ${count(keys)} keys are compacted, global` },
        ...{ at: { keys, indexLock: 'global' }, per: 1e3 },
      }),
      limits: limitsOf(told, compacted),
      panels: panelsOf(told, compacted),
      tables: tablesOf(told, compacted),
    };
  },
});

/** Keys, how many sizes between them, and seconds of puts from the start of a compaction on. */
interface Sizes {
  readonly keysMin: number;
  readonly keysMax: number;
  readonly sizes: number;
  readonly seconds: number;
}

function indexCells(mode: Mode, peers: Peers): readonly Cell[] {
  const seconds = 0.6;
  const deciding = { name: 'compaction', role: 'deciding', sessions: 3 } as const;
  if (mode === 'quick') {
    return [compactionCell(deciding, { keysMin: 3e4, keysMax: 3e5, sizes: 3, seconds: 0.2 })];
  }
  const small = { name: 'compaction-small', role: 'curve', sessions: 2 } as const;
  const large = { name: 'compaction-large', role: 'labelled', sessions: 2 } as const;
  return [
    compactionCell(deciding, { keysMin: 1e5, keysMax: 1e6, sizes: 3, seconds }),
    compactionCell(small, { keysMin: 1e4, keysMax: 3e4, sizes: 2, seconds }),
    ...(mode === 'full'
      ? [compactionCell(large, { keysMin: 3e6, keysMax: 1e7, sizes: 2, seconds })]
      : []),
    ...(peers.etcdMvcc === undefined ? [] : [etcdCell()]),
  ];
}

function compactionCell(
  { name, role, sessions }: { name: string; role: Cell['role']; sessions: number },
  factors: Sizes,
): Cell {
  const { keysMin, keysMax, sizes, seconds } = factors;
  const keysAll = ((keysMin + keysMax) / 2) * sizes;
  return {
    id: `${ID}/${name}`,
    title: `${keysMin.toLocaleString('en-US')} to ${keysMax.toLocaleString('en-US')} keys compacted`,
    ...{ role, sessions, procedure: 'compaction-stall', factors: { ...factors }, slices: 1 },
    ...{ arms: armsBy('indexLock', LOCKS), prepareSeconds: 0, openSeconds: 1 },
    sliceSeconds: sizes * (0.5 + 1.75 * seconds) + keysAll * 2.5e-6,
    // A few MB, of which nothing is synced: a file system in memory does no harm.
    diskBytes: 0,
    memoryBytes: LOCKS.length * (300e6 + keysMax * 300),
  };
}

function etcdCell(): Cell {
  const keys = 1e6;
  return {
    id: ETCD_CELL,
    title: `etcd's own store, ${keys.toLocaleString('en-US')} keys compacted`,
    ...{ role: 'labelled', procedure: 'etcd-compaction', factors: { keys } },
    arms: [{ name: 'etcd', target: 'etcd-mvcc', settings: {} }],
    ...{ slices: 1, sessions: 1, prepareSeconds: 0, openSeconds: 0.5, sliceSeconds: 8 },
    ...{ diskBytes: 1e9, memoryBytes: 1.5e9 },
  };
}

const AT_MOST_KEYS = { cell: CELL, over: 'global', under: 'optimistic' } as const;

const STALL_RULE: GainRule = {
  ...{ gain: 'gain', gainMin: GAIN_MIN },
  reproduced: 'the stall is gone, though it was shorter here than published',
  conditions: [
    {
      contrast: slopeOf({
        ...{ id: 'growth', words: 'log-log slope of the longest put over keys, global' },
        ...{ cell: CELL, arm: 'global', series: { x: 'keys', y: 'putMaxMs' }, cuts: [SLOPE_MIN] },
      }),
      holds: ({ low }) => low >= SLOPE_MIN,
      missed: ({ low }) =>
        `global was not shown to grow in proportion (its slope reaches ${low.toFixed(2)})`,
    },
    {
      contrast: ratioOf({
        ...{ id: 'gain', words: 'longest put at the most keys, global / optimistic' },
        ...{ ...AT_MOST_KEYS, figure: 'putMaxMs', cuts: [1, GAIN_MIN] },
      }),
      holds: ({ low }) => low >= GAIN_MIN,
      missed: () => `the gain was not shown to be ${String(GAIN_MIN)}x`,
    },
    {
      contrast: levelOf({
        ...{ id: 'stall', words: 'longest put at the most keys, optimistic', unit: 'ms' },
        ...{ cell: CELL, arm: 'optimistic', figure: 'putMaxMs', scale: 'log', cuts: [SLOW_MS] },
      }),
      holds: ({ high }) => high < SLOW_MS,
      missed: () => `optimistic was not shown to stay below ${String(SLOW_MS)} ms`,
    },
  ],
};

function compactedOf({ cells }: Told): Cell[] {
  return cells.filter(({ procedure }) => procedure === 'compaction-stall');
}

function longestPut(told: Told, arm: string): Described | undefined {
  return levelIn(told, CELL, arm, 'putMaxMs');
}

function findingOf(told: Told, keys: number): string {
  const { estimates, decided } = told;
  const [global, optimistic] = [longestPut(told, 'global'), longestPut(told, 'optimistic')];
  if (global === undefined || optimistic === undefined) {
    return `Too few sessions of ${count(keys)} keys to tell.`;
  }
  const p99 = described(told, ratioOf({ id: '', words: '', ...AT_MOST_KEYS, figure: 'putP99Us' }));
  const growth = estimates.get('growth');
  return findingWords(
    [
      `While ${count(keys)} keys are compacted, the longest put takes ${msWords(global.value)} with ` +
        `global and ${msWords(optimistic.value)} with optimistic, a gain of ` +
        ratioWords(estimates.get('gain')),
      p99 && `the p99 of puts is ${times(p99.value)} lower`,
      hasValue(growth)
        ? `global's grows with the keys to the power of ${slopeWords(growth)}`
        : undefined,
    ],
    gainReason(estimates, decided, STALL_RULE),
  );
}

function limitsOf({ rounds }: Told, compacted: readonly Cell[]): string[] {
  const fewest = ({ factors }: Cell): number => Number(factors['keysMin']);
  const [least] = compacted.toSorted((a, b) => fewest(a) - fewest(b));
  const limits: string[] = [];
  const longest = (lock: string): number | null =>
    medianOf(slicesOf(rounds, least?.id ?? '', lock), entryOf('putMaxMs', 0));
  const [global, optimistic] = [longest('global'), longest('optimistic')];
  if (least !== undefined && global !== null && optimistic !== null) {
    limits.push(
      `At ${count(fewest(least))} keys the longest put takes ${msWords(global)} with global and ` +
        `${msWords(optimistic)} with optimistic.`,
    );
  }
  const etcd = slicesOf(rounds, ETCD_CELL);
  const [walk, put] = [medianOf(etcd, 'walkMs'), medianOf(etcd, 'putMaxMs')];
  if (walk !== null && put !== null) {
    limits.push(
      `etcd ${String(etcd[0]?.settings['etcd'] ?? '')}'s own walk over ` +
        `${count(Number(etcd[0]?.asked['keys']))} such keys took ${msWords(walk)} on this machine, its ` +
        `longest put meanwhile ${msWords(put)}, commits to disk included: what 3.3 would have stood ` +
        'still for is about the former.',
    );
  }
  limits.push(
    'The work of a compaction is no less: it is cut into steps between which puts go on.',
  );
  return limits;
}

function panelsOf(told: Told, compacted: readonly Cell[]): (LinesPanel | undefined)[] {
  const x = axis('Keys compacted', '');
  const points = (y: string): DrawnPoint[] => sizePoints(told.rounds, compacted, { x: 'keys', y });
  const put = {
    ...{ id: 'longest-put', title: 'Longest put during the compaction', x },
    y: axis('Longest put', 'ms'),
    references: [{ y: SLOW_MS, label: 'etcd calls it slow' }],
  };
  const read = {
    ...{ id: 'longest-read', title: 'Longest read of another thread meanwhile', x },
    y: axis('Longest read', 'ms'),
  };
  return [linesOf(told, put, points('putMaxMs')), linesOf(told, read, points('readMaxMs'))];
}

function tablesOf({ rounds, cells }: Told, compacted: readonly Cell[]): Table[] {
  return [
    ...sizeTable(rounds, {
      caption: 'By keys compacted: medians over slices',
      cells: compacted,
      x: { title: 'Keys', series: 'keys' },
      armTitle: 'Lock',
      metrics: [
        { title: 'Longest put', unit: 'ms', series: 'putMaxMs' },
        { title: 'Longest read', unit: 'ms', series: 'readMaxMs' },
        { title: 'Longest step', unit: 'ms', series: 'stepMsMax' },
      ],
    }),
    ...armTable(rounds, {
      caption: 'Puts and reads at the most keys of a cell: medians over slices',
      cells: cells.map((cell) => ({
        ...cell,
        factors: { keys: cell.factors['keysMax'] ?? cell.factors['keys'] ?? 0 },
      })),
      factors: [{ title: 'Keys', factor: 'keys' }],
      armTitle: 'Lock',
      metrics: [
        { title: 'Longest put', unit: 'ms', metric: 'putMaxMs' },
        { title: 'Put p99', unit: 'us', metric: 'putP99Us' },
        { title: 'Longest before', unit: 'ms', metric: 'beforePutMaxMs' },
        { title: 'p99 before', unit: 'us', metric: 'beforePutP99Us' },
        { title: 'Longest read', unit: 'ms', metric: 'readMaxMs' },
        { title: 'Read p99', unit: 'us', metric: 'readP99Us' },
        { title: 'Longest step', unit: 'ms', metric: 'stepMsMax' },
        { title: 'Whole walk', unit: 'ms', metric: 'walkMs' },
      ],
    }),
  ];
}
