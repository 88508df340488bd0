// A heat panel of an answer as a picture: squares over two factors, darker where the figure is better, its
// value in each; empty outlines where nothing was measured. A mark's words stand in its square where they
// fit; a longer one frames the square and is named below. Steps of colour split the span of the measured
// figures evenly on the colour's own scale. Pure.

import type { TopLevelSpec } from 'vega-lite';
import type { HeatPanel } from '../record/answer.ts';
import { formatPlain, formatPoint, intervalOf, withUnit } from './format.ts';
import { textWidth } from './label-placement.ts';
import { axisName, axisTitle } from './lines-chart.ts';
import { Picture, pictureSpec, type Color } from './square-picture.ts';

const SQUARE = { width: 78, height: 44 } as const;
const TINY_SIZE = 9;
const LEFT = 96;
const RIGHT = 24;
const TOP = 62;
const LEGEND_X = -LEFT + 6;
const LEGEND_Y = -40;
const BOTTOM = 52;
const MARK_LINE = 16;
const WIDTH_MIN = 430;
/** From worst to best. */
const STEPS: readonly Color[] = ['equal', 'above', 'farAbove', 'farthest'];

type HeatCell = HeatPanel['cells'][number];
type Mark = HeatPanel['marks'][number];

export function heatSpec(panel: HeatPanel): TopLevelSpec {
  const picture = new Picture();
  const xs = levels(panel.cells.map((cell) => cell.x));
  const ys = levels(panel.cells.map((cell) => cell.y));
  const marks = panel.marks.filter(({ x, y }) => xs.includes(x) && ys.includes(y));
  const framed = marks.filter((mark) => !isShort(mark));
  const colors = new ColorScale(panel);
  const width = Math.max(
    ...[WIDTH_MIN, xs.length * SQUARE.width, legendOf(panel, colors).right],
    ...framed.map((mark) => textWidth(markText(mark))),
  );
  const height = ys.length * SQUARE.height;
  const left = (x: number): number => xs.indexOf(x) * SQUARE.width;
  // Small levels below, large ones above.
  const top = (y: number): number => (ys.length - 1 - ys.indexOf(y)) * SQUARE.height;
  for (const x of xs) for (const y of ys) picture.box(left(x), top(y), SQUARE, 'paper', 'grid');
  for (const cell of panel.cells) {
    const here = marks.filter((mark) => mark.x === cell.x && mark.y === cell.y && isShort(mark));
    const color = colors.colorOf(cell.value);
    drawSquare(picture, { cell, color, notes: here.map(({ label }) => label) }, [
      left(cell.x),
      top(cell.y),
    ]);
  }
  for (const { x, y } of framed) picture.frame(left(x), top(y), SQUARE, 'published');
  drawAxes(picture, panel, { xs, ys, left, top, height, framed });
  drawLegend(picture, panel, colors);
  const bottom = BOTTOM + framed.length * MARK_LINE;
  return pictureSpec(picture, { width, height, left: LEFT, top: TOP, right: RIGHT, bottom });
}

/** The figures as a sentence for those who do not see the picture. */
export function heatDescription({ title, x, y, color, cells, marks }: HeatPanel): string {
  const spoken = cells.map((cell) => {
    const at = `${withUnit(formatPlain(cell.x), x.unit)} by ${withUnit(formatPlain(cell.y), y.unit)}`;
    return `${at}: ${formatPoint(cell, color.unit)}`;
  });
  const named = marks.map(({ label }) => `${label}.`);
  return [
    `${title}: ${axisTitle(color)} by ${x.label} and ${y.label}.`,
    ...named,
    `${spoken.join('; ')}.`,
  ].join(' ');
}

class ColorScale {
  readonly #low: number;
  readonly #high: number;
  readonly #log: boolean;
  readonly #better: HeatPanel['better'];

  constructor({ cells, color, better }: HeatPanel) {
    const values = cells.map((cell) => cell.value).filter((value) => Number.isFinite(value));
    this.#log = color.scale === 'log' && values.every((value) => value > 0);
    this.#better = better;
    this.#low = Math.min(...values);
    this.#high = Math.max(...values);
  }

