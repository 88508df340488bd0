// The frame that charts of lines share: two axes, log or linear, a band where there is one, reference lines named at the right edge, series of
// points with interval bars, a legend row above, and labels that keep clear of everything drawn. Pure:
// builds a vega-lite specification. Domains are fixed here rather than left to vega, because labels are
// placed in pixels beforehand (there is no canvas, so vega cannot measure text).

import type { TopLevelSpec } from 'vega-lite';
import { CHART_COLORS } from './chart-theme.ts';
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
  /** False for cells that stand alone: they get no line. */
  readonly joined: boolean;
  /** Pixels to the side, so that points at one size do not hide each other. */
  readonly offset: number;
  readonly points: readonly ChartPoint[];
}

export interface Reference {
  readonly y: number;
  readonly lines: readonly string[];
  readonly color: string;
  readonly dash: readonly number[];
}

export type ScaleKind = 'log' | 'linear';

export interface Frame {
  readonly description: string;
  readonly xTitle: string;
  readonly yTitle: string;
  /** Log where nothing else is said. */
  readonly xScale?: ScaleKind;
  readonly yScale?: ScaleKind;
  /** Stands behind every figure of the upright axis; 'x' where nothing else is said. */
  readonly yUnit?: string;
  readonly band: { readonly low: number; readonly high: number } | undefined;
  readonly references: readonly Reference[];
  readonly series: readonly Series[];
}

type LayeredSpec = Extract<TopLevelSpec, { layer: unknown[] }>;
type Layer = LayeredSpec['layer'][number];
type Channel = Record<string, unknown>;

interface PointMark {
  readonly type: 'point';
  readonly shape: Series['shape'];
  readonly filled: boolean;
  readonly size: number;
  readonly color: string;
  readonly opacity: number;
}

interface Scale {
  readonly domain: readonly [number, number];
  readonly pixel: (value: number) => number;
}

interface Axes {
  readonly x: Scale;
  readonly y: Scale;
  readonly xChannel: (field: string) => Channel;
  readonly yChannel: (field: string) => Channel;
}

const WIDTH = 600;
const HEIGHT = 330;
/** Room around the plot, fixed because vega's own guess at text widths is far too wide. */
const LEFT_WIDTH = 84;
const SIDE_WIDTH = 165;
const BOTTOM_HEIGHT = 56;
const SIDE_LINE = 14;
const LEGEND_Y = -20;
const LEGEND_ROW = 20;
const TICKS_MAX = 9;
const LINEAR_STEPS: readonly number[] = [1, 2, 5, 10];
/** Thousands as k, millions as M; below that as they are. */
const TICK_TEXT =
  "(abs(datum.value) >= 1000 ? format(datum.value, '.3~s') : format(datum.value, '.3~r'))";
const TICK_STEPS = [[1, 1.2, 1.5, 2, 3, 4, 5, 6, 8], [1, 2, 5], [1, 5], [1]];

export function frameSpec(frame: Frame): TopLevelSpec {
  const axes = axesFor(frame);
  const legend = legendLayers(frame.series);
  const spec: LayeredSpec = {
    $schema: 'https://vega.github.io/schema/vega-lite/v6.json',
    description: frame.description,
    width: WIDTH,
    height: HEIGHT,
    padding: {
      left: LEFT_WIDTH,
      top: 16 - LEGEND_Y + (legend.rows - 1) * LEGEND_ROW,
      right: SIDE_WIDTH,
      bottom: BOTTOM_HEIGHT,
    },
    autosize: { type: 'none' },
    config: chartConfig(),
    layer: [
      ...(frame.band === undefined ? [] : [bandLayer(frame.band, axes)]),
      ...frame.references.map((reference) => referenceLayer(reference, axes)),
      ...frame.series.flatMap((series) => seriesLayers(series, axes)),
      ...sideLabels(frame.references, axes.y),
      ...legend.layers,
      ...pointLabels(frame, axes),
    ],
  };
  return spec;
}

