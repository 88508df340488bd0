// Claim: a database of 100 GB is as quick as one of 2 GB, so that the size limit may rise 50 times.
// What was published is a quota, no speed; what is measured is put latency at a size over put
// latency at 2 GB, taken in the same block. Invariants: 100 GB with hashmap alone decides;
// `measured` speaks of that or is null; every interval is the 90% one that two one-sided tests at
// 5% rest on. Pure.

import type { Cell, Claim, CurvePoint, Run, Sample, Verdict, Warning } from '../record/schema.ts';
import { equivalence, EQUIVALENCE_BOUNDS } from '../stats/equivalence.ts';
import type { Equivalence } from '../stats/equivalence.ts';
import { noiseFloor } from '../stats/noise-floor.ts';
import type { NoiseFloor } from '../stats/noise-floor.ts';
import { intervalOf, pairedRatio } from '../stats/paired-ratio.ts';
import type { PairedRatio, RatioInterval } from '../stats/paired-ratio.ts';
import { median } from '../stats/quantile.ts';
import { summarizeArms } from './arms.ts';
import { ALPHA } from './claim.ts';
import type { ClaimInput, ClaimModule } from './claim.ts';
import { anchorRounds, armRounds, equalArmPairs, mainCells, pairBlocks } from './rounds.ts';
import type { Metric } from './rounds.ts';
import { doubtsOf, faultsOf, usableRounds } from './validity.ts';
import { gigabytes, list, times, timesWithin } from './wording.ts';

const BASE_BYTES = 2e9;
const MAIN_BYTES = 100e9;
const DECIDING_ARM = 'hashmap';
const ARMS: readonly string[] = ['hashmap', 'array'];

const ID = 'capacity-50x';
const TITLE = 'A 100 GB database puts as quickly as a 2 GB one';

const PUBLISHED: Claim['published'] = {
  value: 50,
  unit: 'x',
  what: 'database size quota, 100 GB / 2 GB: a capacity setting, no speed measurement',
  source:
    "Alibaba Cloud blog 594750 and CNCF blog (2019): with the hashmap freelist etcd's quota went " +
    'from the default of 2 GB to 100 GB, said to be as quick as 2 GB; no latencies were recovered',
};

const RULE =
  'Put latency (median commit latency of a round / puts a commit) at a size over that at 2 GB, ' +
  'paired within blocks; equivalent if its 90% interval lies within 0.80 to 1.25 (two one-sided ' +
  'tests at 5%), different if wholly outside. With hashmap at 100 GB: reproduced if equivalent, ' +
  'inconclusive if the interval straddles a bound or 100 GB was not measured beside 2 GB; if ' +
  'different, partly where hashmap is equivalent at a smaller size above 2 GB with no different ' +
  'one below it, else not-reproduced. The largest such size is named for each arm. Invalid if a ' +
  'round did not run as its arm, rounds of a cell started from different bytes, the array arm is ' +
  "over 1.25 times bbolt's, or the work folder is in memory.";

export const capacity50x: ClaimModule = {
  id: ID,
  title: TITLE,
  published: PUBLISHED,
  rule: RULE,
  evaluate,
};

/** One arm at one size beside 2 GB. */
interface SizeResult {
  readonly cell: Cell;
  readonly arm: string;
  readonly freePages: number;
  readonly ratio: PairedRatio;
  readonly interval: RatioInterval | null;
  readonly outcome: Equivalence;
  readonly floor: NoiseFloor;
  readonly unpaired: number;
}

