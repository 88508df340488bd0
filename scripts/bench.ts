// npm run bench: the microbenchmarks of every `*.bench.ts` under engine/ and workloads/, in compiled
// JavaScript and plain Node. Timed by tinybench, arms of a group in turn, round by round; what is counted repeats
// exactly; trials measure under load and are held to bars (bench/trials.ts). Groups with `complaint` in their
// name are what users say of the hashmap freelist.
//
//   npm run bench -- [--filter TEXT] [--json] [--tiny] [--large] [--rounds 5] [--work-dir DIR]
//
// --filter keeps groups whose name holds TEXT. --tiny shows that all of it runs; its figures mean
// nothing. --large adds the groups named 'large run'. --work-dir is on the disk that trials load. A time is per operation; a sample is one run of many operations, so p99 is that of runs. Of
// the freelists a ratio over 1 means faster than the array. The bitmap's bar: at least 0.9 times as fast
// as the better of array and hashmap. A missed bar is shown, and is no failure: times of one machine are
// not everybody's. Bars on what is counted hold in the tests (bench.test.ts).

import { readdirSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import Table from 'cli-table3';
import { Bench } from 'tinybench';
import type {
  BenchCase,
  BenchCount,
  BenchCounting,
  BenchModule,
  BenchRun,
  BenchSetting,
} from '../engine/base/bench-case.ts';
import { Random, SpanList } from '../engine/index.ts';
import { formatSignificant } from '../src/report/format.ts';
import { median, quantile } from '../src/stats/quantile.ts';
import { ratioOver, type Ratio } from './bench/ratio.ts';
import { measureTrial, trialTable, verdictOf, type TrialRow } from './bench/trials.ts';
import { countIn, layOut, pagesIn, recipeByName, wholeFile } from '../workloads/index.ts';

/** How long a case is measured. */
export interface Effort {
  readonly rounds: number;
  readonly warmUpMs: number;
  readonly roundMs: number;
  readonly runsMin: number;
}

type Verdict = 'holds' | 'MISSED' | 'unclear';

export interface TimedRow {
  readonly group: string;
  readonly name: string;
  readonly operation: string;
  /** Nanoseconds an operation, over the runs of all rounds. */
  readonly ns: { readonly p50: number; readonly p75: number; readonly p99: number };
  readonly samples: number;
  /** Time of the arm `array` over this one's, paired by round; null where there is none. */
  readonly toArray: Ratio | null;
  /** Time of the better of array and hashmap over the bitmap's; null for every other arm. */
  readonly toBetter: Ratio | null;
}

export interface CountedRow extends BenchCount {
  readonly group: string;
  /** Whether the bitmap keeps its bar; null without one. */
  readonly holds: boolean | null;
}

const FOLDERS = ['../engine/', '../workloads/'].map((folder) =>
  fileURLToPath(new URL(folder, import.meta.url)),
);
const SEED = 20261122;
/** The bitmap's bar, as a share of the speed of the better published kind. */
const SPEED_MIN = 0.9;
/** Pages 0 and 1 are the metas. */
const FIRST_PAGE = 2;

export const TINY_EFFORT: Effort = { rounds: 1, warmUpMs: 0, roundMs: 0, runsMin: 2 };
const FULL_EFFORT: Effort = { rounds: 5, warmUpMs: 40, roundMs: 80, runsMin: 3 };

/** Paths of all benches of the engine and the workloads: sources in a test, compiled ones in dist. */
export function findBenches(): string[] {
  const ending = import.meta.url.endsWith('.ts') ? '.bench.ts' : '.bench.js';
  return FOLDERS.flatMap((folder) =>
    readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .filter((path) => path.endsWith(ending))
      .sort()
      .map((path) => join(folder, path)),
  );
}

/** The setting benches are built from; layouts are made once each and kept. */
export function makeSetting(size: BenchSetting['size'], large = false): BenchSetting {
  const kept = new Map<string, SpanList>();
  return {
    size,
    large,
    agedSpans: (recipe, freePages) => {
      const name = `${recipe} ${String(freePages)}`;
      const spans = kept.get(name) ?? layOutSpans(recipe, freePages);
      kept.set(name, spans);
      return spans;
    },
  };
}

function layOutSpans(name: string, freePages: number): SpanList {
  const recipe = recipeByName(name);
  if (recipe === undefined) throw new Error(`there is no recipe ${name}`);
  const { free, used } = wholeFile(recipe.spans);
  const pages = Math.round((freePages * (pagesIn(free) + pagesIn(used))) / pagesIn(free));
  const spans = new SpanList(Math.ceil((freePages / pagesIn(free)) * countIn(free)) + 1);
  let page = FIRST_PAGE;
  for (const run of layOut(recipe.spans, pages, new Random(SEED))) {
    if (run < 0) spans.push(page, -run);
    page += Math.abs(run);
  }
  return spans;
}

/** Measures the arms of one group in turn, checks what they did, and compares them. */
export function measureGroup(cases: readonly BenchCase[], effort: Effort): TimedRow[] {
  const arms = cases.map((one) => ({ one, run: one.prepare(), rounds: [] as number[][] }));
  for (let round = 0; round < effort.rounds; round++) {
    for (const arm of arms) arm.rounds.push(measureRound(arm.one, arm.run, effort));
  }
  for (const { run } of arms) run.verify();
  return compareArms(arms);
}

/** Rows of a group from the nanoseconds an operation of each arm's runs, round by round. */
export function compareArms(
  arms: readonly { readonly one: BenchCase; readonly rounds: readonly (readonly number[])[] }[],
): TimedRow[] {
  const medians = arms.map(({ rounds }) => rounds.map((samples) => median(samples) ?? Number.NaN));
  const mediansOf = (name: string): readonly number[] | undefined =>
    medians[arms.findIndex(({ one }) => one.name === name)];
  const array = mediansOf('array');
  const better = betterOf(array, mediansOf('hashmap'));
  return arms.map(({ one, rounds }, i) => {
    const samples = rounds.flat();
    const at = (p: number): number => quantile(samples, p) ?? Number.NaN;
    const own = medians[i] ?? [];
    return {
      group: one.group,
      name: one.name,
      operation: one.operation,
      ns: { p50: at(0.5), p75: at(0.75), p99: at(0.99) },
      samples: samples.length,
      toArray: array === undefined || one.name === 'array' ? null : ratioOf(array, own),
      toBetter: one.name === 'bitmap' && better !== undefined ? ratioOf(better, own) : null,
    };
  });
}

/** Nanoseconds an operation of each run of one round. */
function measureRound(one: BenchCase, run: BenchRun, effort: Effort): number[] {
  const bench = new Bench({
    retainSamples: true,
    throws: true,
    // Warm-up would be part of the history where the number of runs is fixed.
    warmup: one.runs === undefined,
    warmupTime: effort.warmUpMs,
    warmupIterations: 1,
    time: one.runs === undefined ? effort.roundMs : 0,
    iterations: one.runs ?? effort.runsMin,
  });
  // The sum of all results is looked at below, so the compiler cannot drop what leads to them.
  let sum = 0;
  const timed = (): { overriddenDuration: number; overriddenIterationCost: number } => {
    const begin = bench.now();
    run.before?.();
    const started = bench.now();
    sum += run.run();
    const ended = bench.now();
    // What comes before is not part of the time, but of the budget: it may take far longer.
    return { overriddenDuration: ended - started, overriddenIterationCost: ended - begin };
  };
  // Said outright: tinybench would make a run more to find out.
  bench.add(one.name, timed, { async: false });
  const result = bench.runSync()[0]?.result;
  if (result?.state !== 'completed' || result.latency.samples === undefined || Number.isNaN(sum)) {
    throw new Error(`${one.group}, ${one.name}: no result`);
  }
  return result.latency.samples.map((ms) => (ms * 1e6) / one.operations);
}

/** Medians by round of whichever arm is faster over all; undefined unless both are there. */
function betterOf(
  one: readonly number[] | undefined,
  other: readonly number[] | undefined,
): readonly number[] | undefined {
  if (one === undefined || other === undefined) return undefined;
  return (median(one) ?? 0) <= (median(other) ?? 0) ? one : other;
}

function ratioOf(base: readonly number[], own: readonly number[]): Ratio {
  return ratioOver(base.map((one, i) => one / (own[i] ?? Number.NaN)));
}

/** The figures of one counting, each held against its bar. */
export function countGroup(counting: BenchCounting): CountedRow[] {
  return counting.count().map((count) => ({
    group: counting.group,
    ...count,
    holds: count.bar === undefined ? null : count.bitmap <= count.bar.most,
  }));
}

/** Cases by group, in the order they come in. */
export function groupsOf(cases: readonly BenchCase[]): BenchCase[][] {
  const groups = new Map<string, BenchCase[]>();
  for (const one of cases) groups.set(one.group, [...(groups.get(one.group) ?? []), one]);
  return [...groups.values()];
}

function timedTable(rows: readonly TimedRow[]): string {
  const table = new Table({
    head: ['', 'p50', 'p75', 'p99', 'runs', 'times as fast as array', 'as the better (bar 0.9)'],
    colAligns: ['left', 'right', 'right', 'right', 'right', 'right', 'right'],
    style: { head: [], border: [], compact: true },
  });
  let group = '';
  for (const row of rows) {
    if (row.group !== group) {
      table.push([{ colSpan: 7, content: `${row.group}, time per ${row.operation}` }]);
    }
    group = row.group;
    table.push([
      `  ${row.name}`,
      ...[row.ns.p50, row.ns.p75, row.ns.p99].map(formatNs),
      row.samples,
      formatRatio(row.toArray),
      row.toBetter === null ? '' : `${formatRatio(row.toBetter)} ${speedVerdict(row.toBetter)}`,
    ]);
  }
  return table.toString();
}

function countedTable(rows: readonly CountedRow[]): string {
  const table = new Table({
    head: ['counted', 'array', 'hashmap', 'bitmap', 'unit', "bitmap's bar"],
    colAligns: ['left', 'right', 'right', 'right', 'left', 'left'],
    style: { head: [], border: [], compact: true },
  });
  let group = '';
  for (const row of rows) {
    if (row.group !== group) table.push([{ colSpan: 6, content: row.group }]);
    group = row.group;
    const figures = [row.array, row.hashmap, row.bitmap].map((figure) =>
      formatSignificant(figure, figure < 1000 ? 3 : Math.ceil(Math.log10(figure + 1))),
    );
    const bar =
      row.bar === undefined || row.holds === null
        ? ''
        : `${row.bar.text}: ${formatSignificant(row.bar.most, 4)} ${countVerdict(row.holds)}`;
    table.push([`  ${row.name}`, ...figures, row.unit, bar]);
  }
  return table.toString();
}

/** The bitmap's speed against its bar; unclear where the bar lies within the interval, or none is. */
export function speedVerdict({ low, high }: Ratio): Verdict {
  if (low !== null && low >= SPEED_MIN) return 'holds';
  return high !== null && high < SPEED_MIN ? 'MISSED' : 'unclear';
}

function countVerdict(holds: boolean): Verdict {
  return holds ? 'holds' : 'MISSED';
}

function formatNs(ns: number): string {
  if (ns >= 1e6) return `${formatSignificant(ns / 1e6, 3)} ms`;
  return ns >= 1e4 ? `${formatSignificant(ns / 1e3, 3)} us` : `${formatSignificant(ns, 3)} ns`;
}

function formatRatio(ratio: Ratio | null): string {
  if (ratio === null) return '';
  const value = formatSignificant(ratio.value, 3);
  const { low, high } = ratio;
  if (low === null || high === null) return value;
  return `${value} [${formatSignificant(low, 3)}, ${formatSignificant(high, 3)}]`;
}

interface BenchResult {
  readonly timed: TimedRow[];
  readonly counted: CountedRow[];
  readonly trials: TrialRow[];
}

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      filter: { type: 'string', default: '' },
      json: { type: 'boolean', default: false },
      tiny: { type: 'boolean', default: false },
      large: { type: 'boolean', default: false },
      rounds: { type: 'string', default: String(FULL_EFFORT.rounds) },
      'work-dir': { type: 'string', default: tmpdir() },
    },
  });
  const rounds = Number(values.rounds);
  if (!Number.isInteger(rounds) || rounds < 1) {
    process.stderr.write(`--rounds ${values.rounds} is no whole number from 1 on\n`);
    return 2;
  }
  const setting = makeSetting(values.tiny ? 'tiny' : 'full', values.large);
  const effort = values.tiny ? TINY_EFFORT : { ...FULL_EFFORT, rounds };
  const { filter, 'work-dir': parent } = values;
  const result = await measureAll(setting, { effort, filter, parent });
  if (Object.values(result).every((rows: readonly unknown[]) => rows.length === 0)) {
    process.stderr.write(`no group's name holds '${filter}'\n`);
    return 2;
  }
  print(result, { effort, size: setting.size, json: values.json });
  return 0;
}

