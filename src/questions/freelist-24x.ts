// Claim: with a hashmap freelist one fixed job ends 24 times sooner than with an array freelist. Invariants: the
// 100 GB cell alone decides; other sizes and the labelled cells only draw the curve and the limits. Every
// sentence is built from the figures it stands beside. Pure.

import { linesPanel } from '../judge/panels.ts';
import type { Side } from '../judge/sides.ts';
import { count, gigabytes, list, seconds, times } from '../judge/words.ts';
import { ratioOf } from '../question/contrast.ts';
import type { Cell, Contrast, Evidence, QuestionSource, Wording } from '../question/question.ts';
import type { Estimate, LinesPanel, Published, Verdict } from '../record/answer.ts';
import { armTable, described, medianOf, scaled, type Described } from './cell-figures.ts';
import {
  claimQuestion,
  FLOOR,
  floorOf,
  INTERVAL,
  intervalOf,
  LAYER,
  HEADLINE_LOOKS,
  measuredOf,
  ratioWords,
  sideOf,
  slicesOf,
} from './claim-question.ts';
import {
  ANCHOR_BYTES,
  baselineFacts,
  baselineFaults,
  bytesOf,
  freelistCells,
  MAIN_BYTES,
  MAIN_CELL,
  sizeCells,
} from './freelist-cells.ts';

const ID = 'freelist-24x';
const TITLE = 'A hashmap freelist finishes the same writes 24 times sooner';
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
  "over 1.25 times bbolt's, or the work folder is in memory.";

export const freelist24x: QuestionSource = {
  id: ID,
  title: TITLE,
  build: ({ mode, peers }) => {
    const cells = freelistCells(mode, peers);
    return claimQuestion({
      ...{ id: ID, title: TITLE, published: PUBLISHED, ruleText: RULE, cells, priority: 0 },
      contrasts: [completion(MAIN_CELL, { id: 'completion', cuts: [1, BAND_LOW, BAND_HIGH] })],
      looks: HEADLINE_LOOKS[mode],
      rule: (found) => judge(found.get('completion')),
      faults: ({ rounds }) => baselineFaults(rounds),
      wording: (evidence, decided) => wordingOf(evidence, decided, cells),
    });
  },
};

