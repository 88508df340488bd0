// Readers in threads of their own beside a store that writes and compacts, under every kind of locks, with
// pauses in the atomic operations of all of them. What each saw is judged afterwards: every register's life is
// linearizable, and every read of the past shows what was written up to that revision. Readers are killed in
// the middle of a range: nobody waits for them for ever, and what they held is free. Seeded, though threads
// never meet twice alike: seconds in every run, a minute a part under KVTUNE_LONG_TESTS=1
// (KVTUNE_STRESS_SECONDS a part, KVTUNE_STRESS_SEED to repeat).

import { randomInt } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { hrtime } from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Random } from '../base/random.ts';
import { INDEX_LOCKS, READ_LOCKS, type IndexLock, type ReadLock } from '../mvcc/options.ts';
import {
  checkRegisters,
  describeFault,
  type RegisterOperation,
} from '../testing/register-check.ts';
import type { StoreOptions } from './options.ts';
import { releaseStoreThread, type StoreShare } from './store-reader.ts';

const WORKER = new URL('../testing/store-stress-worker.js', import.meta.url);
const ENGINE = new URL('../../dist/engine/index.js', import.meta.url).href;
const WORD = {
  stop: 0,
  writes: 1,
  reads: 2,
  stalled: 3,
  resume: 4,
  readers: 5,
  lostReads: 6,
} as const;

const LONG = process.env['KVTUNE_LONG_TESTS'] === '1';
const SECONDS = LONG ? Number(process.env['KVTUNE_STRESS_SECONDS'] ?? 60) : 0.4;
const SEED = seedFrom(process.env['KVTUNE_STRESS_SEED']);
const TIMEOUT_MS = 90_000 + 3000 * SECONDS;
/** Far more than a turn takes, for a machine that is busy with other things. */
const WAIT_MS_MAX = 20_000;
/** One atomic operation in so many pauses: in a write, and in a read. */
const WRITER_PAUSES = 1000;
const READER_PAUSES = 250;

const OPTIONS: Partial<StoreOptions> = {
  cacheBytes: 64 * 4096,
  indexBytes: 16 * 1024 ** 2,
  bufferEntries: 1024,
  bufferBytes: 1024 ** 2,
  requestBytesMax: 32 * 1024,
  segmentBytes: 1024 ** 2,
  durability: 'none',
  batchLimit: 60,
  batchIntervalMs: 5,
  compactionBatch: 50,
  compactionPauseMs: 0,
};

interface Past {
  readonly revision: number;
  readonly shown: readonly (readonly [key: string, revision: number, value: string])[];
}

interface Done {
  readonly writes?: readonly RegisterOperation[];
  readonly figures?: { readonly compacted: number; readonly backendCommits: number };
  readonly reads?: readonly RegisterOperation[];
  readonly past?: readonly Past[];
  readonly outcome?: string;
}

type Message = { readonly kind: 'ready'; readonly share?: StoreShare } | (Done & { kind: 'done' });

class StressThread {
  readonly worker: Worker;
  readonly threadId: number;
  readonly ready: Promise<StoreShare | undefined>;
  readonly done: Promise<Done>;
  failure: Error | undefined;

  constructor(data: Readonly<Record<string, unknown>>) {
    this.worker = new Worker(WORKER, { workerData: data });
    this.threadId = this.worker.threadId;
    this.ready = this.#message('ready').then(
      (message) => (message as { share?: StoreShare }).share,
    );
    this.done = this.#message('done').then((message) => message as Done);
    for (const promise of [this.ready, this.done]) {
      promise.catch((error: unknown) => {
        if (error instanceof Error) this.failure = error;
      });
    }
  }

  #message(kind: Message['kind']): Promise<Message> {
    return new Promise((resolve, reject) => {
      this.worker.on('message', (message: Message) => {
        if (message.kind === kind) resolve(message);
      });
      this.worker.once('error', reject);
      this.worker.once('exit', () => {
        reject(new Error(`a thread ended before it was ${kind}`));
      });
    });
  }
}

function seedFrom(text: string | undefined): number {
  if (text !== undefined) return Number(text);
  return LONG ? randomInt(2 ** 31) : 20261127;
}