function evaluate({ run, samples, unit, command }: ClaimInput): Claim {
  const cells = mainCells(run);
  const ids = new Set(cells.map((cell) => cell.id));
  const own = samples.filter((sample) => ids.has(sample.cell));
  const { usable, warnings: dropped } = usableRounds(own);
  const results = measuredSizes(run, usable, unit);
  const main = results.find(({ cell, arm }) => cell.dbBytes === MAIN_BYTES && arm === DECIDING_ARM);
  const faults = faultsOf(run, own);
  const decided = verdictOf(main, results);
  const verdict = faults.length > 0 ? 'invalid' : decided;
  const found = findingOf(main, results);
  return {
    id: ID,
    title: TITLE,
    published: PUBLISHED,
    measured: measuredOf(main),
    arms: summarizeArms(cells, usable),
    curve: results.flatMap(curvePoint),
    target: 'engine',
    rule: RULE,
    method:
      `${main?.ratio.method ?? '100 GB not measured beside 2 GB'}; 90% interval of put latency ` +
      'at a size over put latency at 2 GB, whose rounds ran in the same block; two one-sided ' +
      'tests at 5%',
    alpha: ALPHA,
    floor: main?.floor.ratio ?? 1,
    verdict,
    finding:
      verdict === 'invalid' ? `Not valid as measured; for what it is worth: ${found}` : found,
    limits: limitsOf(results),
    warnings: [...faults, ...dropped, ...warningsOf(main, results), ...doubtsOf(run, own)],
    command,
  };
}

function measuredSizes(run: Run, samples: readonly Sample[], unit: () => number): SizeResult[] {
  const cells = mainCells(run);
  const base = cells.find((cell) => cell.dbBytes === BASE_BYTES);
  if (base === undefined) return [];
  const putsPerCommit = new Map(cells.map((cell) => [cell.id, cell.putsPerCommit]));
  const putNs: Metric = ({ commitNs, cell }) => commitNs.median / (putsPerCommit.get(cell) ?? 1);
  const larger = cells.filter((cell) => cell.dbBytes > base.dbBytes);
  return ARMS.flatMap((arm) =>
    larger.flatMap((cell) => {
      const rounds = armRounds(samples, cell, arm);
      const anchors = anchorRounds(samples, base, cell, arm);
      const { pairs, unpaired } = pairBlocks(rounds, anchors, putNs);
      if (pairs.length === 0) return [];
      const ratio = pairedRatio(pairs, { alpha: 2 * ALPHA, unit });
      const result: SizeResult = {
        cell,
        arm,
        freePages: median(rounds.map((round) => round.state.freePages)) ?? cell.freePages,
        ratio,
        interval: intervalOf(ratio),
        outcome: equivalence(ratio),
        floor: noiseFloor(equalArmPairs([...rounds, ...anchors], putNs)),
        unpaired,
      };
      return [result];
    }),
  );
}

function verdictOf(main: SizeResult | undefined, results: readonly SizeResult[]): Verdict {
  if (main === undefined || main.outcome === 'inconclusive') return 'inconclusive';
  if (main.outcome === 'equivalent') return 'reproduced';
  return largestEqual(results, DECIDING_ARM) === undefined ? 'not-reproduced' : 'partly';
}

/** Largest size an arm is equivalent at before the first at which it is shown to be different. */
function largestEqual(results: readonly SizeResult[], arm: string): SizeResult | undefined {
  const own = results.filter((result) => result.arm === arm);
  const firstDifferent = own.findIndex(({ outcome }) => outcome === 'different');
  return (firstDifferent === -1 ? own : own.slice(0, firstDifferent)).findLast(
    ({ outcome }) => outcome === 'equivalent',
  );
}

function measuredOf(main: SizeResult | undefined): Claim['measured'] {
  if (main === undefined || main.interval === null) return null;
  const at = { dbBytes: main.cell.dbBytes, freePages: main.freePages };
  return { ...main.interval, rounds: main.ratio.rounds, at };
}

function curvePoint({ cell, arm, freePages, ratio, interval }: SizeResult): CurvePoint[] {
  if (interval === null) return [];
  const { id, role, dbBytes } = cell;
  return [{ cell: id, series: arm, role, dbBytes, freePages, ...interval, rounds: ratio.rounds }];
}

function findingOf(main: SizeResult | undefined, results: readonly SizeResult[]): string {
  if (main === undefined) {
    const largest = results.filter(({ arm }) => arm === DECIDING_ARM).at(-1);
    const missing = '100 GB, which decides, was not measured beside 2 GB';
    return largest === undefined
      ? `${missing}, and no other size either.`
      : `${missing}; the largest measured, ${gigabytes(largest.cell.dbBytes)}, took ` +
          `${ratioWords(largest)} the put latency of 2 GB with hashmap, which decides nothing.`;
  }
  const bounds = EQUIVALENCE_BOUNDS.map((bound) => bound.toFixed(2)).join(' to ');
  const where = {
    equivalent: `within the bounds of ${bounds}`,
    different: `outside the bounds of ${bounds}${isQuicker(main) ? ', on the quick side' : ''}`,
    inconclusive:
      main.interval === null
        ? 'too little to decide'
        : `which straddles a bound of ${bounds} and so decides nothing`,
  }[main.outcome];
  return (
    `With hashmap a put at 100 GB took ${ratioWords(main)} the latency it has at 2 GB, ${where}; ` +
    `shown to stay within them: ${list(ARMS.map((arm) => reachWords(results, arm)))}.`
  );
}

