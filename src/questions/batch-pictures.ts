// Pictures, tables and limits of batch-sweep: for each sync latency a map of throughput and one of put p99 over
// limit and interval, with default, proposal and best setting marked; both over the sync latency; and the
// figures. The best is picked by one rule fixed beforehand: of the settings within 10% of the highest throughput
// the one with the lowest put p99. Picked from many, it is a hint and no finding. Pure; judges nothing.

import type { HeatPanel, LinesPanel, Panel, Table } from '../record/answer.ts';
import type { Cell } from '../question/question.ts';
import { count } from '../judge/words.ts';
import {
  armPoints,
  armTable,
  axis,
  levelIn,
  linesOf,
  scaled,
  type Described,
  type MetricColumn,
} from './cell-figures.ts';
import { addedWords, msWords, type Told } from './claim-question.ts';

export const DEFAULT_ARM = 'default';
export const PROPOSAL_ARM = 'proposal';
const NAMES: ReadonlyMap<string, string> = new Map([
  [DEFAULT_ARM, 'default: 100 ms, 10,000'],
  [PROPOSAL_ARM, 'proposal: 10 ms, 1,000'],
]);
const nameOf = (arm: string): string => NAMES.get(arm) ?? arm;

const THROUGHPUT = 'putsPerSecond';
const P99_MS = scaled('putP99Us', 1e-3);
const THROUGHPUT_AXIS = axis('Throughput', 'puts/s');
const P99_AXIS = axis('Put p99', 'ms');
const THROUGHPUT_SHARE_MIN = 0.9;
/** A map needs two levels each way, a line two points. */
const LEVELS_MIN = 2;

/** A setting with what was measured under it. */
interface Point {
  readonly arm: string;
  readonly intervalMs: number;
  readonly limit: number;
  readonly throughput: Described;
  readonly p99Ms: Described;
}

type Cells = readonly Cell[];

const isLoop =
  (loop: string) =>
  ({ factors }: Cell): boolean =>
    factors['loop'] === loop;

/** Sync latencies with a grid, and their cells: those of the verdict ran in sessions of their own. */
function gridsOf(cells: Cells): [delay: number, cells: Cells][] {
  const grids = cells.filter(({ role }) => role !== 'deciding');
  const delays = new Set(grids.map(({ factors }) => Number(factors['syncDelayMs'])));
  return [...delays].map((delay) => [
    delay,
    grids.filter(({ factors }) => factors['syncDelayMs'] === delay),
  ]);
}

/** Settings that were measured in both loops. */
function pointsOf(told: Told, cells: Cells): Point[] {
  const open = cells.filter(isLoop('open'));
  return cells.filter(isLoop('closed')).flatMap((closed) =>
    closed.arms.flatMap(({ name: arm, settings }): Point[] => {
      const other = open.find(({ arms }) => arms.some(({ name }) => name === arm));
      const throughput = levelIn(told, closed.id, arm, THROUGHPUT);
      const p99Ms = other && levelIn(told, other.id, arm, P99_MS);
      if (throughput === undefined || p99Ms === undefined) return [];
      const { batchIntervalMs, batchLimit } = settings;
      const at = { intervalMs: Number(batchIntervalMs), limit: Number(batchLimit) };
      return [{ arm, ...at, throughput, p99Ms }];
    }),
  );
}

function bestOf(points: readonly Point[]): Point | undefined {
  const highest = Math.max(...points.map(({ throughput }) => throughput.value));
  const fast = points.filter(
    ({ throughput }) => throughput.value >= THROUGHPUT_SHARE_MIN * highest,
  );
  return fast.sort((a, b) => a.p99Ms.value - b.p99Ms.value)[0];
}

const settingText = ({ intervalMs, limit }: Point): string =>
  `${count(intervalMs)} ms, ${count(limit)}`;

export function batchLimits(told: Told): string[] {
  return gridsOf(told.cells).flatMap(([delay, own]) => {
    const points = pointsOf(told, own);
    const best = bestOf(points);
    if (best === undefined) return [];
    const [usual, proposed] = [DEFAULT_ARM, PROPOSAL_ARM].map((arm) =>
      points.find((point) => point.arm === arm),
    );
    const both =
      usual === undefined || proposed === undefined
        ? ''
        : `put p99 is ${msWords(usual.p99Ms.value)} with the default and ` +
          `${msWords(proposed.p99Ms.value)} with the proposal, at ${count(usual.throughput.value)} and ` +
          `${count(proposed.throughput.value)} puts/s of capacity; `;
    return [
      `With ${addedWords(delay)}: ${both}of ${String(points.length)} settings ${settingText(best)} has the ` +
        `lowest p99 (${msWords(best.p99Ms.value)}) among those within 10% of the highest throughput.`,
    ];
  });
}