describe(`threads of a store, seed ${SEED}`, () => {
  let folder = '';
  let words = new Int32Array(new SharedArrayBuffer(64));
  let random = new Random(SEED);
  let writer: StressThread;
  let share: StoreShare;
  const threads = new Set<StressThread>();

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'kvtune-store-threads-'));
    words = new Int32Array(new SharedArrayBuffer(64));
    random = new Random(SEED);
  });
  afterEach(async () => {
    await Promise.all([...threads].map(({ worker }) => worker.terminate()));
    threads.clear();
    rmSync(folder, { recursive: true, force: true });
  });

  function start(role: string, more: Readonly<Record<string, unknown>>): StressThread {
    const common = { engine: ENGINE, WORD, words: words.buffer, startNs, role };
    const thread = new StressThread({ ...common, seed: random.below(2 ** 31), ...more });
    threads.add(thread);
    return thread;
  }

  async function open(readLock: ReadLock, indexLock: IndexLock, pauseEvery: number): Promise<void> {
    const options = { ...OPTIONS, readLock, indexLock };
    writer = start('write', { folder: join(folder, 'store'), options, pauseEvery });
    share = (await writer.ready)!;
  }

  async function reading(pauseEvery: number): Promise<StressThread> {
    const thread = start('read', { share, pauseEvery });
    await thread.ready;
    return thread;
  }

  function counted(word: number): number {
    return Atomics.load(words, word);
  }

  async function until(what: string, holds: () => boolean): Promise<void> {
    const end = performance.now() + WAIT_MS_MAX;
    while (!holds()) {
      for (const { failure } of threads) if (failure !== undefined) throw failure;
      if (performance.now() > end) throw new Error(`waited in vain: ${what}`);
      await sleep(2);
    }
  }

  async function moreWrites(count: number): Promise<void> {
    const before = counted(WORD.writes);
    await until('the writer goes on', () => counted(WORD.writes) >= before + count);
  }

  function stop(): void {
    Atomics.store(words, WORD.stop, 1);
    Atomics.notify(words, WORD.stop);
  }

  // Each lock in every run, each pair of them under KVTUNE_LONG_TESTS=1.
  const kinds = READ_LOCKS.flatMap((readLock) =>
    INDEX_LOCKS.map((indexLock): [ReadLock, IndexLock] => [readLock, indexLock]),
  ).filter((_, i) => LONG || [0, 3, 4].includes(i));

  it.each(kinds)(
    'see linearizable registers: %s, %s',
    { timeout: TIMEOUT_MS },
    async (...locks) => {
      await open(...locks, WRITER_PAUSES);
      const readers = await Promise.all([reading(READER_PAUSES), reading(0)]);
      const end = performance.now() + 1000 * SECONDS;
      await until('both sides do enough', () => {
        return performance.now() > end && counted(WORD.writes) > 150 && counted(WORD.reads) > 80;
      });
      stop();
      const { writes = [], figures } = await writer.done;
      const seen = await Promise.all(readers.map(({ done }) => done));
      const reads = seen.flatMap((one) => one.reads ?? []);
      expect(
        checkRegisters([...writes, ...reads])
          .slice(0, 5)
          .map(describeFault),
      ).toEqual([]);
      const past = seen.flatMap((one) => one.past ?? []);
      expect(
        past.map((one) => wrongPast(one, writes)).filter((wrong) => wrong !== undefined),
      ).toEqual([]);
      expect(reads.length).toBeGreaterThan(50);
      expect(past.length).toBeGreaterThan(5);
      expect(figures?.backendCommits).toBeGreaterThan(1);
    },
  );

  it.each(kinds)(
    'go on when a reader dies in mid-range: %s, %s',
    { timeout: TIMEOUT_MS },
    async (...locks) => {
      await open(...locks, 0);
      await reading(0);
      for (let kill = 0; kill < 3; kill++) {
        const victim = start('stall', { share, pauseEvery: 0 });
        await until('a reader stands in mid-range', () => counted(WORD.stalled) > kill);
        await victim.worker.terminate();
        threads.delete(victim);
        releaseStoreThread(share, victim.threadId);
        await moreWrites(20);
      }
      // What the dead held is free: the one living reader has one slot at most, and the writer none or one.
      await until('no slot is left of the dead', () => counted(WORD.readers) <= 1);
      const before = counted(WORD.reads);
      await until('the other reader goes on', () => counted(WORD.reads) > before + 3);
      stop();
      await writer.done;
    },
  );

  it.each(['concurrent', 'copy'] as const)(
    'stand still for too long and hear of it, as does the owner: %s',
    { timeout: TIMEOUT_MS },
    async (readLock) => {
      await open(readLock, 'optimistic', 0);
      const slow = start('stall', { share, pauseEvery: 0 });
      await until('a reader stands in mid-range', () => counted(WORD.stalled) > 0);
      // The buffer goes round under it.
      await until('the owner counts a lost read', () => counted(WORD.lostReads) > 0);
      Atomics.store(words, WORD.resume, 1);
      Atomics.notify(words, WORD.resume);
      expect(await slow.done).toMatchObject({ outcome: 'READ_TOO_OLD' });
      await moreWrites(5);
      stop();
      await writer.done;
    },
  );
});

const startNs = hrtime.bigint();

/** What differs between a read of the past and what had been written by then. */
function wrongPast(
  { revision, shown }: Past,
  writes: readonly RegisterOperation[],
): string | undefined {
  const expected = new Map<string, RegisterOperation>();
  for (const write of writes) if (write.revision <= revision) expected.set(write.key, write);
  const wrong = shown.find(([key, main, value]) => {
    const write = expected.get(key);
    return write?.revision !== main || write.value !== value;
  });
  if (wrong === undefined && shown.length === expected.size) return undefined;
  return `revision ${revision} shows ${JSON.stringify(wrong ?? shown.length)}`;
}
