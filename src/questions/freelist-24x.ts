// Claim: with a hashmap freelist one fixed job ends 24 times sooner than with an array freelist. Invariants: the
// 100 GB cell alone decides; other sizes and the labelled cells only draw the curve and the limits. Every
// sentence is built from the figures it stands beside. Pure.

import type { Side } from '../judge/sides.ts';
import { count, gigabytes, list, seconds, times } from '../judge/words.ts';
import { ratioOf } from '../question/contrast.ts';
import type { Cell, Contrast } from '../question/question.ts';
import type { Estimate, Published, Table, Verdict } from '../record/answer.ts';
import { armTable, described, medianOf, scaled, type Described } from './cell-figures.ts';
import {
  claimSource,
  FLOOR,
  floorOf,
  INTERVAL,
  intervalOf,
  measuredOf,
  ratioWords,
  sideOf,
  slicesOf,
  type Told,
} from './claim-question.ts';
import {
  ANCHOR_BYTES,
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

/** 24x, multiplied and divided by 1.5. */
const BAND_LOW = 16;
const BAND_HIGH = 36;

const PUBLISHED: Published = {
  value: 23.69,
  unit: 'x',
  what: 'completion time, array / hashmap',
  source:
    'Alibaba Cloud blog 594750 (2019), table of results: one job took 4,974 s with the array and ' +
    '210 s with the hashmap; the configuration of that job was not recovered',
};

const RULE =
  `Decided by the main cell alone (main job on the 100 GB file), by the ${INTERVAL} of ` +
  'completion time array / hashmap: reproduced if it meets 16x to 36x (24x, multiplied or ' +
  'divided by 1.5), exceeded if it lies wholly above 36x, partly if it lies wholly below 16x but ' +
  `above 1x and above the ${FLOOR}, else not-reproduced. Inconclusive if the main cell was not ` +
  'measured, has no interval, or the answer hangs on a floor that was not measured. Invalid if a ' +
  'round did not run as its arm, rounds of a cell started from different bytes, the array arm is ' +
  "over 1.25 times bbolt's on a 25 GB file (where bbolt is at hand), or the work folder is in memory.";

export const freelist24x = claimSource({
  ...FREELIST_CLAIM,
  id: 'freelist-24x',
  title: 'A hashmap freelist finishes the same writes 24 times sooner',
  ...{ published: PUBLISHED, ruleText: RULE, cells: freelistCells },
  contrasts: () => [completion(MAIN_CELL, { id: 'completion', cuts: [1, BAND_LOW, BAND_HIGH] })],
  rule: (found) => judge(found.get('completion')),
  wording: (told) => {
    const main = told.estimates.get('completion');
    const points = pointsOf(told);
    const freePages = freePagesOf(told);
    return {
      finding: findingOf(told, points),
      measured: measuredOf(main, {
        ...{ unit: 'x', what: PUBLISHED.what },
        at: { dbBytes: MAIN_BYTES, ...(freePages === null ? {} : { freePages }) },
      }),
      limits: limitsOf(main, points),
      panels: [sizePanel(PANEL, points)],
      tables: tablesOf(told),
    };
  },
});

const PANEL = {
  ...{ id: 'completion', title: 'Completion time, array / hashmap' },
  label: 'Completion time, array / hashmap',
  references: [
    { y: PUBLISHED.value, label: 'published: 24x' },
    { y: BAND_LOW, label: 'reproduced from 16x' },
    { y: BAND_HIGH, label: 'to 36x' },
    { y: 1, label: '1x: no difference' },
  ],
};

/** How many times longer the job takes with array; `suffix`: of the arms' names. */
function completion(
  cell: string,
  about: { readonly id: string; readonly cuts?: readonly number[]; readonly suffix?: string },
): Contrast {
  const { id, cuts = [1], suffix = '' } = about;
  return ratioOf({
    ...{ id, words: PUBLISHED.what, cell, figure: 'completionSeconds', cuts },
    ...{ over: `array${suffix}`, under: `hashmap${suffix}` },
  });
}

/** The rule itself. */
function judge(estimate: Estimate | undefined): Verdict {
  const interval = intervalOf(estimate);
  if (interval === undefined) return 'inconclusive';
  const { low, high } = interval;
  const floor = floorOf(estimate);
  if (low > BAND_HIGH) return 'exceeded';
  if (high >= BAND_LOW) return 'reproduced';
  if (low <= (floor ?? 1)) return 'not-reproduced';
  return floor === undefined ? 'inconclusive' : 'partly';
}

/** A measured point of the picture. */
interface Point extends SizePoint {
  readonly title: string;
  readonly estimate: Described;
}

const MAIN_SERIES = 'main job';
const LABELLED_SERIES: Readonly<Record<string, string>> = {
  'small-values': 'small values',
  'worst-case': 'worst case',
};

function pointsOf(told: Told): Point[] {
  const pointOf = ({ id, title, factors, role }: Cell): Point[] => {
    const estimate = described(told, completion(id, { id }));
    const recipe = String(factors['recipe']);
    const line = role === 'labelled' ? (LABELLED_SERIES[recipe] ?? title) : MAIN_SERIES;
    return estimate === undefined
      ? []
      : [{ line, role, bytes: bytesOf({ factors }), title, estimate }];
  };
  const main = sizeCells(told.cells);
  const largest = main.at(-1);
  const anchor =
    largest && described(told, completion(largest.id, { id: largest.id, suffix: '-2gb' }));
  const about = { line: MAIN_SERIES, role: 'curve', bytes: ANCHOR_BYTES, title: '2 GB' } as const;
  return [
    ...(anchor === undefined ? [] : [{ ...about, estimate: anchor }]),
    ...[...main, ...told.cells.filter(({ role }) => role === 'labelled')].flatMap(pointOf),
  ];
}

function freePagesOf({ rounds }: Told): number | null {
  return medianOf(slicesOf(rounds, MAIN_CELL, 'array'), ({ state }) => Number(state['freePages']));
}

function findingOf(told: Told, points: readonly Point[]): string {
  const { rounds, estimates, decided } = told;
  const main = estimates.get('completion');
  if (main === undefined || main.value === null) {
    const largest = points.filter(({ line }) => line === MAIN_SERIES).at(-1);
    const missing = `The ${gigabytes(MAIN_BYTES)} file that decides was not measured`;
    return largest === undefined
      ? `${missing}, and no smaller one either.`
      : `${missing}; the largest measured, ${gigabytes(largest.bytes)}, gave ` +
          `${ratioWords(largest.estimate)}, which decides nothing.`;
  }
  const [array, hashmap] = ['array', 'hashmap'].map((arm) =>
    seconds(medianOf(slicesOf(rounds, MAIN_CELL, arm), 'completionSeconds') ?? 0),
  );
  const factors = slicesOf(rounds, MAIN_CELL)[0]?.asked ?? {};
  const puts = Number(factors['putsPerCommit']) * Number(factors['commits']);
  const freePages = freePagesOf(told);
  const fragmented = freePages === null ? '' : ` with ${count(freePages)} free pages`;
  return (
    `${count(puts)} puts of ${count(Number(factors['valueBytes']))} bytes into a ` +
    `${gigabytes(MAIN_BYTES)} file${fragmented} took ${String(array)} with array and ` +
    `${String(hashmap)} with hashmap, ${ratioWords(main)}: ${reasonOf(decided, main)}.`
  );
}

function reasonOf(verdict: Verdict, main: Estimate): string {
  const band = `${String(BAND_LOW)}x to ${String(BAND_HIGH)}x`;
  const side = sideOf(main);
  const floor = floorOf(main);
  if (intervalOf(main) === undefined) return 'too little to decide';
  if (verdict === 'exceeded') return `above the band of ${band} around the published 23.69x`;
  if (verdict === 'reproduced') return `the interval meets ${band} around the published 23.69x`;
  if (verdict === 'inconclusive') return `below ${band}, and above 1x by an unknown noise floor`;
  if (verdict === 'partly') {
    return `a gain above the noise floor of ${times(floor ?? 1)}, but below ${band}`;
  }
  if (side === 'below') return 'array was the faster one';
  if (floor === undefined) return `below ${band}, and no gain was shown`;
  return `below ${band} and not clear of the noise floor of ${times(floor)}`;
}

const SIDE_WORDS: Readonly<Record<Side, string>> = {
  above: 'hashmap was faster by more than the noise',
  neither: 'no difference was shown; the interval reaches 1 or the noise',
  below: 'array was faster by more than the noise',
  unknown: 'too few sessions to tell a difference from noise',
};

function limitsOf(main: Estimate | undefined, points: readonly Point[]): string[] {
  const curve = points.filter(({ line }) => line === MAIN_SERIES);
  const labelled = points.filter(({ line }) => line !== MAIN_SERIES);
  const sides = (Object.keys(SIDE_WORDS) as Side[]).flatMap((side) => {
    const sizes = curve.filter(({ estimate }) => sideOf(estimate) === side);
    const where = list(sizes.map(({ bytes }) => gigabytes(bytes)));
    return sizes.length === 0 ? [] : [`At ${where}, the main job: ${SIDE_WORDS[side]}.`];
  });
  const interval = intervalOf(main);
  const isWide = interval !== undefined && interval.high / interval.low > BAND_HIGH / BAND_LOW;
  return [
    ...sides,
    ...labelled.map(
      ({ line, title, estimate }) =>
        `Beside the verdict (${line}: ${title}): ${SIDE_WORDS[sideOf(estimate)]}, ` +
        `${ratioWords(estimate)}.`,
    ),
    ...(isWide
      ? [
          'The interval is wider than the band it is held against, and may meet it by its width alone.',
        ]
      : []),
    'The published job is known by its two times alone, so how near the main cell comes to it is ' +
      'open.',
    ...FREELIST_LIMITS,
  ];
}

function tablesOf({ rounds, cells }: Told): Table[] {
  return armTable(rounds, {
    caption: 'Every arm: medians over slices',
    cells,
    factors: [{ title: 'Cell', factor: 'recipe' }],
    armTitle: 'Arm',
    metrics: [
      { title: 'File', unit: 'GB', metric: ({ state }) => Number(state['dbBytes']) / 1e9 },
      { title: 'Completion', unit: 's', metric: 'completionSeconds' },
      { title: 'Puts', unit: '1/s', metric: 'putsPerSecond' },
      { title: 'Commit, median', unit: 'ms', metric: 'commitMsMedian' },
      { title: 'Commit, p90', unit: 'ms', metric: 'commitMsP90' },
      { title: 'In the freelist', unit: 's', metric: 'freelistSeconds' },
      { title: 'Writes', unit: 's', metric: 'writeSeconds' },
      { title: 'Syncs', unit: 's', metric: 'syncSeconds' },
      { title: 'Probes', unit: 'an allocation', metric: 'probesPerAllocation' },
      { title: 'From a run', unit: '%', metric: scaled('runFoundShare', 100) },
      {
        title: 'Growth',
        unit: 'MB',
        metric: ({ counts }) => (counts['fileGrowthBytes'] ?? Number.NaN) / 1e6,
      },
    ],
  });
}
