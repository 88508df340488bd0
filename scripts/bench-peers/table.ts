// What a person reads of a run: the table, at most 100 columns wide, then the conditions, the checks
// and the baseline. Pure: text in, text out. The peers stand below each other, since two pairs of
// columns would not fit.

import Table from 'cli-table3';
import type { BenchResult, Check } from './bench.ts';
import { COST_MAX, verdictOf, type Row } from './rows.ts';

const COLUMNS = 100;
const DIGITS = 3;

/** The whole text; notes come last, one line each. */
export function renderResult(result: BenchResult & { readonly notes: readonly string[] }): string {
  return [
    renderTable(result.rows),
    'ratio > 1: kvtune is better, 95% interval over sessions; unsure: the interval spans the bar',
    ...result.conditions.map(({ measurements, settings }) =>
      wrap(`${measurements.join(', ')}: ${settings}`),
    ),
    checksText(result.checks),
    ...baselineText(result),
    ...result.notes.map(wrap),
    '',
  ].join('\n');
}

export function renderTable(rows: readonly Row[]): string {
  const table = new Table({
    head: ['row', 'kvtune', 'peer', 'version', 'unit', 'ratio', 'bar', 'verdict'],
    colAligns: ['left', 'right', 'right', 'left', 'left', 'left', 'left', 'left'],
    style: { head: [], border: [], compact: true, 'padding-left': 0 },
  });
  for (const [i, row] of rows.entries()) {
    const repeated = rows[i - 1]?.name === row.name;
    table.push([
      repeated ? '' : row.name,
      figureText(row.ours),
      figureText(row.peer),
      row.peerVersion,
      row.unit,
      ratioText(row),
      row.bar === null ? '' : row.bar.toFixed(1),
      verdictOf(row),
    ]);
  }
  return table.toString();
}

/** Three digits, thousands and millions by letter. */
export function figureText(value: number): string {
  if (value >= 1e6) return `${digits(value / 1e6)}M`;
  if (value >= 1e4) return `${digits(value / 1e3)}k`;
  return value >= 1e3 ? value.toFixed(0) : digits(value);
}

function digits(value: number): string {
  return value.toPrecision(Math.max(DIGITS, Math.ceil(Math.log10(value + 1))));
}

function ratioText({ ratio, low, high }: Row): string {
  const text = (value: number): string => (value < 10 ? value.toFixed(2) : figureText(value));
  return low === null || high === null
    ? text(ratio)
    : `${text(ratio)} [${text(low)}, ${text(high)}]`;
}

function checksText(checks: readonly Check[]): string {
  const failed = checks.filter((check) => !check.ok);
  if (failed.length === 0) {
    return wrap(
      `same work: all ${checks.length} checks hold (settings, contents by bbolt's digest or etcd's ` +
        "hash, what was read, free pages, bbolt's own check of our files)",
    );
  }
  const lines = failed.map(({ name, detail }) => wrap(`- ${name}: ${detail}`));
  return [`same work: NO, ${failed.length} of ${checks.length} checks fail:`, ...lines].join('\n');
}

function baselineText({ baseline }: BenchResult): string[] {
  if (baseline === null) return [];
  const limit = COST_MAX.toFixed(2);
  const probes = baseline.probes.map(figureText).join(' against ');
  const cost = baseline.ratio.toFixed(2);
  const found = `the array arm spends ${cost} times bbolt's in its freelist, probes ${probes}`;
  return [
    wrap(
      baseline.honest
        ? `baseline: honest: ${found} (limit ${limit} times, the same probes)`
        : `baseline: NOT honest: ${found}; allowed are ${limit} times and the same probes`,
    ),
  ];
}

/** Breaks at blanks; later lines are indented. */
export function wrap(text: string): string {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > COLUMNS) {
      lines.push(line);
      line = `    ${word}`;
    } else {
      line = line === '' && lines.length === 0 ? word : `${line} ${word}`;
    }
  }
  return [...lines, line].join('\n');
}
