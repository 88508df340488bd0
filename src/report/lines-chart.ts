// A lines panel of an answer as a frame: a look for each series, names beside the last points, references
// at the right edge. A log axis shows positive figures only; what is not stays in the panel's table. Pure.

import type { Axis, LinesPanel } from '../record/answer.ts';
import type { ChartPoint, Frame, Series } from './chart-frame.ts';
import { CHART_COLORS } from './chart-theme.ts';
import { formatPlain, formatPoint, intervalOf, withUnit } from './format.ts';

const LOOKS: readonly Pick<Series, 'color' | 'shape' | 'dash'>[] = [
  { color: CHART_COLORS.first, shape: 'circle', dash: [1, 0] },
  { color: CHART_COLORS.second, shape: 'square', dash: [6, 3] },
  { color: CHART_COLORS.third, shape: 'diamond', dash: [2, 3] },
  { color: CHART_COLORS.fourth, shape: 'triangle-up', dash: [9, 3, 2, 3] },
  { color: CHART_COLORS.fifth, shape: 'cross', dash: [4, 2] },
  { color: CHART_COLORS.muted, shape: 'triangle-down', dash: [1, 2] },
];
const REFERENCE = { color: CHART_COLORS.published, dash: [7, 4] };
/** More lines than this in one picture cannot be told apart. */
export const SERIES_MAX: number = LOOKS.length;

type PanelSeries = LinesPanel['series'][number];

export function linesFrame(panel: LinesPanel): Frame {
  const drawn = panel.series.slice(0, SERIES_MAX).flatMap((series, index): Series[] => {
    const points = pointsOf(panel, series);
    const look = LOOKS[index];
    if (points.length === 0 || look === undefined) return [];
    const title = series.role === 'labelled' ? `${series.name}, labelled only` : series.name;
    return [{ ...look, title, points }];
  });
  const { unit } = panel.y;
  return {
    description: describe(panel),
    xTitle: axisTitle(panel.x),
    yTitle: axisTitle(panel.y),
    xScale: panel.x.scale,
    yScale: panel.y.scale,
    yUnit: unit === 'x' ? 'x' : '',
    references: panel.references
      .filter(({ y }) => fits(y, panel.y))
      .map(({ y, label }) => ({ ...REFERENCE, y, lines: broken(label) })),
    series: drawn,
  };
}

/** 'Cost of a tick, us'. */
export function axisName({ label, unit }: Axis): string {
  return unit === '' || unit === 'x' ? label : `${label}, ${unit}`;
}

/** 'Cost of a tick, us (log scale)'. */
export function axisTitle(axis: Axis): string {
  return axis.scale === 'log' ? `${axisName(axis)} (log scale)` : axisName(axis);
}

function pointsOf(panel: LinesPanel, { points }: PanelSeries): ChartPoint[] {
  const shown = points
    .filter(({ x, y }) => fits(x, panel.x) && fits(y, panel.y))
    .sort((a, b) => a.x - b.x);
  return shown.map((point, index) => {
    const interval = intervalOf({ value: point.y, low: point.low, high: point.high });
    const last = index === 0 || index === shown.length - 1;
    return {
      x: point.x,
      y: point.y,
      interval: interval !== undefined && fits(interval.low, panel.y) ? interval : undefined,
      label: last ? withUnit(formatPlain(point.y), panel.y.unit) : '',
    };
  });
}

function fits(value: number, { scale }: Axis): boolean {
  return Number.isFinite(value) && (scale === 'linear' || value > 0);
}

function describe({ title, x, y, series, references }: LinesPanel): string {
  const lines = series.map(({ name, points }) => {
    const spoken = [...points]
      .sort((a, b) => a.x - b.x)
      .map((point) => {
        const figures = { value: point.y, low: point.low, high: point.high };
        return `${withUnit(formatPlain(point.x), x.unit)}: ${formatPoint(figures, y.unit)}`;
      });
    return `${name}: ${spoken.join('; ')}.`;
  });
  const named = references.map(({ label }) => `${label}.`);
  return [`${title}: ${axisTitle(y)} by ${axisTitle(x)}.`, ...named, ...lines].join(' ');
}

const SIDE_CHARACTERS = 24;

/** Lines short enough for the margin. */
function broken(text: string): string[] {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const line = lines.at(-1);
    if (line === undefined || line.length + 1 + word.length > SIDE_CHARACTERS) lines.push(word);
    else lines[lines.length - 1] = `${line} ${word}`;
  }
  return lines;
}
