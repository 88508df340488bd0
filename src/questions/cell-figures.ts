// Figures of cells for pictures and tables: an arm's figure with its interval over sessions, lines over a factor or
// over the sizes that a slice went through, and tables. Pure; nothing here judges. Invariants: no figure is
// NaN; what was not measured is left out of pictures and null in tables; a table without a row is none.

import { mean } from 'simple-statistics';
import type { Axis, Estimate, LinesPanel, Table } from '../record/answer.ts';
import type { Round } from '../record/round.ts';
import { customOf } from '../question/contrast.ts';
import type { Cell, Contrast, Evidence, SessionRounds } from '../question/question.ts';
import { linesPanel, type LinePoint, type LinesAbout } from '../judge/panels.ts';
import { median } from '../stats/quantile.ts';
import { slicesOf } from './claim-question.ts';

/** A figure of a slice: its name, or how it follows from the slice. */
export type Metric = string | ((round: Round) => number | undefined);

/** The figure of one slice; undefined where the slice does not give it. */
export function valueOf(round: Round, metric: Metric): number | undefined {
  const value = typeof metric === 'string' ? round.figures[metric] : metric(round);
  return value === undefined || !Number.isFinite(value) ? undefined : value;
}

/** The figure times `by`: another unit. */
export function scaled(metric: Metric, by: number): Metric {
  return (round) => {
    const value = valueOf(round, metric);
    return value === undefined ? undefined : value * by;
  };
}

/** One counter of a slice over another, times `by`. */
export function countRatio(over: string, under: string, by = 1): Metric {
  return ({ counts }) => {
    const [a, b] = [counts[over], counts[under]];
    return a === undefined || b === undefined || b === 0 ? undefined : (a / b) * by;
  };
}

/** An entry of a series: figures that a slice gives by size, the first size first. */
export function entryOf(series: string, index: number): Metric {
  return (round) => round.series[series]?.[index];
}

/** Median over slices; null without one. */
export function medianOf(rounds: readonly Round[], metric: Metric): number | null {
  return median(rounds.flatMap((round) => valueOf(round, metric) ?? []));
}

/** A figure of one arm: a session's is the geometric mean over its slices. */
export function levelWith(about: {
  readonly cell: string;
  readonly arm: string;
  readonly metric: Metric;
  readonly id?: string;
  readonly words?: string;
  readonly unit?: string;
  readonly cuts?: readonly number[];
  readonly weight?: number;
}): Contrast {
  const { cell, arm, metric, id = `${cell}:${arm}`, words = '', unit = '' } = about;
  const { cuts = [], weight = 1 } = about;
  const logsOf = ({ rounds }: SessionRounds, name: string): number[] =>
    logs(rounds.filter((round) => round.arm === name).flatMap((r) => valueOf(r, metric) ?? []));
  return customOf({
    ...{ id, words, cell, unit, cuts, weight, arms: [arm], kind: 'level', scale: 'log' },
    of: (session) => expOfMean(logsOf(session, arm)),
    byArm: logsOf,
  });
}

/** Of the values above 0; undefined without one. */
export function geometricMean(values: readonly number[]): number | undefined {
  return expOfMean(logs(values));
}

function logs(values: readonly number[]): number[] {
  return values.filter((value) => value > 0).map((value) => Math.log(value));
}

function expOfMean(values: readonly number[]): number | undefined {
  return values.length === 0 ? undefined : Math.exp(mean([...values]));
}

export type Described = Estimate & { readonly value: number };

export function hasValue(estimate: Estimate | undefined): estimate is Described {
  return estimate !== undefined && estimate.value !== null;
}

type Describing = Pick<Evidence, 'describe'>;

/** What a contrast came to, at no look's expense; undefined where it was not measured. */
export function described({ describe }: Describing, contrast: Contrast): Described | undefined {
  const found = describe(contrast);
  return hasValue(found) ? found : undefined;
}

/** Middle of an arm's figure over sessions; undefined where it was not measured. */
export function levelIn(
  evidence: Describing,
  cell: string,
  arm: string,
  metric: Metric,
): Described | undefined {
  return described(evidence, levelWith({ cell, arm, metric }));
}

export function axis(label: string, unit: string, scale: Axis['scale'] = 'log'): Axis {
  return { label, unit, scale };
}

/** A point of a line, by the contrast that gives its figure. */
export type DrawnPoint = Omit<LinePoint, 'estimate'> & { readonly contrast: Contrast };

/** Points of a line an arm, of a figure over a numeric factor; cells without the arm have none on it. */
export function armPoints(
  cells: readonly Cell[],
  factor: string,
  metric: Metric,
  nameOf: (arm: string) => string = (arm) => arm,
): DrawnPoint[] {
  return armsIn(cells).flatMap(({ cell, arm }) =>
    pointOf(cell, factor, nameOf(arm), levelWith({ cell: cell.id, arm, metric })),
  );
}

/** Arms with their cells: all cells of the first arm, then of the next. */
function armsIn(cells: readonly Cell[]): { readonly cell: Cell; readonly arm: string }[] {
  const all = cellArms(cells);
  const names = new Set(all.map(({ arm }) => arm));
  return [...names].flatMap((name) => all.filter(({ arm }) => arm === name));
}

/** Arms of one cell after the other. */
function cellArms(cells: readonly Cell[]): { readonly cell: Cell; readonly arm: string }[] {
  return cells.flatMap((cell) => cell.arms.map(({ name: arm }) => ({ cell, arm })));
}

/** A cell's place over a numeric factor; none where it has no such factor. */
export function pointOf(
  { factors, role }: Cell,
  factor: string,
  line: string,
  contrast: Contrast,
): DrawnPoint[] {
  const x = factors[factor];
  return typeof x === 'number' ? [{ line, role, x, contrast }] : [];
}

