// Pictures made of estimates: lines over a numeric factor, and squares over two. Pure data; nothing is drawn here.
// Invariants: a point is a figure over sessions, never over slices; an interval needs three of them; what was
// not measured is left out.

import { levelOf } from '../question/contrast.ts';
import type { Evidence } from '../question/question.ts';
import type { Axis, Estimate, HeatPanel, LinesPanel, Role } from '../record/answer.ts';
import type { Scalar } from '../record/round.ts';
import type { PlannedCell } from '../record/run.ts';

/** The interval of two sessions is as wide as any axis. */
const INTERVAL_SESSIONS_MIN = 3;

type Seen = Pick<Evidence, 'cells' | 'describe'>;

export interface LinesAbout {
  readonly id: string;
  readonly title: string;
  readonly x: Axis;
  readonly y: Axis;
  readonly references?: LinesPanel['references'];
}

export interface LinePoint {
  /** Name of the line that it lies on. */
  readonly line: string;
  readonly role: Role;
  readonly x: number;
  readonly estimate: Estimate;
}

/** Lines in the order of their first points; undefined without a point that was measured. */
export function linesPanel(
  { id, title, x, y, references = [] }: LinesAbout,
  points: readonly LinePoint[],
): LinesPanel | undefined {
  const series = new Map<string, LinesPanel['series'][number]>();
  for (const { line, role, x: at, estimate } of points) {
    const { value } = estimate;
    if (value === null) continue;
    const known = series.get(line);
    const own = [...(known?.points ?? []), { x: at, y: value, ...endsOf(estimate) }];
    own.sort((left, right) => left.x - right.x);
    series.set(line, { name: line, role: weightier(known?.role ?? role, role), points: own });
  }
  if (series.size === 0) return undefined;
  return { kind: 'lines', id, title, x, y, series: [...series.values()], references };
}

/** A figure of each arm of these cells over a numeric factor; a setting of the arm goes before the cell's. */
export function linesOverCells(
  { cells, describe }: Seen,
  about: LinesAbout & {
    readonly factor: string;
    readonly figure: string;
    /** Which line an arm of a cell lies on, undefined for none; default: the arm's name. */
    readonly lineOf?: (arm: string, cell: PlannedCell) => string | undefined;
  },
): LinesPanel | undefined {
  const { factor, figure, lineOf = (arm: string): string => arm } = about;
  const { unit, scale } = about.y;
  const points = cells.flatMap((cell) =>
    cell.arms.flatMap(({ name: arm, settings }): LinePoint[] => {
      const [line, x] = [lineOf(arm, cell), numberIn(factor, settings, cell)];
      if (line === undefined || x === undefined) return [];
      const contrast = levelOf({
        id: figure,
        words: figure,
        cell: cell.id,
        figure,
        arm,
        unit,
        scale,
      });
      return [{ line, role: cell.role, x, estimate: describe(contrast) }];
    }),
  );
  return linesPanel(about, points);
}

/** A figure of the cells' arms over two numeric factors, the best square marked. */
export function heatOverCells(
  { cells, describe }: Seen,
  about: Pick<HeatPanel, 'id' | 'title' | 'x' | 'y' | 'color' | 'better'> & {
    readonly factors: { readonly x: string; readonly y: string };
    readonly figure: string;
    /** Of many arms the one that is shown; default: all. */
    readonly arm?: string;
  },
): HeatPanel | undefined {
  const { factors, figure, arm: only, ...panel } = about;
  const { unit, scale } = panel.color;
  const squares = cells.flatMap((cell) =>
    cell.arms.flatMap(({ name: arm, settings }): HeatPanel['cells'] => {
      const [x, y] = [numberIn(factors.x, settings, cell), numberIn(factors.y, settings, cell)];
      if (x === undefined || y === undefined || arm !== (only ?? arm)) return [];
      const estimate = describe(
        levelOf({ id: figure, words: figure, cell: cell.id, figure, arm, unit, scale }),
      );
      const { value } = estimate;
      return value === null ? [] : [{ x, y, value, ...endsOf(estimate) }];
    }),
  );
  const sign = panel.better === 'higher' ? 1 : -1;
  const [best] = [...squares].sort((left, right) => sign * (right.value - left.value));
  if (best === undefined) return undefined;
  const marks = [{ x: best.x, y: best.y, label: 'best seen' }];
  return { kind: 'heat', ...panel, cells: squares, marks };
}

function endsOf({ low, high, sessions }: Estimate): Pick<Estimate, 'low' | 'high'> {
  const exact = low !== null && low === high;
  return sessions < INTERVAL_SESSIONS_MIN && !exact ? { low: null, high: null } : { low, high };
}

function numberIn(
  factor: string,
  settings: Readonly<Record<string, Scalar>>,
  cell: PlannedCell,
): number | undefined {
  const level = settings[factor] ?? cell.factors[factor];
  return typeof level === 'number' ? level : undefined;
}

/** A line is as weighty as the weightiest of its points. */
function weightier(left: Role, right: Role): Role {
  const order: readonly Role[] = ['deciding', 'curve', 'labelled'];
  return order.find((role) => role === left || role === right) ?? left;
}
