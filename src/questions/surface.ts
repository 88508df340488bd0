// The surface: where which freelist pays, as a map over free pages, puts a commit, value size, recipe and whether
// the freelist is stored. It decides no claim. One map a recipe, freelist mode and value size, of two ratios.

import type { Cell, Evidence, QuestionSource, Wording } from '../question/question.ts';
import type { HeatPanel, Table } from '../record/answer.ts';
import { axis, tableOf, type Column } from './cell-figures.ts';
import { LAYER } from './claim-question.ts';
import { surfaceCells, type SurfaceCell } from './surface-cells.ts';
import {
  ARMS,
  barSentences,
  classSentences,
  groupsOf,
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
    tables: tablesOf(cells),
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
  const maps = groupsOf(cells, ({ place: { recipe, syncFreelist, valueBytes } }) => {
    return `${recipe}${syncFreelist ? '-stored' : ''}-${String(valueBytes)}b`;
  });
  return maps.flatMap(([key, group]) =>
    group.length < SQUARES_MIN ? [] : MAPS.map((map) => panelOf(map, key, group)),
  );
}

function panelOf(
  { id, ratio, of, arms: [left, right] }: RatioMap,
  key: string,
  group: readonly [Measured, ...Measured[]],
): HeatPanel {
  const [{ place }] = group;
  const stored = place.syncFreelist ? ', freelist stored at every commit' : '';
  const percent = (share: number): string => `${(100 * share).toFixed(0)}%`;
  return {
    ...{ kind: 'heat', id: `${id}-${key}`, better: 'higher' },
    title: `${ratio}: ${place.recipe}, values of ${String(place.valueBytes / 1000)} kB${stored}`,
    ...{ x: axis('Free pages in the file', ''), y: axis('Puts a commit', '') },
    color: axis(ratio, 'x'),
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

function tablesOf(cells: readonly Measured[]): Table[] {
  type Figure = (cell: Measured, arm: Arm) => number;
  const each = (title: string, unit: string, of: Figure): Column<Measured>[] =>
    ARMS.map((arm) => ({ title: `${title}, ${arm}`, unit, of: (cell) => of(cell, arm) }));
  return tableOf('Every cell of the surface: medians over slices', cells, [
    {
      title: 'Recipe',
      of: ({ place }) => `${place.recipe}${place.syncFreelist ? ', stored' : ''}`,
    },
    { title: 'Free pages', of: ({ place }) => place.freePages },
    { title: 'Puts a commit', of: ({ place }) => place.putsPerCommit },
    { title: 'Value', unit: 'kB', of: ({ place }) => place.valueBytes / 1000 },
    ...each('Time', 's', ({ seconds }, arm) => seconds[arm]),
    ...each('Growth', '% of pages', ({ growthShare }, arm) => 100 * growthShare[arm]),
    ...each('Memory', 'MB', ({ freelistBytes }, arm) => freelistBytes[arm] / 1e6),
  ]);
}
