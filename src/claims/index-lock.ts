// Claim: a compaction of the key index that does not hold one lock for its whole walk stalls nobody, where
// the lock's stall grows with the keys. Invariants: the deciding sizes judge, the largest of them the stall
// itself and all of them its growth; nothing else judges. Published seconds are of another machine and an
// unknown number of keys: they are shown beside, never asked for. Pure.

import type { Claim, ExperimentRound, Verdict } from '../record/schema.ts';
import { growthOf, type Growth } from '../stats/growth.ts';
import { ALPHA, type ClaimInput, type ClaimModule } from './claim.ts';
import {
  compareArms,
  estimate,
  figure,
  levelsOf,
  roundsOfClaim,
  roundsWith,
  sideOf,
  type Comparison,
  type FigureEstimate,
} from './experiment-rounds.ts';
import { indexLimits, indexPanels, indexRows } from './index-pictures.ts';
import { blockMeans } from './rounds.ts';
import { armFaults, roundDoubts, runDoubts, voidedFaults } from './validity.ts';
import { count, list, times, timesWithin } from './wording.ts';

const ID = 'index-lock';
const TITLE = 'Compaction stalls puts no longer: no lock is held for the walk of the key index';
const MAIN_KEYS_MIN = 300_000;
const SLOPE_MIN = 0.8;
const GAIN_MIN = 10;
/** From here on etcd warns that a request took too long to apply. */
const SLOW_MS = 100;

