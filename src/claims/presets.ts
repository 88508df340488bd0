// Claim: the published optimisations, all together, make an etcd-style store faster on common workloads. A
// table of six workload families, baseline preset against optimized, in operations a second and in p99. No
// figure of all of them together was published. Every cell of it judges, and none more than another. Pure.

import type { Claim, ClaimRows, ExperimentRound, Verdict, Warning } from '../record/schema.ts';
import { noiseFloor } from '../stats/noise-floor.ts';
import { intervalOf, pairedRatio, type PairedRatio } from '../stats/paired-ratio.ts';
import { median } from '../stats/quantile.ts';
import { ALPHA, type ClaimInput, type ClaimModule } from './claim.ts';
import {
  compareArms,
  figure,
  roundsOfClaim,
  roundsWith,
  sideOf,
  type Comparison,
  type Side,
} from './experiment-rounds.ts';
import { loadRounds } from './load-rounds.ts';
import { blockMeans, equalArmPairs } from './rounds.ts';
import { armFaults, diskFaults, roundDoubts, runDoubts } from './validity.ts';
import { list, times, timesWithin } from './wording.ts';

const ID = 'presets';
const TITLE = 'All optimisations together serve common workloads better than none';
/** In the order of the table. */
const FAMILIES: readonly string[] = [
  'large-values',
  'key-churn',
  'mass-leases',
  'read-heavy',
  'long-reads',
  'kubernetes',
];
const ARMS = { baseline: 'baseline', candidate: 'optimized' } as const;
/** What makes an arm, as read back. */
const BASELINE = {
  freelist: 'array',
  readLock: 'global',
  indexLock: 'global',
  leaseExpiry: 'scan',
};
const OPTIMIZED = {
  freelist: 'hashmap',
  readLock: 'concurrent',
  indexLock: 'optimistic',
  leaseExpiry: 'heap',
};

/** Where not even this much is possible, there is no gain worth speaking of. */
const NOTABLE = 1.25;

const PUBLISHED: Claim['published'] = {
  value: 1,
  words: 'no figure',
  unit: 'x',
  what: 'operations/s, optimized / baseline, geometric mean over six workload families',
  source:
    'The article names its optimisations one by one and speaks of about 24 times overall read and write ' +
    'speed; the one figure recovered behind that is of a single job on the freelist (claim ' +
    'freelist-24x). No measurement of all of them together was found',
};

const RULE =
  'On each of six workload families, in a closed loop, two figures: operations/s, and p99 of all ' +
  'operations; arms paired within blocks. A figure is shown better, or worse, with the optimized ' +
  'preset where its 95% interval lies beyond its A/A floor. Reproduced if some figure is shown ' +
  'better and none worse. Partly if some are shown better and some worse. Not-reproduced if none ' +
  'is shown better and every interval excludes a gain of 1.25x, with a floor no larger than that. ' +
  'Inconclusive otherwise, and where a figure has no interval or no floor. Invalid if a round did ' +
  'not run as its arm, if a store was not as it must be afterwards, or if the load generator set ' +
  'the figures of over a quarter of the rounds (a smaller share is left out).';

export const presets: ClaimModule = {
  id: ID,
  title: TITLE,
  published: PUBLISHED,
  rule: RULE,
  evaluate,
};

/** One line of the table. */
interface Row {
  readonly family: string;
  readonly what: 'operations/s' | 'p99, ms';
  readonly baseline: number | null;
  readonly optimized: number | null;
  /** Above 1: the optimized preset is better. */
  readonly gain: Comparison;
}

