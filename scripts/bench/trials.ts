// Trials of `npm run bench`: figures under load, measured in rounds, each held against its bar. A
// figure's value is the geometric mean over rounds, with its 95% interval: a trial compares its arms
// within a round, so a ratio is one of paired measurements. A bar that lies within the interval is
// told as unsure. Rows are plain data; nothing here prints.

import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import Table from 'cli-table3';
import type { BenchFigure, BenchReadings, BenchTrial } from '../../engine/base/bench-case.ts';
import { figureText, wrap } from '../bench-peers/table.ts';
import { ratioOver } from './ratio.ts';

export interface TrialRow {
  readonly group: string;
  readonly conditions: string;
  /** Whether it would come out the same again, so that one round tells. */
  readonly exact: boolean;
  readonly name: string;
  readonly unit: string;
  /** Null where a round gave no figure above 0. */
  readonly value: number | null;
  readonly low: number | null;
  readonly high: number | null;
  /** By round. */
  readonly rounds: readonly number[];
  readonly bar: { readonly least: number } | { readonly most: number } | null;
  /** Whether the value reaches the bar; null without one. */
  readonly reached: boolean | null;
}

export type TrialVerdict = 'reached' | 'reached, unsure' | 'below' | 'below, unsure';

/** Measures one trial in a folder of its own below `parent`, which is gone afterwards. */
export async function measureTrial(
  trial: BenchTrial,
  { rounds, parent }: { readonly rounds: number; readonly parent: string },
): Promise<TrialRow[]> {
  const folder = mkdtempSync(join(parent, 'kvtune-bench-'));
  try {
    const run = await trial.prepare(folder);
    const readings: BenchReadings[] = [];
    const count = trial.exact === true ? 1 : rounds;
    try {
      while (readings.length < count) readings.push(await run.round());
    } finally {
      await run.close();
    }
    return trial.figures.map((figure) => rowOf(trial, figure, readings));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function rowOf(
  { group, conditions, exact = false }: BenchTrial,
  { name, unit, of, bar }: BenchFigure,
  readings: readonly BenchReadings[],
): TrialRow {
  const rounds = readings.map((reading) => of(reading));
  const { value, low, high } = ratioOver(rounds);
  const reached = bar === undefined ? null : value !== null && reaches(value, bar);
  const figure = { group, conditions, exact, name, unit, value, low, high, rounds };
  return { ...figure, bar: bar ?? null, reached };
}

function reaches(value: number, bar: NonNullable<TrialRow['bar']>): boolean {
  return 'least' in bar ? value >= bar.least : value <= bar.most;
}

/** In words; undefined without a bar. */
export function verdictOf({ bar, exact, ...row }: TrialRow): TrialVerdict | undefined {
  const { reached, low, high } = row;
  if (bar === null || reached === null) return undefined;
  const word = reached ? 'reached' : 'below';
  const within = (bound: number | null): boolean =>
    bound !== null && reaches(bound, bar) === reached;
  return exact || (within(low) && within(high)) ? word : `${word}, unsure`;
}

/** The table, and below it what each group was measured under, as lines to be wrapped. */
export function trialTable(rows: readonly TrialRow[]): string {
  const table = new Table({
    head: ['measured', 'value', '95% interval', 'unit', 'bar', 'verdict'],
    colAligns: ['left', 'right', 'left', 'left', 'left', 'left'],
    style: { head: [], border: [], compact: true },
  });
  const conditions = new Map<string, string>();
  for (const row of rows) {
    if (!conditions.has(row.group)) table.push([{ colSpan: 6, content: row.group }]);
    conditions.set(row.group, row.conditions);
    const { value, low, high, bar } = row;
    table.push([
      `  ${row.name}`,
      value === null ? 'none' : figureText(value),
      low === null || high === null ? '' : `[${figureText(low)}, ${figureText(high)}]`,
      row.unit,
      bar === null ? '' : barText(bar),
      verdictOf(row) ?? '',
    ]);
  }
  const lines = [...conditions].map(([group, text]) => wrap(`${group}: ${text}`));
  return [table.toString(), ...lines].join('\n');
}

function barText(bar: NonNullable<TrialRow['bar']>): string {
  return 'least' in bar ? `>= ${figureText(bar.least)}` : `<= ${figureText(bar.most)}`;
}