function isQuicker({ interval }: SizeResult): boolean {
  return interval !== null && interval.high < 1;
}

function reachWords(results: readonly SizeResult[], arm: string): string {
  if (!results.some((result) => result.arm === arm)) return `${arm} was not measured beside 2 GB`;
  const largest = largestEqual(results, arm);
  return largest === undefined
    ? `${arm} at no measured size above 2 GB`
    : `${arm} as far as ${gigabytes(largest.cell.dbBytes)}`;
}

function ratioWords({ ratio, interval }: SizeResult): string {
  if (interval !== null) return timesWithin(interval, ratio.rounds, '90%');
  return ratio.value === null
    ? 'no known multiple of'
    : `${times(ratio.value)} (no interval, ${String(ratio.rounds)} rounds)`;
}

function limitsOf(results: readonly SizeResult[]): string[] {
  const sizes = (arm: string, outcome: Equivalence): string =>
    list(
      results
        .filter((result) => result.arm === arm && result.outcome === outcome)
        .map(
          ({ cell, ratio }) =>
            `${gigabytes(cell.dbBytes)}${ratio.value === null ? '' : ` (${times(ratio.value)})`}`,
        ),
    );
  const said = [
    ['equivalent', 'put latency is equivalent to that at 2 GB at'],
    ['different', 'put latency differs from that at 2 GB at'],
    ['inconclusive', 'the rounds cannot tell whether put latency differs from 2 GB at'],
  ] as const;
  return [
    ...ARMS.flatMap((arm) =>
      said
        .map(([outcome, words]) => ({ where: sizes(arm, outcome), words }))
        .filter(({ where }) => where !== '')
        .map(({ where, words }) => `With ${arm}, ${words} ${where}.`),
    ),
    'The published 50x is a quota and the ratio here a latency: they share no scale.',
    'Put latency of the main job alone: neither start-up, memory, backup nor recovery at 100 GB.',
    "Measured on kvtune's engine: storage layer only, no consensus, no network.",
    'etcd has used hashmap by default since 3.5 (3.4 had it behind a flag); bbolt by itself ' +
      'still defaults to array.',
  ];
}

function warningsOf(main: SizeResult | undefined, results: readonly SizeResult[]): Warning[] {
  const warnings: Warning[] = [];
  if (main !== undefined) {
    warnings.push(...main.ratio.warnings, ...main.floor.warnings);
    if (main.unpaired > 0) {
      const message = `${String(main.unpaired)} blocks of 100 GB lack a round or its 2 GB anchor`;
      warnings.push({ code: 'unpaired-blocks', message });
    }
    if (main.floor.ratio > EQUIVALENCE_BOUNDS[1]) {
      const message = `equal arms differ by up to ${times(main.floor.ratio)}, beyond the bounds`;
      warnings.push({ code: 'noisy', message, remedy: 'measure on a quieter machine' });
    }
    if (main.outcome === 'different' && isQuicker(main)) {
      const message =
        'puts at 100 GB were quicker than at 2 GB: the two files differ in more than size';
      warnings.push({ code: 'quicker-at-size', message, remedy: 'compare the arms of both cells' });
    }
  }
  for (const result of results) {
    if (result.interval !== null) continue;
    const where = `${result.arm} at ${gigabytes(result.cell.dbBytes)}`;
    const value = result.ratio.value === null ? 'no ratio' : times(result.ratio.value);
    const message = `${where} is left out of the curve: ${value} without an interval`;
    warnings.push({ code: 'not-in-curve', message, remedy: 'measure two rounds at least' });
  }
  return warnings;
}
