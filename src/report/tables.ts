// The tables of a report as plain cells: what stands in which column, in which unit, on which side.
// Invariant: every cell is text for a person; figures are formatted here and nowhere later, and a column
// of figures is aligned right. Long tables are cut at a stated length and say so in their caption.

import type {
  Arm,
  Cell,
  Claim,
  ClaimRows,
  CurvePoint,
  ExperimentRound,
  PlannedCell,
  Run,
  Sample,
  Scalar,
  SurfaceSummary,
} from '../record/schema.ts';
import {
  formatBytes,
  formatCount,
  formatEstimate,
  formatInterval,
  formatScalar,
  formatShare,
  formatSignificant,
  formatValue,
  isFigure,
  NOT_MEASURED,
  withUnit,
  type Figure,
} from './format.ts';

export interface Column {
  readonly title: string;
  readonly align: 'left' | 'right';
}

export interface Table {
  readonly caption: string;
  readonly columns: readonly Column[];
  readonly rows: readonly (readonly string[])[];
}

interface Field<Row> extends Column {
  readonly text: (row: Row) => string;
}

const ROWS_MAX = 500;
/** Claims judged by two one-sided tests. */
const EQUIVALENCE_CLAIMS: ReadonlySet<string> = new Set(['capacity-50x']);
const ROLE_WORDS: Readonly<Record<Cell['role'], string>> = {
  main: 'main',
  'worst-case': 'worst case',
  'small-values': 'small values',
};

export function curveTable(claim: Claim, run: Run): Table {
  const rows = [...claim.curve].sort(
    (a, b) => rank(a) - rank(b) || a.dbBytes - b.dbBytes || a.series.localeCompare(b.series),
  );
  const fields: Field<CurvePoint>[] = [
    left('Cell', (point) => cellName(run, point.cell)),
    left('Role', (point) => ROLE_WORDS[point.role]),
    left('Series', (point) => point.series),
    right('Size', (point) => formatBytes(point.dbBytes)),
    right('Free pages', (point) => formatCount(point.freePages)),
    right('Ratio', (point) => withUnit(formatValue(point), 'x')),
    right(`${intervalLevel(claim)} interval`, (point) => formatInterval(point) || 'none'),
    right('Rounds', (point) => formatCount(point.rounds)),
  ];
  return tableOf('The curve in figures', fields, rows);
}

export function surfaceTable({ cells }: SurfaceSummary): Table {
  type Row = SurfaceSummary['cells'][number];
  const arms = ['array', 'hashmap', 'bitmap'];
  const each = (of: (arm: string) => string): string => arms.map(of).join(' / ');
  const ratio = ({ value, low, high }: Row['hashmapGain']): string =>
    low === null || high === null
      ? withUnit(formatSignificant(value, 2), 'x')
      : formatEstimate({ value, low, high }, 'x');
  const fields: Field<Row>[] = [
    left('Recipe', ({ factors }) => factors.recipe + (factors.syncFreelist ? ', stored' : '')),
    right('Free pages', (row) => formatCount(row.freePages)),
    right('Puts a commit', ({ factors }) => formatCount(factors.putsPerCommit)),
    right('Value', ({ factors }) => formatBytes(factors.valueBytes)),
    right('Blocks', (row) => formatCount(row.blocks)),
    right('array / hashmap', (row) => ratio(row.hashmapGain)),
    right('better / bitmap', (row) => ratio(row.bitmapGain)),
    right('Seconds', (row) => each((arm) => three(row.completionSeconds[arm] ?? 0))),
    right('Growth, % of pages', (row) => each((arm) => percent(row.growthShare[arm]))),
    right('Writes a commit', (row) => each((arm) => three(row.writesPerCommit[arm] ?? 0))),
    right('Freelist memory', (row) => each((arm) => formatBytes(row.freelistBytes[arm]))),
  ];
  return tableOf('Every cell of the surface: array / hashmap / bitmap', fields, cells);
}

function percent(share: number | undefined): string {
  return ((share ?? 0) * 100).toFixed(0);
}

