// Pictures and tables of wal-sync: puts a second over writers for each sync latency, beside what one sync a
// put allows; over the size of values; puts that shared a sync; the project's own bar; and the figures
// themselves. Pure; judges nothing.

import type { ClaimRows, ExperimentRound, LinesPanel, Panel } from '../record/schema.ts';
import { median } from '../stats/quantile.ts';
import { figure, levelsOf, linesPanel, roundsWith } from './experiment-rounds.ts';

const VALUE_BYTES = 256;
const WRITERS = 64;
const ARMS: readonly string[] = ['each', 'group', 'none'];
const PUTS_PER_SYNC_BAR = 20;
const RAW_DISK_SHARE_BAR = 0.6;

const PUTS = { label: 'Throughput', unit: 'puts/s', scale: 'log' } as const;
const OVER_WRITERS = { label: 'Concurrent writers', unit: '', scale: 'log' } as const;

export function walPanels(rounds: readonly ExperimentRound[], unit: () => number): Panel[] {
  const small = roundsWith(rounds, { valueBytes: VALUE_BYTES });
  const overWriters = levelsOf(small, 'syncDelayMs').map((syncDelayMs) =>
    writersPanel(roundsWith(small, { syncDelayMs }), syncDelayMs, unit),
  );
  const many = roundsWith(rounds, { writers: WRITERS, syncDelayMs: 0 });
  const overBytes =
    levelsOf(many, 'valueBytes').length < 2
      ? undefined
      : linesPanel(
          many,
          {
            id: 'bytes',
            title: 'Puts by size of the value: 64 writers, syncs as the disk has them',
            x: { label: 'Size of a value', unit: 'B', scale: 'log' },
            y: PUTS,
            factor: 'valueBytes',
            metric: figure('putsPerSecond'),
            nameOf: nameOfArm,
          },
          unit,
        );
  return [...overWriters, overBytes, sharedPanel(small, unit)].filter(
    (panel) => panel !== undefined,
  );
}

function writersPanel(
  own: readonly ExperimentRound[],
  syncDelayMs: number,
  unit: () => number,
): LinesPanel | undefined {
  // One number of writers is no curve.
  if (levelsOf(own, 'writers').length < 2) return undefined;
  const where =
    syncDelayMs === 0
      ? 'syncs as the disk has them'
      : `${String(syncDelayMs)} ms added to each sync`;
  const bound = median(own.map(figure('boundPerSecond')));
  const label = `one put a sync: ${Math.round(bound ?? 0).toLocaleString('en-US')} puts/s`;
  return linesPanel(
    own,
    {
      id: `writers-${String(syncDelayMs)}ms`,
      title: `Puts by concurrent writers of 256 B, ${where}`,
      ...{ x: OVER_WRITERS, y: PUTS, factor: 'writers' },
      metric: figure('putsPerSecond'),
      nameOf: nameOfArm,
      references: bound === null ? [] : [{ y: bound, label }],
    },
    unit,
  );
}

function nameOfArm(arm: string): string {
  return arm === 'none' ? 'none (unsafe)' : arm;
}

/** Puts a sync with group, a line a sync latency. */
function sharedPanel(
  small: readonly ExperimentRound[],
  unit: () => number,
): LinesPanel | undefined {
  const group = small.filter(({ arm }) => arm === 'group');
  const panels = levelsOf(group, 'syncDelayMs').flatMap((syncDelayMs) => {
    const name = syncDelayMs === 0 ? 'as it is' : `+${String(syncDelayMs)} ms`;
    const panel = linesPanel(
      roundsWith(group, { syncDelayMs }),
      {
        id: 'shared',
        title: 'Puts that share a sync of the log with group, by sync latency of the disk',
        x: OVER_WRITERS,
        y: { label: 'Puts a sync', unit: '', scale: 'log' },
        factor: 'writers',
        metric: figure('putsPerSync'),
        nameOf: () => name,
        references: [{ y: PUTS_PER_SYNC_BAR, label: 'bar at 64 writers: 20' }],
      },
      unit,
    );
    return panel === undefined || panel.series.every(({ points }) => points.length < 2)
      ? []
      : [panel];
  });
  const [first] = panels;
  return first === undefined
    ? undefined
    : { ...first, series: panels.flatMap((one) => one.series) };
}

export function walRows(rounds: readonly ExperimentRound[]): ClaimRows[] {
  const tables = [barRows(rounds), figureRows(rounds)];
  return tables.filter((table) => table.rows.length > 0);
}

/** The bar that the engine's log is held to, by the deciding cell; reported, and no part of the rule. */
function barRows(rounds: readonly ExperimentRound[]): ClaimRows {
  const cell = { writers: WRITERS, valueBytes: VALUE_BYTES, syncDelayMs: 0 };
  const own = roundsWith(rounds, cell, 'group');
  const perSync = figure('putsPerSync');
  const share = (round: ExperimentRound): number =>
    figure('putsPerSecond')(round) / (figure('boundPerSecond')(round) * perSync(round));
  const bars = [
    { what: 'puts a sync', value: median(own.map(perSync)), bar: PUTS_PER_SYNC_BAR },
    {
      what: 'puts/s as a part of syncs/s of the raw disk x puts a sync',
      value: median(own.map(share)),
      bar: RAW_DISK_SHARE_BAR,
    },
  ];
  return {
    caption: "The project's own bar for the log: group, 64 writers of 256 B, medians over rounds",
    columns: [
      { title: 'What', unit: '' },
      { title: 'Measured', unit: '' },
      { title: 'At least', unit: '' },
      { title: '', unit: '' },
    ],
    rows: bars.flatMap(({ what, value, bar }) =>
      value === null ? [] : [[what, value, bar, value >= bar ? 'met' : 'missed']],
    ),
  };
}

function figureRows(rounds: readonly ExperimentRound[]): ClaimRows {
  const rows = levelsOf(rounds, 'syncDelayMs').flatMap((syncDelayMs) =>
    levelsOf(roundsWith(rounds, { syncDelayMs }), 'valueBytes').flatMap((valueBytes) =>
      levelsOf(roundsWith(rounds, { syncDelayMs, valueBytes }), 'writers').flatMap((writers) =>
        ARMS.flatMap((arm) => {
          const own = roundsWith(rounds, { syncDelayMs, valueBytes, writers }, arm);
          if (own.length === 0) return [];
          const of = (name: string, per = 1): number | null => {
            const middle = median(own.map(figure(name)));
            return middle === null ? null : middle / per;
          };
          return [
            [
              ...[syncDelayMs, valueBytes, writers, nameOfArm(arm), of('putsPerSecond')],
              ...[of('putP50Us', 1e3), of('putP99Us', 1e3), of('putsPerSync')],
              ...[of('walSyncUs', 1e3), of('diskSyncUs', 1e3), own.length],
            ],
          ];
        }),
      ),
    ),
  );
  return {
    caption: 'All cells: medians over rounds; the sync of the disk was probed in the same rounds',
    columns: [
      { title: 'Sync +', unit: 'ms' },
      { title: 'Value', unit: 'B' },
      { title: 'Writers', unit: '' },
      { title: 'Durability', unit: '' },
      { title: 'Puts', unit: '1/s' },
      { title: 'p50', unit: 'ms' },
      { title: 'p99', unit: 'ms' },
      { title: 'Puts a sync', unit: '' },
      { title: 'Log sync', unit: 'ms' },
      { title: 'Disk sync', unit: 'ms' },
      { title: 'Rounds', unit: '' },
    ],
    rows,
  };
}
