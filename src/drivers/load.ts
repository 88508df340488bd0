// runLoad(): puts one load on one store and tells what came of it. The store has a thread of its own, and so
// has each part of the clients: reads are done where their client is, writes go through shared memory. This
// thread starts, watches and ends the others; it measures nothing itself.
//
// What is in the store beforehand is loaded with the plan's options but without waiting for syncs, in a store
// that is closed again; the measured one opens what that left. So how long a load takes to prepare does
// not depend on the disk, and every arm starts from a store that was just opened.
//
// However it ends, no thread is left: a failed store, an abort, a bug in a thread.

import { availableParallelism } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { EngineError, StoreThread, type StoreStats } from '../../engine/index.ts';
import type { ClientProgress, ParameterizedWorkload } from '../../workloads/index.ts';
import type { Clock } from '../measure/clock.ts';
import type { LoadPlan, LoadReport, Verification } from './load-plan.ts';
import { LoadControl } from './load/load-control.ts';
import { reportOf } from './load/load-report.ts';
import type { RecordedLoad } from './load/load-record.ts';
import type { LoadResults } from './load/load-tasks.ts';
import { LoadThread } from './load/load-thread.ts';
import { checkPlan } from './load/plan-check.ts';

export interface LoadProgress {
  readonly doing: 'prepare' | 'preload' | 'warm-up' | 'measure' | 'verify';
  /** Part of it that is done, 0 to 1. */
  readonly share: number;
  /** Operations ended so far, warm-up included; entries loaded, for 'preload'. */
  readonly operations: number;
}

export interface LoadOptions {
  /** The system's, or one that tells its time: generating threads go by systemClock. */
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly onProgress?: (progress: LoadProgress) => void;
}

/** Of the store that loads what is there beforehand: few commits, and nobody waits for one. */
const PRELOADING = { durability: 'none', batchLimit: 100_000, batchIntervalMs: 1000 } as const;
/** From telling threads to run until the first intended start. */
const LEAD_NS = 30e6;
const PROGRESS_MS = 100;
/** After the measured time a thread may be in a long range, and wait for its last answers. */
const PATIENCE_MS = 120_000;

/**
 * Runs the plan. Throws INVALID_ARGUMENT for one that cannot be, and what the store failed with. An abort
 * ends it early: the report then holds what was measured, is marked, and is not verified.
 */
export async function runLoad(plan: LoadPlan, options: LoadOptions): Promise<LoadReport> {
  const workload = checkPlan(plan);
  const run = new LoadRun(plan, workload, options);
  try {
    return await run.run();
  } finally {
    await run.end();
  }
}

interface Measured {
  readonly threads: readonly LoadResults['run'][];
  readonly before: StoreStats;
  readonly after: StoreStats;
}

class LoadRun {
  readonly #plan: LoadPlan;
  readonly #workload: ParameterizedWorkload;
  readonly #options: LoadOptions;
  readonly #control: LoadControl;
  readonly #threads: readonly LoadThread[];
  readonly #onAbort: () => void;
  #store: StoreThread | undefined;
  #leasesBefore = 0;
  #preloadStartedNs = 0;

  constructor(plan: LoadPlan, workload: ParameterizedWorkload, options: LoadOptions) {
    this.#plan = plan;
    this.#workload = workload;
    this.#options = options;
    const { clientsByThread } = plan;
    this.#control = LoadControl.create(clientsByThread.length, plan.operations);
    this.#threads = startThreads(plan, this.#control);
    this.#onAbort = () => {
      this.#control.stop(options.clock.nowNs());
    };
    options.signal.addEventListener('abort', this.#onAbort, { once: true });
    if (options.signal.aborted) this.#onAbort();
  }

  async run(): Promise<LoadReport> {
    const { clock } = this.#options;
    const prepared = Promise.all(this.#threads.map((thread) => thread.ask({ kind: 'prepare' })));
    await this.#progressing('prepare', prepared);
    this.#preloadStartedNs = clock.nowNs();
    await this.#preload();
    const preloadSeconds = (clock.nowNs() - this.#preloadStartedNs) / 1e9;
    const store = await this.#open();
    const { threads, before, after } = await this.#measure(store);
    // Measured by now: an abort from here on costs the verification, and nothing else.
    const progress = threads.flatMap((thread) => thread.progress);
    const verification = await this.#verify(store, progress);
    const interrupted = this.#options.signal.aborted;
    await this.#close(store);
    return reportOf({
      lanes: this.#workload.lanes,
      open: this.#plan.shape.kind === 'open',
      threads: threads.map(({ record }): RecordedLoad => record),
      seconds: this.#measuredSeconds(),
      ...{ preloadSeconds, verification, interrupted },
      settings: store.settings,
      storeWarnings: store.warnings,
      statsBefore: before,
      statsAfter: after,
    });
  }

  /** Ends all threads, wherever they are. */
  async end(): Promise<void> {
    this.#options.signal.removeEventListener('abort', this.#onAbort);
    this.#control.stop(this.#options.clock.nowNs());
    const ends = this.#threads.map((thread) => thread.end());
    await Promise.all([...ends, this.#store?.kill()]);
    this.#store = undefined;
  }

  async #preload(): Promise<void> {
    const { folder, store: options, seed } = this.#plan;
    const preload = this.#workload.preload(seed);
    const all = preload.leases + preload.keys;
    const [thread] = this.#threads;
    if (thread === undefined || this.#control.stopped) return;
    const unsynced = { ...options, ...PRELOADING };
    const store = await StoreThread.start({ folder, options: unsynced, channels: 1 });
    this.#store = store;
    store.releaseOnExit(thread.worker);
    this.#leasesBefore = (await store.stats()).leases;
    const [channel] = store.channels;
    if (channel !== undefined && all > 0) {
      const loaded = thread.ask({ kind: 'preload', channel });
      await this.#progressing('preload', orFailed(loaded, store), () => [
        this.#control.progressed / all,
        this.#control.progressed,
      ]);
    }
    await this.#close(store);
  }

  async #open(): Promise<StoreThread> {
    const { folder, store: options, syncDelayMs, clientsByThread } = this.#plan;
    const channels = clientsByThread.length;
    const store = await StoreThread.start({ folder, options, channels, syncDelayMs });
    this.#store = store;
    for (const { worker } of this.#threads) store.releaseOnExit(worker);
    const { share } = store;
    const attached = this.#threads.map((thread, i) => {
      const channel = store.channels[i];
      if (channel === undefined) throw new RangeError(`the store has no channel ${i}`);
      return thread.ask({ kind: 'attach', channel, share });
    });
    await orFailed(Promise.all(attached), store);
    return store;
  }

