// Claim: a compaction of the key index that does not hold one lock for its whole walk stalls nobody, where the
// lock's stall grows with the keys. Invariants: one cell decides, its most keys by the stall itself and all of
// its sizes by the growth. Published seconds are of another machine and an unknown number of keys: they are
// shown beside, never asked for. Pure.

import { count, times } from '../judge/words.ts';
import { levelOf, ratioOf, slopeOf } from '../question/contrast.ts';
import type { Cell, Contrast, Evidence, QuestionSource, Wording } from '../question/question.ts';
import type { LinesPanel, Published, Table, Verdict } from '../record/answer.ts';
import { armTable, described, medianOf } from './cell-figures.ts';
import {
  claimQuestion,
  FLOOR,
  INTERVAL,
  intervalOf,
  LOOKS,
  measuredOf,
  ratioWords,
  slicesOf,
  type Interval,
} from './claim-question.ts';
import { gainReason, judgeGain } from './gain-rule.ts';
import { CELL, ETCD_CELL, indexCells, LOCKS } from './index-cells.ts';
import { seriesLines, seriesTable, slopeWords } from './series-figures.ts';

const ID = 'index-lock';
const TITLE = 'Compaction stalls puts no longer: no lock is held for the walk of the key index';
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
  'Index only: no consensus, no syncs, and no file behind the compacted keys. The batches in which the ' +
    'file is compacted afterwards are the same in both arms.',
];

export const indexLock: QuestionSource = {
  id: ID,
  title: TITLE,
  build: ({ mode, peers }) => {
    const cells = indexCells(mode, peers);
    return claimQuestion({
      ...{ id: ID, title: TITLE, published: PUBLISHED, ruleText: RULE, cells },
      contrasts: CONTRASTS,
      looks: LOOKS[mode],
      rule: (found) => judgeGain(found, STALL_RULE),
      wording: (evidence, decided) => wordingOf(evidence, decided, cells),
    });
  },
};

const AT_MOST_KEYS = { cell: CELL, over: 'global', under: 'optimistic' } as const;

const CONTRASTS: readonly Contrast[] = [
  ratioOf({
    ...{ id: 'gain', words: 'longest put at the most keys, global / optimistic' },
    ...{ ...AT_MOST_KEYS, figure: 'putMaxMs', cuts: [1, GAIN_MIN] },
  }),
  slopeOf({
    ...{ id: 'growth', words: 'log-log slope of the longest put over keys, global' },
    ...{ cell: CELL, arm: 'global', series: { x: 'keys', y: 'putMaxMs' }, cuts: [SLOPE_MIN] },
  }),
  levelOf({
    ...{ id: 'stall', words: 'longest put at the most keys, optimistic', unit: 'ms' },
    ...{ cell: CELL, arm: 'optimistic', figure: 'putMaxMs', scale: 'log', cuts: [SLOW_MS] },
  }),
];

const STALL_RULE = {
  ...{ gain: 'gain', gainMin: GAIN_MIN },
  reproduced: 'the stall is gone, though it was shorter here than published',
  conditions: [
    {
      id: 'growth',
      holds: ({ low }: Interval) => low >= SLOPE_MIN,
      missed: ({ low }: Interval) =>
        `global was not shown to grow in proportion (its slope reaches ${low.toFixed(2)})`,
    },
    {
      id: 'gain',
      holds: ({ low }: Interval) => low >= GAIN_MIN,
      missed: () => `the gain was not shown to be ${String(GAIN_MIN)}x`,
    },
    {
      id: 'stall',
      holds: ({ high }: Interval) => high < SLOW_MS,
      missed: () => `optimistic was not shown to stay below ${String(SLOW_MS)} ms`,
    },
  ],
};

function wordingOf(evidence: Evidence, decided: Verdict, cells: readonly Cell[]): Wording {
  const { rounds } = evidence;
  const compacted = cells.filter(({ procedure }) => procedure === 'compaction-stall');
  const keys = Number(compacted.find(({ id }) => id === CELL)?.factors['keysMax']);
  const global = described(evidence, longestPut('global'));
  const stallSeconds =
    global === undefined || intervalOf(global) === undefined
      ? undefined
      : {
          ...global,
          value: global.value / 1e3,
          low: (global.low ?? global.value) / 1e3,
          high: (global.high ?? global.value) / 1e3,
        };
  return {
    finding: findingOf(evidence, decided, keys),
    measured: measuredOf(stallSeconds, {
      ...{ unit: 's', what: `longest put while ${count(keys)} keys are compacted, global` },
      at: { keys, indexLock: 'global' },
    }),
    limits: limitsOf(evidence, compacted),
    caveats: [...CAVEATS],
    panels: panelsOf(evidence, compacted),
    tables: [
      ...seriesTable(rounds, {
        caption: 'By keys compacted: medians over slices',
        cells: compacted,
        x: { title: 'Keys', series: 'keys' },
        armTitle: 'Lock',
        columns: [
          { title: 'Longest put', unit: 'ms', series: 'putMaxMs' },
          { title: 'Longest read', unit: 'ms', series: 'readMaxMs' },
          { title: 'Longest step', unit: 'ms', series: 'stepMsMax' },
        ],
      }),
      ...latencyTable(rounds, cells),
    ],
    facts: [],
  };
}

