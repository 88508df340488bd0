// Colours of charts and page, in light and dark. Charts are drawn in the light colours; one style sheet,
// built here, swaps them where a reader prefers dark, so the same picture serves page, file and paper.
// Colour never carries meaning alone: shape, dash and label repeat it (chart-frame.ts).

export const CHART_COLORS = {
  paper: '#ffffff',
  ink: '#1f2933',
  muted: '#5b6673',
  grid: '#e3e7ec',
  band: '#dcefe3',
  published: '#2f7d4f',
  first: '#1f5fbf',
  second: '#b3540b',
  third: '#7a3fa0',
  fourth: '#0b7a75',
  fifth: '#a8324a',
  // Steps of a ratio map, from below 1 to far above.
  below: '#f6d3b8',
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
  band: '#1d3a2a',
  published: '#6fcf97',
  first: '#7fb0ff',
  second: '#f2a25c',
  third: '#cf9bf0',
  fourth: '#5cc8c2',
  fifth: '#f08ca0',
  below: '#5b3a1e',
  equal: '#232a33',
  above: '#1e3350',
  farAbove: '#27508a',
  farthest: '#2f66b8',
};

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
