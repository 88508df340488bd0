// Answers as text for a terminal: verdicts first, then findings, then figures where there are few answers.
// At most `columns` wide, ASCII, readable without colour; colour only where the caller asks. Returns
// strings: printing is the caller's. Control characters from files never reach the terminal (plain-text.ts).

import TextTable from 'cli-table3';
import pc from 'picocolors';
import type { Answer } from '../record/answer.ts';
import {
  isUnmeasured,
  measuredText,
  noDifferences,
  publishedText,
  statusOf,
  toneOf,
  unmeasuredText,
  verdictText,
  visibleFrom,
  type Status,
} from './answer-text.ts';
import { plural } from './format.ts';
import { printable } from './plain-text.ts';
import { bannerOf, type ReportInput } from './report-model.ts';
import { answerTable, shortEstimateTable, type Table } from './tables.ts';

export interface TerminalOptions {
  readonly color: boolean;
  /** Width of a line at most; default 100. */
  readonly columns?: number;
}

type Colors = ReturnType<typeof pc.createColors>;

const COLUMNS_DEFAULT = 100;
const COLUMNS_MIN = 80;
/** With more answers their tables fill pages: they stand in the report. */
const DETAILED_ANSWERS_MAX = 2;
const WARNINGS_SHOWN_MAX = 6;
const VERDICT_WIDTH = 17;
const PUBLISHED_WIDTH = 14;
const MEASURED_WIDTH = 27;
const FIRST_WIDTH_MIN = 28;

export function renderTerminal(
  { run, answers: file }: Omit<ReportInput, 'rounds'>,
  options: TerminalOptions,
): string {
  const page = new Page(options);
  const answers = file.answers.filter((answer) => !isUnmeasured(answer));
  const unmeasured = unmeasuredText(file.answers);
  const status = statusOf(run, file);
  const banner = bannerOf(status);
  const detailed = file.answers.length <= DETAILED_ANSWERS_MAX;
  const published = answers.some((answer) => answer.published !== undefined);
  const untested = untestedText(run, answers);
  const blocks = [
    banner === undefined ? '' : page.colors.yellow(page.wrap(banner, '')),
    file.answers.length === 0 ? 'Nothing has been judged yet.' : '',
    published ? page.verdictTable(answers, status) : '',
    answers.map((answer) => page.finding(answer, published ? undefined : status)).join('\n'),
    ...(detailed ? answers.flatMap((answer) => page.figures(answer)) : []),
    unmeasured === '' ? '' : page.wrap(unmeasured, '  '),
    page.warnings(file.answers, detailed),
    untested === '' ? '' : page.wrap(untested, '  '),
  ];
  return `${blocks.filter((block) => block !== '').join('\n\n')}\n`;
}

/** A verdict as soon as it is there: 'reproduced: freelist-24x, 17.8x [16.9, 18.8], published 24x'. */
export function answerLine(answer: Answer, { color, columns }: TerminalOptions): string {
  const { measured, published, question, finding } = answer;
  const words = verdictText(answer, 'finished');
  const visible = visibleFrom(answer);
  const found =
    measured === null || published === undefined
      ? `: ${finding}`
      : `, ${measuredText(answer)}, published ${publishedText(answer)}`;
  const head = visible === '' ? words : `${words} (${visible})`;
  const line = printable(`${head}: ${question}${found}`);
  const width = columns ?? COLUMNS_DEFAULT;
  const shown = line.length <= width ? line : `${line.slice(0, width - 3).trimEnd()}...`;
  return paint(answer, words, pc.createColors(color)) + shown.slice(words.length);
}

/** One line, however much was left out: the report names it all. */
function untestedText(
  { untested, command }: ReportInput['run'],
  answers: readonly Answer[],
): string {
  const all = untested.length > 0 ? untested : answers.flatMap((answer) => answer.untested);
  const [only] = all;
  if (only === undefined) return '';
  const what = all.length === 1 ? only : `${plural(all.length, 'point')}, listed in the report`;
  return `untested: ${what}; to ask again: ${command}`;
}

/** Lays text out in the width there is. */
class Page {
  readonly colors: Colors;
  readonly #columns: number;

  constructor({ color, columns = COLUMNS_DEFAULT }: TerminalOptions) {
    this.colors = pc.createColors(color);
    this.#columns = Math.max(COLUMNS_MIN, columns);
  }

