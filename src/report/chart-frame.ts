// The frame that charts of lines share: two axes, log or linear, reference lines named at the right edge,
// series of points with interval bars, a legend row above, and labels that keep clear of everything drawn.
// Pure: builds a vega-lite specification. Domains are fixed here rather than left to vega, because labels
// are placed in pixels beforehand (there is no canvas, so vega cannot measure text).

import type { TopLevelSpec } from 'vega-lite';
import { scaleOf, ticksOf, type Scale, type ScaleKind } from './chart-scales.ts';
import { CHART_COLORS, chartSpec, layerOf, type Layer } from './chart-theme.ts';
import {
  LABEL_FONT_SIZE,
  placeLabels,
  spread,
  textWidth,
  type Box,
  type LabelRequest,
} from './label-placement.ts';

export interface ChartPoint {
  readonly x: number;
  readonly y: number;
  /** Both ends of the interval, or neither: a point without an interval gets no bar. */
  readonly interval: { readonly low: number; readonly high: number } | undefined;
  /** Text beside the point; empty for points that speak by their place alone. */
  readonly label: string;
}

export interface Series {
  readonly title: string;
  readonly color: string;
  readonly shape: 'circle' | 'square' | 'triangle-up' | 'triangle-down' | 'diamond' | 'cross';
  readonly dash: readonly number[];
  readonly points: readonly ChartPoint[];
}

export interface Reference {
  readonly y: number;
  readonly lines: readonly string[];
  readonly color: string;
  readonly dash: readonly number[];
}

export interface Frame {
  readonly description: string;
  readonly xTitle: string;
  readonly yTitle: string;
  readonly xScale: ScaleKind;
  readonly yScale: ScaleKind;
  /** Stands behind every figure of the upright axis. */
  readonly yUnit: string;
  readonly references: readonly Reference[];
  readonly series: readonly Series[];
}

type Channel = Record<string, unknown>;

interface Axes {
  readonly x: Scale;
  readonly y: Scale;
  readonly xChannel: (field: string) => Channel;
  readonly yChannel: (field: string) => Channel;
}

const WIDTH = 600;
const HEIGHT = 330;
const SIDE_WIDTH = 165;
/** Room around the plot is fixed because vega's own guess at text widths is far too wide. */
const PLOT = { width: WIDTH, height: HEIGHT, left: 84, right: SIDE_WIDTH, bottom: 56 } as const;
const SIDE_LINE = 14;
const LEGEND_Y = -20;
const LEGEND_ROW = 20;

export function frameSpec(frame: Frame): TopLevelSpec {
  const axes = axesFor(frame);
  const legend = legendLayers(frame.series);
  const top = 16 - LEGEND_Y + (legend.rows - 1) * LEGEND_ROW;
  return chartSpec({ ...PLOT, top }, [
    ...frame.references.map((reference) => referenceLayer(reference, axes)),
    ...frame.series.flatMap((series) => seriesLayers(series, axes)),
    ...sideLabels(frame.references, axes.y),
    ...legend.layers,
    ...pointLabels(frame, axes),
  ]);
}

/** Thousands as k, millions as M; below that as they are. */
const TICK_TEXT =
  "(abs(datum.value) >= 1000 ? format(datum.value, '.3~s') : format(datum.value, '.3~r'))";

function axesFor(frame: Frame): Axes {
  const points = frame.series.flatMap((series) => series.points);
  const sizes = [...new Set(points.map((point) => point.x))].sort((a, b) => a - b);
  const heights = [
    ...points.flatMap(({ y, interval }) => [y, interval?.low ?? y, interval?.high ?? y]),
    ...frame.references.map((reference) => reference.y),
  ];
  const { xScale, yScale, yUnit } = frame;
  const x = scaleOf(xScale, sizes, [1.35, 1.7], [0, WIDTH]);
  const y = scaleOf(yScale, heights, [1.35, 1.35], [HEIGHT, 0]);
  const channel =
    (type: ScaleKind, scale: Scale, title: string, values: readonly number[], labelExpr: string) =>
    (field: string): Channel => ({
      field,
      type: 'quantitative',
      title,
      scale: {
        type,
        domain: [...scale.domain],
        nice: false,
        ...(type === 'linear' && { zero: false }),
      },
      axis: { values: [...values], labelExpr, labelOverlap: 'greedy' },
    });
  return {
    x,
    y,
    xChannel: channel(xScale, x, frame.xTitle, sizes, TICK_TEXT),
    yChannel: channel(yScale, y, frame.yTitle, ticksOf(yScale, y), `${TICK_TEXT} + '${yUnit}'`),
  };
}

function referenceLayer({ y, color, dash }: Reference, { yChannel }: Axes): Layer {
  const mark = { type: 'rule', color, strokeDash: [...dash], strokeWidth: 1.5 };
  return layerOf([{ y }], mark, { y: yChannel('y') });
}

