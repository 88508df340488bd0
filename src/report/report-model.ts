// What a report says, before it is HTML or Markdown: a card for each answer, then blocks in order. Both are
// written from this one model, so neither can hold a fact the other lacks. It is made of answers and the run
// alone: no question is known by its id. Pure. Text here is plain and unescaped; each renderer escapes all
// of it. Lists are cut at a stated length, so that no input can make a page of megabytes.

import type { Answer, AnswersFile } from '../record/answer.ts';
import type { Round, Warning } from '../record/round.ts';
import type { Run } from '../record/run.ts';
import {
  isUnmeasured,
  measuredText,
  measuredWhat,
  noDifferences,
  publishedText,
  statusOf,
  toneOf,
  unmeasuredText,
  verdictText,
  type Status,
  type Tone,
} from './answer-text.ts';
import type { Chart } from './charts.ts';
import { conditionFacts, type Fact } from './conditions.ts';
import {
  formatBytes,
  formatCount,
  formatDuration,
  formatShare,
  formatTime,
  plural,
} from './format.ts';
import { slug } from './plain-text.ts';
import {
  answerTable,
  cellTable,
  estimateTable,
  sessionTable,
  settingsTable,
  type Table,
} from './tables.ts';

export interface ReportInput {
  readonly run: Run;
  readonly rounds: readonly Round[];
  readonly answers: AnswersFile;
}

export interface Badge {
  readonly tone: Tone;
  readonly text: string;
}

/** An answer in short: what stands above everything else. */
export interface Card {
  readonly id: string;
  readonly anchor: string;
  readonly title: string;
  readonly badge: Badge;
  readonly finding: string;
  /** Empty where nothing was published. */
  readonly published: string;
  readonly publishedWhat: string;
  readonly measured: string;
  readonly measuredWhat: string;
}

export interface Picture {
  /** Name of its file, and unique in the report. */
  readonly id: string;
  readonly title: string;
  readonly chart: Chart;
}

export interface Doubt {
  readonly where: string;
  readonly message: string;
  readonly remedy: string;
}

export type Block =
  | {
      readonly kind: 'heading';
      readonly level: 2 | 3;
      readonly text: string;
      readonly anchor: string;
      readonly badge?: Badge;
    }
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'list'; readonly items: readonly string[] }
  | { readonly kind: 'facts'; readonly facts: readonly Fact[] }
  | { readonly kind: 'doubts'; readonly doubts: readonly Doubt[] }
  | { readonly kind: 'table'; readonly table: Table; readonly folded: boolean }
  | { readonly kind: 'picture'; readonly picture: Picture }
  | { readonly kind: 'command'; readonly text: string };

export interface ReportModel {
  readonly title: string;
  readonly subtitle: string;
  /** Present where the run did not finish; stands above everything else. */
  readonly banner: string | undefined;
  readonly cards: readonly Card[];
  readonly blocks: readonly Block[];
  readonly footer: string;
}

const LIST_LENGTH_MAX = 200;
/** What intervals and floors of an estimate mean; of no use to a page without estimates. */
const METHOD: readonly string[] = [
  'A session starts a process for each arm of a cell, warms each, and takes short slices of all arms in ' +
    'turn, in random order. Arms share no process.',
  'A contrast is one number a session. Its interval is over sessions, at the error beside it; slices ' +
    'within a session are not counted as independent.',
  'The floor within sessions is the ratio by which equal arms differ inside a session; the floor between ' +
    'sessions is that by which an arm differs from one session to the next.',
  'The smallest visible difference is the half-width of the interval: less could not have been shown.',
  'Bars in pictures, and small figures in squares, are intervals.',
  'Deciding contrasts judge. Curves and labelled cells stand beside them.',
  'Sizes are decimal: 1 GB is 1,000,000,000 bytes.',
];

