// Claim: with a hashmap freelist one fixed job ends 24 times sooner than with an array freelist.
// Invariants: the main cell alone decides; other sizes and the labelled cells only draw the curve
// and the limits; `measured` speaks of the main cell or is null. Every sentence is built from the
// figures it stands beside. Leaves pairing to rounds.ts and intervals to stats/. Pure.

import type { Cell, Claim, CurvePoint, Sample, Verdict, Warning } from '../record/schema.ts';
import { noiseFloor } from '../stats/noise-floor.ts';
import type { NoiseFloor } from '../stats/noise-floor.ts';
import { intervalOf, pairedRatio } from '../stats/paired-ratio.ts';
import type { PairedRatio, RatioInterval } from '../stats/paired-ratio.ts';
import { median } from '../stats/quantile.ts';
import { summarizeArms } from './arms.ts';
import { ALPHA } from './claim.ts';
import type { ClaimInput, ClaimModule } from './claim.ts';
import { armRounds, equalArmPairs, pairBlocks } from './rounds.ts';
import type { Metric } from './rounds.ts';
import { doubtsOf, faultsOf, usableRounds } from './validity.ts';
import { count, gigabytes, list, seconds, times, timesWithin } from './wording.ts';

const MAIN_BYTES = 100e9;
/** 24x, multiplied and divided by 1.5. */
const BAND_LOW = 16;
const BAND_HIGH = 36;

const ID = 'freelist-24x';
const TITLE = 'A hashmap freelist finishes the same writes 24 times sooner';

const PUBLISHED: Claim['published'] = {
  value: 23.69,
  unit: 'x',
  what: 'completion time, array / hashmap',
  source:
    'Alibaba Cloud blog 594750 (2019), table of results: one job took 4,974 s with the array and ' +
    '210 s with the hashmap; the configuration of that job was not recovered',
};

const RULE =
  'Decided by the main cell alone (main job on the 100 GB file), by the 95% interval of ' +
  'completion time array / hashmap: reproduced if it meets 16x to 36x (24x, multiplied or ' +
  'divided by 1.5), exceeded if it lies wholly above 36x, partly if it lies wholly below 16x but ' +
  'above 1x and above the A/A floor, else not-reproduced. Inconclusive if the main cell was not ' +
  'measured, has no interval, or the answer hangs on a floor that was not measured. Invalid if a ' +
  'round did not run as its arm, rounds of a cell started from different bytes, the array arm is ' +
  "over 1.25 times bbolt's, or the work folder is in memory.";

const SERIES: Readonly<Record<Cell['role'], string>> = {
  main: 'main job',
  'worst-case': 'worst case',
  'small-values': 'small values',
};

export const freelist24x: ClaimModule = {
  id: ID,
  title: TITLE,
  published: PUBLISHED,
  rule: RULE,
  evaluate,
};

const completion: Metric = (sample) => sample.completionSeconds;

/** A cell with rounds of both arms. */
interface CellResult {
  readonly cell: Cell;
  readonly freePages: number;
  readonly ratio: PairedRatio;
  readonly interval: RatioInterval | null;
  readonly floor: NoiseFloor;
  /** Medians over rounds, for sentences; the ratio is not their quotient. */
  readonly arraySeconds: number;
  readonly hashmapSeconds: number;
  /** Puts of one round. */
  readonly puts: number;
  readonly unpaired: number;
}

function evaluate({ run, samples, unit, command }: ClaimInput): Claim {
  const own = samples.filter((sample) => sample.purpose === 'arm');
  const { usable, warnings: dropped } = usableRounds(own);
  const results = measuredCells(run.cells, usable, unit);
  const main = results.find(({ cell }) => cell.role === 'main' && cell.dbBytes === MAIN_BYTES);
  const faults = faultsOf(run, own);
  const decided = main === undefined ? 'inconclusive' : judgeInterval(main.interval, main.floor);
  const verdict = faults.length > 0 ? 'invalid' : decided;
  const found = findingOf(decided, main, results);
  return {
    id: ID,
    title: TITLE,
    published: PUBLISHED,
    measured: measuredOf(main),
    arms: summarizeArms(run.cells, usable),
    curve: results.flatMap(curvePoint),
    target: 'engine',
    rule: RULE,
    method:
      `${main?.ratio.method ?? 'main cell not measured'}; pairs are blocks of the main cell, ` +
      "each the geometric mean of an arm's replicates; intervals along the curve are not " +
      'adjusted for their number',
    alpha: ALPHA,
    floor: main?.floor.ratio ?? 1,
    verdict,
    finding:
      verdict === 'invalid' ? `Not valid as measured; for what it is worth: ${found}` : found,
    limits: limitsOf(run.cells, results),
    warnings: [...faults, ...dropped, ...warningsOf(main, results), ...doubtsOf(run, own)],
    command,
  };
}