function seriesLayers(series: Series, { xChannel, yChannel }: Axes): Layer[] {
  const { color, dash, points } = series;
  const at = (y: string): object => ({ x: xChannel('x'), y: yChannel(y) });
  const values = points.map(({ x, y }) => ({ x, y }));
  const bars = points.flatMap(({ x, interval }) =>
    interval === undefined ? [] : [{ x, ...interval }],
  );
  const line = { type: 'line', color, strokeWidth: 2, strokeDash: [...dash] };
  const bar = { type: 'rule', color, strokeWidth: 1.5 };
  const end = { type: 'point', shape: 'stroke', size: 200, color, strokeWidth: 1.5 };
  return [
    ...(values.length > 1 ? [layerOf(values, line, at('y'))] : []),
    ...(bars.length === 0
      ? []
      : [
          layerOf(bars, bar, { ...at('low'), y2: { field: 'high' } }),
          ...['low', 'high'].map((field) => layerOf(bars, end, at(field))),
        ]),
    layerOf(values, pointMark(series), at('y')),
  ];
}

// Names of the reference lines stand outside the plot, where no point can reach them.
function sideLabels(references: readonly Reference[], y: Scale): Layer[] {
  const rows = references.flatMap(({ y: value, lines, color }) =>
    lines.map((text, index) => ({
      text,
      color,
      y: y.pixel(value) + (index - (lines.length - 1) / 2) * SIDE_LINE,
    })),
  );
  const wanted = rows.map((row) => row.y);
  const heights = spread(wanted, SIDE_LINE);
  return rows.map(({ text, color }, i) => textLayer(text, WIDTH + 10, heights[i] ?? 0, color));
}

// Rows grow upwards from the plot, as many as the titles need.
function legendLayers(series: readonly Series[]): { layers: Layer[]; rows: number } {
  let x = 6;
  let rows = 1;
  const layers = series.flatMap((entry): Layer[] => {
    const width = 34 + textWidth(entry.title);
    if (x > 6 && x + width > WIDTH + SIDE_WIDTH) {
      x = 6;
      rows += 1;
    }
    const y = LEGEND_Y - (rows - 1) * LEGEND_ROW;
    const entryX = x;
    x += width;
    return [
      layerOf([{}], pointMark(entry), { x: { value: entryX }, y: { value: y } }),
      textLayer(entry.title, entryX + 11, y, CHART_COLORS.ink),
    ];
  });
  return { layers, rows };
}

function pointMark({ shape, color }: Series): object {
  return { type: 'point', shape, filled: true, size: 52, color, opacity: 1 };
}

function pointLabels(frame: Frame, axes: Axes): Layer[] {
  const requests: (LabelRequest & { color: string })[] = [];
  const obstacles: Box[] = frame.references.map(({ y }) =>
    around(0, axes.y.pixel(y), WIDTH, axes.y.pixel(y), 1),
  );
  for (const series of frame.series) {
    const at = (point: ChartPoint): { x: number; y: number } => ({
      x: axes.x.pixel(point.x),
      y: axes.y.pixel(point.y),
    });
    for (const point of series.points) {
      const { x, y } = at(point);
      obstacles.push(around(x, y, x, y, 7));
      if (point.interval !== undefined) {
        const { low, high } = point.interval;
        obstacles.push(around(x, axes.y.pixel(high), x, axes.y.pixel(low), 7));
      }
      if (point.label !== '') requests.push({ text: point.label, x, y, color: series.color });
    }
    obstacles.push(...lineBoxes(series.points.map(at)));
  }
  const bounds: Box = { left: 5, top: 2, right: WIDTH - 3, bottom: HEIGHT - 3 };
  return placeLabels(requests, obstacles, bounds).map(({ text, textX, textY }, index) =>
    textLayer(text, textX, textY, requests[index]?.color ?? CHART_COLORS.ink, true),
  );
}

// A slanting line as a chain of small boxes, fine enough for a label's height.
function lineBoxes(points: readonly { x: number; y: number }[]): Box[] {
  return points.slice(1).flatMap((to, index) => {
    const from = points[index] ?? to;
    const steps = Math.max(1, Math.ceil(Math.hypot(to.x - from.x, to.y - from.y) / 8));
    return Array.from({ length: steps }, (_, step) => {
      const share = (step + 0.5) / steps;
      const [x, y] = [from.x + (to.x - from.x) * share, from.y + (to.y - from.y) * share];
      return around(x, y, x, y, 3);
    });
  });
}

function around(left: number, top: number, right: number, bottom: number, margin: number): Box {
  return { left: left - margin, top: top - margin, right: right + margin, bottom: bottom + margin };
}

function textLayer(text: string, x: number, y: number, color: string, bold = false): Layer {
  const mark = {
    ...{ type: 'text', align: 'left', baseline: 'middle', fontSize: LABEL_FONT_SIZE },
    ...{ fontWeight: bold ? 'bold' : 'normal', color },
  };
  return layerOf([{ text }], mark, { x: { value: x }, y: { value: y }, text: { field: 'text' } });
}