export function buildModel(
  { run, rounds, answers: file }: ReportInput,
  pictures: ReadonlyMap<Answer, readonly Picture[]>,
): ReportModel {
  const status = statusOf(run, file);
  const [first] = file.answers;
  const single = file.answers.length === 1;
  const answers = cut(file.answers.filter((answer) => !isUnmeasured(answer)));
  const unmeasured = unmeasuredText(file.answers);
  return {
    title: (single ? first?.title : undefined) ?? 'Published claims, measured on this machine',
    subtitle: subtitleOf(run),
    banner: bannerOf(status),
    cards: answers.map((answer) => cardOf(answer, status)),
    blocks: [
      ...(first === undefined ? [text('Nothing has been judged yet.')] : []),
      ...(unmeasured === '' ? [] : [text(unmeasured)]),
      ...answers.flatMap((answer) =>
        answerBlocks(answer, { run, status, single, pictures: pictures.get(answer) ?? [] }),
      ),
      ...runBlocks({ run, rounds, answers: file }),
    ],
    footer:
      'Written by kvtune. The data behind this page lie beside it: run.json, rounds, answers.',
  };
}

const UNFINISHED: Readonly<Record<Exclude<Status, 'finished'>, string>> = {
  running: 'Still running: this report is not the last word.',
  interrupted: 'Interrupted: the run was stopped before its plan was complete.',
  failed: 'Failed: the run ended with an error before its plan was complete.',
};

export function bannerOf(status: Status): string | undefined {
  if (status === 'finished') return undefined;
  return `${UNFINISHED[status]} Figures and verdicts rest on the rounds that finished.`;
}

function cardOf(answer: Answer, status: Status): Card {
  return {
    id: answer.question,
    anchor: slug(answer.question),
    title: answer.title,
    badge: badgeOf(answer, status),
    finding: answer.finding,
    published: publishedText(answer),
    publishedWhat: answer.published?.what ?? '',
    measured: measuredText(answer),
    measuredWhat: measuredWhat(answer),
  };
}

function badgeOf(answer: Answer, status: Status): Badge {
  return { tone: toneOf(answer), text: verdictText(answer, status) };
}

function answerBlocks(
  answer: Answer,
  about: {
    readonly run: Run;
    readonly status: Status;
    /** Its title and finding stand above already, and right above. */
    readonly single: boolean;
    readonly pictures: readonly Picture[];
  },
): Block[] {
  const anchor = slug(answer.question);
  const badge = badgeOf(answer, about.status);
  const part = (title: string, blocks: readonly Block[]): Block[] =>
    headed({ kind: 'heading', level: 3, text: title, anchor: '' }, blocks);
  return [
    { kind: 'heading', level: 2, text: about.single ? 'In detail' : answer.title, anchor, badge },
    ...(about.single ? [] : [text(answer.finding)]),
    ...list(noDifferences(answer)),
    ...part('Before quoting it', list(answer.caveats)),
    ...about.pictures.map((picture): Block => ({ kind: 'picture', picture })),
    ...part('Estimates', table(estimateTable(answer, about.run))),
    ...part('Where it holds and where not', list(answer.limits)),
    ...part('Warnings', doubts(answer.warnings.map((one) => doubt(answer.question, one)))),
    ...part('How it was judged', [{ kind: 'facts', facts: answerFacts(answer) }]),
    ...part(
      'Figures',
      answer.tables.flatMap((one) => table(answerTable(one))),
    ),
    ...part('Not reached', list(answer.untested)),
    ...part('Repeat it', [{ kind: 'command', text: answer.command }]),
  ];
}

function answerFacts(answer: Answer): Fact[] {
  const { rule, method, alpha, looks, target, published } = answer;
  return [
    { label: 'Rule', value: rule },
    { label: 'Method', value: method },
    {
      label: 'Accepted error',
      value: `${formatShare(alpha)} over all contrasts and looks; ${plural(looks, 'look')} taken`,
    },
    { label: 'Target', value: target },
    ...answer.facts,
    ...(published === undefined ? [] : [{ label: 'Source', value: published.source }]),
  ].filter(({ value }) => value !== '');
}

