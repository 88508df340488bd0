// Pictures and tables of batch-sweep: for each sync latency a map of throughput and one of put p99 over limit
// and interval, with the default, the proposal and the best setting framed; p99 of default and proposal over
// the sync latency; and the figures themselves. Pure; judges nothing.

import type { ClaimRows, ExperimentRound, HeatPanel, Panel } from '../record/schema.ts';
import { median } from '../stats/quantile.ts';
import {
  bestOf,
  DEFAULT_ARM,
  pointsAt,
  PROPOSAL_ARM,
  settingName,
  type BatchPoint,
} from './batch-points.ts';
import {
  figure,
  levelsOf,
  linesPanel,
  roundsWith,
  type FigureEstimate,
} from './experiment-rounds.ts';

const NAMES: ReadonlyMap<string, string> = new Map([
  [DEFAULT_ARM, 'default: 100 ms, 10,000'],
  [PROPOSAL_ARM, 'proposal: 10 ms, 1,000'],
]);
/** A map needs two levels each way; fewer squares are better read in the table. */
const LEVELS_MIN = 2;

export function batchPanels(rounds: readonly ExperimentRound[], unit: () => number): Panel[] {
  const overLatency = [
    latencyPanel(rounds, 'p99', unit),
    latencyPanel(rounds, 'throughput', unit),
  ].filter((panel) => panel !== undefined);
  const maps = levelsOf(rounds, 'syncDelayMs').flatMap((delay) => {
    const own = roundsWith(gridRounds(rounds), { syncDelayMs: delay });
    const points = pointsAt(own, unit);
    const levels = (of: (point: BatchPoint) => number): number => new Set(points.map(of)).size;
    if (levels((one) => one.limit) < LEVELS_MIN) return [];
    if (levels((one) => one.intervalMs) < LEVELS_MIN) return [];
    const [offered = 0] = levelsOf(own, 'offeredPerSecond');
    return [
      heat(points, { delay, what: 'throughput' }),
      heat(points, { delay, what: 'p99', offered }),
    ];
  });
  return [...overLatency, ...maps];
}

/** Rounds of grids: those of the deciding cell ran in blocks of their own. */
function gridRounds(rounds: readonly ExperimentRound[]): ExperimentRound[] {
  return rounds.filter(({ role }) => role !== 'deciding');
}

/** Default and proposal over the sync latency: as it is by the deciding cell, above that by the grids. */
function latencyPanel(
  rounds: readonly ExperimentRound[],
  what: 'p99' | 'throughput',
  unit: () => number,
): Panel | undefined {
  const own = rounds.filter(
    ({ arm, role, factors }) =>
      NAMES.has(arm) && (role === 'deciding') === (factors['syncDelayMs'] === 0),
  );
  // A line of one point is no line.
  if (levelsOf(own, 'syncDelayMs').length < LEVELS_MIN) return undefined;
  const p99 = what === 'p99';
  return linesPanel(
    own,
    {
      id: `default-and-proposal-${what}`,
      title: p99
        ? 'Put p99 of default and proposal by sync latency; the rate offered is lower on slower disks'
        : 'Throughput of default and proposal by sync latency',
      x: { label: 'Added to each sync', unit: 'ms', scale: 'linear' },
      y: p99
        ? { label: 'Put p99', unit: 'ms', scale: 'log' }
        : { label: 'Throughput', unit: 'puts/s', scale: 'log' },
      factor: 'syncDelayMs',
      metric: p99 ? (round) => figure('putP99Us')(round) / 1e3 : figure('putsPerSecond'),
      nameOf: (arm) => NAMES.get(arm) ?? arm,
    },
    unit,
  );
}