/** Points of a line an arm through the sizes of all cells: an entry of series x says where, that of y how much. */
export function sizePoints(
  rounds: readonly Round[],
  cells: readonly Cell[],
  series: { readonly x: string; readonly y: string },
): DrawnPoint[] {
  return armsIn(cells).flatMap(({ cell: { id: cell, role }, arm }) =>
    sizesOf(slicesOf(rounds, cell, arm), series.x).map((x, index) => {
      const contrast = levelWith({ cell, arm, metric: entryOf(series.y, index) });
      return { line: arm, role, x, contrast };
    }),
  );
}

/** Sizes that these slices of an arm went through, in their order. */
function sizesOf(slices: readonly Round[], series: string): readonly number[] {
  return slices[0]?.series[series] ?? [];
}

/** Lines through these points; undefined where none has `pointsMin`, by default 1, that were measured. */
export function linesOf(
  { describe }: Describing,
  about: LinesAbout & { readonly pointsMin?: number },
  points: readonly DrawnPoint[],
): LinesPanel | undefined {
  const { pointsMin = 1 } = about;
  const panel = linesPanel(
    about,
    points.map(({ contrast, ...point }) => ({ ...point, estimate: describe(contrast) })),
  );
  return panel?.series.some((line) => line.points.length >= pointsMin) === true ? panel : undefined;
}

interface Named {
  readonly title: string;
  readonly unit?: string;
}

/** A column of a table: its title, its unit, and what it says of an item. */
export interface Column<Item> extends Named {
  readonly of: (item: Item) => Table['rows'][number][number];
}

/** A row an item; none without an item. */
export function tableOf<Item>(
  caption: string,
  items: readonly Item[],
  columns: readonly Column<Item>[],
): Table[] {
  if (items.length === 0) return [];
  return [
    {
      caption,
      columns: columns.map(({ title, unit = '' }) => ({ title, unit })),
      rows: items.map((item) => columns.map(({ of }) => of(item))),
    },
  ];
}

/** Columns of a ratio: its value, its interval, the noise of equal arms, and what could have been seen. */
export function ratioColumns(
  value: string,
  noise: string,
  floor: (estimate: Estimate) => number | null | undefined,
): Column<{ readonly estimate: Estimate }>[] {
  return [
    { title: value, unit: 'x', of: ({ estimate }) => estimate.value },
    { title: 'low', unit: 'x', of: ({ estimate }) => estimate.low },
    { title: 'high', unit: 'x', of: ({ estimate }) => estimate.high },
    { title: noise, unit: 'x', of: ({ estimate }) => floor(estimate) ?? null },
    { title: 'Smallest visible', unit: 'x', of: ({ estimate }) => estimate.smallestVisible },
  ];
}

export interface MetricColumn extends Named {
  readonly metric: Metric;
}

/** Slices of an arm of a cell, some at least. */
interface MeasuredArm {
  readonly cell: Cell;
  readonly arm: string;
  readonly slices: readonly Round[];
}

function measuredArms(rounds: readonly Round[], cells: readonly Cell[]): MeasuredArm[] {
  return cellArms(cells)
    .map(({ cell, arm }) => ({ cell, arm, slices: slicesOf(rounds, cell.id, arm) }))
    .filter(({ slices }) => slices.length > 0);
}

/** A row an arm of each cell that was measured: factors, arm, medians over slices, sessions. */
export function armTable(
  rounds: readonly Round[],
  about: {
    readonly caption: string;
    readonly cells: readonly Cell[];
    readonly factors: readonly (Named & { readonly factor: string })[];
    readonly armTitle: string;
    readonly metrics: readonly MetricColumn[];
    readonly nameOf?: (arm: string) => string;
  },
): Table[] {
  const { caption, cells, factors, armTitle, metrics, nameOf = (arm: string) => arm } = about;
  return tableOf(caption, measuredArms(rounds, cells), [
    ...factors.map(({ factor, ...named }): Column<MeasuredArm> => ({
      ...{ ...named, of: ({ cell }) => plain(cell.factors[factor]) },
    })),
    { title: armTitle, of: ({ arm }) => nameOf(arm) },
    ...metrics.map(({ metric, ...named }): Column<MeasuredArm> => ({
      ...{ ...named, of: ({ slices }) => medianOf(slices, metric) },
    })),
    { title: 'Sessions', of: ({ slices }) => new Set(slices.map(({ session }) => session)).size },
  ]);
}

/** A row a size and arm, in the order of sizes: medians over slices. */
export function sizeTable(
  rounds: readonly Round[],
  about: {
    readonly caption: string;
    readonly cells: readonly Cell[];
    readonly x: { readonly title: string; readonly series: string };
    readonly armTitle: string;
    readonly metrics: readonly (Named & { readonly series: string })[];
  },
): Table[] {
  const { caption, cells, x, armTitle, metrics } = about;
  const sizes = measuredArms(rounds, cells).flatMap((measured) =>
    sizesOf(measured.slices, x.series).map((size, index) => ({ ...measured, size, index })),
  );
  sizes.sort((a, b) => a.size - b.size);
  return tableOf(caption, sizes, [
    { title: x.title, of: ({ size }) => size },
    { title: armTitle, of: ({ arm }) => arm },
    ...metrics.map(({ series, ...named }): Column<(typeof sizes)[number]> => ({
      ...{ ...named, of: ({ slices, index }) => medianOf(slices, entryOf(series, index)) },
    })),
  ]);
}

/** A setting as a table shows it. */
export function plain(value: string | number | boolean | undefined): string | number | null {
  return typeof value === 'boolean' ? String(value) : (value ?? null);
}
