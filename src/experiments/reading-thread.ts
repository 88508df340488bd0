// ReadingThread: a thread that reads an open store in phases that its owner names, and tells afterwards
// what each phase was like. What it reads are streams of the workload long-reads. The owner may block
// its own thread meanwhile: phases are a word in shared memory, not messages.
//
// Latencies of a paced thread count from the intended start, those of a closed loop from the start. A read
// that a phase's end overtakes belongs to that phase.

import { Worker } from 'node:worker_threads';
import { releaseStoreThread, type StoreShare } from '../../engine/index.ts';
import type { ParameterValues } from '../../workloads/index.ts';

/** The phase before any other: threads wait. */
export const WAITING_PHASE = 0;
export const STOP_PHASE = -1;
/** Index of the phase in the control words. */
export const PHASE_WORD = 0;

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
  /** Phases in which it reads; in others it waits. */
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

export type ReadingMessage =
  { readonly kind: 'ready' } | { readonly kind: 'done'; readonly phases: readonly PhaseReads[] };

/** Workers load no TypeScript: from sources, the compiled one is taken. */
const WORKER = new URL(
  import.meta.url.endsWith('.ts')
    ? '../../dist/src/experiments/reading-worker.js'
    : './reading-worker.js',
  import.meta.url,
);

class ReadingThread {
  readonly #worker: Worker;
  readonly #words: Int32Array;
  readonly #done: Promise<readonly PhaseReads[]>;

  /** Resolves once the thread has attached and warmed up; rejects when it fails before. */
  static async start(share: StoreShare, plan: ReadingPlan): Promise<ReadingThread> {
    const control = new SharedArrayBuffer(4);
    const worker = new Worker(WORKER, { workerData: { share, plan, control } });
    const { threadId } = worker;
    worker.once('exit', () => {
      releaseStoreThread(share, threadId);
    });
    await new Promise<void>((resolve, reject) => {
      worker.once('message', () => resolve());
      worker.once('error', reject);
    });
    return new ReadingThread(worker, control);
  }

  private constructor(worker: Worker, control: SharedArrayBuffer) {
    this.#worker = worker;
    this.#words = new Int32Array(control);
    this.#done = new Promise((resolve, reject) => {
      let phases: readonly PhaseReads[] | undefined;
      worker.on('message', (message: ReadingMessage) => {
        if (message.kind === 'done') phases = message.phases;
      });
      worker.once('error', reject);
      worker.once('exit', () => {
        if (phases === undefined) reject(new Error('a reading thread ended without a report'));
        else resolve(phases);
      });
    });
    // Looked at by stop().
    this.#done.catch(() => undefined);
  }

  /** Begins a phase; returns at once. */
  enter(phase: number): void {
    Atomics.store(this.#words, PHASE_WORD, phase);
    Atomics.notify(this.#words, PHASE_WORD);
  }

  /** Ends the thread; resolves with its phases once it has gone and holds nothing of the store. */
  stop(): Promise<readonly PhaseReads[]> {
    this.enter(STOP_PHASE);
    return this.#done;
  }

  /** Ends the thread whatever it does. */
  async kill(): Promise<void> {
    await this.#worker.terminate();
  }
}

/** Runs `work` between start and end of threads; none outlives it. */
export async function withReadingThreads<Result>(
  share: StoreShare,
  plans: readonly ReadingPlan[],
  work: (enter: (phase: number) => void) => Result,
): Promise<{ result: Result; reads: readonly (readonly PhaseReads[])[] }> {
  const started = await Promise.allSettled(plans.map((plan) => ReadingThread.start(share, plan)));
  const threads = started.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
  try {
    for (const one of started) if (one.status === 'rejected') throw one.reason;
    const result = work((phase) => {
      for (const thread of threads) thread.enter(phase);
    });
    return { result, reads: await Promise.all(threads.map((thread) => thread.stop())) };
  } finally {
    await Promise.all(threads.map((thread) => thread.kill()));
  }
}

/** One phase of one thread; throws where it has none. */
export function phaseOf(phases: readonly PhaseReads[] | undefined, phase: number): PhaseReads {
  const found = phases?.find((one) => one.phase === phase);
  if (found === undefined) throw new Error(`a reading thread has no phase ${phase}`);
  return found;
}
