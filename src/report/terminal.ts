// The verdicts as text for a terminal: a claim a row, the size curve, findings, what is untested. At most
// COLUMNS_MAX wide, ASCII, readable without colour; colour only where the caller asks. Returns strings:
// printing is the caller's. Control characters from files never reach the terminal (plain-text.ts).

import { stripVTControlCharacters } from 'node:util';
import Table from 'cli-table3';
import pc from 'picocolors';
import type {
  Arm,
  Cell,
  Claim,
  ClaimRows,
  CurvePoint,
  SurfaceSummary,
  Verdict,
} from '../record/schema.ts';
import { formatBytes, formatEstimate, formatSignificant, NOT_MEASURED } from './format.ts';
import { printable } from './plain-text.ts';
import {
  bannerOf,
  measuredText,
  plural,
  publishedText,
  statusOf,
  verdictText,
  type ReportInput,
} from './report-model.ts';
import { claimRowsTable } from './tables.ts';

export interface TerminalOptions {
  readonly color: boolean;
}

/** One cell measured to its end, as far as a progress line tells it. */
export interface FinishedCell {
  readonly cell: Cell;
  readonly arms: readonly Arm[];
  /** The cell's ratio, where the claim has one. */
  readonly point?: CurvePoint | undefined;
}

export type Colors = ReturnType<typeof pc.createColors>;

export const COLUMNS_MAX = 100;
const CLAIM_COLUMNS = [36, 14, 26, 24];

export function renderTerminal(input: ReportInput, options: TerminalOptions): string {
  const colors = pc.createColors(options.color);
  const { run, claims } = input;
  const status = statusOf(input);
  const banner = bannerOf(status, input.samples.length + input.experiments.length);
  const blocks = [
    banner === undefined ? '' : colors.yellow(wrap(banner, '')),
    claims.claims.length === 0
      ? 'No claim has a verdict yet.'
      : claimTable(claims.claims, status, colors),
    ...claims.claims.filter(hasRatio).map((claim) => curveBlock(claim, run.cells, colors)),
    ...claims.claims.flatMap((claim) => (claim.rows ?? []).map((rows) => rowsBlock(rows, colors))),
    claims.claims.map((claim) => wrap(`${claim.id}: ${claim.finding}`, '  ')).join('\n'),
    claims.surface === undefined ? '' : surfaceBlock(claims.surface),
    run.untested.length === 0
      ? ''
      : `untested:\n${run.untested.map((text) => wrap(`- ${text}`, '  ', '  ')).join('\n')}`,
  ];
  return `${blocks.filter((block) => block !== '').join('\n\n')}\n`;
}

/** Sentences of the main recipe as etcd runs it; the whole stands in the report. */
function surfaceBlock({ measured, planned, classes, bars }: SurfaceSummary): string {
  const first = classes[0]?.recipe;
  const shown = classes.filter((one) => one.recipe === first && !one.syncFreelist);
  const lines = [...shown, ...bars].map(({ sentence }) => wrap(`- ${sentence}`, '  ', '  '));
  const title = `surface, ${String(measured)} of ${String(planned)} cells:`;
  return [title, ...lines].join('\n');
}

/** One line for progress: `25 GB  array 21.6 s  hashmap 4.83 s  ratio 4.5x [4.3, 4.7]  6 rounds`. */
export function cellLine({ cell, arms, point }: FinishedCell, options: TerminalOptions): string {
  const colors = pc.createColors(options.color);
  const rounds = Math.max(0, ...arms.map((arm) => arm.rounds));
  const parts = [
    colors.bold(printable(cell.title).padEnd(22)),
    ...arms.map((arm) => `${printable(arm.name)} ${seconds(arm.completionSeconds).padStart(8)}`),
    ...(point === undefined ? [] : [`ratio ${formatEstimate(point, 'x')}`]),
    colors.dim(plural(rounds, 'round')),
  ];
  return parts.join('  ');
}

function claimTable(
  claims: readonly Claim[],
  status: ReturnType<typeof statusOf>,
  colors: Colors,
): string {
  const table = plainTable({
    head: ['claim', 'published', 'measured [interval]', 'verdict'],
    colWidths: CLAIM_COLUMNS,
    colAligns: ['left', 'right', 'right', 'left'],
    colors,
  });
  for (const claim of claims) {
    table.push([
      printable(claim.title),
      publishedText(claim),
      measuredText(claim),
      paint(claim.verdict, verdictText(claim.verdict, status), colors),
    ]);
  }
  return trimRight(table.toString());
}

