// Claim: etcd's proposed batch of the backend, 10 ms and 1,000, is better than its default, 100 ms and
// 10,000. Nobody published a measurement of it, so the rule asks whether it is so here. Invariants: the
// deciding cell alone judges; the grids over interval, limit and sync latency draw, and a best setting
// picked from a grid is called that and no verdict. Pure.

import type { Claim, ExperimentRound, Verdict, Warning } from '../record/schema.ts';
import { batchPanels, batchRows } from './batch-pictures.ts';
import {
  bestOf,
  DEFAULT_ARM,
  latencyText,
  pointsAt,
  PROPOSAL_ARM,
  settingName,
} from './batch-points.ts';
import { ALPHA, type ClaimInput, type ClaimModule } from './claim.ts';
import {
  compareArms,
  figure,
  levelsOf,
  roundsOfClaim,
  roundsWith,
  sideOf,
  type Comparison,
} from './experiment-rounds.ts';
import { loadRounds } from './load-rounds.ts';
import { armFaults, diskFaults, roundDoubts, runDoubts } from './validity.ts';
import { count, list, times, timesWithin } from './wording.ts';

const ID = 'batch-sweep';
const TITLE = 'A batch of 10 ms and 1,000 puts serves puts better than 100 ms and 10,000';
/** Throughput may be lower by this, or by the A/A floor where that is larger. */
const KEPT = 1.05;
/** Where not even this much is possible, there is no gain worth speaking of. */
const NOTABLE = 1.25;

