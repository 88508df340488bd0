// ReadingThreads: threads that read an open store in phases which their owner begins, and tell afterwards what each
// phase was like. They outlive a slice, so that their code is compiled once. What they read are streams of the
// workload long-reads. The owner may block its own thread meanwhile: a phase is a word in shared memory, not
// a message. Latencies of a paced thread count from the intended start, those of a closed loop from the
// start; a read that a phase's end overtakes belongs to that phase.

import { Worker } from 'node:worker_threads';
import { releaseStoreThread, type StoreShare } from '../../../engine/index.ts';
import type { ParameterValues } from '../../../workloads/index.ts';

/** The phase in which threads wait, and hand over what earlier ones were like. */
export const RESTING = 0;
export const STOPPED = 15;
/** Indexes of the control words: the phase, and how many threads have begun to read in it. */
export const PHASE_WORD = 0;
export const BEGUN_WORD = 1;
const CONTROL_BYTES = 8;
/** A thread that is free begins at once, on a busy machine within a turn of it. */
const BEGIN_MS = 20_000;
/** A word holds the phase in its lowest bits; the rest tells a phase from the same one later on. */
const PHASES = 16;

export function phaseIn(word: number): number {
  return word % PHASES;
}

export interface ReadingPlan {
  /** Of the workload long-reads. */
  readonly parameters: ParameterValues;
  readonly seed: number;
  /** Clients of the workload whose streams this thread reads in turn, and how many there are in all. */
  readonly clients: readonly number[];
  readonly clientsAll: number;
  /** Reads a second, in bursts a millisecond apart; 0: the next one when the last has ended. */
  readonly readsPerSecond: number;
  /** Rest after a read, as a multiple of what the read took. */
  readonly restRatio: number;
  /** Phases in which it reads, from 1 on; in others it waits. */
  readonly phases: readonly number[];
  /** Reads before it says that it is ready: compiled code, and pages in the cache. */
  readonly warmUpReads: number;
}

export interface PhaseReads {
  readonly phase: number;
  readonly reads: number;
  /** Reads that found less or more than is there. */
  readonly wrong: number;
  readonly seconds: number;
  /** Time inside reads. */
  readonly busySeconds: number;
  readonly keysRead: number;
  readonly p50Ns: number;
  readonly p99Ns: number;
  readonly maxNs: number;
  /** HDR V2, base64, nanoseconds. */
  readonly histogram: string;
}

export interface ReadingInput {
  readonly share: StoreShare;
  readonly plan: ReadingPlan;
  readonly control: SharedArrayBuffer;
}

/** What a thread posts whenever it comes to rest: its phases since the last time, none at first. */
export type ReadingMessage = readonly PhaseReads[];

/** Workers load no TypeScript: from sources, the compiled one is taken. */
const WORKER = new URL(
  import.meta.url.endsWith('.ts')
    ? '../../../dist/src/procedures/clients/reading-worker.js'
    : './reading-worker.js',
  import.meta.url,
);

export class ReadingThreads {
  readonly #threads: readonly ReadingThread[];
  readonly #plans: readonly ReadingPlan[];
  readonly #words: Int32Array;
  #entered = 0;

  /** Resolves once all threads have attached and warmed up; leaves none behind when it rejects. */
  static async start(share: StoreShare, plans: readonly ReadingPlan[]): Promise<ReadingThreads> {
    const control = new SharedArrayBuffer(CONTROL_BYTES);
    const threads = plans.map((plan) => new ReadingThread({ share, plan, control }));
    try {
      await allOf(threads.map((thread) => thread.rested()));
    } catch (error) {
      await Promise.all(threads.map((thread) => thread.kill()));
      throw error;
    }
    return new ReadingThreads(threads, plans, new Int32Array(control));
  }

  private constructor(
    threads: readonly ReadingThread[],
    plans: readonly ReadingPlan[],
    words: Int32Array,
  ) {
    this.#threads = threads;
    this.#plans = plans;
    this.#words = words;
  }

  /** Begins a phase; blocks until every thread that reads in it has begun. */
  enter(phase: number): void {
    this.#set(phase);
    const readers = this.#plans.filter(({ phases }) => phases.includes(phase)).length;
    for (;;) {
      const begun = Atomics.load(this.#words, BEGUN_WORD);
      if (begun >= readers) return;
      if (Atomics.wait(this.#words, BEGUN_WORD, begun, BEGIN_MS) === 'timed-out') {
        throw new Error(`a reading thread did not begin phase ${phase}`);
      }
    }
  }

  #set(phase: number): void {
    this.#entered = (this.#entered + 1) % 2 ** 20;
    Atomics.store(this.#words, BEGUN_WORD, 0);
    Atomics.store(this.#words, PHASE_WORD, this.#entered * PHASES + phase);
    Atomics.notify(this.#words, PHASE_WORD);
  }

  /** Ends the phase; by thread, in the order of their plans, what each phase since the last rest was like. */
  rest(): Promise<readonly (readonly PhaseReads[])[]> {
    const rested = allOf(this.#threads.map((thread) => thread.rested()));
    this.#set(RESTING);
    return rested;
  }

  /** Ends the threads; resolves once they are gone and hold nothing of the store. */
  async stop(): Promise<void> {
    const ended = allOf(this.#threads.map((thread) => thread.ended));
    this.#set(STOPPED);
    await ended;
  }

  /** Ends the threads whatever they do. */
  async kill(): Promise<void> {
    await Promise.all(this.#threads.map((thread) => thread.kill()));
  }
}

class ReadingThread {
  /** Rejects with what the thread failed with. */
  readonly ended: Promise<void>;
  readonly #worker: Worker;
  #onRest: ((phases: ReadingMessage) => void) | undefined;

  constructor(input: ReadingInput) {
    this.#worker = new Worker(WORKER, { workerData: input });
    const { threadId } = this.#worker;
    this.#worker.on('message', (phases: ReadingMessage) => this.#onRest?.(phases));
    this.ended = new Promise((resolve, reject) => {
      this.#worker.once('error', reject);
      this.#worker.once('exit', () => {
        releaseStoreThread(input.share, threadId);
        resolve();
      });
    });
    // Whoever waits for the thread hears of it.
    this.ended.catch(() => undefined);
  }

  /** What the thread tells when it comes to rest next. */
  rested(): Promise<ReadingMessage> {
    const told = new Promise<ReadingMessage>((resolve) => {
      this.#onRest = resolve;
    });
    const over = this.ended.then((): never => {
      throw new Error('a reading thread ended before it told what it read');
    });
    return Promise.race([told, over]);
  }

  async kill(): Promise<void> {
    await this.#worker.terminate();
  }
}

/** Waits for all before the first failure is thrown, so that no failure goes unheard. */
async function allOf<Result>(work: readonly Promise<Result>[]): Promise<Result[]> {
  const outcomes = await Promise.allSettled(work);
  return outcomes.map((outcome) => {
    if (outcome.status === 'rejected') throw outcome.reason;
    return outcome.value;
  });
}

/** One phase of one thread; throws where it has none. */
export function phaseOf(phases: readonly PhaseReads[] | undefined, phase: number): PhaseReads {
  const found = phases?.find((one) => one.phase === phase);
  if (found === undefined) throw new Error(`a reading thread has no phase ${phase}`);
  return found;
}
