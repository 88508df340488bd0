// Figures that a slice gives by size, as series: lines with intervals over sessions, a table with a row a size and
// arm, and slopes in words. An entry of the x series says where, the same entry of the y series how much.
// Pure; nothing here judges.

import { linesPanel, type LinePoint, type LinesAbout } from '../judge/panels.ts';
import { within } from '../judge/words.ts';
import type { Cell, Contrast, Evidence } from '../question/question.ts';
import type { Estimate, LinesPanel, Table } from '../record/answer.ts';
import type { Round } from '../record/round.ts';
import { levelWith, medianOf, type Metric } from './cell-figures.ts';
import { slicesOf } from './claim-question.ts';

/** The figure of one size of a slice. */
function at(ySeries: string, index: number): Metric {
  return ({ series }) => series[ySeries]?.[index];
}

/** Sizes that the slices of an arm went through, in their order. */
function sizesOf(rounds: readonly Round[], cell: string, arm: string, xSeries: string): number[] {
  return slicesOf(rounds, cell, arm)[0]?.series[xSeries] ?? [];
}

/** A figure of an arm at one of its sizes. */
export function seriesLevel(about: {
  readonly cell: string;
  readonly arm: string;
  readonly series: string;
  readonly index: number;
}): Contrast {
  const { cell, arm, series, index } = about;
  const id = `${cell}:${arm}:${series}:${String(index)}`;
  return levelWith({ cell, arm, metric: at(series, index), id });
}

/** A line an arm through the sizes of all cells; undefined where nothing was measured. */
export function seriesLines(
  evidence: Evidence,
  about: LinesAbout & {
    readonly cells: readonly Cell[];
    readonly arms: readonly string[];
    readonly xSeries: string;
    readonly ySeries: string;
  },
): LinesPanel | undefined {
  const { cells, arms, xSeries, ySeries } = about;
  const points = arms.flatMap((line) =>
    cells.flatMap(({ id: cell, role }) =>
      sizesOf(evidence.rounds, cell, line, xSeries).map((x, index): LinePoint => {
        const level = seriesLevel({ cell, arm: line, series: ySeries, index });
        return { line, role, x, estimate: evidence.describe(level) };
      }),
    ),
  );
  return linesPanel(about, points);
}

/** Medians over slices, a row a size and arm. */
export function seriesTable(
  rounds: readonly Round[],
  about: {
    readonly caption: string;
    readonly cells: readonly Cell[];
    readonly x: { readonly title: string; readonly series: string };
    readonly armTitle: string;
    readonly columns: readonly {
      readonly title: string;
      readonly unit: string;
      readonly series: string;
    }[];
  },
): Table[] {
  const { caption, cells, x, armTitle, columns } = about;
  const rows = cells.flatMap((cell) =>
    cell.arms.flatMap(({ name }) =>
      sizesOf(rounds, cell.id, name, x.series).map((size, index) => ({
        size,
        name,
        figures: columns.map(({ series }) =>
          medianOf(slicesOf(rounds, cell.id, name), at(series, index)),
        ),
      })),
    ),
  );
  if (rows.length === 0) return [];
  rows.sort((a, b) => a.size - b.size);
  return [
    {
      caption,
      columns: [
        { title: x.title, unit: '' },
        { title: armTitle, unit: '' },
        ...columns.map(({ title, unit }) => ({ title, unit })),
      ],
      rows: rows.map(({ size, name, figures }) => [size, name, ...figures]),
    },
  ];
}

/** '0.98 (interval 0.91 to 1.05, 3 sessions)'. */
export function slopeWords(estimate: Estimate | undefined): string {
  return estimate === undefined ? 'unknown' : within(estimate, (slope) => slope.toFixed(2));
}