function measuredCells(
  cells: readonly Cell[],
  samples: readonly Sample[],
  unit: () => number,
): CellResult[] {
  const ordered = [...cells].sort((left, right) => left.dbBytes - right.dbBytes);
  return ordered.flatMap((cell) => {
    const array = armRounds(samples, cell, 'array');
    const hashmap = armRounds(samples, cell, 'hashmap');
    const { pairs, unpaired } = pairBlocks(array, hashmap, completion);
    if (pairs.length === 0) return [];
    const ratio = pairedRatio(pairs, { alpha: ALPHA, unit });
    const rounds = [...array, ...hashmap];
    const result: CellResult = {
      cell,
      freePages: median(rounds.map((round) => round.state.freePages)) ?? cell.freePages,
      ratio,
      interval: intervalOf(ratio),
      floor: noiseFloor(equalArmPairs(rounds, completion)),
      arraySeconds: median(array.map(completion)) ?? 0,
      hashmapSeconds: median(hashmap.map(completion)) ?? 0,
      puts: median(rounds.map((round) => round.puts)) ?? 0,
      unpaired,
    };
    return [result];
  });
}

/** The rule itself, on the main cell's 95% interval; null where there is none. */
export function judgeInterval(
  interval: { readonly low: number; readonly high: number } | null,
  floor: { readonly ratio: number; readonly pairs: number },
): Verdict {
  if (interval === null) return 'inconclusive';
  const { low, high } = interval;
  if (low > BAND_HIGH) return 'exceeded';
  if (high >= BAND_LOW) return 'reproduced';
  if (low <= Math.max(1, floor.ratio)) return 'not-reproduced';
  // The rounds show a gain; whether it is above the noise needs two runs of one arm.
  return floor.pairs === 0 ? 'inconclusive' : 'partly';
}

function measuredOf(main: CellResult | undefined): Claim['measured'] {
  if (main === undefined || main.interval === null) return null;
  const at = { dbBytes: main.cell.dbBytes, freePages: main.freePages };
  return { ...main.interval, rounds: main.ratio.rounds, at };
}

function curvePoint({ cell, freePages, ratio, interval }: CellResult): CurvePoint[] {
  if (interval === null) return [];
  const { id, role, dbBytes } = cell;
  const series = SERIES[role];
  return [{ cell: id, series, role, dbBytes, freePages, ...interval, rounds: ratio.rounds }];
}

function findingOf(
  verdict: Verdict,
  main: CellResult | undefined,
  results: readonly CellResult[],
): string {
  if (main === undefined) {
    const largest = results.filter(({ cell }) => cell.role === 'main').at(-1);
    const missing = `The ${gigabytes(MAIN_BYTES)} file that decides was not measured`;
    return largest === undefined
      ? `${missing}, and no smaller one either.`
      : `${missing}; the largest measured, ${gigabytes(largest.cell.dbBytes)}, gave ` +
          `${ratioWords(largest)}, which decides nothing.`;
  }
  const { cell, freePages, arraySeconds, hashmapSeconds, puts } = main;
  const job =
    `${count(puts)} puts of ${count(cell.valueBytes)} bytes into a ${gigabytes(cell.dbBytes)} ` +
    `file with ${count(freePages)} free pages took ${seconds(arraySeconds)} with array and ` +
    `${seconds(hashmapSeconds)} with hashmap, ${ratioWords(main)}`;
  return `${job}: ${reasonOf(verdict, main)}.`;
}

function ratioWords({ ratio, interval }: CellResult): string {
  if (interval !== null) return timesWithin(interval, ratio.rounds, '95%');
  return ratio.value === null
    ? 'no ratio'
    : `${times(ratio.value)} without an interval (${String(ratio.rounds)} rounds)`;
}

