// Our side of the plain workloads: one request, one fresh process (bench-peers-child.ts), one answer
// of plain data. The counterpart is scripts/peers/load.go; both read order and values from the same
// files before the clock starts.
//
// Warm-up: the same operations run on another database first, so that the measured ones do not pay for
// compiling them. Go compiles ahead and needs none. Puts warm up in memory and then on a file of their own:
// code that was compiled for a database in memory is thrown away at the first call of a real one, and a
// commit of one put then takes 47 us beside its syncs instead of 23.

import { readFileSync, rmSync, statSync } from 'node:fs';
import { Db, MemoryVfs, nodeVfs, type Vfs } from '../../engine/index.ts';
import {
  getAll,
  makeKeyBucket,
  putAll,
  scanAll,
  type LoadAnswer,
  type LoadRequest,
  type PutLoad,
} from '../../src/drivers/kv-driver.ts';
import { systemClock } from '../../src/measure/clock.ts';

type Done = Pick<LoadAnswer, 'operations' | 'seconds'> & Partial<LoadAnswer>;

/** bbolt maps the whole file; the cache must hold it too, or the rows compare memory with disk. */
const READ_CACHE_BYTES = 1024 * 1024 * 1024;
const WARM_UP_CACHE_BYTES = 64 * 1024 * 1024;
const WARM_UP_PUTS = 20_000;
/** Of puts, on a file: each commit waits for the disk, so one put a commit makes fewer of them. */
const WARM_UP_COMMITS = 4000;
const WARM_UP_ROUNDS = 10;

/** Runs one workload in this process. */
export function runLoad(request: LoadRequest): LoadAnswer {
  switch (request.work) {
    case 'put':
      return runPut(request);
    case 'get':
      return runGet(request);
    case 'scan':
      return runScan(request);
    case 'open':
      return runOpen(request);
  }
}

function runPut(request: LoadRequest & { work: 'put' }): LoadAnswer {
  const { pageSize, fillPercent, freelist, putsPerCommit } = request;
  const order = readOrder(request.order);
  const values = readPool(request.pool, request.valueBytes);
  const options = { pageSize, fillPercent, freelist, syncFreelist: false };
  const put = (path: string, load: PutLoad, vfs: Vfs = nodeVfs): LoadAnswer => {
    const db = Db.open(path, options, vfs);
    try {
      makeKeyBucket(db);
      const seconds = putAll(db, load, systemClock);
      return answer(db, { operations: load.order.length, seconds });
    } finally {
      db.close();
    }
  };
  const warmUpPath = `${request.path}.warm-up`;
  try {
    const many = goOn(order, WARM_UP_PUTS);
    const some = goOn(order, Math.min(WARM_UP_PUTS, WARM_UP_COMMITS * putsPerCommit));
    put('warm-up.db', { order: many, values, putsPerCommit }, new MemoryVfs());
    put(warmUpPath, { order: some, values, putsPerCommit });
    const result = put(request.path, { order, values, putsPerCommit });
    return { ...result, fileBytes: statSync(request.path).size };
  } finally {
    // Not before: blocks given back would be the disk's work in the measured commits.
    rmSync(warmUpPath, { force: true });
  }
}

/** `length` numbers: those of `order`, and more in the same manner behind them. */
function goOn(order: Uint32Array, length: number): Uint32Array {
  return Uint32Array.from({ length }, (_, i) => {
    const lap = Math.floor(i / order.length);
    return (order[i % order.length] ?? 0) + lap * order.length;
  });
}

function runGet(request: LoadRequest & { work: 'get' }): LoadAnswer {
  const { valueBytes } = request;
  const order = readOrder(request.order);
  const small = memoryDb(valueBytes);
  const few = Uint32Array.from({ length: WARM_UP_PUTS }, (_, i) => (i * 7919) % WARM_UP_PUTS);
  for (let round = 0; round < WARM_UP_ROUNDS; round++) {
    small.read((tx) => getAll(tx, few, systemClock));
  }
  small.close();
  return reading(request.path, (db) =>
    db.read((tx) => {
      scanAll(tx, 1, systemClock);
      return getAll(tx, order, systemClock);
    }),
  );
}

function runScan(request: LoadRequest & { work: 'scan' }): LoadAnswer {
  const small = memoryDb(1);
  small.read((tx) => scanAll(tx, WARM_UP_ROUNDS, systemClock));
  small.close();
  return reading(request.path, (db) =>
    db.read((tx) => {
      scanAll(tx, 1, systemClock);
      return scanAll(tx, request.passes, systemClock);
    }),
  );
}

function runOpen(request: LoadRequest & { work: 'open' }): LoadAnswer {
  const { path, freelist } = request;
  const vfs = new MemoryVfs();
  memoryDb(1, vfs).close();
  for (let round = 0; round < WARM_UP_ROUNDS; round++) {
    Db.open('warm-up.db', { freelist, cacheBytes: WARM_UP_CACHE_BYTES }, vfs).close();
  }
  const started = systemClock.nowNs();
  const db = Db.open(path, { freelist, syncFreelist: false });
  const seconds = (systemClock.nowNs() - started) / 1e9;
  const { freePages, fileBytes } = db.stats();
  const result = answer(db, { operations: 1, seconds, freePages, fileBytes });
  db.close();
  return result;
}

/** Runs `work` on a file opened for reading only, as bbolt opens it. */
function reading(path: string, work: (db: Db) => Done): LoadAnswer {
  const db = Db.open(path, { readOnly: true, cacheBytes: READ_CACHE_BYTES });
  try {
    const done = work(db);
    return answer(db, { ...done, fileBytes: db.stats().fileBytes });
  } finally {
    db.close();
  }
}

/** A database in memory with a few entries, to compile the hot paths on. */
function memoryDb(valueBytes: number, vfs: Vfs = new MemoryVfs()): Db {
  const db = Db.open('warm-up.db', { cacheBytes: WARM_UP_CACHE_BYTES }, vfs);
  const order = Uint32Array.from({ length: WARM_UP_PUTS }, (_, i) => i);
  putAll(db, { order, values: [new Uint8Array(valueBytes)], putsPerCommit: 1000 }, systemClock);
  return db;
}

function answer(db: Db, done: Done): LoadAnswer {
  const { pageSize, fillPercent, readOnly, cacheBytes } = db.options;
  return {
    settings: {
      pageSize,
      fillPercent,
      freelist: db.freelistKind,
      syncFreelist: db.options.syncFreelist,
      // Neither can be switched: each commit syncs twice, and growing the file adds no sync.
      sync: true,
      growSync: false,
      readOnly,
      memoryBytes: cacheBytes,
    },
    checksum: 0,
    freePages: 0,
    fileBytes: 0,
    ...done,
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
