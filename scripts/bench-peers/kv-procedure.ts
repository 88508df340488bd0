// Procedure 'kv': plain work of a key-value store on the bundled engine's Db or on real bbolt: puts in commits,
// gets, a scan, an opening. A slice is one piece of work on a file of its own (put) or on a prepared one. What it
// saw stands in `state`, and what a close finds in the file beside it: all arms must agree on both.
//
// Warm-up: the same operations run on another database when an arm of ours is opened, so that the measured
// ones do not pay for compiling them. Go compiles ahead and needs none. Puts warm up in memory and then on a
// file: code that was compiled for a database in memory is thrown away at the first call of a real one, and a
// commit of one put then takes 47 us beside its syncs instead of 23.

import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { Db, MemoryVfs, nodeVfs, type Vfs } from '../../engine/index.ts';
import { systemClock } from '../../src/measure/clock.ts';
import type {
  ArmOrder,
  CellOrder,
  Closing,
  OpenArm,
  Procedure,
  Slice,
  SliceContext,
  SliceOrder,
} from '../../src/procedures/procedure.ts';
import type { Scalars } from '../../src/record/round.ts';
import {
  runBboltCheck,
  runBboltDump,
  runBboltLoad,
  type KvAnswer,
  type KvRequest,
} from './bbolt-load.ts';
import { orderFile, poolFile, unsyncedFile, VALUE_BYTES, type Order } from './files.ts';
import { getAll, makeKeyBucket, putAll, scanAll, type PutLoad } from './kv-work.ts';

/** Factors of a cell; an arm of bbolt adds `program`. */
export interface KvFactors {
  readonly work: KvRequest['work'];
  /** Of put and get. */
  readonly order?: Order;
  /** Of put, get and scan. */
  readonly keys?: number;
  readonly putsPerCommit?: number;
  readonly pageSize?: number;
  readonly fillPercent?: number;
  readonly freelist?: 'array' | 'hashmap';
  readonly syncFreelist?: false;
  readonly passes?: number;
  /** Of the file to open. */
  readonly pages?: number;
  /** bbolt 1.3.6, which makes the file to read, and checks ours. */
  readonly checker: string;
  readonly program?: string;
}

/** bbolt maps the whole file; the cache must hold it too, or the rows compare memory with disk. */
const READ_CACHE_BYTES = 1024 * 1024 * 1024;
const WARM_UP_CACHE_BYTES = 64 * 1024 * 1024;
const WARM_UP_PUTS = 20_000;
/** Of puts, on a file: each commit waits for the disk, so one put a commit makes fewer of them. */
const WARM_UP_COMMITS = 4000;
const WARM_UP_ROUNDS = 10;
/** The file to read is made in larger commits than are measured; its pages are the same. */
const SETUP_PUTS_PER_COMMIT = 10_000;

export const KV: Procedure = {
  name: 'kv',
  warmUp: { figure: undefined, slicesMin: 0, slicesMax: 0, sideBySide: false },
  prepare: async (order, { signal }) => {
    const factors = factorsOf(order.asked);
    const { work, keys = 0, pages = 0 } = factors;
    if (work === 'open') unsyncedFile(order.prepared, pages, order.seed);
    if (work === 'put') putRequest(order, factors, 'unused');
    if (work === 'get' || work === 'scan') {
      const path = readPath(order);
      rmSync(path, { force: true });
      const put = putRequest(order, { ...factors, order: 'sequential', keys }, path);
      const request = { ...put, putsPerCommit: SETUP_PUTS_PER_COMMIT };
      await runBboltLoad(factors.checker, request, signal);
    }
    return {};
  },
  open: (order) => {
    const arm = new KvArm(order, factorsOf(order.asked));
    arm.warmUp();
    return Promise.resolve(arm);
  },
};

class KvArm implements OpenArm {
  readonly #order: ArmOrder;
  readonly #factors: KvFactors;

  constructor(order: ArmOrder, factors: KvFactors) {
    this.#order = order;
    this.#factors = factors;
  }

