// What a sweep shows: the best cell and which others cannot be told from it, a table of all cells, and pictures: two
// numeric factors make a heat map, one a line for each level of the other, if there is one. Pure. Invariant:
// sentence, table and pictures take the same mean, the geometric one over sessions of the geometric one over slices.

import type { Axis, Panel, Table } from '../record/answer.ts';
import type { LoadRequest } from '../record/run.ts';
import { levelOf } from '../question/contrast.ts';
import type { Cell, Evidence } from '../question/question.ts';
import { heatOverCells, linesOverCells } from '../judge/panels.ts';
import { count, digits, list } from '../judge/words.ts';
import { axis, described, plain, tableOf, type Column, type Described } from './cell-figures.ts';
import { workloadOf } from './load-cell.ts';
import type { LoadWording } from './load-lanes.ts';

interface Figure {
  readonly figure: string;
  readonly label: string;
  readonly unit: string;
  readonly better: 'higher' | 'lower';
}

const RATE: Figure = {
  ...{ figure: 'operationsPerSecond', label: 'operations/s', unit: '/s', better: 'higher' },
};
/** In an open loop every cell that keeps up has the rate it was offered. */
const P99: Figure = {
  figure: 'p99Us',
  label: 'p99 of all operations',
  unit: 'us',
  better: 'lower',
};

type Level = LoadRequest['levels'][number];

/** A cell with its figures, those that were measured. */
interface Measured {
  readonly cell: Cell;
  readonly figures: ReadonlyMap<string, Described>;
}

export function sweepWording(
  evidence: Evidence,
  request: LoadRequest,
  cells: readonly Cell[],
): LoadWording {
  const figures = figuresOf(cells);
  const measured = cells.flatMap((cell): Measured[] => {
    const own = measuredFigures(evidence, cell, figures);
    return own.size === 0 ? [] : [{ cell, figures: own }];
  });
  const ranking = request.factors['loop'] === 'open' ? P99 : RATE;
  const ranked = rankedBy(measured, ranking);
  return {
    finding: findingOf(request, ranked, ranking),
    panels: panelsOf(evidence, request, figures),
    tables: tablesOf(request, ranked, figures),
  };
}

/** Operations a second, p99 of all and of each lane. */
function figuresOf(cells: readonly Cell[]): Figure[] {
  const lanes = new Set(cells.flatMap(({ factors }) => workloadOf(factors).lanes));
  const latencies = [...lanes].map((lane): Figure => ({
    ...{ figure: `${lane}P99Us`, label: `p99 of ${lane}`, unit: 'us', better: 'lower' },
  }));
  return [RATE, P99, ...latencies];
}

function measuredFigures(
  evidence: Evidence,
  { id: cell, arms }: Cell,
  figures: readonly Figure[],
): ReadonlyMap<string, Described> {
  const [arm] = arms;
  if (arm === undefined) return new Map();
  return new Map(
    figures.flatMap(({ figure, label: words, unit }): [string, Described][] => {
      const level = levelOf({ id: figure, words, cell, figure, arm: arm.name, unit });
      const found = described(evidence, level);
      return found === undefined ? [] : [[figure, found]];
    }),
  );
}

/** Best first; cells without the figure last. */
function rankedBy(measured: readonly Measured[], { figure, better }: Figure): Measured[] {
  const sign = better === 'higher' ? -1 : 1;
  const rank = ({ figures }: Measured): number => {
    const value = figures.get(figure)?.value;
    return value === undefined ? Number.POSITIVE_INFINITY : sign * value;
  };
  return [...measured].sort((a, b) => rank(a) - rank(b) || 0);
}

function findingOf(
  { workload }: LoadRequest,
  ranked: readonly Measured[],
  { figure, label, unit, better }: Figure,
): string {
  const known = ranked.flatMap(({ cell, figures }) => {
    const found = figures.get(figure);
    return found === undefined ? [] : [{ cell, found }];
  });
  const [best, ...others] = known;
  const worst = others.at(-1);
  if (best === undefined) return 'Nothing was measured.';
  const text = ({ cell, found }: (typeof known)[number]): string =>
    `${cell.title} (${digits(found.value)}${unit === 'us' ? ' us' : ''})`;
  if (worst === undefined)
    return `${workload}: ${label} at ${text(best)}; no other cell was measured.`;
  const [most, least] = better === 'higher' ? ['most', 'fewest'] : ['lowest', 'highest'];
  const close = others.filter(({ found }) => !isApart(best.found, found));
  const told =
    close.length === 0
      ? 'every other cell is told from it by its interval'
      : `${list(close.slice(0, CLOSE_SHOWN_MAX).map(({ cell }) => cell.title))}${
          close.length > CLOSE_SHOWN_MAX ? ` and ${count(close.length - CLOSE_SHOWN_MAX)} more` : ''
        } cannot be told from it`;
  return (
    `${workload}: ${most} ${label} at ${text(best)}, ${least} at ${text(worst)}, of ${count(known.length)} ` +
    `cells; ${told}. The best of many is also the luckiest: compare it with your own setting by kvtune ab.`
  );
}

const CLOSE_SHOWN_MAX = 4;

/** Whether two intervals leave nothing in common; without intervals nothing is told apart. */
function isApart(one: Described, other: Described): boolean {
  if (one.low === null || one.high === null || other.low === null || other.high === null) {
    return false;
  }
  return one.low > other.high || one.high < other.low;
}

function tablesOf(
  { levels }: LoadRequest,
  ranked: readonly Measured[],
  figures: readonly Figure[],
): Table[] {
  const shown = figures.filter(({ figure }) => ranked.some((one) => one.figures.has(figure)));
  const sessionsOf = ({ figures: own }: Measured): number =>
    Math.max(...[...own.values()].map(({ sessions }) => sessions));
  return tableOf('Every cell, the best first: geometric means over sessions', ranked, [
    ...levels.map(({ name }): Column<Measured> => ({
      ...{ title: name, of: ({ cell }) => plain(cell.factors[name]) },
    })),
    ...shown.map(({ figure, label, unit }): Column<Measured> => ({
      ...{ title: label, unit, of: (one) => one.figures.get(figure)?.value ?? null },
    })),
    { title: 'Sessions', of: sessionsOf },
  ]);
}

function panelsOf(
  evidence: Evidence,
  { levels }: LoadRequest,
  figures: readonly Figure[],
): Panel[] {
  const [x, second] = levels.filter((one) =>
    one.levels.every((level) => typeof level === 'number'),
  );
  if (x === undefined || levels.length > 2) return [];
  const other = levels.find((level) => level !== x);
  return figures.flatMap(({ figure, label, unit, better }): Panel[] => {
    const about = { id: figure, figure, x: axisOf(x) };
    const panel =
      second === undefined
        ? linesOverCells(evidence, {
            ...{ ...about, factor: x.name, title: `${label} by ${x.name}` },
            y: axis(label, unit),
            lineOf: (_, { factors }) =>
              other === undefined ? label : `${other.name} ${String(factors[other.name])}`,
          })
        : heatOverCells(evidence, {
            ...{ ...about, better, title: `${label} by ${x.name} and ${second.name}` },
            ...{ y: axisOf(second), factors: { x: x.name, y: second.name } },
            color: axis(label, unit),
          });
    return panel === undefined ? [] : [panel];
  });
}

function axisOf({ name, levels }: Level): Axis {
  const numbers = levels.map(Number);
  const isWide =
    numbers.every((level) => level > 0) && Math.max(...numbers) >= 8 * Math.min(...numbers);
  return axis(name, '', isWide ? 'log' : 'linear');
}