function longestPut(arm: string): Contrast {
  return levelOf({
    ...{ id: `longest-put:${arm}`, words: `longest put, ${arm}`, unit: 'ms' },
    ...{ cell: CELL, arm, figure: 'putMaxMs', scale: 'log' },
  });
}

function findingOf(evidence: Evidence, decided: Verdict, keys: number): string {
  const { estimates } = evidence;
  const global = described(evidence, longestPut('global'));
  const optimistic = described(evidence, longestPut('optimistic'));
  if (global === undefined || optimistic === undefined) {
    return `Too few sessions of ${count(keys)} keys to tell.`;
  }
  const p99 = described(
    evidence,
    ratioOf({ id: 'p99-gain', words: 'p99 of puts', ...AT_MOST_KEYS, figure: 'putP99Us' }),
  );
  const growth = estimates.get('growth');
  const parts = [
    `While ${count(keys)} keys are compacted, the longest put takes ${ms(global.value)} with global ` +
      `and ${ms(optimistic.value)} with optimistic, a gain of ${ratioWords(estimates.get('gain'))}`,
    ...(p99 === undefined ? [] : [`the p99 of puts is ${times(p99.value)} lower`]),
    ...(growth === undefined || growth.value === null
      ? []
      : [`global's grows with the keys to the power of ${slopeWords(growth)}`]),
  ];
  return `${parts.join('; ')}: ${gainReason(estimates, decided, STALL_RULE)}.`;
}

/** '134 ms'. */
function ms(value: number): string {
  return `${Number(value.toPrecision(3)).toLocaleString('en-US')} ms`;
}

function limitsOf({ rounds }: Evidence, cells: readonly Cell[]): string[] {
  const [least] = [...cells].sort(
    (a, b) => Number(a.factors['keysMin']) - Number(b.factors['keysMin']),
  );
  const limits: string[] = [];
  const longest = (lock: string): number | null =>
    medianOf(slicesOf(rounds, least?.id ?? '', lock), ({ series }) => series['putMaxMs']?.[0]);
  const [global, optimistic] = [longest('global'), longest('optimistic')];
  if (least !== undefined && global !== null && optimistic !== null) {
    limits.push(
      `At ${count(Number(least.factors['keysMin']))} keys the longest put takes ${ms(global)} with ` +
        `global and ${ms(optimistic)} with optimistic.`,
    );
  }
  const etcd = slicesOf(rounds, ETCD_CELL);
  const [walk, put] = [medianOf(etcd, 'walkMs'), medianOf(etcd, 'putMaxMs')];
  if (walk !== null && put !== null) {
    limits.push(
      `etcd ${String(etcd[0]?.settings['etcd'] ?? '')}'s own walk over ` +
        `${count(Number(etcd[0]?.asked['keys']))} such keys took ${ms(walk)} on this machine, its ` +
        `longest put meanwhile ${ms(put)}, commits to disk included: what 3.3 would have stood still ` +
        'for is about the former.',
    );
  }
  limits.push(
    'The work of a compaction is no less: it is cut into steps between which puts go on.',
  );
  return limits;
}

function panelsOf(evidence: Evidence, cells: readonly Cell[]): LinesPanel[] {
  const x = { label: 'Keys compacted', unit: '', scale: 'log' } as const;
  const about = { x, xSeries: 'keys', cells, arms: LOCKS };
  return [
    seriesLines(evidence, {
      ...{ ...about, id: 'longest-put', title: 'Longest put during the compaction' },
      ...{ y: { label: 'Longest put', unit: 'ms', scale: 'log' }, ySeries: 'putMaxMs' },
      references: [{ y: SLOW_MS, label: 'etcd calls it slow' }],
    }),
    seriesLines(evidence, {
      ...{ ...about, id: 'longest-read', title: 'Longest read of another thread meanwhile' },
      ...{ y: { label: 'Longest read', unit: 'ms', scale: 'log' }, ySeries: 'readMaxMs' },
    }),
  ].filter((panel) => panel !== undefined);
}

function latencyTable(rounds: Evidence['rounds'], cells: readonly Cell[]): Table[] {
  return armTable(rounds, {
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
  });
}