function heat(
  points: readonly BatchPoint[],
  about: { readonly delay: number; readonly what: 'throughput' | 'p99'; readonly offered?: number },
): HeatPanel {
  const { delay, what, offered = 0 } = about;
  const where =
    delay === 0 ? 'syncs as the disk has them' : `${String(delay)} ms added to each sync`;
  const p99 = what === 'p99';
  const load = p99 ? `, ${offered.toLocaleString('en-US')} puts/s offered` : ', closed loop';
  return {
    kind: 'heat',
    id: `${what}-${String(delay)}ms`,
    title: `${p99 ? 'Put p99' : 'Throughput'} over the batch, ${where}${load}`,
    x: { label: 'Batch limit', unit: 'puts', scale: 'log' },
    y: { label: 'Batch interval', unit: 'ms', scale: 'log' },
    color: p99
      ? { label: 'Put p99', unit: 'ms', scale: 'log' }
      : { label: 'Throughput', unit: 'puts/s', scale: 'log' },
    better: p99 ? 'lower' : 'higher',
    cells: points.map(({ intervalMs, limit, putP99Us, putsPerSecond }) => ({
      ...{ x: limit, y: intervalMs },
      ...(p99 ? scaled(putP99Us, 1e-3) : scaled(putsPerSecond, 1)),
    })),
    marks: marksOf(points),
  };
}

function scaled(
  { value, low, high }: FigureEstimate,
  by: number,
): Pick<HeatPanel['cells'][number], 'value' | 'low' | 'high'> {
  return {
    value: value * by,
    low: low === null ? null : low * by,
    high: high === null ? null : high * by,
  };
}

function marksOf(points: readonly BatchPoint[]): HeatPanel['marks'] {
  const known = points.flatMap(({ arm, limit, intervalMs }) => {
    const label = NAMES.get(arm);
    return label === undefined ? [] : [{ x: limit, y: intervalMs, label }];
  });
  const best = bestOf(points);
  if (best === undefined) return known;
  const label = `best: ${settingName(best)} (lowest p99 within 10% of the highest throughput)`;
  return [...known, { x: best.limit, y: best.intervalMs, label }];
}

export function batchRows(rounds: readonly ExperimentRound[]): ClaimRows[] {
  const tables = [
    table(
      'The deciding cell: medians over rounds, syncs as the disk has them',
      rounds.filter(({ role }) => role === 'deciding'),
    ),
    table('The grids: medians over rounds', gridRounds(rounds)),
  ];
  return tables.filter(({ rows }) => rows.length > 0);
}

function table(caption: string, rounds: readonly ExperimentRound[]): ClaimRows {
  const rows = levelsOf(rounds, 'syncDelayMs').flatMap((delay) => {
    const own = roundsWith(rounds, { syncDelayMs: delay });
    const [offered = null] = levelsOf(own, 'offeredPerSecond');
    return settingsOf(own).map(({ arm, intervalMs, limit }) => {
      const mine = own.filter((round) => round.arm === arm);
      const of = (name: string, per = 1): number | null => {
        const middle = median(mine.map(figure(name)));
        return middle === null ? null : middle / per;
      };
      return [
        ...[delay, intervalMs, limit, of('putsPerSecond'), offered],
        ...[of('putP50Us', 1e3), of('putP99Us', 1e3), of('putMaxUs', 1e3)],
        ...[of('commitsPerSecond'), of('commitMs'), of('commitMsMax'), mine.length],
      ];
    });
  });
  return { caption, columns: COLUMNS, rows };
}

const COLUMNS: ClaimRows['columns'] = [
  { title: 'Sync +', unit: 'ms' },
  { title: 'Interval', unit: 'ms' },
  { title: 'Limit', unit: 'puts' },
  { title: 'Closed', unit: 'puts/s' },
  { title: 'Offered', unit: 'puts/s' },
  { title: 'p50', unit: 'ms' },
  { title: 'p99', unit: 'ms' },
  { title: 'Longest', unit: 'ms' },
  { title: 'Commits', unit: '1/s' },
  { title: 'Commit', unit: 'ms' },
  { title: 'at most', unit: 'ms' },
  { title: 'Rounds', unit: '' },
];

interface ArmSetting {
  readonly arm: string;
  readonly intervalMs: number;
  readonly limit: number;
}

function settingsOf(rounds: readonly ExperimentRound[]): ArmSetting[] {
  const seen = new Map<string, ArmSetting>();
  for (const { arm, settings } of rounds) {
    const { batchIntervalMs: intervalMs, batchLimit: limit } = settings;
    if (typeof intervalMs !== 'number' || typeof limit !== 'number') continue;
    seen.set(arm, { arm, intervalMs, limit });
  }
  return [...seen.values()].sort((a, b) => a.intervalMs - b.intervalMs || a.limit - b.limit);
}