const PUBLISHED: Claim['published'] = {
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
  "At the disk's own sync latency, default and proposal paired within blocks, each by its 95% " +
  'interval. Reproduced if put p99 (open loop, from the intended start) is lower with the ' +
  'proposal beyond the A/A floor, and throughput (closed loop) is shown to be lower by no more ' +
  'than 5%, or the A/A floor of throughput where that is larger. Partly if p99 is lower and ' +
  'throughput is not shown to be kept. Not-reproduced if p99 is higher beyond the floor, or if no ' +
  'gain beyond the floor is shown and the interval excludes one of 1.25x, with a floor no larger ' +
  'than that. Inconclusive otherwise. Invalid if a round did not run as its arm, if a store was ' +
  'not as it must be afterwards, or if the load generator set the figures of over a quarter of ' +
  'the deciding rounds (a smaller share is left out).';

export const batchSweep: ClaimModule = {
  id: ID,
  title: TITLE,
  published: PUBLISHED,
  rule: RULE,
  evaluate,
};

interface Found {
  /** Put p99, default / proposal. */
  readonly latency: Comparison;
  /** Puts a second, proposal / default. */
  readonly throughput: Comparison;
}

function evaluate({ run, experiments, unit, command }: ClaimInput): Claim {
  const all = roundsOfClaim(experiments, ID);
  const { usable: rounds, faults, doubts } = loadRounds(all);
  const deciding = rounds.filter(({ role }) => role === 'deciding');
  const arms = { baseline: DEFAULT_ARM, candidate: PROPOSAL_ARM };
  const found: Found = {
    latency: compareArms(deciding, { ...arms, metric: figure('putP99Us'), better: 'lower' }, unit),
    throughput: compareArms(
      deciding,
      { ...arms, metric: figure('putsPerSecond'), better: 'higher' },
      unit,
    ),
  };
  const voids = [...(all.length === 0 ? [] : diskFaults(run)), ...settingFaults(all), ...faults];
  const decided = judgeBatch(found);
  const verdict = voids.length > 0 ? 'invalid' : decided;
  const finding = findingOf(found, decided, deciding);
  return {
    id: ID,
    title: TITLE,
    published: PUBLISHED,
    measured: measuredOf(found, deciding),
    arms: [],
    curve: [],
    target: 'engine',
    rule: RULE,
    method: `p99: ${found.latency.ratio.method}; throughput: ${found.throughput.ratio.method}`,
    alpha: ALPHA,
    floor: found.latency.floor.ratio,
    verdict,
    finding:
      verdict === 'invalid' ? `Not valid as measured; for what it is worth: ${finding}` : finding,
    limits: limitsOf(rounds, unit),
    warnings: [
      ...voids,
      ...doubts,
      ...found.latency.ratio.warnings,
      ...found.latency.floor.warnings,
      ...roundDoubts(all),
      ...runDoubts(run),
    ],
    command,
    panels: batchPanels(rounds, unit),
    rows: batchRows(rounds),
    caveats: CAVEATS,
  };
}

const CAVEATS: string[] = [
  'etcd has both as flags, --backend-batch-interval and --backend-batch-limit, since 3.4 (PR 10283); ' +
    'the defaults are 100 ms and 10,000 in every version from 3.1 on, 3.6 and 3.7 included.',
  'Storage layer only: no consensus and no network in the path, clients in the same process.',
  "A put is answered after the log's sync and not after the backend's commit: the commit shows as a " +
    'stall of those that come meanwhile.',
  'Added sync latency is a sleep after every sync, of the log and of the backend alike; real slow disks ' +
    'also vary.',
];

/** The rule itself. */
function judgeBatch({ latency, throughput }: Found): Verdict {
  const side = sideOf(latency);
  if (latency.interval === null || side === 'unknown') return 'inconclusive';
  if (side === 'below') return 'not-reproduced';
  if (side === 'neither') {
    const excluded = latency.interval.high < NOTABLE && latency.floor.ratio <= NOTABLE;
    return excluded ? 'not-reproduced' : 'inconclusive';
  }
  if (throughput.interval === null) return 'inconclusive';
  return throughput.interval.low >= 1 / margin(throughput) ? 'reproduced' : 'partly';
}

function margin({ floor }: Comparison): number {
  return Math.max(KEPT, floor.ratio);
}

/** Rounds whose settings, as read back, are not those of their arm. */
function settingFaults(rounds: readonly ExperimentRound[]): Warning[] {
  return armFaults(
    rounds.map(({ cell, arm, settings }) => {
      const { batchIntervalMs, batchLimit } = settings;
      return {
        cell,
        arm,
        settings: { batch: `${String(batchIntervalMs)}ms/${String(batchLimit)}` },
      };
    }),
    'batch',
  );
}

function measuredOf({ latency }: Found, deciding: readonly ExperimentRound[]): Claim['measured'] {
  if (latency.interval === null) return null;
  const [offeredPerSecond] = levelsOf(deciding, 'offeredPerSecond');
  const at = { syncDelayMs: 0, ...(offeredPerSecond === undefined ? {} : { offeredPerSecond }) };
  return { ...latency.interval, rounds: latency.ratio.rounds, at };
}

function findingOf(
  { latency, throughput }: Found,
  verdict: Verdict,
  deciding: readonly ExperimentRound[],
): string {
  if (latency.interval === null) return 'Too little of it was measured.';
  const [offered = 0] = levelsOf(deciding, 'offeredPerSecond');
  const ratio = timesWithin(latency.interval, latency.ratio.rounds, '95%');
  const parts = [
    `put p99 at ${count(offered)} puts/s offered is ${ratio} as long with the default as with the proposal`,
  ];
  if (throughput.interval !== null) {
    const kept = timesWithin(throughput.interval, throughput.ratio.rounds, '95%');
    parts.push(`the proposal reaches ${kept} of the throughput of the default`);
  }
  return `On this disk ${list(parts)}: ${reasonOf({ latency, throughput }, verdict)}.`;
}

function reasonOf({ latency, throughput }: Found, verdict: Verdict): string {
  const floor = times(latency.floor.ratio);
  switch (verdict) {
    case 'reproduced':
      return 'the proposal is better here';
    case 'partly': {
      const lost = (throughput.interval?.high ?? 1) < 1 / margin(throughput);
      return `lower p99, but throughput is ${lost ? 'lower' : 'not shown to be kept'}`;
    }
    case 'not-reproduced':
      return sideOf(latency) === 'below'
        ? 'p99 is higher with the proposal'
        : `no difference is shown (the A/A floor is ${floor}), and none of ${times(NOTABLE)} is possible`;
    case 'inconclusive':
      return latency.floor.pairs === 0
        ? 'no pair of equal arms says how large the noise is'
        : `the interval does not tell a gain from the noise (the A/A floor is ${floor})`;
    case 'exceeded':
    case 'invalid':
      return verdict;
  }
}

function limitsOf(rounds: readonly ExperimentRound[], unit: () => number): string[] {
  return levelsOf(rounds, 'syncDelayMs').flatMap((delay) => {
    const own = roundsWith(rounds, { syncDelayMs: delay }).filter(
      ({ role }) => role !== 'deciding',
    );
    const points = pointsAt(own, unit);
    if (points.length === 0) return [];
    const where =
      delay === 0
        ? "At the disk's own sync latency"
        : `With ${String(delay)} ms added to each sync`;
    const byDefault = points.find(({ arm }) => arm === DEFAULT_ARM);
    const proposed = points.find(({ arm }) => arm === PROPOSAL_ARM);
    const best = bestOf(points);
    const parts: string[] = [];
    if (byDefault !== undefined && proposed !== undefined) {
      parts.push(
        `put p99 is ${latencyText(byDefault)} with the default and ${latencyText(proposed)} with the ` +
          `proposal, at ${count(byDefault.putsPerSecond.value)} and ` +
          `${count(proposed.putsPerSecond.value)} puts/s of capacity`,
      );
    }
    if (best !== undefined) {
      parts.push(
        `of ${String(points.length)} settings ${settingName(best)} has the lowest p99 ` +
          `(${latencyText(best)}) among those within 10% of the highest throughput`,
      );
    }
    return [`${where} ${parts.join('; ')}.`];
  });
}
