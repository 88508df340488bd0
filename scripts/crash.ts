// npm run crash: power cuts by the million. Runs seeded histories of engine/simulation/power-cuts.ts, or
// with --store of store-cuts.ts, one after the other on every core, until enough crash points were looked at.
//
//   npm run crash -- [--store] [--points 100000] [--seed 1] [--workers N]
//
// --seed is the first history's; the next one's is one higher. A history is run to its end, so a few
// more points than asked for are looked at; `--points 1` is one history. Progress goes to stderr, the
// last line of stdout sums up. Exit codes: 0 no fault; 1 a fault, with the command that repeats its
// history alone; 2 wrong options; 130 interrupted.

import { availableParallelism } from 'node:os';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { parentPort, Worker, workerData } from 'node:worker_threads';
import { newPowerCutCounts, powerCutSetting, runPowerCuts } from './simulation/power-cuts.ts';
import { newStoreCutCounts, runStoreCuts, storeCutSetting } from './simulation/store-cuts.ts';

/** What the histories are of: a database alone, or a whole store. */
type Subject = 'db' | 'store';

/** What both kinds of histories count. */
interface CrashCounts {
  points: number;
  torn: number;
  recoveries: number;
  commits: number;
}

export interface CrashOptions {
  readonly subject: Subject;
  readonly points: number;
  readonly seed: number;
  readonly workers: number;
}

export interface CrashFault {
  readonly subject: Subject;
  readonly seed: number;
  /** What went wrong, outermost first, in one line. */
  readonly what: string;
  readonly stack: string;
}

/** A worker's answer to the seed it was sent. */
type Answer =
  { readonly seed: number; readonly counts: CrashCounts } | { readonly fault: CrashFault };

const PROGRESS_MS = 2000;
/** Fewer than most histories have: a second worker for less would look at points nobody asked for. */
const POINTS_PER_WORKER_MIN = 200;