function chartConfig(): NonNullable<LayeredSpec['config']> {
  return {
    background: CHART_COLORS.paper,
    font: 'sans-serif',
    aria: false,
    view: { stroke: null },
    axis: {
      labelColor: CHART_COLORS.muted,
      titleColor: CHART_COLORS.ink,
      labelFontSize: LABEL_FONT_SIZE,
      titleFontSize: 13,
      titleFontWeight: 'normal',
      titlePadding: 10,
      gridColor: CHART_COLORS.grid,
      tickColor: CHART_COLORS.muted,
      domainColor: CHART_COLORS.muted,
    },
  };
}

function axesFor(frame: Frame): Axes {
  const points = frame.series.flatMap((series) => series.points);
  const sizes = [...new Set(points.map((point) => point.x))].sort((a, b) => a - b);
  const heights = [
    ...points.flatMap(({ y, interval }) => [y, interval?.low ?? y, interval?.high ?? y]),
    ...frame.references.map((reference) => reference.y),
    ...(frame.band === undefined ? [] : [frame.band.low, frame.band.high]),
  ];
  const { xScale = 'log', yScale = 'log', yUnit = 'x' } = frame;
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
  const ticks = yScale === 'log' ? logTicks(y.domain) : linearTicks(y.domain);
  return {
    x,
    y,
    xChannel: channel(xScale, x, frame.xTitle, sizes, TICK_TEXT),
    yChannel: channel(yScale, y, frame.yTitle, ticks, `${TICK_TEXT} + '${yUnit}'`),
  };
}

function scaleOf(
  kind: ScaleKind,
  values: readonly number[],
  margins: readonly [number, number],
  range: readonly [number, number],
): Scale {
  return kind === 'log' ? logScale(values, margins, range) : linearScale(values, range);
}

/** From zero, or the lowest figure below it, with room above the highest. */
function linearScale(values: readonly number[], range: readonly [number, number]): Scale {
  const low = Math.min(0, ...values);
  const highest = Math.max(...values);
  const high = highest > low ? highest + (highest - low) * 0.12 : low + 1;
  const pixel = (value: number): number =>
    range[0] + ((range[1] - range[0]) * (value - low)) / (high - low);
  return { domain: [low, high], pixel };
}

/** Steps of 1, 2 or 5 in a power of ten, so that there are at most TICKS_MAX. */
function linearTicks([low, high]: readonly [number, number]): number[] {
  const least = (high - low) / (TICKS_MAX - 1);
  const power = 10 ** Math.floor(Math.log10(least));
  const step = (LINEAR_STEPS.find((one) => one * power >= least) ?? 10) * power;
  const first = Math.ceil(low / step);
  const count = Math.floor(high / step) - first + 1;
  return Array.from({ length: count }, (_, index) =>
    Number(((first + index) * step).toPrecision(6)),
  );
}

function logScale(
  values: readonly number[],
  margins: readonly [number, number],
  range: readonly [number, number],
): Scale {
  const [low, high] = [Math.min(...values) / margins[0], Math.max(...values) * margins[1]];
  const pixel = (value: number): number =>
    range[0] + ((range[1] - range[0]) * Math.log(value / low)) / Math.log(high / low);
  return { domain: [low, high], pixel };
}

// Close steps where the axis spans less than a decade, powers of ten alone where it spans many.
function logTicks([low, high]: readonly [number, number]): number[] {
  const decades: number[] = [];
  for (let k = Math.floor(Math.log10(low)); k <= Math.ceil(Math.log10(high)); k++) decades.push(k);
  for (const steps of TICK_STEPS) {
    const ticks = decades
      .flatMap((k) => steps.map((step) => Number(`${String(step)}e${String(k)}`)))
      .filter((tick) => tick >= low && tick <= high);
    if (ticks.length <= TICKS_MAX || steps.length === 1) return ticks;
  }
  return [];
}

