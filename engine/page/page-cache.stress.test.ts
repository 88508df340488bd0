import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Random } from '../base/random.ts';
import { checkDb } from '../db/check.ts';
import { Db } from '../db/db.ts';
import { bytesOf } from '../testing/model.ts';
import { nodeVfs } from '../vfs/node-vfs.ts';

const SEED = 20261122;
const WORKER = new URL('../testing/reader-worker.js', import.meta.url);
/** Workers load no TypeScript: `npm test` compiles the engine first. */
const ENGINE = new URL('../../dist/engine/index.js', import.meta.url);
const STOP = 0;
const HOLD = 1;
const HOLDING = 2;
const KEYS = 300;
const READING_MS = 2000;

interface Done {
  readonly kind: 'ready' | 'done';
  readonly verified: number;
  readonly states: number;
}

/** Writes states whose every part follows from the txid; reader-worker.js knows the rules. */
class StampedWriter {
  readonly db: Db;
  readonly #random = new Random(SEED);
  readonly #writers = new Map<string, number>();

  constructor(db: Db) {
    this.db = db;
  }

  commit(changes: number): void {
    const tx = this.db.beginWrite();
    const data = tx.ensureBucket(bytesOf('data'));
    for (let i = 0; i < changes; i++) {
      const key = `key ${this.#random.below(KEYS)}`;
      if (this.#random.below(4) === 0) {
        data.delete(bytesOf(key));
        this.#writers.delete(key);
        continue;
      }
      data.put(bytesOf(key), this.#value(key, tx.txid));
      this.#writers.set(key, tx.txid);
    }
    const sums = tx.ensureBucket(bytesOf('sums'));
    let sum = 0;
    for (const writer of this.#writers.values()) sum += writer;
    sums.put(bytesOf('count'), encode(this.#writers.size, 8));
    sums.put(bytesOf('sum'), encode(sum, 8));
    sums.put(bytesOf('txid'), encode(tx.txid, 8));
    tx.commit();
  }

  #value(key: string, txid: number): Uint8Array {
    const long = this.#random.below(15) === 0;
    const value = encode(txid, 8 + this.#random.below(long ? 6000 : 300));
    value.fill((key.charCodeAt(key.length - 1) + txid) & 0xff, 8);
    return value;
  }
}

function encode(value: number, bytes: number): Uint8Array {
  const encoded = new Uint8Array(bytes);
  new DataView(encoded.buffer).setBigUint64(0, BigInt(value));
  return encoded;
}

/** A reading thread: its end is either its report or the error that ended it. */
class ReadingThread {
  readonly worker: Worker;
  readonly threadId: number;
  readonly ready: Promise<void>;
  readonly done: Promise<Done>;
  /** The thread found something wrong; `done` says what. */
  failed = false;

  constructor(db: Db, flags: SharedArrayBuffer, options: { seed: number; holds: boolean }) {
    const workerData = { engine: ENGINE.href, share: db.share(), flags, ...options };
    this.worker = new Worker(WORKER, { workerData });
    this.threadId = this.worker.threadId;
    this.ready = this.#message('ready').then(() => undefined);
    this.done = this.#message('done');
    // Looked at when the test waits for it; until then a failure is not lost, only late.
    this.done.catch(() => {
      this.failed = true;
    });
  }

  #message(kind: Done['kind']): Promise<Done> {
    return new Promise((resolve, reject) => {
      this.worker.on('message', (message: Done) => {
        if (message.kind === kind) resolve(message);
      });
      this.worker.once('error', reject);
      this.worker.once('exit', (code) => {
        reject(new Error(`the thread ended with code ${code} before it was ${kind}`));
      });
    });
  }
}

describe('page cache under threads', () => {
  let folder = '';
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'kvtune-cache-'));
  });
  afterEach(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  it('shows every reader whole states, and forgets a thread that was ended', async () => {
    const path = join(folder, 'stress.db');
    // 24 frames for a tree of some 200 pages: nearly every step evicts.
    const db = Db.open(path, { pageSize: 1024, cacheBytes: 24 * 1024, freelist: 'hashmap' });
    const writer = new StampedWriter(db);
    writer.commit(2 * KEYS);
    const flags = new SharedArrayBuffer(12);
    const words = new Int32Array(flags);
    const threads = [1, 2, 3].map(
      (seed) => new ReadingThread(db, flags, { seed, holds: seed === 3 }),
    );
    const holder = threads[2]!;
    await Promise.all(threads.map((thread) => thread.ready));

    const writeWhile = async (changes: number, more: () => boolean): Promise<void> => {
      while (more() && !threads.some((thread) => thread.failed)) {
        writer.commit(changes);
        await new Promise(setImmediate);
      }
    };
    const end = performance.now() + READING_MS;
    await writeWhile(15, () => performance.now() < end);
    Atomics.store(words, HOLD, 1);
    await writeWhile(5, () => Atomics.load(words, HOLDING) === 0);
    if (holder.failed) await holder.done;
    await holder.worker.terminate();
    Atomics.store(words, STOP, 1);
    Atomics.notify(words, STOP);
    for (const report of await Promise.all([threads[0]!.done, threads[1]!.done])) {
      expect(report.verified).toBeGreaterThan(20);
      expect(report.states).toBeGreaterThan(5);
    }

    // The ended thread's transactions still keep pages back ...
    for (let i = 0; i < 20; i++) writer.commit(15);
    const pinned = db.stats().pendingPages;
    expect(pinned).toBeGreaterThan(200);
    // ... until it is declared gone. Then the file stops growing.
    db.releaseThread(holder.threadId);
    for (let i = 0; i < 3; i++) writer.commit(15);
    expect(db.stats().pendingPages).toBeLessThan(pinned / 2);
    const { highWater } = db.stats();
    for (let i = 0; i < 30; i++) writer.commit(15);
    // 30 such commits free and take some 1,500 pages; a long value may still miss its run now and then.
    expect(db.stats().highWater).toBeLessThan(highWater + 50);
    expect(checkDb(nodeVfs, path, db).faults).toEqual([]);
    db.close();
  }, 20_000);
});
