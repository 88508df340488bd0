// Claim: one sync of the log for all puts that wait (group commit) lets many writers go far beyond what the
// disk's syncs allow one put at a time. Invariants: two cells judge, 64 writers of 256 B on the disk as it is
// and with 5 ms added to every sync; the rest draws. 'none' is never compared: it keeps no promise. Pure.

import type { Claim, ExperimentRound, Verdict } from '../record/schema.ts';
import { ALPHA, type ClaimInput, type ClaimModule } from './claim.ts';
import {
  compareArms,
  estimate,
  figure,
  roundsOfClaim,
  roundsWith,
  sideOf,
  type Comparison,
  type FigureEstimate,
} from './experiment-rounds.ts';
import { loadRounds } from './load-rounds.ts';
import { armFaults, diskFaults, roundDoubts, runDoubts } from './validity.ts';
import { walPanels, walRows } from './wal-pictures.ts';
import { count, list, times, timesWithin } from './wording.ts';

const ID = 'wal-sync';
const TITLE = 'One log sync for all puts that wait carries many writers past the disk';
const WRITERS = 64;
const VALUE_BYTES = 256;
const SLOW_MS = 5;
/** What group must gain on the disk as it is, and where syncs take 5 ms longer. */
const GAIN_MIN = 5;
const SLOW_GAIN_MIN = 20;
const BOUND_TOLERANCE = 0.25;

