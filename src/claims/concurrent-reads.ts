// Claim: reads that do not keep the writer out raise write throughput and lower its latency beside long
// reads, and change nothing without them. The published comparison is etcd 3.3's lock against 3.4's copy of
// the read buffer: global against copy judges; concurrent, which goes beyond, stands beside. Invariants: one
// cell judges, the longest range that decides, and the calibration of the baselines voids. Pure.

import type { Claim, ExperimentRound, Verdict, Warning } from '../record/schema.ts';
import { ALPHA, type ClaimInput, type ClaimModule } from './claim.ts';
import { readCosts, type ReadCosts } from './read-costs.ts';
import {
  compareArms,
  figure,
  levelsOf,
  roundsOfClaim,
  roundsWith,
  sideOf,
  type Better,
  type Comparison,
} from './experiment-rounds.ts';
import { readLimits, readPanels, readRows } from './read-pictures.ts';
import { armFaults, diskFaults, roundDoubts, runDoubts, voidedFaults } from './validity.ts';
import { count, list, times, timesWithin } from './wording.ts';

const ID = 'concurrent-reads';
const TITLE = 'Reads that lock nothing out spare writes the wait for long reads';
const THROUGHPUT_GAIN = 1.7;
/** -90%. */
const P99_GAIN = 10;
/** What counts as no difference. */
const ALONE_BAND = 1.1;
const LOCKS: readonly string[] = ['global', 'copy', 'concurrent'];

const PUBLISHED: Claim['published'] = {
  value: THROUGHPUT_GAIN,
  unit: 'x',
  what: 'write throughput beside long reads, etcd 3.4 / 3.3; its p99 latency fell by 90%',
  source:
    'etcd 3.4 changelog and release announcement (2019-08-30): "write throughput is increased by 70% ' +
    'and P99 write latency is reduced by 90% in the presence of long-running reads"; PR 10523 (jingyih, ' +
    'design by jpbetz, Google), whose recipe is used here. Length and pace of the long reads behind the ' +
    'two figures were not published',
};

const RULE =
  'Decided by 10 clients that put in a closed loop, first alone, then beside a range of the whole store ' +
  '(100,000 keys; 10,000 with --quick) that is always under way; copy against global, paired within ' +
  'blocks, each by its 95% interval. Reproduced if, beside long reads, puts/s gain and their p99 falls, ' +
  'both beyond the A/A floor, the intervals reach 1.7x and a tenth, and without long reads puts/s differ ' +
  'by no more than 10% (the interval reaches 0.91x to 1.10x, or the floor where that is wider). Exceeded ' +
  'if they lie wholly beyond 1.7x and below a tenth besides. Partly if puts/s or p99 gain beyond the ' +
  'floor and one of the rest fails. Not-reproduced if neither gains. Inconclusive if something was not ' +
  'measured, has no interval, or has one too wide to tell. Invalid if a round did not run as its arm or ' +
  'got wrong answers, if the work folder is in memory, or if a read of 1,000 keys costs over 1.25 times ' +
  "etcd's own with global (ReadTx) or with copy (ConcurrentReadTx).";

export const concurrentReads: ClaimModule = {
  id: ID,
  title: TITLE,
  published: PUBLISHED,
  rule: RULE,
  evaluate,
};

interface Gains {
  /** Puts a second beside long reads. */
  readonly throughput: Comparison;
  /** Their p99: how many times lower. */
  readonly p99: Comparison;
  /** Puts a second without long reads. */
  readonly alone: Comparison;
}

interface Found {
  readonly keys: number | undefined;
  /** Copy over global: the published comparison. */
  readonly copy: Gains;
  /** Concurrent over global: beyond it. */
  readonly concurrent: Gains;
}

function evaluate({ run, experiments, unit, command }: ClaimInput): Claim {
  const rounds = roundsOfClaim(experiments, ID);
  const beside = roundsWith(rounds, { measured: 'beside' });
  const keys = levelsOf(
    beside.filter(({ role }) => role === 'deciding'),
    'keys',
  ).at(-1);
  const main = keys === undefined ? [] : roundsWith(beside, { keys });
  const found: Found = {
    keys,
    copy: gainsOf(main, 'copy', unit),
    concurrent: gainsOf(main, 'concurrent', unit),
  };
  const costs = readCosts(rounds, unit);
  const faults = [
    ...diskFaults(run),
    ...armFaults(
      rounds.filter(({ arm }) => LOCKS.includes(arm)),
      'readLock',
    ),
    ...voidedFaults(rounds, ['wrong-answers', 'refused-puts']),
    ...costs.faults,
  ];
  const decided = judgeGains(found.copy);
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
      `${found.copy.throughput.ratio.method}; pairs are blocks, each the geometric mean of an arm's ` +
      'replicates; both phases of a round use one store; intervals along curves are not adjusted for ' +
      'their number',
    alpha: ALPHA,
    floor: found.copy.throughput.floor.ratio,
    verdict,
    finding:
      verdict === 'invalid' ? `Not valid as measured; for what it is worth: ${finding}` : finding,
    limits: readLimits(rounds, unit),
    warnings: [
      ...faults,
      ...doubtsOf(main, found, costs),
      ...roundDoubts(rounds),
      ...runDoubts(run),
    ],
    command,
    panels: readPanels(rounds, unit),
    rows: readRows(rounds, costs),
    caveats: CAVEATS,
  };
}