/** How many times longer the job takes with array. */
function completion(
  cell: string,
  about: {
    readonly id?: string;
    readonly cuts?: readonly number[];
    readonly anchor?: boolean;
  } = {},
): Contrast {
  const suffix = about.anchor === true ? '-2gb' : '';
  return ratioOf({
    id: about.id ?? `completion:${cell}${suffix}`,
    ...{ words: PUBLISHED.what, cell, figure: 'completionSeconds', cuts: about.cuts ?? [1] },
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
interface Point {
  readonly series: string;
  readonly role: Cell['role'];
  readonly bytes: number;
  readonly title: string;
  readonly estimate: Described;
}

const MAIN_SERIES = 'main job';
const LABELLED_SERIES: Readonly<Record<string, string>> = {
  'small-values': 'small values',
  'worst-case': 'worst case',
};

function pointsOf(evidence: Evidence, cells: readonly Cell[]): Point[] {
  const pointOf = (cell: Cell, series: string, over: Partial<Point> = {}): Point[] => {
    const anchor = over.bytes === ANCHOR_BYTES;
    const estimate = described(evidence, completion(cell.id, { anchor }));
    const { role, title } = cell;
    return estimate === undefined
      ? []
      : [{ series, role, bytes: bytesOf(cell), title, estimate, ...over }];
  };
  const main = sizeCells(cells);
  const anchor = main.at(-1);
  const labelled = cells.filter(({ role }) => role === 'labelled');
  return [
    ...(anchor === undefined
      ? []
      : pointOf(anchor, MAIN_SERIES, { bytes: ANCHOR_BYTES, role: 'curve', title: '2 GB' })),
    ...main.flatMap((cell) => pointOf(cell, MAIN_SERIES)),
    ...labelled.flatMap((cell) =>
      pointOf(cell, LABELLED_SERIES[String(cell.factors['recipe'])] ?? cell.title),
    ),
  ];
}

function wordingOf(evidence: Evidence, decided: Verdict, cells: readonly Cell[]): Wording {
  const main = evidence.estimates.get('completion');
  const points = pointsOf(evidence, cells);
  const freePages = freePagesOf(evidence);
  return {
    finding: findingOf(evidence, decided, points),
    measured: measuredOf(main, {
      ...{ unit: 'x', what: PUBLISHED.what },
      at: { dbBytes: MAIN_BYTES, ...(freePages === null ? {} : { freePages }) },
    }),
    limits: limitsOf(main, points),
    caveats: [],
    panels: [panelOf(points)].filter((panel) => panel !== undefined),
    tables: tablesOf(evidence, cells),
    facts: baselineFacts(evidence.rounds),
  };
}

function freePagesOf({ rounds }: Evidence): number | null {
  return medianOf(slicesOf(rounds, MAIN_CELL, 'array'), ({ state }) => Number(state['freePages']));
}

function findingOf(evidence: Evidence, decided: Verdict, points: readonly Point[]): string {
  const main = evidence.estimates.get('completion');
  if (main === undefined || main.value === null) {
    const largest = points.filter(({ series }) => series === MAIN_SERIES).at(-1);
    const missing = `The ${gigabytes(MAIN_BYTES)} file that decides was not measured`;
    return largest === undefined
      ? `${missing}, and no smaller one either.`
      : `${missing}; the largest measured, ${gigabytes(largest.bytes)}, gave ` +
          `${ratioWords(largest.estimate)}, which decides nothing.`;
  }
  const [array, hashmap] = ['array', 'hashmap'].map((arm) =>
    seconds(medianOf(slicesOf(evidence.rounds, MAIN_CELL, arm), 'completionSeconds') ?? 0),
  );
  const factors = slicesOf(evidence.rounds, MAIN_CELL)[0]?.asked ?? {};
  const puts = Number(factors['putsPerCommit']) * Number(factors['commits']);
  const freePages = freePagesOf(evidence);
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
  const curve = points.filter(({ series }) => series === MAIN_SERIES);
  const labelled = points.filter(({ series }) => series !== MAIN_SERIES);
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
      ({ series, title, estimate }) =>
        `Beside the verdict (${series}: ${title}): ${SIDE_WORDS[sideOf(estimate)]}, ` +
        `${ratioWords(estimate)}.`,
    ),
    ...(isWide
      ? [
          'The interval is wider than the band it is held against, and may meet it by its width alone.',
        ]
      : []),
    'The published job is known by its two times alone, so how near the main cell comes to it is ' +
      'open.',
    LAYER,
    'etcd has used hashmap by default since 3.5 (3.4 had it behind a flag); bbolt by itself ' +
      'still defaults to array.',
  ];
}

function panelOf(points: readonly Point[]): LinesPanel | undefined {
  return linesPanel(
    {
      ...{ id: 'completion', title: 'Completion time, array / hashmap' },
      x: { label: 'Database size', unit: 'GB', scale: 'log' },
      y: { label: 'Completion time, array / hashmap', unit: 'x', scale: 'log' },
      references: [
        { y: PUBLISHED.value, label: 'published: 24x' },
        { y: BAND_LOW, label: 'reproduced from 16x' },
        { y: BAND_HIGH, label: 'to 36x' },
        { y: 1, label: '1x: no difference' },
      ],
    },
    points.map(({ series, role, bytes, estimate }) => ({
      ...{ line: series, role, x: bytes / 1e9, estimate },
    })),
  );
}

function tablesOf(evidence: Evidence, cells: readonly Cell[]): Wording['tables'] {
  return armTable(evidence.rounds, {
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
