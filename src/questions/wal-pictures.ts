// Pictures and tables of wal-sync: puts a second over writers for each sync latency, beside what one sync a put
// allows; over the size of values; puts that shared a sync; the project's own bar; and the figures. Pure; judges
// nothing.

import type { Axis, LinesPanel, Panel, Table } from '../record/answer.ts';
import type { Round } from '../record/round.ts';
import type { Cell, Evidence } from '../question/question.ts';
import { count } from '../judge/words.ts';
import { armLines, armTable, levelWith, linesOf, medianOf, scaled } from './cell-figures.ts';
import { slicesOf } from './claim-question.ts';

const VALUE_BYTES = 256;
const WRITERS = 64;
const PUTS_PER_SYNC_BAR = 20;
const RAW_DISK_SHARE_BAR = 0.6;

const PUTS_PER_SECOND = 'putsPerSecond';
const PUTS: Axis = { label: 'Throughput', unit: 'puts/s', scale: 'log' };
const OVER_WRITERS: Axis = { label: 'Concurrent writers', unit: '', scale: 'log' };

/** Puts a second as a part of what one sync a put allows, by the probe before the slice. */
export function ofBound({ figures }: Round): number | undefined {
  const { [PUTS_PER_SECOND]: puts, boundPerSecond: bound } = figures;
  return puts === undefined || bound === undefined ? undefined : puts / bound;
}

type Cells = readonly Cell[];

const isAt =
  (levels: Readonly<Record<string, number>>) =>
  ({ factors }: Cell): boolean =>
    Object.entries(levels).every(([name, level]) => factors[name] === level);

const nameOf = (arm: string): string => (arm === 'none' ? 'none (unsafe)' : arm);

export function walPanels(evidence: Evidence, cells: Cells): Panel[] {
  const small = cells.filter(isAt({ valueBytes: VALUE_BYTES }));
  const delays = [...new Set(small.map(({ factors }) => Number(factors['syncDelayMs'])))].sort(
    (a, b) => a - b,
  );
  const bySize = linesOf(evidence, {
    ...{ id: 'bytes', title: 'Puts by size of the value: 64 writers, syncs as the disk has them' },
    ...{ x: { label: 'Size of a value', unit: 'B', scale: 'log' }, y: PUTS, factor: 'valueBytes' },
    lines: armLines(
      cells.filter(isAt({ clients: WRITERS, syncDelayMs: 0 })),
      PUTS_PER_SECOND,
      nameOf,
    ),
    pointsMin: 2,
  });
  const shared = linesOf(evidence, {
    ...{ id: 'shared', title: 'Puts that share a sync of the log with group, by sync latency' },
    ...{ x: OVER_WRITERS, y: { label: 'Puts a sync', unit: '', scale: 'log' }, factor: 'clients' },
    lines: delays.map((syncDelayMs) => ({
      name: syncDelayMs === 0 ? 'as it is' : `+${String(syncDelayMs)} ms`,
      cells: small.filter(isAt({ syncDelayMs })),
      of: ({ id }) => levelWith({ cell: id, arm: 'group', metric: 'putsPerSync' }),
    })),
    references: [{ y: PUTS_PER_SYNC_BAR, label: 'bar at 64 writers: 20' }],
    pointsMin: 2,
  });
  return [
    ...delays.map((delay) =>
      writersPanel(evidence, small.filter(isAt({ syncDelayMs: delay })), delay),
    ),
    ...[bySize, shared],
  ].filter((panel) => panel !== undefined);
}

function writersPanel(evidence: Evidence, cells: Cells, delay: number): LinesPanel | undefined {
  const where =
    delay === 0 ? 'syncs as the disk has them' : `${String(delay)} ms added to each sync`;
  const slices = cells.flatMap(({ id }) => slicesOf(evidence.rounds, id));
  const bound = medianOf(slices, 'boundPerSecond');
  return linesOf(evidence, {
    id: `writers-${String(delay)}ms`,
    title: `Puts by concurrent writers of 256 B, ${where}`,
    ...{ x: OVER_WRITERS, y: PUTS, factor: 'clients' },
    lines: armLines(cells, PUTS_PER_SECOND, nameOf),
    references:
      bound === null ? [] : [{ y: bound, label: `one put a sync: ${count(bound)} puts/s` }],
    pointsMin: 2,
  });
}

export function walTables({ rounds }: Evidence, cells: Cells): Table[] {
  return [
    ...barTable(rounds, cells),
    ...armTable(rounds, {
      caption: 'All cells: medians over slices; the sync of the disk was probed before each slice',
      cells,
      factors: [
        { title: 'Sync +', unit: 'ms', factor: 'syncDelayMs' },
        { title: 'Value', unit: 'B', factor: 'valueBytes' },
        { title: 'Writers', factor: 'clients' },
      ],
      ...{ armTitle: 'Durability', nameOf },
      metrics: [
        { title: 'Puts', unit: '1/s', metric: PUTS_PER_SECOND },
        { title: 'p50', unit: 'ms', metric: scaled('putP50Us', 1e-3) },
        { title: 'p99', unit: 'ms', metric: scaled('putP99Us', 1e-3) },
        { title: 'Puts a sync', metric: 'putsPerSync' },
        { title: 'Log sync', unit: 'ms', metric: scaled('walSyncUs', 1e-3) },
        { title: 'Disk sync', unit: 'ms', metric: scaled('diskSyncUs', 1e-3) },
      ],
    }),
  ];
}

/** The bar that the engine's log is held to, by the deciding cell; reported, and no part of the rule. */
function barTable(rounds: readonly Round[], cells: Cells): Table[] {
  const cell = cells.find(
    ({ role, factors }) => role === 'deciding' && factors['syncDelayMs'] === 0,
  );
  const own = cell === undefined ? [] : slicesOf(rounds, cell.id, 'group');
  const bars = [
    { what: 'puts a sync', metric: 'putsPerSync', bar: PUTS_PER_SYNC_BAR },
    {
      what: 'puts/s as a part of syncs/s of the raw disk x puts a sync',
      metric: (round: Round) => {
        const [puts, shared] = [ofBound(round), round.figures['putsPerSync']];
        return puts === undefined || shared === undefined ? undefined : puts / shared;
      },
      bar: RAW_DISK_SHARE_BAR,
    },
  ];
  const rows = bars.flatMap(({ what, metric, bar }): Table['rows'] => {
    const value = medianOf(own, metric);
    return value === null ? [] : [[what, value, bar, value >= bar ? 'met' : 'missed']];
  });
  const caption =
    "The project's own bar for the log: group, 64 writers of 256 B, medians over slices";
  const columns = ['What', 'Measured', 'At least', ''].map((title) => ({ title, unit: '' }));
  return rows.length === 0 ? [] : [{ caption, columns, rows }];
}
