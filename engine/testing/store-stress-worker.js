// Store stress worker: a thread that owns a store and writes to it, or one that attaches and reads, until it is
// told to stop; it takes down what it did and saw, for store-threads.stress.test.ts to judge. Plain JavaScript,
// because a worker loads no TypeScript: the engine it imports is the compiled one, whose address it is given.
// Its atomic operations pause now and then, so that threads meet between any two of them.
//
// role 'write': puts registers, each with a value of its own, alone or several in one transaction, and
// compactions; beside them fillers, which make ranges long, come and go, so that the index splits and merges and
// its memory is used again. Their values begin with their keys, so that a mix-up shows. role 'read': newest states, of one register or of all, and past ones.
// role 'stall': stands still in the middle of a range, for as long as the test wants.

import { Buffer } from 'node:buffer';
import { hrtime } from 'node:process';
import { parentPort, workerData } from 'node:worker_threads';
import { slowAtomics } from './slow-atomics.js';

const { attachStoreReader, nodeVfs, Random, Store } = await import(workerData.engine);
const { WORD, role, seed, startNs, pauseEvery } = workerData;
const words = new Int32Array(workerData.words);
const random = new Random(seed);
const REGISTERS = 8;
const FILLERS = 300;
const FILLERS_MAX = 2000;
const DELETED_AT_ONCE = 100;
/** Revisions that are kept behind the newest. */
const KEPT = 60;
const OPERATIONS_MAX = 20_000;
const { load, add, wait, notify } = Atomics;

if (pauseEvery > 0) slowAtomics(random, pauseEvery);
if (role === 'write') write();
else if (role === 'read') read();
else stall();

/** One clock for all threads. */
function now() {
  return Number(hrtime.bigint() - startNs);
}

function write() {
  const store = Store.open(workerData.folder, workerData.options);
  const writes = [];
  let number = 0;
  for (let i = 0; i < FILLERS; i++) fill(store, i);
  for (let i = 0; i < REGISTERS; i++) register(store, writes, [i], number++);
  parentPort.postMessage({ kind: 'ready', share: store.share() });
  while (load(words, WORD.stop) === 0) {
    if (writes.length < OPERATIONS_MAX) {
      const first = random.below(REGISTERS);
      const some = random.below(8) === 0 ? [first, (first + 1) % REGISTERS] : [first];
      register(store, writes, some, number++);
    } else fill(store, 0);
    for (let i = 0; i < 3; i++) fill(store, random.below(FILLERS_MAX));
    if (random.below(60) === 0) clear(store, random.below(FILLERS_MAX));
    if (random.below(80) === 0) ask(store, { kind: 'compact', revision: store.revision - KEPT });
    store.tick();
    if (random.below(200) === 0) wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1);
    words[WORD.readers] = store.mvcc.backend.db.readers();
    words[WORD.lostReads] = store.stats().lostReads;
    add(words, WORD.writes, 1);
  }
  const { revision, compacted, backendCommits, readersWaitedNsMax } = store.stats();
  store.close();
  const figures = { revision, compacted, backendCommits, readersWaitedNsMax };
  parentPort.postMessage({ kind: 'done', writes, figures });
}

function register(store, writes, registers, number) {
  const value = `${number}`;
  const puts = registers.map((i) => put(`r${i}`, value));
  const begin = now();
  const txn = { kind: 'txn', compares: [], success: puts, failure: [] };
  const revision = ask(store, puts.length === 1 ? puts[0] : txn);
  const end = now();
  for (const i of registers)
    writes.push({ kind: 'write', key: `r${i}`, revision, value, begin, end });
}

function fill(store, i) {
  const key = filler(i);
  ask(store, put(key, key.padEnd(50 + random.below(300))));
}

function clear(store, from) {
  const [key, end] = [from, from + DELETED_AT_ONCE].map((i) => Buffer.from(filler(i)));
  ask(store, { kind: 'deleteRange', key, end, prevKv: false });
}

function filler(i) {
  return `f${`${i}`.padStart(5, '0')}`;
}

function ask(store, request) {
  let revision = 0;
  store.submit(request, (error, response) => {
    if (error !== undefined && error.code !== 'COMPACTED') throw error;
    revision = response?.revision;
  });
  store.flush();
  return revision;
}

function put(key, value) {
  const flags = { prevKv: false, ignoreValue: false, ignoreLease: false };
  return { kind: 'put', key: Buffer.from(key), value: Buffer.from(value), lease: 0n, ...flags };
}

function read() {
  const reader = attachStoreReader(workerData.share, nodeVfs);
  const reads = [];
  const past = [];
  const refused = {};
  parentPort.postMessage({ kind: 'ready' });
  while (load(words, WORD.stop) === 0) {
    if (reads.length > OPERATIONS_MAX) {
      wait(words, WORD.stop, 0, 50);
      continue;
    }
    try {
      if (random.below(3) === 0) readPast(reader, past);
      else readNewest(reader, reads);
    } catch (error) {
      // The writer was told to stop as well, and closed the store first.
      if (error.code === 'TX_CLOSED' && load(words, WORD.stop) !== 0) break;
      if (!['COMPACTED', 'READ_TOO_OLD'].includes(error.code)) throw error;
      refused[error.code] = (refused[error.code] ?? 0) + 1;
    }
    add(words, WORD.reads, 1);
  }
  reader.detach();
  parentPort.postMessage({ kind: 'done', reads, past, refused });
}

function readNewest(reader, reads) {
  const one = random.below(2) === 0;
  const key = Buffer.from(one ? `r${random.below(REGISTERS)}` : 'a');
  const begin = now();
  const { kvs, count } = reader.range(one ? { key } : { key, end: Buffer.from('z') });
  const end = now();
  if (count !== kvs.length) throw new Error(`${count} keys are counted, ${kvs.length} shown`);
  let before = '';
  let registers = 0;
  for (const kv of kvs) {
    const name = text(kv.key);
    if (name <= before) throw new Error(`${name} comes after ${before}`);
    before = name;
    if (!name.startsWith('r')) {
      if (!text(kv.value).startsWith(name)) throw new Error(`${name} has the value of another`);
      continue;
    }
    registers++;
    const shown = { revision: kv.modRevision, value: text(kv.value) };
    reads.push({ kind: 'read', key: name, ...shown, begin, end });
  }
  if (registers !== (one ? 1 : REGISTERS)) throw new Error(`${registers} registers are shown`);
}

/** All registers at a revision some way back. */
function readPast(reader, past) {
  reader.range({ key: Buffer.from('r0') });
  const revision = reader.revision - random.below(KEPT);
  const { kvs } = reader.range({ key: Buffer.from('r'), end: Buffer.from('s'), revision });
  past.push({ revision, shown: kvs.map((kv) => [text(kv.key), kv.modRevision, text(kv.value)]) });
}

/** Reads all keys, and stands still at the tenth until `resume` rises, or for ever. */
function stall() {
  const reader = attachStoreReader(workerData.share, nodeVfs);
  parentPort.postMessage({ kind: 'ready' });
  let seen = 0;
  let outcome = 'done';
  try {
    reader.visit({ key: Buffer.from('a'), end: Buffer.from('z') }, 0, () => {
      if (++seen !== 10) return;
      add(words, WORD.stalled, 1);
      notify(words, WORD.stalled);
      wait(words, WORD.resume, 0);
    });
  } catch (error) {
    outcome = error.code;
  }
  reader.detach();
  parentPort.postMessage({ kind: 'done', outcome, seen });
}

function text(bytes) {
  return Buffer.from(bytes).toString('latin1');
}
