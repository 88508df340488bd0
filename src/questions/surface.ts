// The surface: where which freelist pays, as a map over free pages, puts a commit, value size, recipe and whether
// the freelist is stored. It decides no claim. One map a recipe, freelist mode and value size, of two ratios.

import type { Cell, Evidence, QuestionSource, Wording } from '../question/question.ts';
import type { HeatPanel, Table } from '../record/answer.ts';
import { LAYER } from './claim-question.ts';
import { surfaceCells, type Place, type SurfaceCell } from './surface-cells.ts';
import {
  ARMS,
  barSentences,
  classSentences,
  measuredCells,
  range,
  type Arm,
  type Measured,
} from './surface-summary.ts';

const ID = 'surface';
const TITLE = 'Where which freelist pays: array, hashmap and bitmap';
/** Fewer squares make no map. */
const SQUARES_MIN = 4;

const RULE =
  'Decides nothing. Each cell is one job on one file with all three freelists, their slices in turn ' +
  'from the same bytes; ratios are of geometric means over slices. Differences below 1.25x are not ' +
  'spoken of.';

export const surface: QuestionSource = {
  id: ID,
  title: TITLE,
  build: ({ mode }) => {
    const planned = surfaceCells(mode);
    const cells: readonly Cell[] = planned.map(({ cell }) => cell);
    return {
      ...{ id: ID, kind: 'map', title: TITLE, target: 'engine', ruleText: RULE, alpha: 0.05 },
      ...{ priority: 9, cells, contrasts: [], looks: [1] },
      rule: () => 'measured',
      faults: () => [],
      wording: (evidence) => wordingOf(evidence, planned),
    };
  },
};

function wordingOf(evidence: Evidence, planned: readonly SurfaceCell[]): Wording {
  const cells = measuredCells(evidence, planned);
  const gains = cells.map(({ hashmapGain }) => hashmapGain.value);
  const bitmapGains = cells.map(({ bitmapGain }) => bitmapGain.value);
  const share = `${String(cells.length)} of ${String(planned.length)} cells`;
  return {
    finding:
      cells.length === 0
        ? 'No cell was measured.'
        : `Over ${share}, hashmap is ${range(gains)} as fast as array, and bitmap ` +
          `${range(bitmapGains)} as fast as the better of the two.`,
    measured: null,
    limits: [...classSentences(cells), ...barSentences(cells), LAYER],
    caveats: [],
    panels: panelsOf(cells),
    tables: tableOf(cells),
    facts: [{ label: 'Cells', value: `${share} measured` }],
  };
}

interface RatioMap {
  readonly id: string;
  readonly ratio: string;
  readonly of: (cell: Measured) => Measured['hashmapGain'];
  /** Whose growth of the file a square names. */
  readonly arms: readonly [Arm, Arm];
}

const MAPS: readonly RatioMap[] = [
  {
    id: 'hashmap',
    ratio: 'Completion time, array / hashmap',
    of: ({ hashmapGain }) => hashmapGain,
    arms: ['array', 'hashmap'],
  },
  {
    id: 'bitmap',
    ratio: 'Completion time, better of array and hashmap / bitmap',
    of: ({ bitmapGain }) => bitmapGain,
    arms: ['array', 'bitmap'],
  },
];

function panelsOf(cells: readonly Measured[]): HeatPanel[] {
  const groups = new Map<string, Measured[]>();
  for (const cell of cells) {
    const { recipe, syncFreelist, valueBytes } = cell.place;
    const key = `${recipe}${syncFreelist ? '-stored' : ''}-${String(valueBytes)}b`;
    groups.set(key, [...(groups.get(key) ?? []), cell]);
  }
  return [...groups].flatMap(([key, group]) => {
    const [first] = group;
    if (first === undefined || group.length < SQUARES_MIN) return [];
    return MAPS.map((map) => panelOf(map, { key, group, place: first.place }));
  });
}

function panelOf(
  { id, ratio, of, arms: [left, right] }: RatioMap,
  { key, group, place }: { key: string; group: readonly Measured[]; place: Place },
): HeatPanel {
  const stored = place.syncFreelist ? ', freelist stored at every commit' : '';
  const percent = (share: number): string => `${(100 * share).toFixed(0)}%`;
  return {
    ...{ kind: 'heat', id: `${id}-${key}`, better: 'higher' },
    title: `${ratio}: ${place.recipe}, values of ${String(place.valueBytes / 1000)} kB${stored}`,
    x: { label: 'Free pages in the file', unit: '', scale: 'log' },
    y: { label: 'Puts a commit', unit: '', scale: 'log' },
    color: { label: ratio, unit: 'x', scale: 'log' },
    cells: group.map((cell) => {
      const { value, low, high } = of(cell);
      return { x: cell.place.freePages, y: cell.place.putsPerCommit, value, low, high };
    }),
    marks: group.flatMap(({ place: { freePages, putsPerCommit }, growthShare }) => {
      const label = `grew ${percent(growthShare[left])} | ${percent(growthShare[right])}`;
      const grows = Math.max(growthShare[left], growthShare[right]) >= 0.005;
      return grows ? [{ x: freePages, y: putsPerCommit, label }] : [];
    }),
  };
}

function tableOf(cells: readonly Measured[]): Table[] {
  if (cells.length === 0) return [];
  const each = (title: string, unit: string): Table['columns'] =>
    ARMS.map((arm) => ({ title: `${title}, ${arm}`, unit }));
  const rows = cells.map(
    ({ place, seconds, growthShare, freelistBytes }): Table['rows'][number] => [
      `${place.recipe}${place.syncFreelist ? ', stored' : ''}`,
      ...[place.freePages, place.putsPerCommit, place.valueBytes / 1000],
      ...ARMS.map((arm) => seconds[arm]),
      ...ARMS.map((arm) => 100 * growthShare[arm]),
      ...ARMS.map((arm) => freelistBytes[arm] / 1e6),
    ],
  );
  return [
    {
      caption: 'Every cell of the surface: medians over slices',
      columns: [
        { title: 'Recipe', unit: '' },
        { title: 'Free pages', unit: '' },
        { title: 'Puts a commit', unit: '' },
        { title: 'Value', unit: 'kB' },
        ...each('Time', 's'),
        ...each('Growth', '% of pages'),
        ...each('Memory', 'MB'),
      ],
      rows,
    },
  ];
}
