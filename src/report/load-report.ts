// The report of a run, an ab or a sweep in its written forms, by the same pages as claims have; and as text for
// a terminal, at most COLUMNS_MAX wide. Pure but for vega.

import { stripVTControlCharacters } from 'node:util';
import pc from 'picocolors';
import type { LoadRun } from '../record/load-schema.ts';
import type { ExperimentRound, Run } from '../record/schema.ts';
import type { LoadVerdict, VerdictFile } from '../record/verdict-schema.ts';
import { standaloneSvg } from './chart-theme.ts';
import { renderPanel } from './charts.ts';
import { conditionFacts } from './conditions.ts';
import { formatCount, formatDuration, formatShare } from './format.ts';
import { renderHtml } from './html.ts';
import { comparisonTable, laneTable, loadRoundTable, planFacts } from './load-tables.ts';
import { renderMarkdown } from './markdown.ts';
import { printable, slug } from './plain-text.ts';
import {
  bannerOf,
  doubt,
  plural,
  subtitleOf,
  type DrawnPicture,
  type ReportModel,
} from './report-model.ts';
import type { Report } from './report.ts';
import { claimRowsTable, settingsTable, type Table } from './tables.ts';
import {
  COLUMNS_MAX,
  plainTable,
  trimRight,
  wrap,
  type Colors,
  type TerminalOptions,
} from './terminal.ts';

export interface LoadReportInput {
  readonly run: Run;
  readonly plan: LoadRun;
  readonly experiments: readonly ExperimentRound[];
  readonly verdict: VerdictFile;
}

const TONES: Readonly<Record<LoadVerdict, 'good' | 'warn' | 'bad'>> = {
  measured: 'good',
  better: 'good',
  alike: 'good',
  worse: 'bad',
  inconclusive: 'warn',
  nothing: 'warn',
  invalid: 'bad',
  'wrong-data': 'bad',
};
/** What is told of a run that judges claims, and of these commands not. */
const OTHER_FACTS: readonly string[] = ['Page cache', 'Mode'];
const WARNINGS_SHOWN_MAX = 6;

export async function renderLoadReport(input: LoadReportInput): Promise<Report> {
  const panels: DrawnPicture[] = [];
  const svgs: Record<string, string> = {};
  for (const panel of input.verdict.panels) {
    const id = slug(panel.id);
    const chart = await renderPanel(panel);
    panels.push({ id, title: panel.title, chart });
    if (chart.kind === 'picture') svgs[id] = standaloneSvg(chart.svg);
  }
  const model = modelOf(input, panels);
  return { html: renderHtml(model), markdown: renderMarkdown(model), svgs };
}

function modelOf(input: LoadReportInput, panels: readonly DrawnPicture[]): ReportModel {
  const { run, plan, experiments, verdict } = input;
  const rounds = loadRoundTable(experiments);
  return {
    title: titleOf(plan),
    subtitle: subtitleOf(run),
    banner: bannerOf(run.status, experiments.length),
    claims: [],
    load: {
      id: plan.workload,
      tone: TONES[verdict.verdict],
      verdictText: verdictWords(verdict.verdict, plan),
      finding: verdict.finding,
      panels,
      tables: figureTables(verdict),
      doubts: verdict.warnings.map((warning) => doubt(plan.command, warning)),
    },
    surface: undefined,
    conditions: [
      ...planFacts(plan),
      ...conditionFacts(run, []).filter(({ label }) => !OTHER_FACTS.includes(label)),
    ],
    tables: [settingsTable([], experiments)].filter(({ rows }) => rows.length > 0),
    calibration: [],
    untested: run.untested,
    doubts: [...run.host.warnings, ...run.warnings].map((warning) => doubt('host', warning)),
    method: methodOf(verdict),
    command: run.command,
    sources: 'run.json, experiments.ndjson, verdict.json',
    rounds: rounds.rows.length === 0 ? [] : [rounds],
  };
}

function figureTables(verdict: VerdictFile): Table[] {
  const tables = [
    ...(verdict.comparisons.length === 0 ? [] : [comparisonTable(verdict)]),
    ...verdict.rows.map(claimRowsTable),
    laneTable(verdict),
  ];
  return tables.filter(({ rows }) => rows.length > 0);
}

function methodOf({ command, method }: VerdictFile): string[] {
  return [
    'Keys and leases are loaded beforehand, without waiting for syncs, into a store that is closed again; ' +
      'the measured one opens what that left.',
    command === 'run'
      ? 'Each round starts from an empty folder, with threads of its own.'
      : 'Each round starts from an empty folder, in a process of its own, in random order within its block.',
    'Latencies are those of the merged histograms of all rounds; service is counted from the real start.',
    'Late is what passed between the intended start of an operation and its start while its client had ' +
      'nothing under way: the load generator set the figures where that or its CPU says so.',
    'Afterwards every key, value and lease of the store is held against what the streams wrote and were ' +
      'told is written.',
    `Judged by: ${method}.`,
  ];
}

function titleOf({ command, workload }: LoadRun): string {
  switch (command) {
    case 'run':
      return `${workload} on the bundled engine`;
    case 'ab':
      return `${workload}: b against a`;
    case 'sweep':
      return `${workload}: a sweep`;
  }
}