  colorOf(value: number): Color {
    const span = this.#on(this.#high) - this.#on(this.#low);
    const share = span === 0 ? 0 : (this.#on(value) - this.#on(this.#low)) / span;
    const good = this.#better === 'higher' ? share : 1 - share;
    const step = Math.min(STEPS.length - 1, Math.floor(good * STEPS.length));
    return STEPS[step] ?? 'equal';
  }

  /** Bounds of the steps from worst to best. */
  bounds(): [from: number, to: number][] {
    const at = (share: number): number => {
      const part = this.#better === 'higher' ? share : 1 - share;
      const value = this.#on(this.#low) + part * (this.#on(this.#high) - this.#on(this.#low));
      return this.#log ? Math.exp(value) : value;
    };
    return STEPS.map((_, index) => [at(index / STEPS.length), at((index + 1) / STEPS.length)]);
  }

  #on(value: number): number {
    return this.#log ? Math.log(value) : value;
  }
}

/** Its value, and below that in small its interval and what is noted of it. */
function drawSquare(
  picture: Picture,
  about: { readonly cell: HeatCell; readonly color: Color; readonly notes: readonly string[] },
  [x, y]: readonly [number, number],
): void {
  const { cell, color, notes } = about;
  const interval = intervalOf(cell);
  const small = [
    ...(interval === undefined
      ? []
      : [`${formatPlain(interval.low)} - ${formatPlain(interval.high)}`]),
    ...notes,
  ];
  const middle = x + SQUARE.width / 2;
  const first = y + SQUARE.height / 2 - small.length * 7;
  picture.box(x, y, SQUARE, color, 'paper');
  picture.word(middle, first, formatPlain(cell.value), 'bold');
  for (const [index, words] of small.entries())
    picture.word(middle, first + 15 + index * 11, words, 'tiny');
}

function drawAxes(
  picture: Picture,
  panel: HeatPanel,
  about: {
    readonly xs: readonly number[];
    readonly ys: readonly number[];
    readonly left: (x: number) => number;
    readonly top: (y: number) => number;
    readonly height: number;
    readonly framed: readonly Mark[];
  },
): void {
  const { xs, ys, left, top, height, framed } = about;
  for (const y of ys) picture.word(-8, top(y) + SQUARE.height / 2, formatPlain(y), 'right');
  for (const x of xs) picture.word(left(x) + SQUARE.width / 2, height + 13, formatPlain(x));
  picture.word(-LEFT + 6, -14, axisName(panel.y), 'left', 'muted');
  picture.word(0, height + 34, axisName(panel.x), 'left', 'muted');
  for (const [index, mark] of framed.entries()) {
    picture.word(0, height + 52 + index * MARK_LINE, markText(mark), 'left', 'published');
  }
}

function markText({ label }: Mark): string {
  return `framed: ${label}`;
}

function isShort({ label }: Mark): boolean {
  return textWidth(label, TINY_SIZE) <= SQUARE.width;
}

interface Legend {
  readonly entries: readonly { readonly x: number; readonly title: string }[];
  /** Where its last word ends. */
  readonly right: number;
}

function legendOf({ color }: HeatPanel, colors: ColorScale): Legend {
  let x = LEGEND_X + textWidth(`${axisName(color)}:`) + 10;
  const entries = colors.bounds().map(([from, to]) => {
    const title = `${formatPlain(Math.min(from, to))} - ${formatPlain(Math.max(from, to))}`;
    const entry = { x, title };
    x += 30 + textWidth(title);
    return entry;
  });
  return { entries, right: x - 12 };
}

function drawLegend(picture: Picture, panel: HeatPanel, colors: ColorScale): void {
  picture.word(LEGEND_X, LEGEND_Y, `${axisName(panel.color)}:`, 'left', 'muted');
  for (const [index, { x, title }] of legendOf(panel, colors).entries.entries()) {
    picture.box(x, LEGEND_Y - 7, { width: 14, height: 14 }, STEPS[index] ?? 'equal', 'muted');
    picture.word(x + 18, LEGEND_Y, title, 'left');
  }
}

function levels(values: readonly number[]): number[] {
  return [...new Set(values)].sort((a, b) => a - b);
}
