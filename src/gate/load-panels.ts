// Pictures and tables of a sweep: two numeric factors make a heat map, one a line for each level of the other,
// if there is one. Pure. Figures are geometric means over rounds with their interval, as in claims.

import { estimate, figure, roundsWith, type FigureEstimate } from '../claims/experiment-rounds.ts';
import { loadFigureNames, OPERATIONS_PER_SECOND, type LoadRun } from '../record/load-schema.ts';
import type {
  ClaimRows,
  HeatPanel,
  LinesPanel,
  Panel,
  PanelAxis,
  Scalar,
} from '../record/schema.ts';
import type { RoundUnderLoad } from './load-rounds.ts';

interface PanelFigure {
  readonly name: string;
  readonly id: string;
  readonly label: string;
  readonly unit: string;
  readonly better: 'higher' | 'lower';
}

const INTERVAL_ROUNDS_MIN = 3;

type Factor = NonNullable<LoadRun['factors']>[number];

export function loadPanels(
  plan: LoadRun,
  rounds: readonly RoundUnderLoad[],
  unit: () => number,
): Panel[] {
  const factors = plan.factors ?? [];
  const numeric = factors.filter(({ levels }) =>
    levels.every((level) => typeof level === 'number'),
  );
  const [first, second] = numeric;
  if (first === undefined || rounds.length === 0 || factors.length > 2) return [];
  const figures = panelFigures(rounds);
  if (second !== undefined) {
    return figures.map((one) => heatOf({ x: first, y: second, one, rounds, unit }));
  }
  const other = factors.find((factor) => factor !== first);
  return figures.map((one) => linesOf({ x: first, other, one, rounds, unit }));
}

/** Operations a second, and the 99th percentile of each lane. */
function panelFigures(rounds: readonly RoundUnderLoad[]): PanelFigure[] {
  const lanes = rounds[0]?.load.lanes.map(({ lane }) => lane) ?? [];
  const rate: PanelFigure = {
    ...{ name: OPERATIONS_PER_SECOND, id: 'rate', label: 'operations a second', unit: '/s' },
    better: 'higher',
  };
  const latencies = lanes.flatMap((lane): PanelFigure[] => {
    const name = loadFigureNames(lane).p99;
    if (!rounds.some(({ figures }) => figures[name] !== undefined)) return [];
    return [{ name, id: `p99-${lane}`, label: `p99 of ${lane}`, unit: 'us', better: 'lower' }];
  });
  return [rate, ...latencies];
}

function heatOf(about: {
  readonly x: Factor;
  readonly y: Factor;
  readonly one: PanelFigure;
  readonly rounds: readonly RoundUnderLoad[];
  readonly unit: () => number;
}): HeatPanel {
  const { x, y, one, rounds, unit } = about;
  const cells = numbersOf(x).flatMap((atX) =>
    numbersOf(y).flatMap((atY) => {
      const own = roundsWith(rounds, { [x.name]: atX, [y.name]: atY });
      const found = estimate(own, figure(one.name), unit);
      if (found === undefined) return [];
      return [{ x: atX, y: atY, value: found.value, ...boundsOf(found) }];
    }),
  );
  const sign = one.better === 'higher' ? 1 : -1;
  const [best] = [...cells].sort((a, b) => sign * (b.value - a.value));
  return {
    ...{ kind: 'heat', id: one.id, title: `${one.label} by ${x.name} and ${y.name}` },
    ...{ x: axisOf(x), y: axisOf(y), better: one.better, cells },
    color: { label: one.label, unit: one.unit, scale: 'log' },
    marks: best === undefined ? [] : [{ x: best.x, y: best.y, label: 'best seen' }],
  };
}

function linesOf(about: {
  readonly x: Factor;
  readonly other: Factor | undefined;
  readonly one: PanelFigure;
  readonly rounds: readonly RoundUnderLoad[];
  readonly unit: () => number;
}): LinesPanel {
  const { x, other, one, rounds, unit } = about;
  const lines: { name: string; at: Record<string, Scalar> }[] =
    other === undefined
      ? [{ name: one.label, at: {} }]
      : other.levels.map((level) => ({
          name: `${other.name} ${String(level)}`,
          at: { [other.name]: level },
        }));
  const series = lines.flatMap(({ name, at }) => {
    const points = numbersOf(x).flatMap((level) => {
      const own = roundsWith(rounds, { ...at, [x.name]: level });
      const found = estimate(own, figure(one.name), unit);
      return found === undefined ? [] : [{ x: level, y: found.value, ...boundsOf(found) }];
    });
    return points.length === 0 ? [] : [{ name, role: 'deciding' as const, points }];
  });
  return {
    ...{ kind: 'lines', id: one.id, title: `${one.label} by ${x.name}`, x: axisOf(x), series },
    y: { label: one.label, unit: one.unit, scale: 'linear' },
    references: [],
  };
}

/** Of two rounds an interval says nothing but that they are two. */
function boundsOf({ low, high, rounds }: FigureEstimate): {
  low: number | null;
  high: number | null;
} {
  return rounds < INTERVAL_ROUNDS_MIN ? { low: null, high: null } : { low, high };
}

/** Each cell of a sweep with its figures, best first; a table a terminal has room for. */
export function loadRows(
  plan: LoadRun,
  rounds: readonly RoundUnderLoad[],
  unit: () => number,
): ClaimRows[] {
  const factors = plan.factors ?? [];
  if (plan.command !== 'sweep' || rounds.length === 0) return [];
  const figures = panelFigures(rounds);
  const cells = new Map(rounds.map(({ cell, factors: levels }) => [cell, levels]));
  const rows = [...cells].map(([cell, levels]) => {
    const own = rounds.filter((round) => round.cell === cell);
    const values = figures.map(({ name }) => estimate(own, figure(name), unit)?.value ?? null);
    return [...factors.map(({ name }) => levels[name] ?? null).map(plain), own.length, ...values];
  });
  const rate = factors.length + 1;
  rows.sort((a, b) => Number(b[rate] ?? 0) - Number(a[rate] ?? 0));
  return [
    {
      caption: 'Every cell, most operations a second first: means over rounds',
      columns: [
        ...factors.map(({ name }) => ({ title: name, unit: '' })),
        { title: 'rounds', unit: '' },
        ...figures.map(({ label, unit: of }) => ({ title: label, unit: of })),
      ],
      rows,
    },
  ];
}

function plain(level: Scalar | null): string | number | null {
  return typeof level === 'boolean' ? String(level) : level;
}

function axisOf(factor: Factor): PanelAxis {
  const levels = numbersOf(factor);
  const log = levels.every((level) => level > 0) && Math.max(...levels) >= 8 * Math.min(...levels);
  return { label: factor.name, unit: '', scale: log ? 'log' : 'linear' };
}

function numbersOf({ levels }: Factor): number[] {
  return levels.filter((level): level is number => typeof level === 'number').sort((a, b) => a - b);
}
