// Benches of the open store under threads: puts beside ranges over all keys under the read locks; point
// reads of one thread and of two; puts of 64 writers through the log, beside what the disk does alone.
// All are trials: they last seconds, and each is held to a bar.

import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { assert } from '../base/assert.ts';
import type { BenchReadings, BenchRounds, BenchSetting, BenchTrial } from '../base/bench-case.ts';
import { nowNs } from '../base/clock.ts';
import { leaseId } from '../base/ids.ts';
import type { ReadLock } from '../mvcc/options.ts';
import { nodeVfs } from '../vfs/node-vfs.ts';
import { syncRate } from '../wal/disk.bench-probe.ts';
import { Answer, ChannelClient } from './channel.ts';
import type { StoreOptions } from './options.ts';
import { StoreThread } from './store-thread.ts';
import { BENCH_KEY_BYTES, BenchKey } from './store.bench-keys.ts';
import type {
  BenchAnswer,
  BenchMessage,
  BenchOrder,
  BenchThreadInput,
} from './store.bench-thread.ts';

const NO_LEASE = leaseId(0n);
const OUTSTANDING_MAX = 4096;
const RANGE_LOCKS = ['global', 'copy', 'concurrent'] as const satisfies readonly ReadLock[];
const WRITERS = 64;
const WRITER_THREADS = 2;
const PUT_VALUE_BYTES = 256;
/** What a put of the writers takes in the log, roughly: key, value, their frame. */
const PUT_LOG_BYTES: number = BENCH_KEY_BYTES + PUT_VALUE_BYTES + 13;
const SECTOR_BYTES = 512;

/** Workers load no TypeScript: from sources, the compiled one is taken. */
const THREAD = new URL(
  import.meta.url.endsWith('.ts')
    ? '../../dist/engine/store/store.bench-thread.js'
    : './store.bench-thread.js',
  import.meta.url,
);

interface Scale {
  readonly title: string;
  readonly keys: number;
  readonly putsPerSecond: number;
  readonly besideSeconds: number;
  readonly seconds: number;
  readonly probeMs: number;
}

export function trials({ size }: BenchSetting): readonly BenchTrial[] {
  const tiny = {
    ...{ title: 'tiny', keys: 300, putsPerSecond: 500, besideSeconds: 0.06, seconds: 0.05 },
    probeMs: 5,
  };
  const full = {
    ...{ title: '1M keys', keys: 1e6, putsPerSecond: 500, besideSeconds: 4, seconds: 1.5 },
    probeMs: 400,
  };
  const scale: Scale = size === 'tiny' ? tiny : full;
  return [besideRanges(scale), pointReads(scale), groupCommit(scale)];
}

/** Another thread that carries out orders on an open store (store.bench-thread.ts). */
class BenchThread {
  readonly #worker: Worker;
  readonly #stop = new Int32Array(new SharedArrayBuffer(4));

