// Claim: a database of 100 GB is as quick as one of 2 GB, so that the size limit may rise 50 times. What was
// published is a quota, no speed; what is measured is put latency at a size over put latency at 2 GB, taken in
// the same sessions. Invariants: 100 GB with hashmap alone says whether it holds, smaller sizes only how far
// it does; every interval is the one that two one-sided tests rest on. Pure.

import { gigabytes, list, times } from '../judge/words.ts';
import { ratioOf } from '../question/contrast.ts';
import type { Cell, Contrast } from '../question/question.ts';
import type { Estimate, Published, Verdict } from '../record/answer.ts';
import { EQUIVALENCE_BOUNDS, equivalence, type Equivalence } from '../stats/equivalence.ts';
import { hasValue } from './cell-figures.ts';
import { claimSource, floorOf, intervalOf, measuredOf, ratioWords } from './claim-question.ts';
import {
  bytesOf,
  FREELIST_CLAIM,
  FREELIST_LIMITS,
  freelistCells,
  MAIN_BYTES,
  MAIN_CELL,
  sizeCells,
  sizePanel,
  type SizePoint,
} from './freelist-cells.ts';

const DECIDING_ARM = 'hashmap';
const ARMS: readonly string[] = ['hashmap', 'array'];

const PUBLISHED: Published = {
  value: 50,
  unit: 'x',
  what: 'database size quota, 100 GB / 2 GB: a capacity setting, no speed measurement',
  source:
    "Alibaba Cloud blog 594750 and CNCF blog (2019): with the hashmap freelist etcd's quota went " +
    'from the default of 2 GB to 100 GB, said to be as quick as 2 GB; no latencies were recovered',
};

const RULE =
  'Put latency (median commit latency of a slice / puts a commit) at a size over that at 2 GB, ' +
  'within sessions; equivalent if its interval over sessions lies within 0.80 to 1.25 (two ' +
  'one-sided tests at 5%, over all looks), different if wholly outside. With hashmap at 100 GB: ' +
  'reproduced if equivalent, inconclusive if the interval straddles a bound, 100 GB was not ' +
  'measured beside 2 GB, or it is different and no smaller size was measured; if different, partly where hashmap is equivalent at a smaller size above ' +
  '2 GB (by its own 90% interval) with no different one below it, else not-reproduced. The ' +
  'largest such size is named for each arm. Invalid if a round did not run as its arm, rounds of ' +
  "a cell started from different bytes, the array arm is over 1.25 times bbolt's on a 25 GB file (where bbolt is at hand), or the work " +
  'folder is in memory.';

export const capacity50x = claimSource({
  ...FREELIST_CLAIM,
  id: 'capacity-50x',
  title: 'A 100 GB database puts as quickly as a 2 GB one',
  ...{ published: PUBLISHED, ruleText: RULE },
  cells: (mode, peers) => freelistCells(mode, peers).filter(({ role }) => role !== 'labelled'),
  contrasts: (cells) =>
    sizeCells(cells)
      .toReversed()
      .map(({ id }) => latency(id, DECIDING_ARM)),
  rule: (found, cells) => judge(sizesOf(cells, DECIDING_ARM, ({ id }) => found.get(id))),
  wording: (told) => {
    const sizes = ARMS.flatMap((arm) =>
      sizesOf(told.cells, arm, (contrast) =>
        arm === DECIDING_ARM ? told.estimates.get(contrast.id) : told.describe(contrast),
      ),
    );
    const main = sizes.find(({ bytes, arm }) => bytes === MAIN_BYTES && arm === DECIDING_ARM);
    return {
      finding: findingOf(main, sizes),
      measured: measuredOf(main?.estimate, {
        ...{ unit: 'x', what: 'put latency with hashmap, 100 GB / 2 GB' },
        at: { dbBytes: MAIN_BYTES, freelist: DECIDING_ARM },
      }),
      limits: limitsOf(main, sizes),
      panels: [
        sizePanel(
          PANEL,
          sizes.map(({ arm, role, ...size }) => ({
            ...{ ...size, line: arm, role: arm === DECIDING_ARM ? role : 'curve' },
          })),
        ),
      ],
    };
  },
});

const PANEL = {
  ...{ id: 'put-latency', title: 'Put latency relative to the 2 GB file' },
  label: 'Put latency, at the size / at 2 GB',
  references: [
    { y: 1, label: 'published: as at 2 GB' },
    ...EQUIVALENCE_BOUNDS.map((y) => ({ y, label: `equivalent: ${times(y)}` })),
  ],
};

/** Of the deciding cell 'put-latency'; of a smaller one 'put-latency:<cell>'. */
function idOf(cell: string): string {
  return cell === MAIN_CELL ? 'put-latency' : `put-latency:${cell}`;
}

/** Both arms put as many in a commit, so that commits compare as puts do. */
function latency(cell: string, arm: string): Contrast {
  return {
    ...ratioOf({
      id: arm === DECIDING_ARM ? idOf(cell) : `${idOf(cell)}:${arm}`,
      words: `put latency with ${arm}, at the size / at 2 GB`,
      ...{ cell, figure: 'commitMsMedian', over: arm, under: `${arm}-2gb` },
      ...{ cuts: EQUIVALENCE_BOUNDS, oneSided: true },
    }),
    // Smaller sizes are measured when the verdict on 100 GB stands; they say how far it holds.
    supporting: cell !== MAIN_CELL,
  };
}