/** Every arm: the job, its parts, its work. Three tables, because one of eighteen columns reads like none. */
export function armTables(claim: Claim, run: Run): Table[] {
  const name: Field<Arm>[] = [
    left('Cell', (arm) => cellName(run, arm.cell)),
    left('Arm', (arm) => arm.name),
  ];
  const job: Field<Arm>[] = [
    ...name,
    right('Rounds', (arm) => formatCount(arm.rounds)),
    right('Completion, s', (arm) => three(arm.completionSeconds)),
    right('Puts/s', (arm) => three(arm.putsPerSecond)),
    right('Commit median, ms', (arm) => three(arm.commitMsMedian)),
    right('Commit p90, ms', (arm) => three(arm.commitMsP90)),
    right('Commits, n', (arm) => formatCount(arm.commits)),
  ];
  const parts: Field<Arm>[] = [
    ...name,
    right('Put, s', (arm) => three(arm.phases.put)),
    right('Spill, s', (arm) => three(arm.phases.spill)),
    right('Freelist, s', (arm) => three(arm.phases.freelist)),
    right('Release, s', (arm) => three(arm.phases.release)),
    right('Write, s', (arm) => three(arm.phases.write)),
    right('Sync, s', (arm) => three(arm.phases.sync)),
  ];
  const work: Field<Arm>[] = [
    ...name,
    right('Written', (arm) => formatBytes(arm.bytesWritten)),
    right('Pages written', (arm) => formatCount(arm.pagesWritten)),
    right('File growth', (arm) => formatBytes(arm.fileGrowthBytes)),
    right('Freelist memory', (arm) => formatBytes(arm.freelistBytes)),
    right('Probes an allocation', (arm) => three(arm.probesPerAllocation)),
    right('Multi-page allocations that found a run', (arm) => formatShare(arm.runFoundShare)),
  ];
  return [
    tableOf('The job: medians over rounds', job, claim.arms),
    tableOf('Seconds of the job in each part: medians over rounds', parts, claim.arms),
    tableOf('Work: medians over rounds', work, claim.arms),
  ];
}

export function cellTable(run: Run, samples: readonly Sample[]): Table {
  const first = new Map<string, Sample>();
  for (const sample of samples) if (!first.has(sample.cell)) first.set(sample.cell, sample);
  const state = (cell: Cell): Sample['state'] | undefined => first.get(cell.id)?.state;
  const fields: Field<Cell>[] = [
    left('Cell', (cell) => cell.title),
    left('Role', (cell) => ROLE_WORDS[cell.role]),
    left('Recipe', (cell) => cell.recipe),
    right('Size', (cell) => formatBytes(cell.dbBytes)),
    right('On disk', (cell) => formatBytes(state(cell)?.allocatedBytes)),
    right('Free pages', (cell) => formatCount(cell.freePages)),
    right('Free spans', (cell) => formatCount(cell.freeSpans)),
    right('Value', (cell) => formatBytes(cell.valueBytes)),
    right('Puts a commit', (cell) => formatCount(cell.putsPerCommit)),
    right('Commits (warm-up)', (cell) => commitsOf(cell)),
    right('Rounds', (cell) => formatCount(samples.filter(({ cell: id }) => id === cell.id).length)),
  ];
  return tableOf('Cells: the files, and the job on each', fields, run.cells);
}

/** Settings as read back, a row for each combination that ran. */
export function settingsTable(
  claims: readonly Claim[],
  experiments: readonly ExperimentRound[],
): Table {
  const seen = new Map<string, { name: string; settings: string }>();
  const ran = [
    ...claims.flatMap((claim) => claim.arms),
    ...experiments.map(({ claim, arm, settings }) => ({ name: `${claim}: ${arm}`, settings })),
  ];
  for (const { name, settings } of ran) {
    const text = Object.entries(settings)
      .sort(([a], [b]) => a.localeCompare(b))
      .map(([key, value]) => `${key}=${settingText(value)}`)
      .join(', ');
    seen.set(JSON.stringify([name, text]), { name, settings: text });
  }
  const fields: Field<{ name: string; settings: string }>[] = [
    left('Arm', (row) => row.name),
    left('Settings', (row) => row.settings),
  ];
  return tableOf('Settings read back from what was measured', fields, [...seen.values()]);
}

/** The tables that a claim brings along; units stand in the heads. */
export function claimRowsTable({ caption, columns, rows }: ClaimRows): Table {
  const figures = columns.map((_, index) => rows.some((row) => typeof row[index] === 'number'));
  return {
    caption,
    columns: columns.map(({ title, unit }, index) => ({
      title: unit === '' ? title : `${title}, ${unit}`,
      align: figures[index] === true ? 'right' : 'left',
    })),
    rows: rows.slice(0, ROWS_MAX).map((row) => row.map((cell) => formatScalar(cell))),
  };
}

