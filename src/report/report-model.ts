// What a report says, before it is HTML or Markdown: both are written from this one model, so neither can
// hold a fact the other lacks. Pure. Text here is plain and unescaped; each renderer escapes all of it.
// Lists are cut at a stated length, so that no input can make a page of megabytes.

import type {
  Claim,
  ClaimsFile,
  ExperimentRound,
  Run,
  Sample,
  SurfaceSummary,
  Verdict,
  Warning,
} from '../record/schema.ts';
import type { Chart } from './charts.ts';
import { conditionFacts, calibrationFacts, type Fact } from './conditions.ts';
import {
  formatBytes,
  formatCount,
  formatDuration,
  formatEstimate,
  formatPublished,
  formatScalar,
  formatSignificant,
  formatTime,
  isFigure,
  NOT_MEASURED,
  wordsOf,
} from './format.ts';
import { slug } from './plain-text.ts';
import {
  armTables,
  cellTable,
  claimRowsTable,
  curveTable,
  experimentCellTable,
  experimentRoundTable,
  intervalLevel,
  roundTable,
  settingsTable,
  surfaceTable,
  type Table,
} from './tables.ts';

export interface ReportInput {
  readonly run: Run;
  readonly samples: readonly Sample[];
  readonly experiments: readonly ExperimentRound[];
  readonly claims: ClaimsFile;
}

export interface Doubt {
  readonly where: string;
  readonly message: string;
  readonly remedy: string;
}

export interface ClaimSection {
  readonly id: string;
  readonly anchor: string;
  readonly title: string;
  readonly verdict: Verdict;
  /** The verdict in words; says so where the run behind it is incomplete. */
  readonly verdictText: string;
  readonly finding: string;
  readonly published: string;
  readonly publishedWhat: string;
  readonly source: string;
  readonly measured: string;
  readonly measuredWhat: string;
  /** Undefined where panels stand in its place. */
  readonly chart: Chart | undefined;
  readonly panels: readonly DrawnPicture[];
  readonly caveats: readonly string[];
  readonly limits: readonly string[];
  readonly facts: readonly Fact[];
  readonly curve: Table | undefined;
  readonly arms: readonly Table[];
  readonly rows: readonly Table[];
  readonly doubts: readonly Doubt[];
  readonly command: string;
}

/** A panel of a claim, or a ratio map of the surface, as a picture. */
export interface DrawnPicture {
  readonly id: string;
  readonly title: string;
  readonly chart: Chart;
}

export interface SurfaceSection {
  readonly lead: string;
  readonly sentences: readonly string[];
  readonly bars: readonly string[];
  readonly maps: readonly DrawnPicture[];
  readonly table: Table;
}

/** What a run, an ab or a sweep has in place of claims. */
export interface LoadSection {
  readonly id: string;
  readonly tone: 'good' | 'warn' | 'bad';
  readonly verdictText: string;
  readonly finding: string;
  readonly panels: readonly DrawnPicture[];
  readonly tables: readonly Table[];
  readonly doubts: readonly Doubt[];
}

export interface ReportModel {
  readonly title: string;
  readonly subtitle: string;
  /** Present where the run did not finish; stands above everything else. */
  readonly banner: string | undefined;
  readonly claims: readonly ClaimSection[];
  /** Present in place of claims. */
  readonly load: LoadSection | undefined;
  readonly surface: SurfaceSection | undefined;
  readonly conditions: readonly Fact[];
  readonly tables: readonly Table[];
  readonly calibration: readonly Fact[];
  readonly untested: readonly string[];
  readonly doubts: readonly Doubt[];
  readonly method: readonly string[];
  readonly command: string;
  /** Names of the files with the data. */
  readonly sources: string;
  /** Raw rounds, for those who want to see behind the medians. */
  readonly rounds: readonly Table[];
}

const NO_CURVE: Chart = { kind: 'sentence', text: 'This claim has no curve to draw.' };
const LIST_LENGTH_MAX = 200;
/** What the measured figure is, for claims where it is another quantity than the published one. */
const MEASURED_WHAT: ReadonlyMap<string, string> = new Map([
  ['capacity-50x', 'put latency with hashmap, relative to the 2 GB file'],
]);
/** From which etcd version on a reader has the change already. */
const SHIPPED_IN: ReadonlyMap<string, string> = new Map([
  ['freelist-24x', 'etcd 3.4 behind a flag; on by default since etcd 3.5'],
  [
    'capacity-50x',
    'a quota setting; etcd suggests 8 GB at most and has never raised that to 100 GB',
  ],
]);