function reasonOf(verdict: Verdict, main: CellResult): string {
  const { interval, floor } = main;
  const band = `${String(BAND_LOW)}x to ${String(BAND_HIGH)}x`;
  if (interval === null) return 'too little to decide';
  if (verdict === 'exceeded') return `above the band of ${band} around the published 23.69x`;
  if (verdict === 'reproduced') return `the interval meets ${band} around the published 23.69x`;
  if (verdict === 'inconclusive') return `below ${band}, and above 1x by an unknown noise floor`;
  if (verdict === 'partly') {
    return `a gain above the noise floor of ${times(floor.ratio)}, but below ${band}`;
  }
  if (directionOf(main) === 'array') return 'array was the faster one';
  if (floor.pairs === 0) return `below ${band}, and no gain was shown`;
  return `below ${band} and not clear of the noise floor of ${times(floor.ratio)}`;
}

function limitsOf(cells: readonly Cell[], results: readonly CellResult[]): string[] {
  const main = results.filter(({ cell }) => cell.role === 'main');
  const labelled = results.filter(({ cell }) => cell.role !== 'main');
  const shown = new Set(results.map(({ cell }) => cell.id));
  const unmeasured = cells.filter((cell) => !shown.has(cell.id)).map((cell) => cell.title);
  const sizes = (kind: Direction): string =>
    list(
      main
        .filter((result) => directionOf(result) === kind)
        .map(({ cell }) => gigabytes(cell.dbBytes)),
    );
  const sentences = [
    [sizes('hashmap'), 'the main job: hashmap was faster by more than the noise.'],
    [
      sizes('neither'),
      'the main job: no difference was shown; the interval reaches 1 or the noise.',
    ],
    [sizes('array'), 'the main job: array was faster by more than the noise.'],
    [sizes('unknown'), 'the main job: too few rounds to tell a difference from noise.'],
  ] as const;
  return [
    ...sentences.filter(([where]) => where !== '').map(([where, what]) => `At ${where}, ${what}`),
    ...labelled.map(labelledLimit),
    ...(unmeasured.length > 0 ? [`Not measured in both arms: ${list(unmeasured)}.`] : []),
    'The published job is known by its two times alone, so how near the main cell comes to it is ' +
      'open.',
    "Measured on kvtune's engine: storage layer only, no consensus, no network.",
    'etcd has used hashmap by default since 3.5 (3.4 had it behind a flag); bbolt by itself ' +
      'still defaults to array.',
  ];
}

function labelledLimit(result: CellResult): string {
  const { cell } = result;
  const said: Readonly<Record<Direction, string>> = {
    hashmap: 'hashmap was faster',
    array: 'array was faster',
    neither: `no difference beyond the A/A floor of ${times(Math.max(1, result.floor.ratio))}`,
    unknown: 'too few rounds to tell a difference from noise',
  };
  const where = `${SERIES[cell.role]}: ${cell.title}`;
  return `Beside the verdict (${where}): ${said[directionOf(result)]}, ${ratioWords(result)}.`;
}

type Direction = 'hashmap' | 'array' | 'neither' | 'unknown';

/** Which arm was faster in a cell, by more than that cell's own floor. */
function directionOf({ interval, floor }: CellResult): Direction {
  if (interval === null) return 'unknown';
  const least = Math.max(1, floor.ratio);
  if (interval.low <= least && interval.high >= 1 / least) return 'neither';
  if (floor.pairs === 0) return 'unknown';
  return interval.low > least ? 'hashmap' : 'array';
}

function warningsOf(main: CellResult | undefined, results: readonly CellResult[]): Warning[] {
  const warnings: Warning[] = main === undefined ? [] : mainWarnings(main);
  for (const result of results) {
    if (result.interval !== null) continue;
    const where = `${SERIES[result.cell.role]} at ${gigabytes(result.cell.dbBytes)}`;
    const message = `${where} is left out of the curve: ${ratioWords(result)}`;
    warnings.push({ code: 'not-in-curve', message, remedy: 'measure two rounds at least' });
  }
  return warnings;
}

function mainWarnings({ ratio, interval, floor, unpaired }: CellResult): Warning[] {
  const warnings: Warning[] = [...ratio.warnings, ...floor.warnings];
  if (unpaired > 0) {
    const message = `${String(unpaired)} blocks of the main cell lack one arm and are left out`;
    warnings.push({ code: 'unpaired-blocks', message });
  }
  if (interval !== null && interval.high / interval.low > BAND_HIGH / BAND_LOW) {
    warnings.push({
      code: 'wide-interval',
      message:
        `the interval, ${times(interval.low)} to ${times(interval.high)}, is wider than the band ` +
        'it is held against, and may meet it by its width alone',
      remedy: 'measure more rounds',
    });
  }
  return warnings;
}
