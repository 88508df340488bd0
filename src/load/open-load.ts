// OpenLoad: one store under load, opened once and measured in many short slices. The store has a thread of its
// own, and so has each part of the clients: reads are done where their client is, writes go through shared
// memory. This thread starts, watches and ends the others; it measures nothing itself.
//
// The store is a clone of a template (template.ts). A slice runs the clients for a short time that is not counted,
// so that queues are as long as they become, and then for the measured one; in between slices nobody loads the
// store, which goes on with what is its own: commits, compaction, leases that expire. Clients and their streams
// go on from slice to slice, and verify() holds the store against all of them.
//
// However it ends, no thread is left: a failed store, an abort, a bug in a thread.

import { availableParallelism } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { EngineError, StoreThread, type StoreStats } from '../../engine/index.ts';
import { workload } from '../../workloads/index.ts';
import type { Clock } from '../measure/clock.ts';
import type { Scalars } from '../record/round.ts';
import { LoadControl } from './load-control.ts';
import type { LoadPlan, SliceReport, Verification } from './load-plan.ts';
import type { LoadThreadData } from './load-tasks.ts';
import { LoadThread } from './load-thread.ts';
import { sliceReport } from './slice-report.ts';
import { cloneTemplate, type Template } from './template.ts';

export interface OpenLoadOptions {
  readonly plan: LoadPlan;
  readonly template: Template;
  /** On the disk under measurement, empty: the store's. */
  readonly folder: string;
  /** Of the clients' streams. */
  readonly seed: number;
  /** The system's, or one that tells its time: generating threads go by systemClock. */
  readonly clock: Clock;
}

export interface LoadContext {
  readonly signal: AbortSignal;
  /** Part that is done, 0 to 1. */
  readonly onProgress: (share: number) => void;
}

export interface SliceAsked {
  readonly seconds: number;
  /** Ends the slice earlier; 0: no bound. */
  readonly operationsMax: number;
  /** Of intended starts. */
  readonly seed: number;
  readonly histograms: boolean;
}

/** From telling threads to run until the first intended start. */
const LEAD_NS = 5e6;
/** Load before the measured time of a slice: a tenth of it within these bounds, and some syncs more. */
const RAMP_SECONDS_MIN = 0.02;
const RAMP_SECONDS_MAX = 0.05;
const RAMP_SYNCS = 3;
const PROGRESS_MS = 100;
/** After the measured time a thread may be in a long range, and wait for its last answers. */
const PATIENCE_MS = 120_000;

export class OpenLoad {
  /** What runs: read from the open store and from the generating threads. */
  readonly settings: Scalars;
  /** What the store has to say of its opening. */
  readonly warnings: readonly string[];
  readonly #options: OpenLoadOptions;
  readonly #lanes: readonly string[];
  readonly #control: LoadControl;
  readonly #threads: readonly LoadThread[];
  readonly #store: StoreThread;
  /** When leases of the template began to count again. */
  readonly #openedNs: number;

  /** Throws what the store cannot be opened with; leaves no thread then. */
  static async open(options: OpenLoadOptions): Promise<OpenLoad> {
    const { plan, template, folder, clock } = options;
    const { clientsByThread, store: asked, syncDelayMs, putDelayUs } = plan;
    const control = LoadControl.create(clientsByThread.length);
    const threads = startThreads(options, control);
    let store: StoreThread | undefined;
    try {
      const prepared = Promise.all(threads.map((thread) => thread.ask({ kind: 'prepare' })));
      prepared.catch(() => undefined);
      cloneTemplate(template, folder);
      const openedNs = clock.nowNs();
      const channels = clientsByThread.length;
      const delays = { syncDelayMs, putDelayUs };
      store = await StoreThread.start({ folder, options: asked, channels, ...delays });
      const made = await prepared;
      await attach(threads, store);
      const clients = made.reduce((sum, thread) => sum + thread.clients, 0);
      const settings = { ...store.settings, ...made[0]?.load, clients };
      return new OpenLoad(options, { control, threads, store, settings, openedNs });
    } catch (error) {
      await endAll(threads, store);
      throw error;
    }
  }

  private constructor(
    options: OpenLoadOptions,
    parts: {
      readonly control: LoadControl;
      readonly threads: readonly LoadThread[];
      readonly store: StoreThread;
      readonly settings: Scalars;
      readonly openedNs: number;
    },
  ) {
    const { plan } = options;
    this.#options = options;
    this.#lanes = workload(plan.workload, plan.parameters).lanes;
    this.#control = parts.control;
    this.#threads = parts.threads;
    this.#store = parts.store;
    this.#openedNs = parts.openedNs;
    this.settings = parts.settings;
    this.warnings = parts.store.warnings;
  }