// Other claims' curves are relative to their own smallest size: their arms share no row.
function hasRatio(claim: Claim): boolean {
  return claim.id === 'freelist-24x' && claim.arms.length > 0;
}

function curveBlock(claim: Claim, cells: readonly Cell[], colors: Colors): string {
  const names = [...new Set(claim.arms.map((arm) => arm.name))].slice(0, 3);
  const table = plainTable({
    head: ['size', ...names.map((name) => `${printable(name)} s`), 'ratio [interval]', ''],
    colAligns: ['right', ...names.map(() => 'right' as const), 'right', 'left'],
    colors,
  });
  for (const cell of measuredCells(claim, cells)) {
    const completion = names.map((name) => {
      const arm = claim.arms.find((entry) => entry.cell === cell.id && entry.name === name);
      return arm === undefined ? NOT_MEASURED : formatSignificant(arm.completionSeconds, 3);
    });
    const point = claim.curve.find((entry) => entry.cell === cell.id);
    const ratio = point === undefined ? 'too few rounds' : formatEstimate(point, 'x');
    const note = cell.role === 'main' ? '' : `${cell.role.replaceAll('-', ' ')}, decides nothing`;
    table.push([formatBytes(cell.dbBytes), ...completion, ratio, note]);
  }
  return trimRight(table.toString());
}

/** A claim's own table; one that is too wide for a terminal is left to the report. */
function rowsBlock(rows: ClaimRows, colors: Colors): string {
  if (rows.rows.length === 0) return '';
  const { caption, columns, rows: cells } = claimRowsTable(rows);
  const table = plainTable({
    head: columns.map(({ title }) => printable(title)),
    colAligns: columns.map(({ align }) => align),
    colors,
  });
  for (const row of cells) table.push(row.map((cell) => printable(cell)));
  const text = trimRight(table.toString());
  const width = Math.max(
    ...stripVTControlCharacters(text)
      .split('\n')
      .map((line) => line.length),
  );
  if (width > COLUMNS_MAX) return '';
  return `${wrap(caption, '')}\n${text}`;
}

// Cells with a figure, the curve first. A cell of too few rounds has arms and no ratio yet.
function measuredCells(claim: Claim, cells: readonly Cell[]): Cell[] {
  const ids = new Set([...claim.arms, ...claim.curve].map(({ cell }) => cell));
  return cells
    .filter(({ id }) => ids.has(id))
    .sort((a, b) => Number(a.role !== 'main') - Number(b.role !== 'main') || a.dbBytes - b.dbBytes);
}

export function plainTable(options: {
  head: string[];
  colWidths?: number[];
  colAligns: ('left' | 'right')[];
  colors: Colors;
}): Table.Table {
  const { head, colWidths, colAligns, colors } = options;
  return new Table({
    head: head.map((text) => colors.bold(text)),
    colAligns,
    ...(colWidths === undefined ? {} : { colWidths }),
    wordWrap: true,
    style: { head: [], border: [], compact: true, 'padding-left': 0, 'padding-right': 2 },
    chars: {
      ...{ top: '', 'top-mid': '', 'top-left': '', 'top-right': '' },
      ...{ bottom: '', 'bottom-mid': '', 'bottom-left': '', 'bottom-right': '' },
      ...{ left: '', 'left-mid': '', mid: '-', 'mid-mid': '', right: '', 'right-mid': '' },
      middle: '',
    },
  });
}

function paint(verdict: Verdict, text: string, colors: Colors): string {
  switch (verdict) {
    case 'reproduced':
    case 'exceeded':
      return colors.green(text);
    case 'partly':
    case 'inconclusive':
      return colors.yellow(text);
    case 'not-reproduced':
    case 'invalid':
      return colors.red(text);
  }
}

function seconds(figure: number): string {
  const text = formatSignificant(figure, 3);
  return text === NOT_MEASURED ? text : `${text} s`;
}

/** Breaks a text at spaces; words longer than a line are cut. */
export function wrap(text: string, indent: string, first = ''): string {
  const lines: string[] = [];
  let line = first;
  for (const word of printable(text).split(/\s+/)) {
    const pieces = word.match(new RegExp(`.{1,${String(COLUMNS_MAX - indent.length - 2)}}`, 'gu'));
    for (const piece of pieces ?? []) {
      if (line.trim() !== '' && line.length + 1 + piece.length > COLUMNS_MAX) {
        lines.push(line);
        line = indent;
      }
      line = line.trim() === '' ? `${line}${piece}` : `${line} ${piece}`;
    }
  }
  return [...lines, line].join('\n');
}

export function trimRight(text: string): string {
  return text
    .split('\n')
    .map((line) => line.trimEnd())
    .join('\n');
}