/** One arm at one size beside 2 GB. */
interface Size extends Omit<SizePoint, 'line'> {
  readonly arm: string;
  readonly outcome: Equivalence;
}

/** Sizes at which an arm was measured, smallest first. */
function sizesOf(
  cells: readonly Cell[],
  arm: string,
  estimateOf: (contrast: Contrast) => Estimate | undefined,
): Size[] {
  return sizeCells(cells).flatMap(({ id, factors, role }): Size[] => {
    const estimate = estimateOf(latency(id, arm));
    if (!hasValue(estimate)) return [];
    return [{ bytes: bytesOf({ factors }), role, arm, estimate, outcome: equivalence(estimate) }];
  });
}

/** The rule itself, on the deciding arm's sizes, smallest first. */
function judge(sizes: readonly Size[]): Verdict {
  const main = sizes.find(({ bytes }) => bytes === MAIN_BYTES);
  if (main === undefined || main.outcome === 'inconclusive') return 'inconclusive';
  if (main.outcome === 'equivalent') return 'reproduced';
  // Whether it holds up to some smaller size nobody has seen.
  if (sizes.every(({ bytes }) => bytes === MAIN_BYTES)) return 'inconclusive';
  return largestEqual(sizes) === undefined ? 'not-reproduced' : 'partly';
}

/** Largest size that is equivalent, before the first that is shown to be different. */
function largestEqual(sizes: readonly Size[]): Size | undefined {
  const firstDifferent = sizes.findIndex(({ outcome }) => outcome === 'different');
  return (firstDifferent === -1 ? sizes : sizes.slice(0, firstDifferent)).findLast(
    ({ outcome }) => outcome === 'equivalent',
  );
}

function findingOf(main: Size | undefined, sizes: readonly Size[]): string {
  if (main === undefined) {
    const largest = sizes.filter(({ arm }) => arm === DECIDING_ARM).at(-1);
    const missing = '100 GB, which decides, was not measured beside 2 GB';
    return largest === undefined
      ? `${missing}, and no other size either.`
      : `${missing}; the largest measured, ${gigabytes(largest.bytes)}, took ` +
          `${ratioWords(largest.estimate)} the put latency of 2 GB with hashmap, which decides nothing.`;
  }
  const bounds = EQUIVALENCE_BOUNDS.map((bound) => bound.toFixed(2)).join(' to ');
  const where = {
    equivalent: `within the bounds of ${bounds}`,
    different: `outside the bounds of ${bounds}${isQuicker(main) ? ', on the quick side' : ''}`,
    inconclusive:
      intervalOf(main.estimate) === undefined
        ? 'too little to decide'
        : `which straddles a bound of ${bounds} and so decides nothing`,
  }[main.outcome];
  return (
    `With hashmap a put at 100 GB took ${ratioWords(main.estimate)} the latency it has at 2 GB, ${where}; ` +
    `shown to stay within them: ${list(reachOf(sizes))}.`
  );
}

function isQuicker({ estimate }: Size): boolean {
  const interval = intervalOf(estimate);
  return interval !== undefined && interval.high < 1;
}

/** How far each arm holds that was measured beside 2 GB. */
function reachOf(sizes: readonly Size[]): string[] {
  return ARMS.flatMap((arm) => {
    const own = sizes.filter((size) => size.arm === arm);
    if (own.length === 0) return [];
    const largest = largestEqual(own);
    return largest === undefined
      ? [`${arm} at no measured size above 2 GB`]
      : [`${arm} as far as ${gigabytes(largest.bytes)}`];
  });
}

const OUTCOME_WORDS: Readonly<Record<Equivalence, string>> = {
  equivalent: 'put latency is equivalent to that at 2 GB at',
  different: 'put latency differs from that at 2 GB at',
  inconclusive: 'the sessions cannot tell whether put latency differs from 2 GB at',
};

function limitsOf(main: Size | undefined, sizes: readonly Size[]): string[] {
  const bySide = ARMS.flatMap((arm) =>
    (Object.keys(OUTCOME_WORDS) as Equivalence[]).flatMap((outcome) => {
      const own = sizes.filter((size) => size.arm === arm && size.outcome === outcome);
      const where = own.map(
        ({ bytes, estimate }) => `${gigabytes(bytes)} (${times(estimate.value ?? 1)})`,
      );
      return own.length === 0 ? [] : [`With ${arm}, ${OUTCOME_WORDS[outcome]} ${list(where)}.`];
    }),
  );
  const floor = floorOf(main?.estimate);
  const isNoisy = floor !== undefined && floor > EQUIVALENCE_BOUNDS[1];
  const isQuick = main?.outcome === 'different' && isQuicker(main);
  return [
    ...bySide,
    ...(isNoisy ? [`Equal arms differ by up to ${times(floor)}, beyond the bounds.`] : []),
    ...(isQuick
      ? ['Puts at 100 GB were quicker than at 2 GB: the two files differ in more than size.']
      : []),
    'The published 50x is a quota and the ratio here a latency: they share no scale.',
    'Put latency of the main job alone: neither start-up, memory, backup nor recovery at 100 GB.',
    ...FREELIST_LIMITS,
  ];
}
