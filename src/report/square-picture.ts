// A picture of squares, frames and words at pixels of the drawer's choice, as a vega-lite specification:
// what heat maps are drawn with. Few kinds of marks, so that hundreds cost as little as one.
// Colours come from the theme alone, so that a page can redraw them for dark screens. Pure.

import type { TopLevelSpec } from 'vega-lite';
import {
  CHART_COLORS,
  chartSpec,
  layerOf,
  type Color,
  type Layer,
  type PlotSize,
} from './chart-theme.ts';
import { LABEL_FONT_SIZE } from './label-placement.ts';

export type WordStyle = 'plain' | 'left' | 'right' | 'bold' | 'tiny';

type Size = Pick<PlotSize, 'width' | 'height'>;
type Corners = Record<'x' | 'y' | 'x2' | 'y2', number>;

/** What stands in a picture; the plot's corner is 0, 0 and words may lie outside it. */
export class Picture {
  readonly boxes: (Corners & { fill: string; line: string })[] = [];
  readonly frames: (Corners & { color: string })[] = [];
  readonly words: { x: number; y: number; text: string; color: string; style: WordStyle }[] = [];

  box(x: number, y: number, { width, height }: Size, fill: Color, line: Color): void {
    const colors = { fill: CHART_COLORS[fill], line: CHART_COLORS[line] };
    this.boxes.push({ x, y, x2: x + width, y2: y + height, ...colors });
  }

  frame(x: number, y: number, { width, height }: Size, color: Color): void {
    this.frames.push({ x, y, x2: x + width, y2: y + height, color: CHART_COLORS[color] });
  }

  word(x: number, y: number, text: string, style: WordStyle = 'plain', color: Color = 'ink'): void {
    this.words.push({ x, y, text, style, color: CHART_COLORS[color] });
  }
}

const WORD_MARKS: Readonly<Record<WordStyle, object>> = {
  plain: { align: 'center', fontSize: LABEL_FONT_SIZE },
  left: { align: 'left', fontSize: LABEL_FONT_SIZE },
  right: { align: 'right', fontSize: LABEL_FONT_SIZE },
  bold: { align: 'center', fontSize: LABEL_FONT_SIZE, fontWeight: 'bold' },
  tiny: { align: 'center', fontSize: 9 },
};

export function pictureSpec(picture: Picture, plot: PlotSize): TopLevelSpec {
  return chartSpec(plot, layersOf(picture, plot));
}

function layersOf(picture: Picture, plot: PlotSize): Layer[] {
  const at = (field: string, pixels: number): object => ({
    field,
    type: 'quantitative',
    scale: { domain: [0, pixels], range: [0, pixels], nice: false, zero: false },
    axis: null,
  });
  const place = { x: at('x', plot.width), y: at('y', plot.height) };
  const ends = { x2: { field: 'x2' }, y2: { field: 'y2' } };
  const paint = (field: string): object => ({ field, type: 'nominal', scale: null, legend: null });
  return [
    layerOf(
      picture.boxes,
      { type: 'rect', strokeWidth: 1 },
      { ...place, ...ends, fill: paint('fill'), stroke: paint('line') },
    ),
    layerOf(
      picture.frames,
      { type: 'rect', strokeWidth: 3, fill: null },
      { ...place, ...ends, stroke: paint('color') },
    ),
    ...Object.entries(WORD_MARKS).map(([style, mark]) =>
      layerOf(
        picture.words.filter((word) => word.style === style),
        { type: 'text', baseline: 'middle', ...mark },
        { ...place, text: { field: 'text' }, color: paint('color') },
      ),
    ),
  ];
}