  async #measure(store: StoreThread): Promise<Measured> {
    const { clock } = this.#options;
    const { warmUpSeconds, seconds } = this.#plan;
    const startNs = clock.nowNs() + LEAD_NS;
    const measureNs = startNs + warmUpSeconds * 1e9;
    if (!this.#control.stopped) {
      this.#control.setTimes({ startNs, measureNs, endNs: measureNs + seconds * 1e9 });
    }
    const running = this.#threads.map((thread) => thread.ask({ kind: 'run' }));
    const ran = orFailed(Promise.all(running), store);
    // Awaited below; a failure until then is not lost, only late.
    ran.catch(() => undefined);
    await Promise.race([ran, this.#until('warm-up', startNs, measureNs)]);
    const before = await orFailed(store.stats(), store);
    await Promise.race([ran, this.#until('measure', measureNs, measureNs + seconds * 1e9)]);
    const after = await orFailed(store.stats(), store);
    const threads = await withPatience(ran);
    return { threads, before, after };
  }

  /** Waits until the moment, or until the load is told to stop. */
  async #until(doing: LoadProgress['doing'], fromNs: number, untilNs: number): Promise<void> {
    const { clock, onProgress } = this.#options;
    for (;;) {
      const now = clock.nowNs();
      if (now >= untilNs || this.#control.stopped) return;
      const share = Math.min(1, Math.max(0, (now - fromNs) / (untilNs - fromNs)));
      onProgress?.({ doing, share, operations: this.#control.progressed });
      await sleep(Math.min(PROGRESS_MS, Math.ceil((untilNs - now) / 1e6)));
    }
  }

  async #verify(
    store: StoreThread,
    progress: readonly ClientProgress[],
  ): Promise<Verification | undefined> {
    const { signal, clock } = this.#options;
    const [thread] = this.#threads;
    if (!this.#plan.verify || signal.aborted || thread === undefined) return undefined;
    const leases = (await orFailed(store.stats(), store)).leases - this.#leasesBefore;
    const seconds = (clock.nowNs() - this.#preloadStartedNs) / 1e9;
    const verified = thread.ask({ kind: 'verify', progress, seconds, leases });
    const aborted = new Promise<undefined>((resolve) => {
      signal.addEventListener('abort', () => resolve(undefined), { once: true });
    });
    return this.#progressing('verify', Promise.race([orFailed(verified, store), aborted]));
  }

  async #close(store: StoreThread): Promise<void> {
    await store.stop();
    this.#store = undefined;
  }

  /** Tells how far it is while `work` goes on. */
  async #progressing<Result>(
    doing: LoadProgress['doing'],
    work: Promise<Result>,
    measure: () => readonly [number, number] = () => [0, 0],
  ): Promise<Result> {
    const tell = (): void => {
      const [share, operations] = measure();
      this.#options.onProgress?.({ doing, share: Math.min(1, share), operations });
    };
    tell();
    const timer = setInterval(tell, PROGRESS_MS);
    try {
      return await work;
    } finally {
      clearInterval(timer);
    }
  }

  #measuredSeconds(): number {
    const { measureNs, endNs } = this.#control;
    return Math.max(0, endNs - measureNs) / 1e9;
  }
}

function startThreads(plan: LoadPlan, control: LoadControl): LoadThread[] {
  const { clientsByThread } = plan;
  const clientsOfAll = clientsByThread.reduce((sum, clients) => sum + clients, 0);
  // The store needs a core as well.
  const spins = clientsByThread.length < availableParallelism();
  let firstClient = 0;
  return clientsByThread.map((clients, thread) => {
    const data = {
      plan,
      thread,
      firstClient,
      clients,
      clientsOfAll,
      spins,
      control: control.share,
    };
    firstClient += clients;
    return new LoadThread(data);
  });
}

/** `work`, unless the store's thread ends before. */
function orFailed<Result>(work: Promise<Result>, store: StoreThread): Promise<Result> {
  const ended = store.ended.then((): never => {
    throw new EngineError('TX_CLOSED', 'the store was closed during the load');
  });
  return Promise.race([work, ended]);
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
