// A heat panel of an answer as a picture: squares over two factors, darker where the figure is better, its
// value in each; empty outlines where nothing was measured. A mark's words stand in its square where they
// fit; a longer one frames the square and is named below. Steps of colour split the span of the measured
// figures evenly on the colour's own scale. Pure.

import type { TopLevelSpec } from 'vega-lite';
import type { HeatPanel } from '../record/answer.ts';
import type { Color } from './chart-theme.ts';
import { formatPlain, formatPoint, intervalOf, withUnit } from './format.ts';
import { textWidth } from './label-placement.ts';
import { axisName, axisTitle } from './lines-chart.ts';
import { Picture, pictureSpec } from './square-picture.ts';

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

/** Levels of both factors, and where in the plot their squares begin. */
interface Grid {
  readonly xs: readonly number[];
  readonly ys: readonly number[];
  readonly left: (x: number) => number;
  readonly top: (y: number) => number;
  readonly height: number;
}

export function heatSpec(panel: HeatPanel): TopLevelSpec {
  const picture = new Picture();
  const xs = levels(panel.cells.map((cell) => cell.x));
  const ys = levels(panel.cells.map((cell) => cell.y));
  const marks = panel.marks.filter(({ x, y }) => xs.includes(x) && ys.includes(y));
  const framed = marks.filter((mark) => !isShort(mark));
  const colors = colorScale(panel);
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
    const about = { cell, color, notes: here.map(({ label }) => label) };
    drawSquare(picture, about, [left(cell.x), top(cell.y)]);
  }
  for (const { x, y } of framed) picture.frame(left(x), top(y), SQUARE, 'published');
  drawAxes(picture, panel, { xs, ys, left, top, height }, framed);
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

interface ColorScale {
  readonly colorOf: (value: number) => Color;
  /** Of each step, from worst to best. */
  readonly bounds: readonly (readonly [from: number, to: number])[];
}

function colorScale({ cells, color, better }: HeatPanel): ColorScale {
  const values = cells.map((cell) => cell.value).filter((value) => Number.isFinite(value));
  const log = color.scale === 'log' && values.every((value) => value > 0);
  const on = (value: number): number => (log ? Math.log(value) : value);
  const low = on(Math.min(...values));
  const span = on(Math.max(...values)) - low;
  /** From worst to best, of a share of the span and back. */
  const turned = (share: number): number => (better === 'higher' ? share : 1 - share);
  const at = (share: number): number => {
    const value = low + turned(share) * span;
    return log ? Math.exp(value) : value;
  };
  const count = STEPS.length;
  return {
    colorOf: (value) => {
      const good = turned(span === 0 ? 0 : (on(value) - low) / span);
      return STEPS[Math.min(count - 1, Math.floor(good * count))] ?? 'equal';
    },
    bounds: STEPS.map((_, index) => [at(index / count), at((index + 1) / count)]),
  };
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
  { xs, ys, left, top, height }: Grid,
  framed: readonly Mark[],
): void {
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
  const entries = colors.bounds.map(([from, to]) => {
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