async function measureAll(
  setting: BenchSetting,
  options: { readonly effort: Effort; readonly filter: string; readonly parent: string },
): Promise<BenchResult> {
  const { effort, filter, parent } = options;
  const result: BenchResult = { timed: [], counted: [], trials: [] };
  const wanted = ({ group }: { readonly group: string }): boolean => group.includes(filter);
  const begin = (group: string): boolean => process.stderr.write(`${group}\n`);
  for (const path of findBenches()) {
    const module = (await import(pathToFileURL(path).href)) as BenchModule;
    for (const group of groupsOf(module.cases?.(setting).filter(wanted) ?? [])) {
      begin(group[0]?.group ?? '');
      result.timed.push(...measureGroup(group, effort));
    }
    for (const counting of module.countings?.(setting).filter(wanted) ?? []) {
      begin(counting.group);
      result.counted.push(...countGroup(counting));
    }
    for (const trial of module.trials?.(setting).filter(wanted) ?? []) {
      begin(trial.group);
      result.trials.push(...(await measureTrial(trial, { rounds: effort.rounds, parent })));
    }
  }
  return result;
}

function print(
  { timed, counted, trials }: BenchResult,
  options: { readonly effort: Effort; readonly size: BenchSetting['size']; readonly json: boolean },
): void {
  const { effort, size, json } = options;
  const [cpu] = cpus();
  const host = { node: process.version, cpu: cpu?.model ?? 'unknown', cores: cpus().length };
  if (json) {
    const conditions = { ...host, size, ...effort, seed: SEED };
    process.stdout.write(`${JSON.stringify({ conditions, timed, counted, trials }, null, 2)}\n`);
    return;
  }
  const { rounds, roundMs } = effort;
  process.stdout.write(
    `${host.cpu}, ${String(host.cores)} cores, Node ${host.node}, size ${size}: ` +
      `${String(rounds)} rounds of ${String(roundMs)} ms an arm, in turn; ratios of paired rounds\n`,
  );
  if (timed.length > 0) process.stdout.write(`${timedTable(timed)}\n`);
  if (counted.length > 0) process.stdout.write(`${countedTable(counted)}\n`);
  if (trials.length > 0) process.stdout.write(`${trialTable(trials)}\n`);
  const bars = [
    ...timed.flatMap(({ toBetter }) => (toBetter === null ? [] : speedVerdict(toBetter))),
    ...counted.flatMap(({ holds }) => (holds === null ? [] : countVerdict(holds))),
  ];
  printBars('of the bitmap', bars);
  printBars('of trials', trials.map(verdictOf));
}

function printBars(whose: string, verdicts: readonly (string | undefined)[]): void {
  const counts = new Map<string, number>();
  for (const verdict of verdicts) {
    if (verdict !== undefined) counts.set(verdict, (counts.get(verdict) ?? 0) + 1);
  }
  if (counts.size === 0) return;
  const words = [...counts].map(([verdict, count]) => `${String(count)} ${verdict}`).join('; ');
  process.stdout.write(`bars ${whose}: ${words}\n`);
}

const startedAs = process.argv[1];
if (startedAs !== undefined && import.meta.url === pathToFileURL(startedAs).href) {
  process.exitCode = await main();
}