function bandLayer(band: NonNullable<Frame['band']>, { yChannel }: Axes): Layer {
  return {
    data: { values: [band] },
    mark: { type: 'rect', color: CHART_COLORS.band, opacity: 1 },
    encoding: { y: yChannel('low'), y2: { field: 'high' } },
  };
}

function referenceLayer({ y, color, dash }: Reference, { yChannel }: Axes): Layer {
  return {
    data: { values: [{ y }] },
    mark: { type: 'rule', color, strokeDash: [...dash], strokeWidth: 1.5 },
    encoding: { y: yChannel('y') },
  };
}

function seriesLayers(series: Series, { xChannel, yChannel }: Axes): Layer[] {
  const { color, dash, offset } = series;
  const side = { xOffset: offset, x2Offset: offset };
  const values = series.points.map(({ x, y }) => ({ x, y }));
  const bars = series.points.flatMap(({ x, interval }) =>
    interval === undefined ? [] : [{ x, ...interval }],
  );
  const layers: Layer[] = [];
  if (series.joined && values.length > 1) {
    layers.push({
      data: { values },
      mark: { type: 'line', color, strokeWidth: 2, strokeDash: [...dash], xOffset: offset },
      encoding: { x: xChannel('x'), y: yChannel('y') },
    });
  }
  if (bars.length > 0) {
    layers.push({
      data: { values: bars },
      mark: { type: 'rule', color, strokeWidth: 1.5, ...side },
      encoding: { x: xChannel('x'), y: yChannel('low'), y2: { field: 'high' } },
    });
    for (const end of ['low', 'high']) {
      layers.push({
        data: { values: bars },
        mark: { type: 'point', shape: 'stroke', size: 200, color, strokeWidth: 1.5, ...side },
        encoding: { x: xChannel('x'), y: yChannel(end) },
      });
    }
  }
  layers.push({
    data: { values },
    mark: { ...pointMark(series), xOffset: offset },
    encoding: { x: xChannel('x'), y: yChannel('y') },
  });
  return layers;
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
  const heights = spread(
    rows.map((row) => row.y),
    SIDE_LINE,
  );
  return rows.map((row, index) =>
    textLayer(row.text, WIDTH + 10, heights[index] ?? row.y, row.color),
  );
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
      {
        data: { values: [{}] },
        mark: pointMark(entry),
        encoding: { x: { value: entryX }, y: { value: y } },
      },
      textLayer(entry.title, entryX + 11, y, CHART_COLORS.ink),
    ];
  });
  return { layers, rows };
}

function pointMark({ shape, color }: Series): PointMark {
  return { type: 'point', shape, filled: true, size: 52, color, opacity: 1 };
}

function pointLabels(frame: Frame, axes: Axes): Layer[] {
  const requests: (LabelRequest & { color: string })[] = [];
  const obstacles: Box[] = frame.references.map(({ y }) =>
    around(0, axes.y.pixel(y), WIDTH, axes.y.pixel(y), 1),
  );
  for (const series of frame.series) {
    const at = (point: ChartPoint): { x: number; y: number } => ({
      x: axes.x.pixel(point.x) + series.offset,
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
    if (series.joined) obstacles.push(...lineBoxes(series.points.map(at)));
  }
  const bounds: Box = { left: 5, top: 2, right: WIDTH - 3, bottom: HEIGHT - 3 };
  return placeLabels(requests, obstacles, bounds).map((label, index) =>
    textLayer(
      label.text,
      label.textX,
      label.textY,
      requests[index]?.color ?? CHART_COLORS.ink,
      true,
    ),
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
  return {
    data: { values: [{ text }] },
    mark: {
      type: 'text',
      align: 'left',
      baseline: 'middle',
      fontSize: LABEL_FONT_SIZE,
      fontWeight: bold ? 'bold' : 'normal',
      color,
    },
    encoding: { x: { value: x }, y: { value: y }, text: { field: 'text' } },
  };
}