  verdictTable(answers: readonly Answer[], status: Status): string {
    const title = this.#columns - VERDICT_WIDTH - PUBLISHED_WIDTH - MEASURED_WIDTH;
    const table = this.#table(
      ['verdict', 'question', 'published', 'measured [interval]'],
      ['left', 'left', 'right', 'right'],
      [VERDICT_WIDTH, title, PUBLISHED_WIDTH, MEASURED_WIDTH],
    );
    for (const answer of answers) {
      table.push([
        paint(answer, verdictText(answer, status), this.colors),
        printable(answer.title),
        printable(publishedText(answer)),
        printable(measuredText(answer)),
      ]);
    }
    return trimRight(table.toString());
  }

  /** The finding, behind the verdict where `status` is given, and what no difference could be told of. */
  finding(answer: Answer, status: Status | undefined): string {
    const words = status === undefined ? answer.question : verdictText(answer, status);
    const text = this.wrap(`${printable(words)}: ${answer.finding}`, '  ');
    const first = status === undefined ? words : paint(answer, words, this.colors);
    return [
      text.startsWith(words) ? first + text.slice(words.length) : text,
      ...noDifferences(answer).map((line) => this.wrap(line, '  ', '  ')),
    ].join('\n');
  }

  /** Tables and facts. */
  figures(answer: Answer): string[] {
    const tables = [shortEstimateTable(answer), ...answer.tables.map(answerTable)];
    return [
      ...tables.filter(({ rows }) => rows.length > 0).map((table) => this.#fitted(table)),
      answer.facts.map(({ label, value }) => this.wrap(`${label}: ${value}`, '  ')).join('\n'),
    ];
  }

  warnings(answers: readonly Answer[], detailed: boolean): string {
    const all = answers.flatMap(({ warnings }) => warnings);
    const shown = detailed ? all.slice(0, WARNINGS_SHOWN_MAX) : [];
    const more = all.length - shown.length;
    const rest = shown.length === 0 ? 'warning' : 'more warning';
    return [
      ...(shown.length === 0 ? [] : ['warnings:']),
      ...shown.map(({ message, remedy }) =>
        this.wrap(`- ${message}${remedy === undefined ? '' : `; ${remedy}`}`, '    ', '  '),
      ),
      ...(more > 0 ? [`${plural(more, rest)} in the report`] : []),
    ].join('\n');
  }

  /** Breaks a text at spaces; words longer than a line are cut. */
  wrap(text: string, indent: string, first = ''): string {
    const width = this.#columns;
    const pieces = new RegExp(`.{1,${String(width - indent.length - 2)}}`, 'gu');
    const lines: string[] = [];
    let line = first;
    for (const piece of printable(text)
      .split(/\s+/)
      .flatMap((word) => word.match(pieces) ?? [])) {
      if (line.trim() !== '' && line.length + 1 + piece.length > width) {
        lines.push(line);
        line = indent;
      }
      line = line.trim() === '' ? `${line}${piece}` : `${line} ${piece}`;
    }
    return [...lines, line].join('\n');
  }

  /** Where it is too wide its first column wraps, then it loses its last ones: the report has them. */
  #fitted({ caption, columns, rows }: Table): string {
    const lines = [columns.map(({ title }) => title), ...rows].map((row) => row.map(printable));
    const widths = columns.map((_, i) => 2 + Math.max(...lines.map((row) => row[i]?.length ?? 0)));
    const [first = 0, ...others] = widths;
    while (Math.min(first, FIRST_WIDTH_MIN) + sum(others) > this.#columns) others.pop();
    const shown = [Math.min(first, this.#columns - sum(others)), ...others];
    const [head = [], ...body] = lines.map((row) => row.slice(0, shown.length));
    const table = this.#table(
      head,
      columns.slice(0, shown.length).map(({ align }) => align),
      shown,
    );
    table.push(...body);
    const text = trimRight(table.toString());
    return caption === '' ? text : `${this.wrap(caption, '')}\n${text}`;
  }

  #table(
    head: readonly string[],
    aligns: readonly ('left' | 'right')[],
    widths: readonly number[],
  ): TextTable.Table {
    return new TextTable({
      head: head.map((text) => this.colors.bold(text)),
      colAligns: [...aligns],
      colWidths: [...widths],
      wordWrap: true,
      truncate: '..',
      style: { head: [], border: [], compact: true, 'padding-left': 0, 'padding-right': 2 },
      chars: {
        ...{ top: '', 'top-mid': '', 'top-left': '', 'top-right': '' },
        ...{ bottom: '', 'bottom-mid': '', 'bottom-left': '', 'bottom-right': '' },
        ...{ left: '', 'left-mid': '', mid: '-', 'mid-mid': '', right: '', 'right-mid': '' },
        middle: '',
      },
    });
  }
}

function paint(answer: Answer, text: string, colors: Colors): string {
  const { green, yellow, red } = colors;
  return { good: green, warn: yellow, bad: red }[toneOf(answer)](text);
}

function sum(widths: readonly number[]): number {
  return widths.reduce((total, width) => total + width, 0);
}

function trimRight(text: string): string {
  return text.replace(/ +$/gm, '');
}
