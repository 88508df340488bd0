// Ratio maps of the surface: one picture a recipe and freelist mode; in it a panel a value size, in
// each a grid of free pages (across) by puts a commit (up). A square holds the ratio and, below it, how
// much of the allocated pages grew the file in either arm. Contours are drawn along the borders between
// squares where the ratio passes 1x or 24x: between measured points nothing is made up. Pure.

import type { TopLevelSpec } from 'vega-lite';
import type { SurfaceSummary } from '../record/schema.ts';
import { formatCount, formatSignificant } from './format.ts';
import { textWidth } from './label-placement.ts';
import { Picture, pictureSpec, type Color } from './square-picture.ts';

type SurfaceCell = SurfaceSummary['cells'][number];

/** What a map shows of a cell. */
export interface SurfaceMap {
  readonly id: string;
  readonly title: string;
  readonly description: string;
  readonly spec: TopLevelSpec;
}

interface MapKind {
  readonly id: string;
  /** What the ratio is, and which of its sides is which. */
  readonly ratio: string;
  readonly of: (cell: SurfaceCell) => number;
  readonly arms: readonly [string, string];
  readonly contours: readonly number[];
  readonly steps: readonly Step[];
}

/** Ratios from `from` on, to the next step. */
interface Step {
  readonly from: number;
  readonly color: Color;
  readonly title: string;
}

const GAIN: MapKind = {
  id: 'hashmap',
  ratio: 'Completion time, array / hashmap',
  of: (cell) => cell.hashmapGain.value,
  arms: ['array', 'hashmap'],
  contours: [1, 24],
  steps: [
    { from: 0, color: 'below', title: 'array faster' },
    { from: 0.8, color: 'equal', title: '0.8x to 1.25x' },
    { from: 1.25, color: 'above', title: 'to 4x' },
    { from: 4, color: 'farAbove', title: 'to 24x' },
    { from: 24, color: 'farthest', title: '24x and more' },
  ],
};

const BITMAP: MapKind = {
  id: 'bitmap',
  ratio: 'Completion time, better of array and hashmap / bitmap',
  of: (cell) => cell.bitmapGain.value,
  arms: ['array', 'bitmap'],
  contours: [1],
  steps: [
    { from: 0, color: 'below', title: 'below 0.9x' },
    { from: 0.9, color: 'equal', title: '0.9x to 1.1x' },
    { from: 1.1, color: 'above', title: 'to 1.5x' },
    { from: 1.5, color: 'farAbove', title: '1.5x and more' },
  ],
};

const KINDS: readonly MapKind[] = [GAIN, BITMAP];

const SQUARE = { width: 64, height: 38 } as const;
const PANEL_GAP = 22;
const LEFT = 84;
const TOP = 84;
const RIGHT = 16;
const BOTTOM = 62;
const LEGEND_Y = -66;
/** Fewer squares make no map. */
const CELLS_MIN = 4;

/** The maps that have enough cells, main recipe first as they were measured. */
export function surfaceMaps(summary: SurfaceSummary): SurfaceMap[] {
  const groups = new Map<string, SurfaceCell[]>();
  for (const cell of summary.cells) {
    const { recipe, syncFreelist } = cell.factors;
    const key = `${recipe}${syncFreelist ? '-stored' : ''}`;
    groups.set(key, [...(groups.get(key) ?? []), cell]);
  }
  return [...groups].flatMap(([key, cells]) =>
    cells.length < CELLS_MIN ? [] : KINDS.map((kind) => mapOf(kind, key, cells)),
  );
}

function mapOf(kind: MapKind, key: string, cells: readonly SurfaceCell[]): SurfaceMap {
  const [first] = cells;
  const stored = first?.factors.syncFreelist === true ? ', freelist stored at every commit' : '';
  const title = `${kind.ratio}: ${first?.factors.recipe ?? ''}${stored}`;
  const grid = new Grid(cells);
  return {
    id: `surface-${kind.id}-${key}`,
    title,
    description: describe(kind, title, cells),
    spec: specOf(kind, grid),
  };
}

function describe(kind: MapKind, title: string, cells: readonly SurfaceCell[]): string {
  const values = cells.map(kind.of);
  const shown = (value: number): string => `${formatSignificant(value, 2)}x`;
  return (
    `${title}. By free pages, puts a commit and value size; ${String(cells.length)} measured cells ` +
    `from ${shown(Math.min(...values))} to ${shown(Math.max(...values))}.`
  );
}

/** Where the squares of a set of cells lie, in pixels. */
class Grid {
  readonly cells: readonly SurfaceCell[];
  readonly freePages: readonly number[];
  readonly puts: readonly number[];
  readonly values: readonly number[];

  constructor(cells: readonly SurfaceCell[]) {
    this.cells = cells;
    const levels = (of: (cell: SurfaceCell) => number): number[] =>
      [...new Set(cells.map(of))].sort((a, b) => a - b);
    this.freePages = levels((cell) => cell.factors.freePages);
    this.puts = levels((cell) => cell.factors.putsPerCommit);
    this.values = levels((cell) => cell.factors.valueBytes);
  }

  get panelWidth(): number {
    return this.freePages.length * SQUARE.width;
  }

  get width(): number {
    return this.values.length * (this.panelWidth + PANEL_GAP) - PANEL_GAP;
  }

  get height(): number {
    return this.puts.length * SQUARE.height;
  }

  panelX(value: number): number {
    return this.values.indexOf(value) * (this.panelWidth + PANEL_GAP);
  }

  x(value: number, freePages: number): number {
    return this.panelX(value) + this.freePages.indexOf(freePages) * SQUARE.width;
  }

