// What all charts share: the specification around their layers, and the colours of charts and page, in light
// and dark. Charts are drawn in the light colours; one style sheet, built here, swaps them where a reader
// prefers dark, so the same picture serves page, file and paper. Colour never carries meaning alone:
// shape, dash and label repeat it (chart-frame.ts).

import type { TopLevelSpec } from 'vega-lite';
import { LABEL_FONT_SIZE } from './label-placement.ts';

type LayeredSpec = Extract<TopLevelSpec, { layer: unknown[] }>;
export type Layer = LayeredSpec['layer'][number];

/** Size of the plot, and the room around it, in pixels. */
export interface PlotSize {
  readonly width: number;
  readonly height: number;
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

/** Each colour on a light page and on a dark one. */
const COLORS = {
  paper: ['#ffffff', '#171c22'],
  ink: ['#1f2933', '#e6eaef'],
  muted: ['#5b6673', '#a3aebb'],
  grid: ['#e3e7ec', '#2c343e'],
  published: ['#2f7d4f', '#6fcf97'],
  first: ['#1f5fbf', '#7fb0ff'],
  second: ['#b3540b', '#f2a25c'],
  third: ['#7a3fa0', '#cf9bf0'],
  fourth: ['#0b7a75', '#5cc8c2'],
  fifth: ['#a8324a', '#f08ca0'],
  // Steps of a heat map, from worst to best.
  equal: ['#f1f3f6', '#232a33'],
  above: ['#cfe0f7', '#1e3350'],
  farAbove: ['#94bbee', '#27508a'],
  farthest: ['#5f95df', '#2f66b8'],
} as const;

export type Color = keyof typeof COLORS;

/** What charts are drawn in. */
export const CHART_COLORS: Readonly<Record<Color, string>> = Object.fromEntries(
  Object.entries(COLORS).map(([name, [light]]) => [name, light]),
) as Record<Color, string>;

export function chartSpec({ width, height, ...padding }: PlotSize, layer: Layer[]): TopLevelSpec {
  const spec: LayeredSpec = {
    $schema: 'https://vega.github.io/schema/vega-lite/v6.json',
    ...{ width, height, padding, layer, autosize: { type: 'none' } },
    config: {
      ...{ background: CHART_COLORS.paper, font: 'sans-serif', aria: false },
      view: { stroke: null },
      axis: {
        ...{ labelColor: CHART_COLORS.muted, titleColor: CHART_COLORS.ink },
        ...{ labelFontSize: LABEL_FONT_SIZE, titleFontSize: 13, titleFontWeight: 'normal' },
        ...{ titlePadding: 10, gridColor: CHART_COLORS.grid },
        ...{ tickColor: CHART_COLORS.muted, domainColor: CHART_COLORS.muted },
      },
    },
  };
  return spec;
}

/** One kind of mark over rows of values; vega-lite's types do not follow a layer put together from parts. */
export function layerOf(values: readonly object[], mark: object, encoding: object): Layer {
  return { data: { values }, mark, encoding } as unknown as Layer;
}

/** Rules that redraw a chart for dark screens. They outrank the drawing's own colour attributes. */
export function darkChartRules(): string {
  return Object.values(COLORS)
    .map(
      ([light, dark]) =>
        `svg [fill="${light}"]{fill:${dark}}svg [stroke="${light}"]{stroke:${dark}}`,
    )
    .join('');
}

/** A chart as a file of its own: follows the reader's preference without a page around it. */
export function standaloneSvg(svg: string): string {
  const style = `<style>@media screen and (prefers-color-scheme:dark){${darkChartRules()}}</style>`;
  return svg.replace(/^(<svg\b[^>]*>)/, (opening) => opening + style);
}