function runBlocks({ run, rounds, answers: { answers } }: ReportInput): Block[] {
  const estimated = answers.some((one) => one.estimates.length > 0 && !isUnmeasured(one));
  const section = (title: string, blocks: readonly Block[]): Block[] =>
    headed({ kind: 'heading', level: 2, text: title, anchor: slug(title) }, blocks);
  return [
    ...section('Conditions', [
      { kind: 'facts', facts: conditionFacts(run, rounds) },
      ...table(cellTable(run, rounds)),
      ...table(settingsTable(answers)),
    ]),
    ...section('Untested', list(run.untested)),
    ...section('Warnings', doubts([...unmeasuredDoubts(answers), ...runDoubts(run, rounds)])),
    ...section('Method', estimated ? list(METHOD) : []),
    ...section('Repeat this run', [{ kind: 'command', text: run.command }]),
    ...section('Sessions', table(sessionTable(run, rounds), true)),
  ];
}

function subtitleOf(run: Run): string {
  const { host } = run;
  const took = run.seconds > 0 ? `, took ${formatDuration(run.seconds)}` : '';
  const what = run.load?.command ?? `${run.mode} run`;
  return [
    `kvtune ${run.kvtune}, ${what} started ${formatTime(run.startedAt)}${took}`,
    `${host.cpu.model}, ${plural(host.cpu.cores, 'core')}`,
    `${formatBytes(host.memoryBytes)} memory`,
    `${host.workDir.fileSystem} on ${host.workDir.deviceModel || host.workDir.device}`,
  ].join('; ');
}

/** Of questions without a section of their own. */
function unmeasuredDoubts(answers: readonly Answer[]): Doubt[] {
  return answers
    .filter(isUnmeasured)
    .flatMap(({ question, warnings }) => warnings.map((one) => doubt(question, one)));
}

/** Of the host, of the run, and of rounds: the same words of one cell once, with their number. */
function runDoubts(run: Run, rounds: readonly Round[]): Doubt[] {
  const seen = new Map<string, { warning: Warning; cell: string; times: number }>();
  for (const { cell, warnings } of rounds) {
    for (const warning of warnings) {
      const key = JSON.stringify([cell, warning.code, warning.message]);
      const entry = seen.get(key) ?? { warning, cell, times: 0 };
      entry.times += 1;
      seen.set(key, entry);
    }
  }
  return [
    ...run.host.warnings.map((warning) => doubt('host', warning)),
    ...run.warnings.map((warning) => doubt('run', warning)),
    ...[...seen.values()].map(({ warning, cell, times }) =>
      doubt(`${cell}, ${plural(times, 'round')}`, warning),
    ),
  ];
}

function doubt(where: string, { code, message, remedy }: Warning): Doubt {
  return { where, message: `${message} (${code})`, remedy: remedy ?? '' };
}

function text(words: string): Block {
  return { kind: 'text', text: words };
}

// Nothing to say makes no block: a heading without one is left out as well.
function headed(heading: Block, blocks: readonly Block[]): Block[] {
  return blocks.length === 0 ? [] : [heading, ...blocks];
}

function list(all: readonly string[]): Block[] {
  const more = all.length - LIST_LENGTH_MAX;
  const items = more <= 0 ? all : [...cut(all), `${formatCount(more)} more stand in run.json.`];
  return items.length === 0 ? [] : [{ kind: 'list', items }];
}

function doubts(all: readonly Doubt[]): Block[] {
  return all.length === 0 ? [] : [{ kind: 'doubts', doubts: cut(all) }];
}

function table(entry: Table, folded = false): Block[] {
  return entry.rows.length === 0 ? [] : [{ kind: 'table', table: entry, folded }];
}

function cut<T>(all: readonly T[]): T[] {
  return all.slice(0, LIST_LENGTH_MAX);
}
