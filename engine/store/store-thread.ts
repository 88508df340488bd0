// StoreThread: a store in a thread of its own. The thread owns it and serves channels (channel.ts); whoever
// started it hands the channels and the share to threads that write and read, and says when each of them
// has ended. stop() answers what is queued, commits, closes, and tells how it went.

import { Worker } from 'node:worker_threads';
import { EngineError, type EngineErrorCode } from '../base/errors.ts';
import { askForStats, createBell, createChannel, stopStore, type ChannelShare } from './channel.ts';
import type { StoreOptions } from './options.ts';
import { releaseStoreThread, type StoreShare } from './store-reader.ts';
import type { StoreStats } from './store-stats.ts';

export interface StoreThreadOptions {
  readonly folder: string;
  readonly options: Partial<StoreOptions>;
  /** Writing threads: one channel each. */
  readonly channels: number;
  /** Added to every sync. Default 0. */
  readonly syncDelayMs?: number;
  /** Added to every put, in the store's thread (put-delay.ts). Default 0. */
  readonly putDelayUs?: number;
}

export interface StoreThreadReport {
  readonly stats: StoreStats;
}

/** What the thread tells: that it is open, how it ended, or what went wrong. */
export type StoreMessage =
  | {
      readonly kind: 'open';
      readonly share: StoreShare;
      readonly settings: Record<string, string | number | boolean>;
      readonly warnings: readonly string[];
    }
  | { readonly kind: 'stats'; readonly stats: StoreStats }
  | { readonly kind: 'closed'; readonly report: StoreThreadReport }
  | { readonly kind: 'failed'; readonly code: EngineErrorCode; readonly message: string };

/** Workers load no TypeScript: from sources, the compiled one is taken. */
const WORKER = new URL(
  import.meta.url.endsWith('.ts') ? '../../dist/engine/store/store-worker.js' : './store-worker.js',
  import.meta.url,
);

export class StoreThread {
  readonly share: StoreShare;
  /** What the open store says of itself, with the delays that its thread adds. */
  readonly settings: Readonly<Record<string, string | number | boolean>>;
  readonly warnings: readonly string[];
  readonly channels: readonly ChannelShare[];
  readonly #worker: Worker;
  readonly #bell: SharedArrayBuffer;
  readonly #closed: Promise<StoreThreadReport>;
  /** Who waits for stats, in the order in which they asked. */
  readonly #statsAsked: ((stats: StoreStats) => void)[] = [];

  /** Opens or makes the store in `folder`. Rejects with what Store.open() throws. */
  static start(options: StoreThreadOptions): Promise<StoreThread> {
    const bell = createBell();
    const channels = Array.from({ length: options.channels }, () => createChannel(bell));
    const { folder, options: store, syncDelayMs = 0, putDelayUs = 0 } = options;
    const workerData = { folder, options: store, syncDelayMs, putDelayUs, channels, bell };
    const worker = new Worker(WORKER, { workerData });
    return new Promise((resolve, reject) => {
      let thread: StoreThread | undefined;
      const closed = new Promise<StoreThreadReport>((report, failed) => {
        worker.on('message', (message: StoreMessage) => {
          if (message.kind === 'open') {
            thread = new StoreThread(worker, bell, channels, message, closed);
            resolve(thread);
          } else if (message.kind === 'stats') thread?.tell(message.stats);
          else if (message.kind === 'closed') report(message.report);
          else {
            const error = new EngineError(message.code, message.message);
            reject(error);
            failed(error);
          }
        });
        worker.once('error', (error) => {
          reject(error);
          failed(error);
        });
        worker.once('exit', () => {
          const error = new EngineError('IO', "the store's thread ended without a report");
          reject(error);
          failed(error);
        });
      });
      // Looked at by stop(); a failure before is not lost, only late.
      closed.catch(() => undefined);
    });
  }

  private constructor(
    worker: Worker,
    bell: SharedArrayBuffer,
    channels: readonly ChannelShare[],
    opened: Extract<StoreMessage, { kind: 'open' }>,
    closed: Promise<StoreThreadReport>,
  ) {
    this.#worker = worker;
    this.#bell = bell;
    this.#closed = closed;
    this.channels = channels;
    this.share = opened.share;
    this.settings = opened.settings;
    this.warnings = opened.warnings;
  }

  /** Frees what the worker's thread holds of the store once it has ended, however it ended. */
  releaseOnExit(worker: Worker): void {
    // An ended worker no longer knows its number.
    const { threadId } = worker;
    worker.once('exit', () => {
      releaseStoreThread(this.share, threadId);
    });
  }

  /** Hands stats to who asked first. */
  private tell(stats: StoreStats): void {
    this.#statsAsked.shift()?.(stats);
  }

  /** When the store has ended: its report, or what it failed with. */
  get ended(): Promise<StoreThreadReport> {
    return this.#closed;
  }

  /** The store's counters as they are now. Rejects with what the thread ended with, if it does before. */
  stats(): Promise<StoreStats> {
    return new Promise((resolve, reject) => {
      this.#statsAsked.push(resolve);
      this.#closed.then(({ stats }) => resolve(stats), reject);
      askForStats(this.#bell);
    });
  }

  /** Stops serving, commits and closes. Rejects with what went wrong meanwhile. */
  async stop(): Promise<StoreThreadReport> {
    stopStore(this.#bell);
    return this.#closed;
  }

  /** Ends the thread at once, as a crash of the process would. */
  async kill(): Promise<void> {
    await this.#worker.terminate();
  }
}