export function buildModel(
  input: ReportInput,
  drawn: {
    readonly charts: ReadonlyMap<Claim, Chart>;
    readonly panels: ReadonlyMap<Claim, readonly DrawnPicture[]>;
    readonly maps: readonly DrawnPicture[];
  },
): ReportModel {
  const { run, samples, experiments, claims } = input;
  const status = statusOf(input);
  return {
    title: 'Published claims, measured on this machine',
    subtitle: subtitleOf(run),
    banner: bannerOf(status, samples.length + experiments.length),
    claims: cut(claims.claims).map((claim) =>
      claimSection(claim, { run, status }, drawn.charts.get(claim), drawn.panels.get(claim) ?? []),
    ),
    load: undefined,
    surface: claims.surface === undefined ? undefined : surfaceSection(claims.surface, drawn.maps),
    conditions: conditionFacts(run, samples),
    tables: [
      cellTable(run, samples),
      experimentCellTable(run, experiments),
      settingsTable(claims.claims, experiments),
    ].filter((table) => !isEmpty(table)),
    calibration: calibrationFacts(run),
    untested: cutText(run.untested),
    doubts: doubtsOf(run, samples),
    method: methodOf(),
    command: run.command,
    sources: 'run.json, samples.ndjson, experiments.ndjson, claims.json',
    rounds: [roundTable(run, samples), experimentRoundTable(experiments)].filter(
      (table) => !isEmpty(table),
    ),
  };
}

/** The less finished of what the two files say: a page must not call half a run whole. */
export function statusOf({ run, claims }: Pick<ReportInput, 'run' | 'claims'>): Run['status'] {
  return run.status === 'finished' ? claims.status : run.status;
}

export function verdictText(verdict: Verdict, status: Run['status']): string {
  const words = verdict.replaceAll('-', ' ');
  return status === 'finished' ? words : `${words} (incomplete run)`;
}

export function measuredText(claim: Claim): string {
  return claim.measured === null
    ? NOT_MEASURED
    : formatEstimate(claim.measured, claim.published.unit);
}

export function publishedText({ published }: Claim): string {
  return published.words ?? formatPublished(published.value, published.unit);
}

export function bannerOf(status: Run['status'], rounds: number): string | undefined {
  const kept =
    rounds === 0
      ? 'No round has finished.'
      : `Figures and verdicts rest on the ${plural(rounds, 'round')} that finished.`;
  switch (status) {
    case 'finished':
      return undefined;
    case 'running':
      return `Still running: this report is not the last word. ${kept}`;
    case 'interrupted':
      return `Interrupted: the run was stopped before its plan was complete. ${kept}`;
    case 'failed':
      return `Failed: the run ended with an error before its plan was complete. ${kept}`;
  }
}

function claimSection(
  claim: Claim,
  { run, status }: { readonly run: Run; readonly status: Run['status'] },
  chart: Chart | undefined,
  panels: readonly DrawnPicture[],
): ClaimSection {
  const curve = curveTable(claim, run);
  return {
    id: claim.id,
    anchor: slug(claim.id),
    title: claim.title,
    verdict: claim.verdict,
    verdictText: verdictText(claim.verdict, status),
    finding: claim.finding,
    published: publishedText(claim),
    publishedWhat: claim.published.what,
    source: claim.published.source,
    measured: measuredText(claim),
    measuredWhat: measuredWhat(claim),
    chart: panels.length > 0 ? undefined : (chart ?? NO_CURVE),
    panels,
    caveats: cutText(claim.caveats ?? []),
    limits: cutText(claim.limits),
    facts: claimFacts(claim),
    curve: isEmpty(curve) ? undefined : curve,
    arms: armTables(claim, run).filter((table) => !isEmpty(table)),
    rows: (claim.rows ?? []).map(claimRowsTable),
    doubts: cut(claim.warnings).map((warning) => doubt(claim.id, warning)),
    command: claim.command,
  };
}

function surfaceSection(surface: SurfaceSummary, maps: readonly DrawnPicture[]): SurfaceSection {
  const { planned, measured } = surface;
  return {
    lead:
      `${formatCount(measured)} of ${formatCount(planned)} planned cells were measured: array, ` +
      'hashmap and bitmap on the same file and job, over free pages, puts a commit, value size, ' +
      'recipe and whether the freelist is stored. It decides no claim.',
    sentences: cutText(surface.classes.map((one) => one.sentence)),
    bars: surface.bars.map((bar) => bar.sentence),
    maps,
    table: surfaceTable(surface),
  };
}