  warmUp(): void {
    if (this.#order.target === 'engine') warmUp(this.#request());
  }

  async slice(_order: SliceOrder, { signal }: SliceContext): Promise<Slice> {
    const request = this.#request();
    if (request.work === 'put') rmSync(request.path, { force: true });
    // An idle machine gives unused page cache away.
    if (request.work === 'open') Db.open(request.path).close();
    const { program } = this.#factors;
    const answer =
      program === undefined ? runOurs(request) : await runBboltLoad(program, request, signal);
    const { operations, seconds, checksum, freePages, settings } = answer;
    return {
      ...{ seconds, settings: { ...settings } },
      figures: {
        operationsPerSecond: operations / seconds,
        operationSeconds: seconds / operations,
      },
      counts: { operations },
      state: { checksum, freePages },
      warnings: [],
    };
  }

  /** Of what was put: bbolt's digest of the contents, and its own check of our file. */
  async close(how: 'verify' | 'kill', { signal }: SliceContext): Promise<Closing> {
    const request = this.#request();
    if (how === 'kill' || request.work !== 'put') return { settings: {}, warnings: [] };
    const { checker } = this.#factors;
    const { hash, keys } = await runBboltDump(checker, request.path, signal);
    const { ok, faults } = await runBboltCheck(checker, request.path, signal);
    const message = `bbolt's check of the file of ${this.#order.arm}: ${faults.join('; ')}`;
    return {
      settings: { contents: `${hash.slice(0, 12)} of ${keys} keys` },
      warnings: ok ? [] : [{ code: 'wrong-data', message }],
    };
  }

  #request(): KvRequest {
    const { folder, prepared, seed } = this.#order;
    const { work, order = 'sequential', keys = 0, freelist = 'hashmap' } = this.#factors;
    switch (work) {
      case 'put':
        return putRequest(this.#order, this.#factors, join(folder, 'put.db'));
      case 'get':
        return { work, path: readPath(this.#order), order: orderFile(prepared, order, keys, seed) };
      case 'scan':
        return { work, path: readPath(this.#order), passes: this.#factors.passes ?? 1 };
      case 'open':
        return { work, path: unsyncedFile(prepared, this.#factors.pages ?? 0, seed), freelist };
    }
  }
}

/** Made by cells.ts, of this program: the names and types are those of KvFactors. */
function factorsOf(asked: Scalars): KvFactors {
  return asked as unknown as KvFactors;
}

function readPath({ prepared }: CellOrder): string {
  return join(prepared, 'read.db');
}

function putRequest(
  { prepared, seed }: CellOrder,
  factors: KvFactors,
  path: string,
): KvRequest & { readonly work: 'put' } {
  const { order = 'sequential', keys = 0, putsPerCommit = 1 } = factors;
  const { pageSize = 4096, fillPercent = 0.5, freelist = 'hashmap' } = factors;
  return {
    ...{ work: 'put', path, order: orderFile(prepared, order, keys, seed) },
    ...{ pool: poolFile(prepared, seed), valueBytes: VALUE_BYTES, putsPerCommit },
    ...{ pageSize, fillPercent, freelist },
  };
}

function warmUp(request: KvRequest): void {
  switch (request.work) {
    case 'put': {
      const { order, putsPerCommit, path } = request;
      const some = Math.min(WARM_UP_PUTS, WARM_UP_COMMITS * putsPerCommit);
      const numbers = readOrder(order);
      put(request, goOn(numbers, WARM_UP_PUTS), 'warm-up.db', new MemoryVfs());
      // Left until the arm's folder goes: blocks given back would be the disk's work in measured commits.
      put(request, goOn(numbers, some), `${path}.warm-up`);
      return;
    }
    case 'get': {
      const small = memoryDb(VALUE_BYTES);
      const few = Uint32Array.from({ length: WARM_UP_PUTS }, (_, i) => (i * 7919) % WARM_UP_PUTS);
      for (let round = 0; round < WARM_UP_ROUNDS; round++) {
        small.read((tx) => getAll(tx, few, systemClock));
      }
      small.close();
      return;
    }
    case 'scan': {
      const small = memoryDb(1);
      small.read((tx) => scanAll(tx, WARM_UP_ROUNDS, systemClock));
      small.close();
      return;
    }
    case 'open': {
      const { freelist } = request;
      const vfs = new MemoryVfs();
      memoryDb(1, vfs).close();
      for (let round = 0; round < WARM_UP_ROUNDS; round++) {
        Db.open('warm-up.db', { freelist, cacheBytes: WARM_UP_CACHE_BYTES }, vfs).close();
      }
    }
  }
}

/** One piece of work on our Db, in this process. */
function runOurs(request: KvRequest): KvAnswer {
  switch (request.work) {
    case 'put':
      return put(request, readOrder(request.order), request.path);
    case 'get': {
      const order = readOrder(request.order);
      return reading(request.path, (tx) => getAll(tx, order, systemClock));
    }
    case 'scan':
      return reading(request.path, (tx) => scanAll(tx, request.passes, systemClock));
    case 'open': {
      const started = systemClock.nowNs();
      const db = Db.open(request.path, { freelist: request.freelist, syncFreelist: false });
      const seconds = (systemClock.nowNs() - started) / 1e9;
      const { freePages } = db.stats();
      return closed(db, { operations: 1, seconds, freePages });
    }
  }
}

function put(
  request: KvRequest & { readonly work: 'put' },
  order: Uint32Array,
  path: string,
  vfs: Vfs = nodeVfs,
): KvAnswer {
  const { pageSize, fillPercent, freelist, putsPerCommit, pool, valueBytes } = request;
  const load: PutLoad = { order, values: readPool(pool, valueBytes), putsPerCommit };
  const db = Db.open(path, { pageSize, fillPercent, freelist, syncFreelist: false }, vfs);
  makeKeyBucket(db);
  const seconds = putAll(db, load, systemClock);
  return closed(db, { operations: order.length, seconds });
}

/** `length` numbers: those of `order`, and more in the same manner behind them. */
function goOn(order: Uint32Array, length: number): Uint32Array {
  return Uint32Array.from({ length }, (_, i) => {
    const lap = Math.floor(i / order.length);
    return (order[i % order.length] ?? 0) + lap * order.length;
  });
}

/** Runs `work` on a file opened for reading only, as bbolt opens it, once all of it is in memory. */
function reading(path: string, work: (tx: Parameters<typeof getAll>[0]) => Done): KvAnswer {
  const db = Db.open(path, { readOnly: true, cacheBytes: READ_CACHE_BYTES });
  const done = db.read((tx) => {
    scanAll(tx, 1, systemClock);
    return work(tx);
  });
  return closed(db, done);
}

/** A database in memory with a few entries, to compile the hot paths on. */
function memoryDb(valueBytes: number, vfs: Vfs = new MemoryVfs()): Db {
  const db = Db.open('warm-up.db', { cacheBytes: WARM_UP_CACHE_BYTES }, vfs);
  const order = Uint32Array.from({ length: WARM_UP_PUTS }, (_, i) => i);
  putAll(db, { order, values: [new Uint8Array(valueBytes)], putsPerCommit: 1000 }, systemClock);
  return db;
}

type Done = Pick<KvAnswer, 'operations' | 'seconds'> & Partial<KvAnswer>;

/** What was done, with the settings of the open database; closes it. */
function closed(db: Db, done: Done): KvAnswer {
  const { pageSize, fillPercent, readOnly, cacheBytes, syncFreelist } = db.options;
  const freelist = db.freelistKind;
  db.close();
  // Neither kind of sync can be switched: each commit syncs twice, and growing the file adds no sync.
  const settings = { pageSize, fillPercent, freelist, syncFreelist, sync: true, growSync: false };
  return {
    settings: { ...settings, readOnly, memoryBytes: cacheBytes },
    ...{ checksum: 0, freePages: 0, ...done },
  };
}

function readOrder(path: string): Uint32Array {
  const bytes = readFileSync(path);
  // A copy, since a small file's bytes may lie anywhere in Node's shared pool.
  return new Uint32Array(Uint8Array.from(bytes).buffer);
}

function readPool(path: string, valueBytes: number): Uint8Array[] {
  const bytes = Uint8Array.from(readFileSync(path));
  return Array.from({ length: bytes.length / valueBytes }, (_, i) =>
    bytes.subarray(i * valueBytes, (i + 1) * valueBytes),
  );
}