const PUBLISHED: Claim['published'] = {
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
  '1,000,000 keys (30,000 to 300,000 with --quick), each by its 95% interval. Reproduced if with global ' +
  'the longest put grows at least about in proportion to the keys (log-log slope of 0.8 or more), and at ' +
  'the most keys it is with optimistic at least 10x shorter and below 100 ms, from which on etcd calls ' +
  'a request slow. Partly if it is shorter beyond the A/A floor and one of the others fails. ' +
  'Not-reproduced if it is not shorter. Inconclusive if one of them was not measured, has no ' +
  'interval, or one that holds both no gain and 10x. The published seconds are not asked for: their ' +
  'number of keys is unknown. Invalid if a round did not run as its arm, got wrong answers, or did ' +
  'not drop what was superseded.';

export const indexLock: ClaimModule = {
  id: ID,
  title: TITLE,
  published: PUBLISHED,
  rule: RULE,
  evaluate,
};

const longestMs = figure('putMaxMs');

interface Found {
  readonly keys: number | undefined;
  /** Longest put over keys, with global. */
  readonly growth: Growth;
  /** Longest put at the most keys: how many times shorter with optimistic. */
  readonly gain: Comparison;
  /** p99 of puts there, likewise. */
  readonly p99Gain: Comparison;
  /** The longest put there, in milliseconds. */
  readonly global: FigureEstimate | undefined;
  readonly optimistic: FigureEstimate | undefined;
}

function evaluate({ run, experiments, unit, command }: ClaimInput): Claim {
  const rounds = roundsOfClaim(experiments, ID);
  const found = findingsOf(roundsWith(rounds, { measured: 'compact' }), unit);
  const faults = [
    ...armFaults(roundsWith(rounds, { measured: 'compact' }), 'indexLock'),
    ...voidedFaults(rounds, ['wrong-answers', 'refused-puts', 'wrong-compaction']),
  ];
  const decided = judgeStalls(found);
  const verdict = faults.length > 0 ? 'invalid' : decided;
  const finding = findingOf(found, decided);
  return {
    id: ID,
    title: TITLE,
    published: PUBLISHED,
    measured: measuredOf(found),
    arms: [],
    curve: [],
    target: 'engine',
    rule: RULE,
    method:
      `slope: ${found.growth.method}; stalls: ${found.gain.ratio.method}; latency counts from the ` +
      'intended start of a schedule of 5,000 puts/s',
    alpha: ALPHA,
    floor: found.gain.floor.ratio,
    verdict,
    finding:
      verdict === 'invalid' ? `Not valid as measured; for what it is worth: ${finding}` : finding,
    limits: indexLimits(rounds),
    warnings: [
      ...faults,
      ...found.gain.ratio.warnings,
      ...found.gain.floor.warnings,
      ...roundDoubts(rounds),
      ...runDoubts(run),
    ],
    command,
    panels: indexPanels(rounds, unit),
    rows: indexRows(rounds),
    caveats: CAVEATS,
  };
}

const CAVEATS: string[] = [
  'etcd has the change since 3.4 (PR 9511 of Braintree, 2018, not Alibaba; a race in it was mended by PR ' +
    '10699): it walks a copy-on-write clone and locks for one key at a time. 3.3 and older lock for the ' +
    'whole walk. optimistic goes further: readers take no lock at all.',
  "global's walk is this engine's, over shared memory without garbage collection, and takes a fraction of " +
    'the time that etcd 3.3 was reported to take: the growth can be compared, the seconds cannot.',
  'Index only: no consensus, no syncs, and no file behind the compacted keys. The batches in which the ' +
    'file is compacted afterwards are the same in both arms.',
];

function findingsOf(rounds: readonly ExperimentRound[], unit: () => number): Found {
  const deciding = rounds.filter(({ role }) => role === 'deciding');
  const sizes = levelsOf(deciding, 'keys');
  const largest = sizes.at(-1);
  const keys = largest !== undefined && largest >= MAIN_KEYS_MIN ? largest : undefined;
  const main = keys === undefined ? [] : roundsWith(deciding, { keys });
  const points = sizes.flatMap((size) =>
    [...blockMeans(roundsWith(deciding, { keys: size }, 'global'), longestMs)].map(
      ([block, cost]) => ({ block, size, cost }),
    ),
  );
  const arms = { baseline: 'global', candidate: 'optimistic', better: 'lower' } as const;
  const of = (arm: string): FigureEstimate | undefined =>
    estimate(
      main.filter((round) => round.arm === arm),
      longestMs,
      unit,
    );
  return {
    keys,
    growth: growthOf(points, { alpha: ALPHA, unit }),
    gain: compareArms(main, { ...arms, metric: longestMs }, unit),
    p99Gain: compareArms(main, { ...arms, metric: figure('putP99Us') }, unit),
    global: of('global'),
    optimistic: of('optimistic'),
  };
}

/** The rule itself. */
function judgeStalls({ growth, gain, optimistic }: Found): Verdict {
  const side = sideOf(gain);
  const { interval } = gain;
  const isWide = interval !== null && interval.high >= GAIN_MIN;
  if (side === 'below') return 'not-reproduced';
  if (side === 'neither') return isWide ? 'inconclusive' : 'not-reproduced';
  const longest = optimistic?.high ?? null;
  if (interval === null || growth.low === null || longest === null) return 'inconclusive';
  const holds = growth.low >= SLOPE_MIN && interval.low >= GAIN_MIN && longest < SLOW_MS;
  if (holds) return 'reproduced';
  return side === 'above' ? 'partly' : 'inconclusive';
}

function measuredOf({ keys, global }: Found): Claim['measured'] {
  if (keys === undefined || global === undefined) return null;
  const { value, low, high, rounds } = global;
  if (low === null || high === null) return null;
  const at = { keys, arm: 'global' };
  return { value: value / 1e3, low: low / 1e3, high: high / 1e3, rounds, at };
}

function findingOf(found: Found, verdict: Verdict): string {
  const { keys, growth, gain, p99Gain, global, optimistic } = found;
  if (keys === undefined) return 'Too few keys were compacted to judge.';
  if (global === undefined || optimistic === undefined) {
    return `Too few rounds of ${count(keys)} keys to tell.`;
  }
  const parts = [
    `While ${count(keys)} keys are compacted, the longest put takes ${milliseconds(global)} with global ` +
      `and ${milliseconds(optimistic)} with optimistic`,
  ];
  if (gain.interval !== null) {
    parts.push(`a gain of ${timesWithin(gain.interval, gain.ratio.rounds, '95%')}`);
  }
  if (p99Gain.interval !== null)
    parts.push(`the p99 of puts is ${times(p99Gain.interval.value)} lower`);
  const { slope, low, high } = growth;
  if (slope !== null) {
    const range = low === null || high === null ? '' : `${low.toFixed(2)} to ${high.toFixed(2)}`;
    const interval = range === '' ? '' : ` (95% interval ${range})`;
    parts.push(`global's grows with the keys to the power of ${slope.toFixed(2)}${interval}`);
  }
  return `${parts.join('; ')}: ${reasonOf(found, verdict)}.`;
}

/** '134 ms'. */
function milliseconds({ value }: FigureEstimate): string {
  return `${Number(value.toPrecision(3)).toLocaleString('en-US')} ms`;
}

function reasonOf(found: Found, verdict: Verdict): string {
  if (verdict === 'reproduced')
    return 'the stall is gone, though it was shorter here than published';
  if (verdict === 'not-reproduced') return 'no gain beyond the noise';
  if (verdict === 'inconclusive') return 'too little to decide';
  return `a gain beyond the noise, but ${list(missedOf(found))}`;
}

function missedOf({ growth, gain, optimistic }: Found): string[] {
  const missed: string[] = [];
  if (growth.low !== null && growth.low < SLOPE_MIN) {
    missed.push(
      `global was not shown to grow in proportion (its slope reaches ${growth.low.toFixed(2)})`,
    );
  }
  if (gain.interval !== null && gain.interval.low < GAIN_MIN) {
    missed.push(`the gain was not shown to be ${String(GAIN_MIN)}x`);
  }
  if (optimistic?.high !== null && (optimistic?.high ?? 0) >= SLOW_MS) {
    missed.push(`optimistic was not shown to stay below ${String(SLOW_MS)} ms`);
  }
  return missed;
}
