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

export const CHART_COLORS = {
  paper: '#ffffff',
  ink: '#1f2933',
  muted: '#5b6673',
  grid: '#e3e7ec',
  published: '#2f7d4f',
  first: '#1f5fbf',
  second: '#b3540b',
  third: '#7a3fa0',
  fourth: '#0b7a75',
  fifth: '#a8324a',
  // Steps of a heat map, from worst to best.
  equal: '#f1f3f6',
  above: '#cfe0f7',
  farAbove: '#94bbee',
  farthest: '#5f95df',
} as const;

const DARK_COLORS: Record<keyof typeof CHART_COLORS, string> = {
  paper: '#171c22',
  ink: '#e6eaef',
  muted: '#a3aebb',
  grid: '#2c343e',
  published: '#6fcf97',
  first: '#7fb0ff',
  second: '#f2a25c',
  third: '#cf9bf0',
  fourth: '#5cc8c2',
  fifth: '#f08ca0',
  equal: '#232a33',
  above: '#1e3350',
  farAbove: '#27508a',
  farthest: '#2f66b8',
};

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

/** Rules that redraw a chart for dark screens. They outrank the drawing's own colour attributes. */
export function darkChartRules(): string {
  const keys = Object.keys(CHART_COLORS) as (keyof typeof CHART_COLORS)[];
  return keys
    .map((key) => {
      const [light, dark] = [CHART_COLORS[key], DARK_COLORS[key]];
      return `svg [fill="${light}"]{fill:${dark}}svg [stroke="${light}"]{stroke:${dark}}`;
    })
    .join('');
}

/** A chart as a file of its own: follows the reader's preference without a page around it. */
export function standaloneSvg(svg: string): string {
  const style = `<style>@media screen and (prefers-color-scheme:dark){${darkChartRules()}}</style>`;
  return svg.replace(/^(<svg\b[^>]*>)/, (opening) => opening + style);
}