export function batchPanels(told: Told): (Panel | undefined)[] {
  const maps = gridsOf(told.cells).flatMap(([delay, own]) => {
    const points = pointsOf(told, own);
    const levels = (of: (point: Point) => number): number => new Set(points.map(of)).size;
    if (levels(({ limit }) => limit) < LEVELS_MIN) return [];
    if (levels(({ intervalMs }) => intervalMs) < LEVELS_MIN) return [];
    const offered = Number(own.find(isLoop('open'))?.factors['ratePerSecond']);
    return [heat(points, delay), heat(points, delay, offered)];
  });
  return [latencyPanel(told, 'open'), latencyPanel(told, 'closed'), ...maps];
}

/** Default and proposal over the sync latency: as it is by the deciding cells, above that by the grids. */
function latencyPanel(told: Told, loop: 'open' | 'closed'): LinesPanel | undefined {
  const isOpen = loop === 'open';
  const own = told.cells
    .filter(isLoop(loop))
    .filter(({ role, factors }) => (role === 'deciding') === (factors['syncDelayMs'] === 0))
    .map((cell) => ({ ...cell, arms: cell.arms.filter(({ name }) => NAMES.has(name)) }));
  const about = {
    id: `default-and-proposal-${isOpen ? 'p99' : 'throughput'}`,
    title: isOpen
      ? 'Put p99 of default and proposal by sync latency; the rate offered is lower on slower disks'
      : 'Throughput of default and proposal by sync latency',
    ...{ x: axis('Added to each sync', 'ms', 'linear'), y: isOpen ? P99_AXIS : THROUGHPUT_AXIS },
    pointsMin: LEVELS_MIN,
  };
  return linesOf(told, about, armPoints(own, 'syncDelayMs', isOpen ? P99_MS : THROUGHPUT, nameOf));
}

/** Put p99 where a rate was offered, else throughput. */
function heat(points: readonly Point[], delay: number, offered?: number): HeatPanel {
  const isOpen = offered !== undefined;
  const load = isOpen ? `${count(offered)} puts/s offered` : 'closed loop';
  return {
    kind: 'heat',
    id: `${isOpen ? 'p99' : 'throughput'}-${String(delay)}ms`,
    title: `${isOpen ? 'Put p99' : 'Throughput'} over the batch, ${addedWords(delay)}, ${load}`,
    x: axis('Batch limit', 'puts'),
    y: axis('Batch interval', 'ms'),
    color: isOpen ? P99_AXIS : THROUGHPUT_AXIS,
    better: isOpen ? 'lower' : 'higher',
    cells: points.map(({ intervalMs, limit, p99Ms, throughput }) => {
      const { value, low, high } = isOpen ? p99Ms : throughput;
      return { x: limit, y: intervalMs, value, low, high };
    }),
    marks: marksOf(points),
  };
}

function marksOf(points: readonly Point[]): HeatPanel['marks'] {
  const known = points.flatMap(({ arm, limit, intervalMs }) => {
    const label = NAMES.get(arm);
    return label === undefined ? [] : [{ x: limit, y: intervalMs, label }];
  });
  const best = bestOf(points);
  if (best === undefined) return known;
  const label = `best: ${settingText(best)} (lowest p99 within 10% of the highest throughput)`;
  return [...known, { x: best.limit, y: best.intervalMs, label }];
}

export function batchTables({ rounds, cells }: Told): Table[] {
  const delay = { title: 'Sync +', unit: 'ms', factor: 'syncDelayMs' };
  const commits: MetricColumn[] = [
    { title: 'Commits', unit: '1/s', metric: 'commitsPerSecond' },
    { title: 'Commit', unit: 'ms', metric: 'commitMs' },
  ];
  return [
    ...armTable(rounds, {
      caption: 'Closed loop of 64 clients: medians over slices',
      ...{ cells: cells.filter(isLoop('closed')), factors: [delay] },
      ...{ armTitle: 'Interval, limit', nameOf },
      metrics: [{ title: 'Throughput', unit: 'puts/s', metric: THROUGHPUT }, ...commits],
    }),
    ...armTable(rounds, {
      caption: 'Open loop, latency from the intended start: medians over slices',
      cells: cells.filter(isLoop('open')),
      factors: [delay, { title: 'Offered', unit: 'puts/s', factor: 'ratePerSecond' }],
      ...{ armTitle: 'Interval, limit', nameOf },
      metrics: [
        { title: 'p50', unit: 'ms', metric: scaled('putP50Us', 1e-3) },
        { title: 'p99', unit: 'ms', metric: P99_MS },
        { title: 'Longest', unit: 'ms', metric: scaled('putMaxUs', 1e-3) },
        ...commits,
      ],
    }),
  ];
}