  constructor(store: StoreThread, input: Omit<BenchThreadInput, 'stop' | 'share'>) {
    const { buffer: stop } = this.#stop;
    this.#worker = new Worker(THREAD, { workerData: { ...input, stop, share: store.share } });
    store.releaseOnExit(this.#worker);
  }

  /** Resolves once the order is being carried out, to what comes when it has ended: after stop(). */
  begin(order: BenchOrder): Promise<{ readonly ended: Promise<BenchAnswer> }> {
    const worker = this.#worker;
    Atomics.store(this.#stop, 0, 0);
    return new Promise((begun, failed) => {
      const ended = new Promise<BenchAnswer>((resolve, reject) => {
        worker.once('error', reject);
        worker.once('error', failed);
        const hear = (message: BenchMessage): void => {
          if (message === 'begun') {
            begun({ ended });
            return;
          }
          worker.off('message', hear).off('error', reject).off('error', failed);
          resolve(message);
        };
        worker.on('message', hear);
      });
      // Whoever waits for the beginning hears of it first.
      ended.catch(() => undefined);
      worker.postMessage(order);
    });
  }

  /** Runs for so long; operations a second. */
  async rate(order: BenchOrder, seconds: number): Promise<number> {
    const { ended } = await this.begin(order);
    await pause(1e3 * seconds);
    this.stop();
    const answer = await ended;
    return answer.operations / answer.seconds;
  }

  stop(): void {
    Atomics.store(this.#stop, 0, 1);
    Atomics.notify(this.#stop, 0);
  }

  async end(): Promise<void> {
    await this.#worker.terminate();
  }
}

/** A store in a thread, with a client in this one. */
class ServedStore {
  readonly thread: StoreThread;
  readonly #client: ChannelClient;
  readonly #keys: number;
  readonly #value: Uint8Array;
  readonly #answer = new Answer();
  readonly #key = new BenchKey();

  /** With keys [0, keys), each of a value of so many bytes. */
  static async loaded(
    folder: string,
    options: Partial<StoreOptions>,
    size: { readonly keys: number; readonly valueBytes: number },
  ): Promise<ServedStore> {
    const thread = await StoreThread.start({ folder, options, channels: 1 });
    const served = new ServedStore(thread, size);
    served.#load();
    return served;
  }

  private constructor(
    thread: StoreThread,
    size: { readonly keys: number; readonly valueBytes: number },
  ) {
    this.thread = thread;
    this.#client = new ChannelClient(thread.channels[0]!);
    this.#keys = size.keys;
    this.#value = new Uint8Array(size.valueBytes).fill(120);
  }

  /**
   * Puts in an open loop; the 99th percentile of the latencies in milliseconds, each counted from when
   * the put was meant to begin.
   */
  putP99Ms(putsPerSecond: number, seconds: number): number {
    const client = this.#client;
    const latencies = new Float64Array(Math.ceil(putsPerSecond * seconds));
    const gap = 1e9 / putsPerSecond;
    const started = nowNs();
    let put = 0;
    let answered = 0;
    while (answered < latencies.length) {
      let now = nowNs();
      while (put < latencies.length && started + put * gap <= now) {
        assert(this.#put(put, (put * 7919) % this.#keys), 'the ring holds all that is late');
        put++;
      }
      client.ring();
      now = nowNs();
      while (this.#take()) latencies[answered++] = now - (started + this.#answer.ticket * gap);
      const due = put < latencies.length ? started + put * gap : Number.POSITIVE_INFINITY;
      if (due > now) client.wait(Math.min(100, (due - now) / 1e6));
    }
    latencies.sort();
    return latencies[Math.ceil(0.99 * latencies.length) - 1]! / 1e6;
  }

  #load(): void {
    const client = this.#client;
    let put = 0;
    while (put < this.#keys || client.outstanding > 0) {
      while (put < this.#keys && client.outstanding < OUTSTANDING_MAX && this.#put(put, put)) put++;
      client.ring();
      let taken = 0;
      while (this.#take()) taken++;
      if (taken === 0) client.wait(10);
    }
  }

  #put(ticket: number, number: number): boolean {
    const key = this.#key.set(number);
    const value = this.#value;
    const parts = { key, keyLength: key.length, value, valueLength: value.length };
    return this.#client.put(ticket, { ...parts, lease: NO_LEASE });
  }

  #take(): boolean {
    if (!this.#client.take(this.#answer)) return false;
    assert(this.#answer.error === undefined, 'a put was refused');
    return true;
  }
}

function besideRanges(scale: Scale): BenchTrial {
  const valueBytes = 64;
  const pauseMs = 100;
  const { keys, putsPerSecond, besideSeconds, title } = scale;
  const figures = RANGE_LOCKS.map((lock) => ({
    ...{ name: `put p99, ${lock}`, unit: 'ms' },
    of: (readings: BenchReadings) => readings[lock]!,
  }));
  return {
    group: `store: puts beside ranges over all, ${title}`,
    conditions:
      `${putsPerSecond} puts/s in an open loop, latency from the intended start, for ` +
      `${besideSeconds} s a lock; beside it a thread ranges over ${keys} keys, ${pauseMs} ms apart`,
    figures: [
      ...figures,
      {
        ...{ name: 'put p99, global over concurrent', unit: 'times', bar: { least: 10 } },
        of: (readings) => readings['global']! / readings['concurrent']!,
      },
      { name: 'a range, concurrent', unit: 'ms', of: (readings) => readings['rangeMs']! },
    ],
    prepare: async (folder) => {
      const arms: { lock: ReadLock; store: ServedStore; thread: BenchThread }[] = [];
      for (const lock of RANGE_LOCKS) {
        const size = { keys, valueBytes };
        const store = await ServedStore.loaded(join(folder, lock), { readLock: lock }, size);
        arms.push({ lock, store, thread: new BenchThread(store.thread, size) });
      }
      return {
        round: async () => {
          const readings: Record<string, number> = {};
          for (const { lock, store, thread } of arms) {
            const { ended } = await thread.begin({ kind: 'range', pauseMs });
            readings[lock] = store.putP99Ms(putsPerSecond, besideSeconds);
            thread.stop();
            const { operations, seconds } = await ended;
            assert(operations > 0, 'something was ranged over');
            readings['rangeMs'] = (1e3 * seconds) / operations;
          }
          return readings;
        },
        close: async () => {
          for (const { store, thread } of arms) {
            await thread.end();
            await store.thread.stop();
          }
        },
      };
    },
  };
}

function pointReads(scale: Scale): BenchTrial {
  const { keys, seconds, title } = scale;
  const valueBytes = 256;
  return {
    group: `store: point reads, ${title}`,
    conditions:
      `values of ${valueBytes} B, keys at random, all in the page cache, readLock concurrent, ` +
      `nobody writes; ${seconds} s each: one thread, the other, both`,
    figures: [
      {
        ...{ name: 'reads of one thread', unit: 'reads/s', bar: { least: 300_000 } },
        of: (readings) => readings['one']!,
      },
      {
        ...{ name: 'two threads over one', unit: 'times', bar: { least: 1.6 } },
        of: (readings) => readings['two']! / readings['one']!,
      },
      {
        ...{ name: 'the same of mere arithmetic', unit: 'times' },
        of: (readings) => readings['computeTwo']! / readings['computeOne']!,
      },
    ],
    prepare: async (folder) => {
      const options = { durability: 'none', cacheBytes: 1024 ** 3 } as const;
      const size = { keys, valueBytes };
      const store = await ServedStore.loaded(join(folder, 'store'), options, size);
      const threads = [0, 1].map(() => new BenchThread(store.thread, size));
      const both = async (order: (thread: number) => BenchOrder): Promise<number[]> =>
        Promise.all(threads.map((thread, i) => thread.rate(order(i), seconds)));
      const compared = async (order: (thread: number) => BenchOrder): Promise<number[]> => {
        const alone: number[] = [];
        for (const [i, thread] of threads.entries()) {
          alone.push(await thread.rate(order(i), seconds / 2));
        }
        const [first = 0, second = 0] = await both(order);
        return [(alone[0]! + alone[1]!) / 2, first + second];
      };
      return {
        round: async () => {
          const [one = 0, two = 0] = await compared((seed) => ({ kind: 'get', seed }));
          const [computeOne = 0, computeTwo = 0] = await compared(() => ({ kind: 'compute' }));
          return { one, two, computeOne, computeTwo };
        },
        close: async () => {
          for (const thread of threads) await thread.end();
          await store.thread.stop();
        },
      };
    },
  };
}

function groupCommit(scale: Scale): BenchTrial {
  const { title } = scale;
  const wanted = (name: string): ((readings: BenchReadings) => number) => {
    return (readings) => readings[name]!;
  };
  return {
    group: `store: ${WRITERS} writers of ${PUT_VALUE_BYTES} B, durability group, ${title}`,
    conditions:
      `${WRITER_THREADS} threads of ${WRITERS / WRITER_THREADS} clients, each putting again when ` +
      `answered; a new store each round; the disk alone writes and syncs blocks of as many puts`,
    figures: [
      { name: 'puts', unit: 'puts/s', of: wanted('puts'), bar: { least: 60_000 } },
      { name: 'puts a sync', unit: 'puts', of: wanted('putsPerSync'), bar: { least: 20 } },
      { name: 'the disk alone', unit: 'syncs/s', of: wanted('disk') },
      {
        ...{ name: 'puts over the disk alone, as many puts a sync', unit: 'share' },
        of: (readings) => readings['puts']! / (readings['disk']! * readings['putsPerSync']!),
      },
    ],
    prepare: (folder) => groupRounds(folder, scale),
  };
}

function groupRounds(folder: string, { keys, seconds, probeMs }: Scale): BenchRounds {
  let rounds = 0;
  let puts = 0;
  const disk = (putsPerSync: number): number => {
    const blockBytes = Math.ceil((putsPerSync * PUT_LOG_BYTES) / SECTOR_BYTES) * SECTOR_BYTES;
    return syncRate(nodeVfs, join(folder, 'disk'), { blockBytes, milliseconds: probeMs });
  };
  return {
    round: async () => {
      const before = disk(WRITERS);
      const path = join(folder, `round-${rounds++}`);
      const store = await StoreThread.start({
        ...{ folder: path, options: { durability: 'group' }, channels: WRITER_THREADS },
      });
      const threads = store.channels.map(
        (channel) => new BenchThread(store, { channel, keys, valueBytes: PUT_VALUE_BYTES }),
      );
      const order = { kind: 'put', clients: WRITERS / WRITER_THREADS } as const;
      // The first turn compiles the hot paths of all threads.
      for (const share of [0.5, 1]) {
        const rates = await Promise.all(threads.map((one) => one.rate(order, share * seconds)));
        puts = rates.reduce((sum, rate) => sum + rate, 0);
      }
      for (const thread of threads) await thread.end();
      const { stats } = await store.stop();
      const putsPerSync = stats.requests / stats.wal.syncs;
      return { puts, putsPerSync, disk: Math.sqrt(before * disk(Math.round(putsPerSync))) };
    },
    close: () => {
      assert(puts > 0, 'something was put');
    },
  };
}
