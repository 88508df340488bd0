// The tables of a report as plain cells: what stands in which column, in which unit, on which side.
// Invariant: every cell is text for a person; figures are formatted here and nowhere later, and a column
// of figures is aligned right. Long tables are cut at a stated length and say so in their caption.

import type { Answer, Estimate, Table as StoredTable } from '../record/answer.ts';
import type { Round, Scalar, Scalars } from '../record/round.ts';
import type { PlannedCell, Run } from '../record/run.ts';
import { floorText, visibleText } from './answer-text.ts';
import {
  formatAllNamed,
  formatBytes,
  formatCount,
  formatDuration,
  formatEstimate,
  formatInterval,
  formatScalar,
  formatShare,
  formatValue,
  isFigure,
  NOT_MEASURED,
  withUnit,
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

const ROWS_MAX = 300;

/** Every contrast: deciding ones first. */
export function estimateTable({ estimates }: Answer, run: Run): Table {
  const fields: Field<Estimate>[] = [
    left('Contrast', ({ words }) => words),
    left('Cell', ({ cell }) => cellName(run, cell)),
    left('Decides', ({ deciding }) => (deciding ? 'yes' : 'no')),
    right('Value', (one) => withUnit(formatValue(one), one.unit)),
    right('Interval', (one) => formatInterval(one)),
    right('Error', ({ alpha }) => formatShare(alpha)),
    right('Sessions', ({ sessions }) => formatCount(sessions)),
    right('Slices', ({ slices }) => formatCount(slices)),
    right('Floor within sessions', ({ floorWithin }) => floorText(floorWithin)),
    right('Floor between sessions', ({ floorBetween }) => floorText(floorBetween)),
    right('Smallest visible', visibleText),
  ];
  return tableOf(
    'One number a session; intervals are over sessions',
    fields,
    decidingFirst(estimates),
  );
}

/** The same for a terminal: what decides, or else all. */
export function shortEstimateTable({ estimates }: Answer): Table {
  const deciding = estimates.filter((one) => one.deciding);
  const fields: Field<Estimate>[] = [
    left('contrast', ({ words }) => words),
    right('value [interval]', (one) => formatEstimate(one, one.unit)),
    right('sessions', ({ sessions }) => formatCount(sessions)),
    right('floor', (one) => `${floorText(one.floorWithin)} / ${floorText(one.floorBetween)}`),
    right('visible', visibleText),
  ];
  const caption = 'floor: equal arms within / between sessions; visible: smallest difference';
  return tableOf(caption, fields, deciding.length > 0 ? deciding : estimates);
}

/** A table that an answer brings along; units stand in the heads. */
export function answerTable({ caption, columns, rows }: StoredTable): Table {
  const fields = columns.map(({ title, unit }, index): Field<StoredTable['rows'][number]> => ({
    title: unit === '' ? title : `${title}, ${unit}`,
    align: rows.some((row) => typeof row[index] === 'number') ? 'right' : 'left',
    text: (row) => formatScalar(row[index]),
  }));
  return tableOf(caption, fields, rows);
}

export function cellTable(run: Run, rounds: readonly Round[]): Table {
  const slices = groupBy(rounds.filter(isSlice), ({ cell }) => cell);
  const of = ({ id }: PlannedCell): readonly Round[] => slices.get(id) ?? [];
  const fields: Field<PlannedCell>[] = [
    left('Question', ({ question }) => question),
    left('Cell', ({ title }) => title),
    left('Role', ({ role }) => role),
    left('Factors', ({ factors }) => formatAllNamed(factors)),
    left('Prepared', ({ prepared }) => formatAllNamed(prepared ?? {})),
    left('Arms', ({ arms }) => arms.map(({ name }) => name).join(', ')),
    right('Sessions', (cell) => formatCount(new Set(of(cell).map(({ session }) => session)).size)),
    right('Slices', (cell) => formatCount(of(cell).length)),
    right('Measured', (cell) => formatDuration(sum(of(cell).map(({ seconds }) => seconds)))),
  ];
  return tableOf('Cells, and how much was measured of each', fields, run.cells);
}

/** Settings as read back, a row for each combination that ran. */
export function settingsTable(answers: readonly Answer[]): Table {
  const arms = answers.flatMap(({ question, arms }) =>
    arms.map(({ arm, settings }) => ({ question, arm, settings: settingsText(settings) })),
  );
  const seen = new Map(arms.map((row) => [JSON.stringify(row), row]));
  const fields: Field<(typeof arms)[number]>[] = [
    left('Question', ({ question }) => question),
    left('Arm', ({ arm }) => arm),
    left('Settings', ({ settings }) => settings),
  ];
  return tableOf('Settings read back from what was measured', fields, [...seen.values()]);
}

/** A row for each arm of each session, in the order in which they ran. */
export function sessionTable(run: Run, rounds: readonly Round[]): Table {
  const sessions = groupBy(rounds.filter(isSlice), ({ cell, session, arm }) =>
    JSON.stringify([cell, session, arm]),
  );
  const of = (slices: readonly Round[], text: (first: Round) => string): string =>
    slices.slice(0, 1).map(text).join('');
  const fields: Field<readonly Round[]>[] = [
    left('Cell', (slices) => of(slices, ({ cell }) => cellName(run, cell))),
    right('Session', (slices) => of(slices, ({ session }) => formatCount(session + 1))),
    left('Arm', (slices) => of(slices, ({ arm }) => arm)),
    right('Slices', (slices) => formatCount(slices.length)),
    left('Figures', (slices) => formatAllNamed(medianFigures(slices))),
    right('Measured', (slices) => formatDuration(sum(slices.map(({ seconds }) => seconds)))),
    right('Resident', (slices) =>
      formatBytes(Math.max(...slices.map(({ resources }) => resources.rssBytesMax))),
    ),
  ];
  return tableOf('Every session: medians over its slices', fields, [...sessions.values()]);
}

function medianFigures(slices: readonly Round[]): Record<string, number> {
  const names = new Set(slices.flatMap(({ figures }) => Object.keys(figures)));
  return Object.fromEntries(
    [...names].map((name) => {
      const values = slices.flatMap(({ figures }) => figures[name] ?? []).sort((a, b) => a - b);
      const [low = NaN, high = NaN] = [
        values[(values.length - 1) >> 1],
        values[values.length >> 1],
      ];
      return [name, (low + high) / 2];
    }),
  );
}

function groupBy<T>(items: readonly T[], keyOf: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const key = keyOf(item);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [item]);
    else group.push(item);
  }
  return groups;
}

function isSlice({ kind }: Round): boolean {
  return kind === 'slice';
}

function decidingFirst(estimates: readonly Estimate[]): Estimate[] {
  return [...estimates].sort((a, b) => Number(b.deciding) - Number(a.deciding));
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

function settingsText(settings: Scalars): string {
  return Object.entries(settings)
    .sort(([a], [b]) => a.localeCompare(b))
    .map(([name, value]) => `${name}=${settingText(value)}`)
    .join(', ');
}

// Digits as they were given: 4096 is a setting, 4,096 a figure.
function settingText(value: Scalar | null): string {
  const missing = value === null || (typeof value === 'number' && !isFigure(value));
  return missing ? NOT_MEASURED : String(value);
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