function verdictWords(verdict: LoadVerdict, { command }: LoadRun): string {
  switch (verdict) {
    case 'better':
    case 'worse':
      return `b is ${verdict}`;
    case 'alike':
      return 'no difference that matters';
    case 'inconclusive':
      return 'cannot tell';
    case 'invalid':
      return 'invalid';
    case 'wrong-data':
      return 'wrong data';
    case 'nothing':
      return 'nothing measured';
    case 'measured':
      return command === 'sweep' ? 'swept' : 'measured';
  }
}

/** What a person reads at the end of the command. */
export function renderLoadTerminal(input: LoadReportInput, options: TerminalOptions): string {
  const { run, plan, verdict, experiments } = input;
  const colors = pc.createColors(options.color);
  const banner = bannerOf(run.status, experiments.length);
  const shown = verdict.warnings.slice(0, WARNINGS_SHOWN_MAX);
  const more = verdict.warnings.length - shown.length;
  const blocks = [
    banner === undefined ? '' : colors.yellow(wrap(banner, '')),
    ...terminalTables(verdict).map((table) => tableText(table, colors)),
    [
      wrap(
        `${paint(verdict.verdict, verdictWords(verdict.verdict, plan), colors)}: ${verdict.finding}`,
        '  ',
      ),
      healthLine(input),
      verifiedLine(verdict),
    ]
      .filter((line) => line !== '')
      .join('\n'),
    shown.length === 0
      ? ''
      : [
          'warnings:',
          ...shown.map(({ message, remedy }) =>
            wrap(`- ${message}${remedy === undefined ? '' : `; ${remedy}`}`, '  ', '  '),
          ),
          ...(more > 0 ? [`  ${plural(more, 'more warning')} in the report`] : []),
        ].join('\n'),
    run.untested.length === 0
      ? ''
      : `untested:\n${run.untested.map((text) => wrap(`- ${text}`, '  ', '  ')).join('\n')}`,
  ];
  return `${blocks.filter((block) => block !== '').join('\n\n')}\n`;
}

/** Lanes of a sweep are many: they stand in the report. */
function terminalTables(verdict: VerdictFile): Table[] {
  const tables =
    verdict.command === 'sweep'
      ? verdict.rows.map(claimRowsTable)
      : [
          narrow(laneTable(verdict, '')),
          ...(verdict.comparisons.length === 0 ? [] : [narrow(comparisonTable(verdict))]),
        ];
  return tables.filter(({ rows }) => rows.length > 0);
}

/** Without what a terminal has no room for. */
function narrow({ columns, rows, caption }: Table): Table {
  const keep = columns.map(({ title }) => title !== 'service p99' && title !== 'Pairs');
  return {
    caption,
    columns: columns.filter((_, i) => keep[i]),
    rows: rows.map((row) => row.filter((__, i) => keep[i])),
  };
}

/** A table that is too wide loses its last columns: they stand in the report. */
function tableText(all: Table, colors: Colors): string {
  const text = wholeTable(all, colors);
  const width = Math.max(
    ...stripVTControlCharacters(text)
      .split('\n')
      .map(({ length }) => length),
  );
  if (width <= COLUMNS_MAX || all.columns.length <= 2) return text;
  const columns = all.columns.slice(0, -1);
  return tableText({ ...all, columns, rows: all.rows.map((row) => row.slice(0, -1)) }, colors);
}

function wholeTable({ caption, columns, rows }: Table, colors: Colors): string {
  const table = plainTable({
    head: columns.map(({ title }) => printable(title)),
    colAligns: columns.map(({ align }) => align),
    colors,
  });
  for (const row of rows) table.push(row.map((cell) => printable(cell)));
  const text = trimRight(table.toString());
  return caption === '' ? text : `${wrap(caption, '')}\n${text}`;
}

function healthLine({ verdict, plan }: LoadReportInput): string {
  const { health } = verdict;
  if (health === undefined) return '';
  const { lateNsP99, skipped, cpuShareMax } = health;
  const parts = [`a generating thread used up to ${formatShare(cpuShareMax)} of a core`];
  if (plan.shape.kind === 'open') {
    parts.push(`starts late by up to ${formatDuration(lateNsP99 / 1e9)} (p99)`);
    parts.push(`${formatCount(skipped)} skipped`);
  }
  return wrap(`load generator: ${parts.join(', ')}`, '  ');
}

function verifiedLine({ verified }: VerdictFile): string {
  const { rounds, ok, entries } = verified;
  if (rounds === 0) return 'verified: no';
  const all = ok === rounds ? 'as it must be' : `WRONG in ${plural(rounds - ok, 'round')}`;
  return `verified: ${plural(entries, 'entry').replace(/entrys$/, 'entries')} of ${plural(rounds, 'round')}, all leases: ${all}`;
}

function paint(verdict: LoadVerdict, text: string, colors: Colors): string {
  const tone = TONES[verdict];
  return tone === 'good'
    ? colors.green(text)
    : tone === 'warn'
      ? colors.yellow(text)
      : colors.red(text);
}