function evaluate({ run, experiments, unit, command }: ClaimInput): Claim {
  const all = roundsOfClaim(experiments, ID);
  const { usable: rounds, faults, doubts } = loadRounds(all);
  const rows = FAMILIES.flatMap((family) => familyRows(rounds, family, unit));
  const overall = overallGain(rounds, unit);
  const voids = [...(all.length === 0 ? [] : diskFaults(run)), ...presetFaults(all), ...faults];
  const decided = judgePresets(rows);
  const verdict = voids.length > 0 ? 'invalid' : decided;
  const finding = findingOf(rows, overall, decided);
  const interval = intervalOf(overall);
  const floor = noiseFloor(equalArmPairs(rounds, figure('operationsPerSecond')));
  return {
    id: ID,
    title: TITLE,
    published: PUBLISHED,
    measured:
      interval === null
        ? null
        : { ...interval, rounds: overall.rounds, at: { families: FAMILIES.length } },
    arms: [],
    curve: [],
    target: 'engine',
    rule: RULE,
    method:
      `each figure: ${rows[0]?.gain.ratio.method ?? 'nothing was measured'}; the mean over families: ` +
      overall.method,
    alpha: ALPHA,
    floor: floor.ratio,
    verdict,
    finding:
      verdict === 'invalid' ? `Not valid as measured; for what it is worth: ${finding}` : finding,
    limits: limitsOf(rows),
    warnings: [
      ...voids,
      ...doubts,
      ...overall.warnings,
      ...floor.warnings,
      ...roundDoubts(all),
      ...runDoubts(run),
    ],
    command,
    panels: [],
    rows: tableOf(rows),
    caveats: CAVEATS,
  };
}

const CAVEATS: string[] = [
  'baseline is as etcd 3.3: freelist array, one lock for reads, one for the index, leases scanned. ' +
    'optimized is as etcd 3.5: freelist hashmap (in 3.4 behind a flag), concurrent reads, an index that ' +
    'compacts in steps and leases in a heap (these three since 3.4).',
  'Storage layer only: no consensus and no network in the path, clients in the same process.',
  'Stores here are fresh and small. The freelist pays in large and old files (freelist-24x), the heap ' +
    'among very many leases (lease-scale): this table says what an ordinary store gains.',
  'Twelve figures, each with its own 95% interval and not corrected for their number: the A/A floor is ' +
    'what keeps chance out.',
];

function familyRows(rounds: readonly ExperimentRound[], family: string, unit: () => number): Row[] {
  const own = roundsWith(rounds, { workload: family });
  if (own.length === 0) return [];
  const middle = (arm: string, name: string, per: number): number | null => {
    const value = median(own.filter((round) => round.arm === arm).map(figure(name)));
    return value === null ? null : value / per;
  };
  return (
    [
      ['operations/s', 'operationsPerSecond', 1, 'higher'],
      ['p99, ms', 'p99Us', 1e3, 'lower'],
    ] as const
  ).map(([what, name, per, better]) => ({
    ...{ family, what },
    baseline: middle(ARMS.baseline, name, per),
    optimized: middle(ARMS.candidate, name, per),
    gain: compareArms(own, { ...ARMS, metric: figure(name), better }, unit),
  }));
}

/** Operations a second over all families: one geometric mean a block that holds them all. */
function overallGain(rounds: readonly ExperimentRound[], unit: () => number): PairedRatio {
  const metric = figure('operationsPerSecond');
  const means = (arm: string): Map<number, number>[] =>
    FAMILIES.map((family) => blockMeans(roundsWith(rounds, { workload: family }, arm), metric));
  const [baseline, optimized] = [means(ARMS.baseline), means(ARMS.candidate)];
  const blocks = [...(baseline[0]?.keys() ?? [])].sort((a, b) => a - b);
  const meanOf = (families: readonly Map<number, number>[], block: number): number =>
    Math.exp(
      families.reduce((sum, own) => sum + Math.log(own.get(block) ?? Number.NaN), 0) /
        families.length,
    );
  const pairs = blocks
    .filter((block) => [...baseline, ...optimized].every((own) => own.has(block)))
    .map((block) => ({ a: meanOf(optimized, block), b: meanOf(baseline, block) }));
  return pairedRatio(pairs, { alpha: ALPHA, unit });
}

/** The rule itself. */
function judgePresets(rows: readonly Pick<Row, 'gain'>[]): Verdict {
  const sides = rows.map(({ gain }) => sideOf(gain));
  const missing = sides.length < 2 * FAMILIES.length || sides.includes('unknown');
  if (missing || rows.some(({ gain }) => gain.floor.pairs === 0)) return 'inconclusive';
  if (!sides.includes('above')) {
    const excluded = rows.every(
      ({ gain: { interval, floor } }) =>
        interval !== null && interval.high < NOTABLE && floor.ratio <= NOTABLE,
    );
    return excluded ? 'not-reproduced' : 'inconclusive';
  }
  return sides.includes('below') ? 'partly' : 'reproduced';
}