const CAVEATS: string[] = [
  'etcd has the copy since 3.4 (PR 10523 by jingyih, designed by jpbetz, both of Google, not Alibaba). ' +
    'It cost writes and short reads until 3.5 (PRs 12896 and 12933), where one copy serves many ' +
    'reads. concurrent is this engine alone; no etcd has it.',
  'Log and syncs are in the path; consensus, network and gRPC are not, and the clients put from the ' +
    "store's own thread. The gain is larger than etcd could show end to end.",
  'The gain follows from how long a long read holds the lock: with global about 1 / (1 - share of the ' +
    'time). A gain of 1.7x is a lock that long reads hold 41% of the time.',
  'What etcd before 3.4 locked was the backend of one member, not the database as a whole.',
];

function gainsOf(main: readonly ExperimentRound[], candidate: string, unit: () => number): Gains {
  const compare = (name: string, better: Better): Comparison =>
    compareArms(main, { baseline: 'global', candidate, metric: figure(name), better }, unit);
  return {
    throughput: compare('putsPerSecond', 'higher'),
    p99: compare('putP99Us', 'lower'),
    alone: compare('alonePutsPerSecond', 'higher'),
  };
}

/** The rule itself. */
function judgeGains({ throughput, p99, alone }: Gains): Verdict {
  const [puts, tail] = [throughput.interval, p99.interval];
  if (puts === null || tail === null || alone.interval === null) return 'inconclusive';
  const reached = [
    isGain(throughput) && puts.high >= THROUGHPUT_GAIN,
    isGain(p99) && tail.high >= P99_GAIN,
    isAlike(alone),
  ];
  if (reached.every(Boolean)) {
    return puts.low > THROUGHPUT_GAIN && tail.low > P99_GAIN ? 'exceeded' : 'reproduced';
  }
  const sides = [sideOf(throughput), sideOf(p99)];
  if (sides.includes('above')) return 'partly';
  const isWide = puts.high >= THROUGHPUT_GAIN || tail.high >= P99_GAIN;
  return isWide || sides.includes('unknown') ? 'inconclusive' : 'not-reproduced';
}

/** Beyond the floor, as far as that is known. */
function isGain({ interval, floor }: Comparison): boolean {
  return interval !== null && interval.low > Math.max(1, floor.ratio);
}

function isAlike({ interval, floor }: Comparison): boolean {
  const band = Math.max(ALONE_BAND, floor.ratio);
  return interval !== null && interval.low <= band && interval.high >= 1 / band;
}

function measuredOf({ keys, copy }: Found): Claim['measured'] {
  const { interval, ratio } = copy.throughput;
  if (interval === null || keys === undefined) return null;
  return { ...interval, rounds: ratio.rounds, at: { keys, candidate: 'copy', baseline: 'global' } };
}

function findingOf({ keys, copy, concurrent }: Found, verdict: Verdict): string {
  if (keys === undefined) return 'No round of it was measured.';
  const { throughput, p99, alone } = copy;
  const parts: string[] = [];
  const rounds = throughput.ratio.rounds;
  if (throughput.interval !== null) {
    parts.push(
      `copy carries ${timesWithin(throughput.interval, rounds, '95%')} the puts/s of global`,
    );
  }
  if (p99.interval !== null) {
    const { value, low, high } = p99.interval;
    parts.push(
      `its put p99 is ${times(value)} lower (95% interval ${times(low)} to ${times(high)})`,
    );
  }
  if (parts.length === 0) return `Too few rounds beside ranges of ${count(keys)} keys to tell.`;
  const without =
    alone.interval === null
      ? ''
      : `; without long reads its puts/s are ${timesWithin(alone.interval, rounds, '95%')}`;
  const ours = concurrent.throughput.interval;
  const beyond =
    ours === null
      ? ''
      : `; concurrent, without any lock, carries ${times(ours.value)} those of global`;
  return (
    `Beside ranges of ${count(keys)} keys that are always under way, ${list(parts)}${without}${beyond}: ` +
    `${reasonOf(copy, verdict)}.`
  );
}

function reasonOf(gains: Gains, verdict: Verdict): string {
  if (verdict === 'exceeded') {
    return 'beyond the published 1.7x and -90%, and without them no difference beyond 10% and the A/A floor is shown';
  }
  if (verdict === 'reproduced') return 'as published';
  if (verdict === 'not-reproduced') return 'no gain beyond the noise';
  if (verdict === 'inconclusive') return 'too little to decide';
  return `a gain beyond the noise, but ${list(missedOf(gains))}`;
}

function missedOf({ throughput, p99, alone }: Gains): string[] {
  const missed: string[] = [];
  if (!isGain(throughput)) missed.push('puts/s were not shown to gain');
  else if ((throughput.interval?.high ?? 0) < THROUGHPUT_GAIN)
    missed.push('puts/s stay below 1.7x');
  if (!isGain(p99)) missed.push('the p99 was not shown to fall');
  else if ((p99.interval?.high ?? 0) < P99_GAIN) missed.push('the p99 stays above a tenth');
  if (!isAlike(alone)) missed.push('puts/s differ without long reads too');
  return missed;
}

/** Fewer long reads than this in a round's phase say little of it. */
const LONG_READS_MIN = 2;

function doubtsOf(main: readonly ExperimentRound[], { copy }: Found, costs: ReadCosts): Warning[] {
  const { throughput, p99, alone } = copy;
  const doubts: Warning[] = [...costs.doubts, ...throughput.ratio.warnings];
  for (const { floor } of [throughput, p99, alone]) doubts.push(...floor.warnings);
  const few = main.filter((round) => (round.figures['longReads'] ?? 0) < LONG_READS_MIN).length;
  if (few > 0) {
    const message = `${String(few)} rounds of the deciding cell saw fewer than two long reads end`;
    doubts.push({ code: 'few-long-reads', message, remedy: 'measure on a quieter machine' });
  }
  // Comparisons over the same blocks have the same doubts.
  return [...new Map(doubts.map((doubt) => [doubt.message, doubt])).values()];
}