const PUBLISHED: Claim['published'] = {
  value: GAIN_MIN,
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
  'With 64 writers of 256 B in a closed loop, arms paired within blocks, each by its 95% ' +
  "interval. Reproduced if group reaches at least 5x the puts/s of each at the disk's own sync " +
  'latency and at least 20x with 5 ms added to every sync, and each lies in both within 25% of ' +
  'what one sync a put allows: 1 / (mean sync latency of the disk, measured in the same round, ' +
  'plus what is added). Partly if group is faster in both beyond the A/A floor and one of the ' +
  'others fails. Not-reproduced if in one of them it is slower beyond the floor, or not shown ' +
  'faster and the interval excludes the gain asked for there, which the floor does not reach. ' +
  'Inconclusive otherwise. Invalid if a round did not run as its arm, if a store was not as it ' +
  'must be afterwards, or if the load generator set the figures of over a quarter of the deciding ' +
  'rounds (a smaller share is left out).';

export const walSync: ClaimModule = {
  id: ID,
  title: TITLE,
  published: PUBLISHED,
  rule: RULE,
  evaluate,
};

/** One deciding cell. */
interface Side {
  /** Puts a second, group / each. */
  readonly gain: Comparison;
  /** Puts a second of each, as a part of what one sync a put allows. */
  readonly ofBound: FigureEstimate | undefined;
}

interface Found {
  readonly own: Side;
  readonly slow: Side;
}

function evaluate({ run, experiments, unit, command }: ClaimInput): Claim {
  const all = roundsOfClaim(experiments, ID);
  const { usable: rounds, faults, doubts } = loadRounds(all);
  const found: Found = { own: sideAt(rounds, 0, unit), slow: sideAt(rounds, SLOW_MS, unit) };
  const voids = [
    ...(all.length === 0 ? [] : diskFaults(run)),
    ...armFaults(all, 'durability'),
    ...faults,
  ];
  const decided = judgeWal(found);
  const verdict = voids.length > 0 ? 'invalid' : decided;
  const finding = findingOf(found, decided);
  const { gain } = found.own;
  return {
    id: ID,
    title: TITLE,
    published: PUBLISHED,
    measured:
      gain.interval === null
        ? null
        : {
            ...gain.interval,
            rounds: gain.ratio.rounds,
            at: { writers: WRITERS, valueBytes: VALUE_BYTES, syncDelayMs: 0 },
          },
    arms: [],
    curve: [],
    target: 'engine',
    rule: RULE,
    method: `gain: ${gain.ratio.method}; with 5 ms added: ${found.slow.gain.ratio.method}`,
    alpha: ALPHA,
    floor: gain.floor.ratio,
    verdict,
    finding:
      verdict === 'invalid' ? `Not valid as measured; for what it is worth: ${finding}` : finding,
    limits: limitsOf(rounds, unit),
    warnings: [
      ...voids,
      ...doubts,
      ...gain.ratio.warnings,
      ...gain.floor.warnings,
      ...roundDoubts(all),
      ...runDoubts(run),
    ],
    command,
    panels: walPanels(rounds, unit),
    rows: walRows(rounds),
    caveats: CAVEATS,
  };
}

const CAVEATS: string[] = [
  'Every etcd version groups: there is no setting for a sync of each put. What comes near none is ' +
    '--unsafe-no-fsync, since 3.4.10 and 3.5: for tests only.',
  'none loses acknowledged puts in a crash of the machine; it stands beside the others to show what ' +
    'durability costs, and takes no part in the verdict.',
  'Storage layer only: no consensus and no network in the path, writers in the same process. In etcd a ' +
    'follower syncs as well before the leader may answer.',
  'Added sync latency is a sleep after every sync, of the log and of the backend alike; real slow disks ' +
    'also vary.',
];

function sideAt(rounds: readonly ExperimentRound[], syncDelayMs: number, unit: () => number): Side {
  const own = roundsWith(rounds, { writers: WRITERS, valueBytes: VALUE_BYTES, syncDelayMs }).filter(
    ({ role }) => role === 'deciding',
  );
  const arms = { baseline: 'each', candidate: 'group' };
  const metric = figure('putsPerSecond');
  const gain = compareArms(own, { ...arms, metric, better: 'higher' }, unit);
  const bound = figure('boundPerSecond');
  const each = own.filter(({ arm }) => arm === 'each');
  return { gain, ofBound: estimate(each, (round) => metric(round) / bound(round), unit) };
}

/** The rule itself. */
function judgeWal({ own, slow }: Found): Verdict {
  const sides = [sideOf(own.gain), sideOf(slow.gain)];
  if (isRefuted(own.gain, GAIN_MIN) || isRefuted(slow.gain, SLOW_GAIN_MIN)) return 'not-reproduced';
  if (own.gain.interval === null || slow.gain.interval === null) return 'inconclusive';
  if (isUnknown(own.ofBound) || isUnknown(slow.ofBound)) return 'inconclusive';
  if (missedOf({ own, slow }).length === 0) return 'reproduced';
  return sides.every((side) => side === 'above') ? 'partly' : 'inconclusive';
}

function isRefuted(gain: Comparison, asked: number): boolean {
  const side = sideOf(gain);
  if (side !== 'neither') return side === 'below';
  return (gain.interval?.high ?? asked) < asked && gain.floor.ratio < asked;
}

function isUnknown(share: FigureEstimate | undefined): boolean {
  return share === undefined || share.low === null || share.high === null;
}

/** What the rule asks for and the rounds did not show. */
function missedOf({ own, slow }: Found): string[] {
  const missed: string[] = [];
  const [gain, slowGain] = [own.gain.interval?.low ?? 0, slow.gain.interval?.low ?? 0];
  if (gain < GAIN_MIN) {
    missed.push(`the gain was not shown to be ${times(GAIN_MIN)} on the disk as it is`);
  }
  if (slowGain < SLOW_GAIN_MIN) {
    missed.push(`the gain was not shown to be ${times(SLOW_GAIN_MIN)} with 5 ms added`);
  }
  const unbound: string[] = [];
  if (!isBound(own.ofBound)) unbound.push('on the disk as it is');
  if (!isBound(slow.ofBound)) unbound.push('with 5 ms added');
  if (unbound.length > 0) {
    const where = list(unbound);
    missed.push(`each was not shown to be within 25% of what one sync a put allows ${where}`);
  }
  return missed;
}

function isBound(share: FigureEstimate | undefined): boolean {
  const { low, high } = { low: share?.low ?? 0, high: share?.high ?? Number.POSITIVE_INFINITY };
  return low >= 1 - BOUND_TOLERANCE && high <= 1 + BOUND_TOLERANCE;
}

function findingOf(found: Found, verdict: Verdict): string {
  const { own, slow } = found;
  const parts: string[] = [];
  for (const [{ gain, ofBound }, where] of [
    [own, "at the disk's own sync latency"],
    [slow, 'with 5 ms added to every sync'],
  ] as const) {
    if (gain.interval === null) continue;
    const share =
      ofBound === undefined ? '' : `, where each gets ${percent(ofBound.value)} of one put a sync`;
    parts.push(`${timesWithin(gain.interval, gain.ratio.rounds, '95%')} ${where}${share}`);
  }
  if (parts.length === 0) return 'Too little of it was measured.';
  return (
    `With 64 writers of 256 B group reaches, in puts/s of each, ${list(parts)}: ` +
    `${reasonOf(found, verdict)}.`
  );
}

function reasonOf(found: Found, verdict: Verdict): string {
  switch (verdict) {
    case 'reproduced':
      return 'gain and bound are as the rule asks';
    case 'partly':
      return `a gain beyond the noise, but ${list(missedOf(found))}`;
    case 'not-reproduced':
      return 'no gain as asked for in one of the two';
    case 'inconclusive':
    case 'exceeded':
    case 'invalid':
      return 'too little to decide';
  }
}

function percent(share: number): string {
  return `${(share * 100).toPrecision(3)}%`;
}

function limitsOf(rounds: readonly ExperimentRound[], unit: () => number): string[] {
  const limits: string[] = [];
  const puts = figure('putsPerSecond');
  const at = (factors: Readonly<Record<string, number>>, arm: string): number | undefined =>
    estimate(
      roundsWith(rounds, { valueBytes: VALUE_BYTES, syncDelayMs: 0, ...factors }, arm),
      puts,
      unit,
    )?.value;
  const [one, oneGroup] = [at({ writers: 1 }, 'each'), at({ writers: 1 }, 'group')];
  if (one !== undefined && oneGroup !== undefined) {
    limits.push(
      `One writer gains nothing by its nature: ${count(one)} puts/s with each, ${count(oneGroup)} ` +
        'with group. Only those who wait together can share a sync.',
    );
  }
  const group = at({ writers: WRITERS }, 'group');
  const none = at({ writers: WRITERS }, 'none');
  if (group !== undefined && none !== undefined) {
    limits.push(
      `64 writers without any sync reach ${count(none)} puts/s against ${count(group)} with group: what ` +
        'is left of the price of durability here.',
    );
  }
  const large = { writers: WRITERS, valueBytes: 65_536 };
  const [eachLarge, groupLarge] = [at(large, 'each'), at(large, 'group')];
  const each = at({ writers: WRITERS }, 'each');
  if (eachLarge && groupLarge && each && group) {
    limits.push(
      `With values of 64 KiB the gain is ${times(groupLarge / eachLarge)}, against ` +
        `${times(group / each)} with 256 B.`,
    );
  }
  return limits;
}
