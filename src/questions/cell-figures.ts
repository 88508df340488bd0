// Figures of cells for pictures and tables: an arm's figure with its interval over sessions, lines over a
// factor, and a table with a row an arm. Pure; nothing here judges. Invariants: no figure is NaN; what was
// not measured is left out of pictures and null in tables.

import { mean } from 'simple-statistics';
import type { Estimate, LinesPanel, Table } from '../record/answer.ts';
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
}): Contrast {
  const { cell, arm, metric, id = `${cell}:${arm}`, words = '', unit = '', cuts = [] } = about;
  const logsOf = ({ rounds }: SessionRounds, name: string): number[] =>
    logs(rounds.filter((round) => round.arm === name).flatMap((r) => valueOf(r, metric) ?? []));
  return customOf({
    ...{ id, words, cell, unit, cuts, arms: [arm], kind: 'level', scale: 'log' },
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

/** What a contrast came to, at no look's expense; undefined where it was not measured. */
export function described({ describe }: Evidence, contrast: Contrast): Described | undefined {
  const found = describe(contrast);
  return hasValue(found) ? found : undefined;
}

export interface Line {
  readonly name: string;
  /** One point each. */
  readonly cells: readonly Cell[];
  readonly of: (cell: Cell) => Contrast;
}

/** A line an arm, of a figure in these cells; cells without the arm have no point on it. */
export function armLines(
  cells: readonly Cell[],
  metric: Metric,
  nameOf: (arm: string) => string = (arm) => arm,
): Line[] {
  const names = [...new Set(cells.flatMap(({ arms }) => arms.map(({ name }) => name)))];
  return names.map((arm) => ({
    name: nameOf(arm),
    cells: cells.filter(({ arms }) => arms.some(({ name }) => name === arm)),
    of: ({ id }) => levelWith({ cell: id, arm, metric }),
  }));
}

/** Lines over a numeric factor of their cells; undefined where none has `pointsMin` points. */
export function linesOf(
  evidence: Evidence,
  about: LinesAbout & {
    readonly factor: string;
    readonly lines: readonly Line[];
    /** Default 1. */
    readonly pointsMin?: number;
  },
): LinesPanel | undefined {
  const { factor, lines, pointsMin = 1 } = about;
  const points = lines.flatMap(({ name, cells, of }) =>
    cells.flatMap((cell): LinePoint[] => {
      const x = cell.factors[factor];
      if (typeof x !== 'number') return [];
      return [{ line: name, role: cell.role, x, estimate: evidence.describe(of(cell)) }];
    }),
  );
  const panel = linesPanel(about, points);
  return panel?.series.some((line) => line.points.length >= pointsMin) === true ? panel : undefined;
}

export interface FactorColumn {
  readonly title: string;
  readonly unit?: string;
  readonly factor: string;
}

export interface MetricColumn {
  readonly title: string;
  readonly unit?: string;
  readonly metric: Metric;
}

/** A row an arm of each cell that was measured: factors, arm, medians over slices, sessions. */
export function armTable(
  rounds: readonly Round[],
  about: {
    readonly caption: string;
    readonly cells: readonly Cell[];
    readonly factors: readonly FactorColumn[];
    readonly armTitle: string;
    readonly metrics: readonly MetricColumn[];
    readonly nameOf?: (arm: string) => string;
  },
): Table[] {
  const { caption, cells, factors, armTitle, metrics, nameOf = (arm: string) => arm } = about;
  const rows = cells.flatMap((cell) =>
    cell.arms.flatMap(({ name }): Table['rows'] => {
      const own = slicesOf(rounds, cell.id, name);
      if (own.length === 0) return [];
      const levels = factors.map(({ factor }) => plain(cell.factors[factor]));
      const medians = metrics.map(({ metric }) => medianOf(own, metric));
      const sessions = new Set(own.map(({ session }) => session)).size;
      return [[...levels, nameOf(name), ...medians, sessions]];
    }),
  );
  const columns: { readonly title: string; readonly unit?: string }[] = [
    ...factors,
    { title: armTitle },
    ...metrics,
    { title: 'Sessions' },
  ];
  return rows.length === 0
    ? []
    : [{ caption, columns: columns.map(({ title, unit = '' }) => ({ title, unit })), rows }];
}

/** A setting as a table shows it. */
export function plain(value: string | number | boolean | undefined): string | number | null {
  return typeof value === 'boolean' ? String(value) : (value ?? null);
}