  /**
   * Runs the clients and reports on the measured time. An abort ends it early: it then reports what was measured.
   * Throws what the store failed with.
   */
  async slice(asked: SliceAsked, context: LoadContext): Promise<SliceReport> {
    const { clock, plan } = this.#options;
    const { seconds, operationsMax, seed, histograms } = asked;
    const startNs = clock.nowNs() + LEAD_NS;
    const measureNs = startNs + 1e9 * rampSeconds(seconds, plan.syncDelayMs);
    const endNs = measureNs + seconds * 1e9;
    this.#control.begin({ startNs, measureNs, endNs }, operationsMax);
    const stop = (): void => {
      this.#control.stop(clock.nowNs());
    };
    context.signal.addEventListener('abort', stop, { once: true });
    if (context.signal.aborted) stop();
    try {
      const { before, after, threads } = await this.#run(asked, seed, context);
      const measured = Math.max(0, this.#control.endNs - measureNs) / 1e9;
      return sliceReport({
        ...{ lanes: this.#lanes, open: plan.shape.kind === 'open', threads, histograms },
        ...{ seconds: measured, before, after },
      });
    } finally {
      context.signal.removeEventListener('abort', stop);
    }
  }

  /**
   * Holds the store against the truth of all slices. Throws what the store failed with, and the signal's reason;
   * kill() is all that is left after an abort.
   */
  async verify({ signal }: Pick<LoadContext, 'signal'>): Promise<Verification> {
    signal.throwIfAborted();
    const store = this.#store;
    const { clock, template } = this.#options;
    const parts = await Promise.all(
      this.#threads.map((thread) => thread.ask({ kind: 'progress' })),
    );
    const [thread] = this.#threads;
    if (thread === undefined) throw new Error('a load has no generating thread');
    const { leases } = await orFailed(store.stats(), store);
    // A lease had one time to itself while the template was made, and another since it was opened.
    const opened = (clock.nowNs() - this.#openedNs) / 1e9;
    const seconds = Math.max(template.seconds, opened);
    const verified = thread.ask({ kind: 'verify', progress: parts.flat(), seconds, leases });
    return orAborted(orFailed(verified, store), signal);
  }

  /** Ends all threads; the store commits and closes. Rejects with what went wrong in it. */
  async close(): Promise<void> {
    try {
      await this.#store.stop();
    } finally {
      await this.kill();
    }
  }

  /** Ends all threads wherever they are. */
  async kill(): Promise<void> {
    await endAll(this.#threads, this.#store);
  }

  async #run(
    { seconds }: SliceAsked,
    seed: number,
    context: LoadContext,
  ): Promise<{ before: StoreStats; after: StoreStats; threads: Awaited<ReturnType<typeof all>> }> {
    const store = this.#store;
    const { measureNs } = this.#control;
    const ran = orFailed(all(this.#threads, seconds, seed), store);
    // Awaited below; a failure until then is not lost, only late.
    ran.catch(() => undefined);
    await Promise.race([ran, this.#until(measureNs, context)]);
    const before = await orFailed(store.stats(), store);
    await Promise.race([ran, this.#until(measureNs + seconds * 1e9, context)]);
    const after = await orFailed(store.stats(), store);
    return { before, after, threads: await withPatience(ran) };
  }

  /** Waits until the moment, or until the slice is told to stop. */
  async #until(untilNs: number, { onProgress }: LoadContext): Promise<void> {
    const { clock } = this.#options;
    const { startNs, endNs } = this.#control;
    for (;;) {
      const now = clock.nowNs();
      if (now >= untilNs || this.#control.stopped) return;
      onProgress(Math.min(1, Math.max(0, (now - startNs) / (endNs - startNs))));
      await sleep(Math.min(PROGRESS_MS, Math.ceil((untilNs - now) / 1e6)));
    }
  }
}

function rampSeconds(seconds: number, syncDelayMs: number): number {
  const part = Math.min(RAMP_SECONDS_MAX, Math.max(RAMP_SECONDS_MIN, seconds / 10));
  return part + (RAMP_SYNCS * syncDelayMs) / 1e3;
}

function startThreads(
  { plan, seed, template }: OpenLoadOptions,
  { share: control }: LoadControl,
): LoadThread[] {
  const { clientsByThread } = plan;
  const clientsOfAll = clientsByThread.reduce((sum, clients) => sum + clients, 0);
  // The store needs a core as well.
  const spins = clientsByThread.length < availableParallelism();
  let firstClient = 0;
  return clientsByThread.map((clients, thread) => {
    const data: LoadThreadData = {
      ...{ plan, seed, preloadSeed: template.seed, thread, firstClient, clients, clientsOfAll },
      ...{ spins, control },
    };
    firstClient += clients;
    return new LoadThread(data);
  });
}

async function attach(threads: readonly LoadThread[], store: StoreThread): Promise<void> {
  for (const { worker } of threads) store.releaseOnExit(worker);
  const { share } = store;
  const attached = threads.map((thread, i) => {
    const channel = store.channels[i];
    if (channel === undefined) throw new RangeError(`the store has no channel ${i}`);
    return thread.ask({ kind: 'attach', channel, share });
  });
  await orFailed(Promise.all(attached), store);
}

function all(threads: readonly LoadThread[], seconds: number, seed: number) {
  return Promise.all(threads.map((thread) => thread.ask({ kind: 'slice', seconds, seed })));
}

async function endAll(
  threads: readonly LoadThread[],
  store: StoreThread | undefined,
): Promise<void> {
  await Promise.all([...threads.map((thread) => thread.end()), store?.kill()]);
}

/** `work`, unless the store's thread ends before. */
function orFailed<Result>(work: Promise<Result>, store: StoreThread): Promise<Result> {
  const ended = store.ended.then((): never => {
    throw new EngineError('TX_CLOSED', 'the store was closed during the load');
  });
  return Promise.race([work, ended]);
}

async function orAborted<Result>(work: Promise<Result>, signal: AbortSignal): Promise<Result> {
  const ended = new AbortController();
  const aborted = new Promise<never>((_, reject) => {
    const abort = (): void => reject(signal.reason as Error);
    signal.addEventListener('abort', abort, { once: true, signal: ended.signal });
  });
  try {
    return await Promise.race([work, aborted]);
  } finally {
    ended.abort();
  }
}

async function withPatience<Result>(work: Promise<Result>): Promise<Result> {
  const patience = new AbortController();
  const over = sleep(PATIENCE_MS, undefined, { signal: patience.signal }).then((): never => {
    throw new Error('a generating thread did not end in time');
  });
  over.catch(() => undefined);
  try {
    return await Promise.race([work, over]);
  } finally {
    patience.abort();
  }
}