/** Reads the command line, or says what is wrong with it. */
export function parseOptions(args: readonly string[]): CrashOptions | string {
  const text = { type: 'string' } as const;
  let values: { store?: boolean; points?: string; seed?: string; workers?: string };
  try {
    const options = {
      store: { type: 'boolean' },
      points: text,
      seed: text,
      workers: text,
    } as const;
    ({ values } = parseArgs({ args: [...args], options }));
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
  const points = Number(values.points ?? '100000');
  const seed = Number(values.seed ?? '1');
  const workers = Number(values.workers ?? availableParallelism());
  if (!Number.isSafeInteger(points) || points < 1) return '--points takes a whole number from 1 on';
  // The histories after the first one have higher seeds.
  if (!Number.isSafeInteger(2 * seed) || seed < 0) return '--seed takes a whole number from 0 on';
  if (!Number.isInteger(workers) || workers < 1 || workers > 1024) {
    return '--workers takes a whole number from 1 to 1024';
  }
  const subject = values.store === true ? 'store' : 'db';
  const most = Math.ceil(points / POINTS_PER_WORKER_MIN);
  return { subject, points, seed, workers: Math.min(workers, most) };
}

/** The line of progress: share, speed and time left, the last two over all of the run. */
export function renderProgress(done: number, points: number, elapsedMs: number): string {
  const share = Math.min(1, done / points);
  const speed = elapsedMs === 0 ? 0 : (done / elapsedMs) * 1000;
  const left = speed === 0 ? 'unknown' : renderSeconds(Math.max(0, points - done) / speed);
  return (
    `crash: ${count(done)} of ${count(points)} points (${(100 * share).toFixed(1)}%), ` +
    `${count(Math.round(speed))} points/s, ${left} left`
  );
}

/** What a person needs to see the fault again, and nothing else. */
export function renderFault({ subject, seed, what, stack }: CrashFault): string {
  return [
    stack,
    `crash: FAULT with seed ${seed}, ${renderSetting(subject, seed)}: ${what}`,
    `repeat it with: npm run crash --${subject === 'store' ? ' --store' : ''} --points 1 --seed ${seed}`,
  ].join('\n');
}

function renderSetting(subject: Subject, seed: number): string {
  if (subject === 'store') {
    const { freelist, durability } = storeCutSetting(seed);
    return `freelist ${freelist}, durability ${durability}`;
  }
  const { freelist, syncFreelist, pageSize } = powerCutSetting(seed);
  return `freelist ${freelist}, syncFreelist ${String(syncFreelist)}, pages of ${pageSize} bytes`;
}

function renderSeconds(seconds: number): string {
  const whole = Math.round(seconds);
  return whole < 60 ? `${whole} s` : `${Math.floor(whole / 60)} min ${whole % 60} s`;
}

function count(value: number): string {
  return value.toLocaleString('en-US');
}

/** Hands out seeds to workers until enough points are done, a fault is found or a person ends it. */
class CrashRun {
  readonly #options: CrashOptions;
  readonly #total: CrashCounts = { points: 0, torn: 0, recoveries: 0, commits: 0 };
  readonly #workers = new Set<Worker>();
  readonly #started = performance.now();
  readonly #ended: Promise<number>;
  #end: (code: number) => void = () => undefined;
  #histories = 0;
  #nextSeed: number;

  constructor(options: CrashOptions) {
    this.#options = options;
    this.#nextSeed = options.seed;
    this.#ended = new Promise((resolve) => {
      this.#end = resolve;
    });
  }

  /** Resolves to the exit code, with all workers gone. */
  async run(): Promise<number> {
    const interrupt = (): void => this.#end(130);
    process.once('SIGINT', interrupt);
    const progress = setInterval(() => {
      const elapsedMs = performance.now() - this.#started;
      console.error(renderProgress(this.#total.points, this.#options.points, elapsedMs));
    }, PROGRESS_MS);
    for (let i = 0; i < this.#options.workers; i++) this.#start();
    const code = await this.#ended;
    clearInterval(progress);
    process.off('SIGINT', interrupt);
    await Promise.all([...this.#workers].map((worker) => worker.terminate()));
    console.log(this.#summary(code));
    return code;
  }

  #start(): void {
    const { subject } = this.#options;
    const worker = new Worker(new URL(import.meta.url), { workerData: subject });
    this.#workers.add(worker);
    let seed = this.#send(worker);
    worker.on('message', (answer: Answer) => {
      if ('fault' in answer) {
        this.#fail(answer.fault);
        return;
      }
      this.#histories++;
      add(this.#total, answer.counts);
      if (this.#total.points < this.#options.points) {
        seed = this.#send(worker);
        return;
      }
      this.#workers.delete(worker);
      void worker.terminate();
      if (this.#workers.size === 0) this.#end(0);
    });
    worker.on('error', (error) => this.#fail(faultOf(subject, seed, error)));
  }

  #send(worker: Worker): number {
    const seed = this.#nextSeed++;
    worker.postMessage(seed);
    return seed;
  }

  #fail(fault: CrashFault): void {
    console.error(renderFault(fault));
    this.#end(1);
  }

  #summary(code: number): string {
    const { points, torn, recoveries, commits } = this.#total;
    const seconds = renderSeconds((performance.now() - this.#started) / 1000);
    const verdict = code === 0 ? 'no fault' : code === 130 ? 'interrupted, no fault' : 'a FAULT';
    return (
      `crash: ${count(points)} points (${count(torn)} torn, ${count(recoveries)} recoveries) in ` +
      `${count(this.#histories)} histories of ${count(commits)} commits from seed ` +
      `${this.#options.seed} on, ${seconds}: ${verdict}`
    );
  }
}

function add(total: CrashCounts, counts: CrashCounts): void {
  total.points += counts.points;
  total.torn += counts.torn;
  total.recoveries += counts.recoveries;
  total.commits += counts.commits;
}

function faultOf(subject: Subject, seed: number, error: unknown): CrashFault {
  const messages: string[] = [];
  let stack = '';
  for (let at = error; at instanceof Error; at = at.cause) {
    messages.push(at.message);
    stack = at.stack ?? '';
  }
  return {
    subject,
    seed,
    what: messages.length === 0 ? String(error) : messages.join(': '),
    stack,
  };
}

function answer(subject: Subject, seed: number): Answer {
  try {
    if (subject === 'store') {
      const counts = newStoreCutCounts();
      runStoreCuts(seed, counts);
      return { seed, counts };
    }
    const counts = newPowerCutCounts();
    runPowerCuts(seed, counts);
    return { seed, counts };
  } catch (error) {
    return { fault: faultOf(subject, seed, error) };
  }
}

async function main(): Promise<number> {
  const options = parseOptions(process.argv.slice(2));
  if (typeof options !== 'string') return new CrashRun(options).run();
  console.error(`crash: ${options}`);
  console.error('usage: npm run crash -- [--store] [--points 100000] [--seed 1] [--workers N]');
  return 2;
}

const startedAs = process.argv[1];
if (startedAs !== undefined && pathToFileURL(startedAs).href === import.meta.url) {
  const boss = parentPort;
  if (boss === null) process.exitCode = await main();
  else boss.on('message', (seed: number) => boss.postMessage(answer(workerData as Subject, seed)));
}