function measuredWhat(claim: Claim): string {
  const what = MEASURED_WHAT.get(claim.id) ?? claim.published.what;
  if (claim.measured === null) return what;
  const { at, rounds, low, high } = claim.measured;
  const how =
    low === high
      ? plural(rounds, 'round')
      : `${intervalLevel(claim)} interval over ${plural(rounds, 'round')}`;
  return `${what}; ${how} at ${placeText(at)}`;
}

/** Where a figure was measured: '100 GB, 8,130,000 free pages', or an experiment's factors by name. */
function placeText(at: NonNullable<Claim['measured']>['at']): string {
  const { dbBytes, freePages, ...factors } = at;
  const parts = Object.entries(factors).map(
    ([name, level]) => `${wordsOf(name)} ${formatScalar(level)}`,
  );
  if (typeof freePages === 'number') parts.unshift(`${formatCount(freePages)} free pages`);
  if (typeof dbBytes === 'number') parts.unshift(formatBytes(dbBytes));
  return parts.join(', ');
}

function claimFacts(claim: Claim): Fact[] {
  const engine = claim.target === 'engine';
  const shipped = SHIPPED_IN.get(claim.id);
  return [
    { label: 'Rule', value: claim.rule },
    { label: 'Method', value: claim.method },
    {
      label: 'Noise floor (A/A)',
      value: floorText(claim),
    },
    {
      label: 'Target',
      value: engine
        ? 'bundled engine: storage layer only, no consensus. Real etcd: not measured.'
        : claim.target,
    },
    ...(shipped === undefined ? [] : [{ label: 'Where etcd has it', value: shipped }]),
    { label: 'Source', value: claim.published.source },
  ];
}

// A floor of exactly 1 stands for one that nobody measured: two rounds never take equally long.
function floorText({ floor }: Claim): string {
  if (!isFigure(floor) || floor <= 1) return NOT_MEASURED;
  return `${formatSignificant(floor, 4)}x between equal arms`;
}

export function subtitleOf(run: Run): string {
  const { host } = run;
  const took =
    run.finishedAt === undefined
      ? ''
      : `, took ${formatDuration((Date.parse(run.finishedAt) - Date.parse(run.startedAt)) / 1000)}`;
  return [
    `kvtune ${run.kvtune}, ${run.load?.command ?? `${run.mode} run`} started ${formatTime(run.startedAt)}${took}`,
    `${host.cpu.model}, ${plural(host.cpu.cores, 'core')}`,
    `${formatBytes(host.memoryBytes)} memory`,
    `${host.workDir.fileSystem} on ${host.workDir.deviceModel || host.workDir.device}`,
  ].join('; ');
}

function methodOf(): string[] {
  return [
    'Each round runs one arm in a process of its own, from the starting state of its cell.',
    'Rounds of a block run next to each other in random order; ratios pair rounds of one block.',
    'A figure of an arm is the median over its rounds; commit latency counts every commit of them.',
    'Pairs of equal arms give the A/A floor: no verdict is finer than it.',
    'Experiments: a figure is the geometric mean over blocks; deciding cells alone judge.',
    'Main cells alone decide verdicts. Worst-case and small-values cells are labelled and never do.',
    'Sizes are decimal: 1 GB is 1,000,000,000 bytes.',
  ];
}

function doubtsOf(run: Run, samples: readonly Sample[]): Doubt[] {
  const rounds = new Map<string, { warning: Warning; cell: string; times: number }>();
  for (const { cell, warnings } of samples) {
    for (const warning of warnings) {
      const key = JSON.stringify([cell, warning.code, warning.message]);
      const seen = rounds.get(key);
      if (seen === undefined) rounds.set(key, { warning, cell, times: 1 });
      else seen.times += 1;
    }
  }
  return cut([
    ...run.host.warnings.map((warning) => doubt('host', warning)),
    ...run.warnings.map((warning) => doubt('run', warning)),
    ...[...rounds.values()].map(({ warning, cell, times }) =>
      doubt(`${cell}, ${plural(times, 'round')}`, warning),
    ),
  ]);
}

export function doubt(where: string, { code, message, remedy }: Warning): Doubt {
  return { where, message: `${message} (${code})`, remedy: remedy ?? '' };
}

export function plural(count: number, noun: string): string {
  return `${formatCount(count)} ${noun}${count === 1 ? '' : 's'}`;
}

function isEmpty(table: Table): boolean {
  return table.rows.length === 0;
}

function cut<T>(list: readonly T[]): T[] {
  return list.slice(0, LIST_LENGTH_MAX);
}

function cutText(list: readonly string[]): string[] {
  const more = list.length - LIST_LENGTH_MAX;
  return more <= 0 ? [...list] : [...cut(list), `${formatCount(more)} more stand in run.json.`];
}