  /** Few puts below, many above. */
  y(puts: number): number {
    return (this.puts.length - 1 - this.puts.indexOf(puts)) * SQUARE.height;
  }

  at(
    value: number,
    freePages: number | undefined,
    puts: number | undefined,
  ): SurfaceCell | undefined {
    return this.cells.find(
      ({ factors }) =>
        factors.valueBytes === value &&
        factors.freePages === freePages &&
        factors.putsPerCommit === puts,
    );
  }
}

function specOf(kind: MapKind, grid: Grid): TopLevelSpec {
  const picture = new Picture();
  drawEmptySquares(picture, grid);
  for (const cell of grid.cells) drawSquare(picture, { kind, grid, cell });
  for (const level of kind.contours) drawContour(picture, { kind, grid, level });
  drawTexts(picture, kind, grid);
  drawLegend(picture, kind);
  const { width, height } = grid;
  return pictureSpec(picture, {
    width,
    height,
    left: LEFT,
    top: TOP,
    right: RIGHT,
    bottom: BOTTOM,
  });
}

/** Not measured: an outline, so that a gap is seen as one. */
function drawEmptySquares(picture: Picture, grid: Grid): void {
  for (const value of grid.values) {
    for (const freePages of grid.freePages) {
      for (const puts of grid.puts) {
        if (grid.at(value, freePages, puts) !== undefined) continue;
        picture.box(grid.x(value, freePages), grid.y(puts), SQUARE, 'paper', 'grid');
      }
    }
  }
}

function drawSquare(
  picture: Picture,
  { kind, grid, cell }: { kind: MapKind; grid: Grid; cell: SurfaceCell },
): void {
  const { valueBytes, freePages, putsPerCommit } = cell.factors;
  const [x, y] = [grid.x(valueBytes, freePages), grid.y(putsPerCommit)];
  const ratio = kind.of(cell);
  const { color } = kind.steps.findLast((step) => ratio >= step.from) ?? { color: 'equal' };
  const [a = '', b = ''] = kind.arms.map((arm) => (100 * (cell.growthShare[arm] ?? 0)).toFixed(0));
  const grows = a !== '0' || b !== '0';
  const [middleX, middleY] = [x + SQUARE.width / 2, y + SQUARE.height / 2];
  picture.box(x, y, SQUARE, color, 'paper');
  picture.word(middleX, grows ? middleY - 6 : middleY, `${formatSignificant(ratio, 2)}x`, 'bold');
  if (grows) picture.word(middleX, middleY + 9, `${a}% | ${b}%`, 'tiny');
}

/** Borders between neighbours on both sides of a level. */
function drawContour(
  picture: Picture,
  { kind, grid, level }: { kind: MapKind; grid: Grid; level: number },
): void {
  const color: Color = level === 1 ? 'ink' : 'published';
  const passes = (a: SurfaceCell, b: SurfaceCell | undefined): boolean =>
    b !== undefined && kind.of(a) >= level !== kind.of(b) >= level;
  for (const cell of grid.cells) {
    const { valueBytes, freePages, putsPerCommit } = cell.factors;
    const [x, y] = [grid.x(valueBytes, freePages), grid.y(putsPerCommit)];
    const morePages = grid.freePages[grid.freePages.indexOf(freePages) + 1];
    const morePuts = grid.puts[grid.puts.indexOf(putsPerCommit) + 1];
    if (passes(cell, grid.at(valueBytes, morePages, putsPerCommit))) {
      picture.rule(x + SQUARE.width, y, { dy: SQUARE.height }, color);
    }
    if (passes(cell, grid.at(valueBytes, freePages, morePuts))) {
      picture.rule(x, y, { dx: SQUARE.width }, color);
    }
  }
}

function drawTexts(picture: Picture, kind: MapKind, grid: Grid): void {
  const middle = grid.width / 2;
  for (const puts of grid.puts) {
    picture.word(-8, grid.y(puts) + SQUARE.height / 2, formatCount(puts), 'right');
  }
  picture.word(-8, -12, 'puts/commit', 'right', 'muted');
  for (const value of grid.values) {
    const title = `values of ${String(value / 1000)} kB`;
    picture.word(grid.panelX(value) + grid.panelWidth / 2, -12, title);
    for (const pages of grid.freePages) {
      const x = grid.x(value, pages) + SQUARE.width / 2;
      picture.word(x, grid.height + 12, shortCount(pages));
    }
  }
  picture.word(middle, grid.height + 32, 'Free pages in the file', 'plain', 'muted');
  const small = `small figures: share of allocated pages that grew the file, ${kind.arms.join(' | ')}`;
  picture.word(middle, grid.height + 49, small, 'tiny', 'muted');
}

/** Colours in one row, lines in the next. */
function drawLegend(picture: Picture, kind: MapKind): void {
  let x = 0;
  for (const { color, title } of kind.steps) {
    picture.box(x, LEGEND_Y - 7, { width: 14, height: 14 }, color, 'muted');
    picture.word(x + 19, LEGEND_Y, title, 'left');
    x += 34 + textWidth(title);
  }
  x = 0;
  for (const level of kind.contours) {
    const title = level === 1 ? '1x: no difference' : `${String(level)}x: as published`;
    picture.rule(x, LEGEND_Y + 21, { dx: 22 }, level === 1 ? 'ink' : 'published');
    picture.word(x + 28, LEGEND_Y + 21, title, 'left');
    x += 46 + textWidth(title);
  }
}

/** 10000 -> '10k', 10000000 -> '10M'. */
function shortCount(value: number): string {
  if (value >= 1e6) return `${String(value / 1e6)}M`;
  return value >= 1e3 ? `${String(value / 1e3)}k` : String(value);
}