export function experimentCellTable(run: Run, experiments: readonly ExperimentRound[]): Table {
  const blocks = ({ claim, cell }: PlannedCell): number =>
    new Set(
      experiments.filter((one) => one.claim === claim && one.cell === cell).map((one) => one.block),
    ).size;
  const fields: Field<PlannedCell>[] = [
    left('Claim', (cell) => cell.claim),
    left('Cell', (cell) => cell.title),
    left('Role', (cell) => cell.role),
    left('Factors', (cell) => namedFigures(cell.factors)),
    left('Arms', (cell) => cell.arms.join(', ')),
    right('Blocks', (cell) => formatCount(blocks(cell))),
    right('at least', (cell) => formatCount(cell.blocksMin)),
  ];
  return tableOf('Cells of experiments', fields, run.experiments ?? []);
}

export function experimentRoundTable(experiments: readonly ExperimentRound[]): Table {
  const fields: Field<ExperimentRound>[] = [
    left('Claim', (round) => round.claim),
    left('Cell', (round) => round.cell),
    right('Block', (round) => formatCount(round.block)),
    right('Place', (round) => formatCount(round.position)),
    left('Arm', (round) => round.arm),
    left('Figures', (round) => namedFigures(round.figures)),
    right('Round, s', (round) => three(round.seconds)),
    right('Resident', (round) => formatBytes(round.resources.rssBytesMax)),
  ];
  return tableOf('Every round of an experiment, in the order it ran', fields, experiments);
}

function namedFigures(figures: Readonly<Record<string, Scalar>>): string {
  return Object.entries(figures)
    .map(([name, value]) => `${name} ${formatScalar(value)}`)
    .join(', ');
}

export function roundTable(run: Run, samples: readonly Sample[]): Table {
  const fields: Field<Sample>[] = [
    left('Cell', (sample) => cellName(run, sample.cell)),
    right('Block', (sample) => formatCount(sample.block)),
    right('Place', (sample) => formatCount(sample.position)),
    left('Arm', (sample) => sample.arm),
    left('Purpose', (sample) => purposeOf(run, sample)),
    right('Completion, s', (sample) => three(sample.completionSeconds)),
    right('Commit median, ms', (sample) => three(milliseconds(sample.commitNs.median))),
    right('p90, ms', (sample) => three(milliseconds(sample.commitNs.p90))),
    right('Max, ms', (sample) => three(milliseconds(sample.commitNs.max))),
    right('Resident', (sample) => formatBytes(sample.resources.rssBytesMax)),
    right('CPU, s', (sample) => three(cpuSeconds(sample))),
  ];
  return tableOf('Every round, in the order it ran', fields, samples);
}

/** The confidence of a claim's intervals. Equivalence at alpha rests on the interval of 1 - 2 alpha. */
export function intervalLevel({ id, alpha }: Claim): string {
  if (!isFigure(alpha)) return 'unnamed';
  return formatShare(1 - (EQUIVALENCE_CLAIMS.has(id) ? 2 : 1) * alpha);
}

/** A cell's title where the plan names it, else its id. */
function cellName(run: Run, id: string): string {
  return run.cells.find((cell) => cell.id === id)?.title ?? id;
}

function tableOf<Row>(caption: string, fields: readonly Field<Row>[], all: readonly Row[]): Table {
  const rows = all.slice(0, ROWS_MAX).map((row) => fields.map((field) => field.text(row)));
  const more = all.length - rows.length;
  return {
    caption: more > 0 ? `${caption} (${formatCount(more)} more rows are not shown)` : caption,
    columns: fields.map(({ title, align }) => ({ title, align })),
    rows,
  };
}

function left<Row>(title: string, text: (row: Row) => string): Field<Row> {
  return { title, align: 'left', text };
}

function right<Row>(title: string, text: (row: Row) => string): Field<Row> {
  return { title, align: 'right', text };
}

function rank({ role }: CurvePoint): number {
  return role === 'main' ? 0 : 1;
}

function three(figure: Figure): string {
  return formatSignificant(figure, 3);
}

// null stays null: divided, it would read as a measured zero.
function milliseconds(nanoseconds: Figure): Figure {
  return typeof nanoseconds === 'number' ? nanoseconds / 1e6 : nanoseconds;
}

function cpuSeconds({ resources: { userSeconds, systemSeconds } }: Sample): Figure {
  return isFigure(userSeconds) && isFigure(systemSeconds) ? userSeconds + systemSeconds : undefined;
}

function settingText(value: Arm['settings'][string] | null): string {
  if (typeof value === 'number' || value === null)
    return isFigure(value) ? String(value) : NOT_MEASURED;
  return String(value);
}

function purposeOf(run: Run, { purpose, beside }: Sample): string {
  return beside === undefined ? purpose : `${purpose} beside ${cellName(run, beside)}`;
}

function commitsOf(cell: Cell): string {
  return `${formatCount(cell.commits)} (${formatCount(cell.warmUpCommits)})`;
}