/** Rounds whose four switches, as read back, are not those of their preset. */
function presetFaults(rounds: readonly ExperimentRound[]): Warning[] {
  const is = (settings: ExperimentRound['settings'], preset: Record<string, string>): boolean =>
    Object.entries(preset).every(([name, value]) => settings[name] === value);
  return armFaults(
    rounds.map(({ cell, arm, settings }) => ({
      ...{ cell, arm },
      settings: {
        preset: is(settings, BASELINE)
          ? 'baseline'
          : is(settings, OPTIMIZED)
            ? 'optimized'
            : 'neither',
      },
    })),
    'preset',
  );
}

function findingOf(rows: readonly Row[], overall: PairedRatio, verdict: Verdict): string {
  if (rows.length === 0) return 'No round of it was measured.';
  const better = named(rows, 'above');
  const worse = named(rows, 'below');
  const parts = [
    better.length === 0 ? 'no figure is shown better' : `shown better: ${list(better)}`,
    worse.length === 0 ? 'none is shown worse' : `shown worse: ${list(worse)}`,
  ];
  const interval = intervalOf(overall);
  const mean =
    interval === null
      ? ''
      : ` Over all families throughput is ${timesWithin(interval, overall.rounds, '95%')} that of the baseline.`;
  const open =
    verdict === 'inconclusive'
      ? ' The rounds are too few, or the noise is too large, to tell.'
      : '';
  return `With the optimized preset ${parts.join('; ')}.${mean}${open}`;
}

/** 'key-churn (p99 1.52x)'. */
function named(rows: readonly Row[], side: Side): string[] {
  return rows.flatMap(({ family, what, gain }) => {
    if (sideOf(gain) !== side || gain.ratio.value === null) return [];
    const figureName = what === 'p99, ms' ? 'p99' : 'throughput';
    return [`${family} (${figureName} ${times(gain.ratio.value)})`];
  });
}

function limitsOf(rows: readonly Row[]): string[] {
  const open = rows.filter(({ gain }) => sideOf(gain) === 'neither');
  if (open.length === 0) return [];
  const families = FAMILIES.filter(
    (family) => open.filter((row) => row.family === family).length === 2,
  );
  if (families.length === 0) return [];
  return [`No difference beyond the noise is shown on ${list(families)}.`];
}

function tableOf(rows: readonly Row[]): ClaimRows[] {
  if (rows.length === 0) return [];
  return [
    {
      caption:
        'Baseline against optimized on each workload family: medians over rounds; a gain above 1x is the ' +
        "optimized preset's",
      columns: [
        { title: 'Workload', unit: '' },
        { title: 'Figure', unit: '' },
        { title: 'Baseline', unit: '' },
        { title: 'Optimized', unit: '' },
        { title: 'Gain [95% interval]', unit: '' },
        { title: 'Floor', unit: 'x' },
        { title: 'Shown', unit: '' },
      ],
      rows: rows.map(({ family, what, baseline, optimized, gain }) => [
        ...[family, what, baseline, optimized, gainText(gain)],
        gain.floor.pairs === 0 ? null : gain.floor.ratio,
        shownText(gain),
      ]),
    },
  ];
}

function gainText({ ratio, interval }: Comparison): string | null {
  if (ratio.value === null) return null;
  if (interval === null) return `${times(ratio.value)} (no interval)`;
  // The unit once is enough, and the table fits a terminal.
  const bare = (bound: number): string => times(bound).replace(/x$/, '');
  return `${times(interval.value)} [${bare(interval.low)}, ${bare(interval.high)}]`;
}

function shownText(gain: Comparison): string {
  switch (sideOf(gain)) {
    case 'above':
      return 'better';
    case 'below':
      return 'worse';
    case 'neither':
      return 'nothing';
    case 'unknown':
      return 'too little';
  }
}
