// Reader worker: a thread that attaches to an open database and reads until it is told to stop. Plain
// JavaScript, because a worker loads no TypeScript: the engine it imports is the compiled one, whose
// address it is given. stamped-writer.ts writes the states that this verifies, and says what holds in
// each: a page of another state, or torn, breaks it. Words shared with the test: see reading-thread.ts.
//
// mode 'roam': transaction after transaction, some kept open for a while; each is read whole, then
// again in another way, perhaps after a pause, and must show the same. mode 'hold': one transaction,
// with a cursor left in the middle of it, verified whenever the test asks.

import { parentPort, workerData } from 'node:worker_threads';
import { slowAtomics } from './slow-atomics.js';

const { Reader, Random, nodeVfs } = await import(workerData.engine);
const { WORD, seed } = workerData;
const words = new Int32Array(workerData.words);
const random = new Random(seed);
const reader = Reader.attach(workerData.share, nodeVfs);
const names = Object.fromEntries(
  ['data', 'sums', 'count', 'mix', 'txid'].map((n) => [n, bytes(n)]),
);
/** A state is read in some thousand atomic operations. */
const PAUSE_EVERY = 1500;
const HELD_MAX = 3;
const MIX = 2 ** 48;

slowAtomics(random, PAUSE_EVERY);
parentPort.postMessage({ kind: 'ready' });
if (workerData.mode === 'hold') hold();
else roam();
reader.detach();
parentPort.postMessage({ kind: 'done' });

function roam() {
  const held = [];
  let last = 0;
  while (Atomics.load(words, WORD.stop) === 0) {
    const tx = begin();
    if (tx.txid < last) fail(`state ${tx.txid} was given out after state ${last}`);
    if (tx.txid > last) Atomics.add(words, WORD.states, 1);
    last = tx.txid;
    verifyTwice(tx);
    if (random.below(4) === 0) held.push(tx);
    else end(tx);
    if (held.length > HELD_MAX || (held.length > 0 && random.below(20) === 0)) {
      const [old] = held.splice(random.below(held.length), 1);
      verifyTwice(old);
      end(old);
    }
  }
  for (const tx of held) {
    verifyTwice(tx);
    end(tx);
  }
}

function hold() {
  const tx = begin();
  const first = verifyTwice(tx);
  const cursor = tx.bucket(names.data).cursor();
  cursor.seek(bytes('key 2'));
  const key = cursor.key();
  let answered = 0;
  for (;;) {
    Atomics.store(words, WORD.answers, ++answered);
    Atomics.notify(words, WORD.answers);
    Atomics.wait(words, WORD.questions, answered - 1);
    if (Atomics.load(words, WORD.stop) === 1) break;
    if (verifyTwice(tx) !== first) fail(`state ${tx.txid} is not what it was`);
    if (text(cursor.key()) !== text(key)) fail(`a cursor in state ${tx.txid} shows another key`);
  }
  end(tx);
}

function begin() {
  const tx = reader.begin();
  Atomics.add(words, WORD.open, 1);
  return tx;
}

function end(tx) {
  Atomics.sub(words, WORD.open, 1);
  tx.end();
}

/** Reads all of the state, and again in another way; returns a digest of it. */
function verifyTwice(tx) {
  const first = verify(tx);
  if (random.below(3) === 0) pause(random.below(4));
  const second = random.below(2) === 0 ? verify(tx) : verifyBackwards(tx);
  if (first !== second) fail(`state ${tx.txid} reads ${first}, then ${second}`);
  Atomics.add(words, WORD.verified, 1);
  return first;
}

function verify(tx) {
  const totals = { count: 0, mix: 0 };
  const keys = walk(tx, tx.bucket(names.data), 0, 'first', 'next', totals);
  for (let i = 0; i < 5 && keys.length > 0; i++) {
    const key = keys[random.below(keys.length)];
    const value = tx.bucket(names.data).get(key);
    if (value === undefined) fail(`state ${tx.txid}: get misses ${text(key)}`);
    checkValue(tx, key, value);
  }
  return compare(tx, totals);
}

function verifyBackwards(tx) {
  const totals = { count: 0, mix: 0 };
  walk(tx, tx.bucket(names.data), 0, 'last', 'prev', totals);
  return compare(tx, totals);
}

/** Adds up a bucket and those in it; returns its plain keys. */
function walk(tx, bucket, depth, begins, moves, totals) {
  const cursor = bucket.cursor();
  const keys = [];
  for (let there = cursor[begins](); there; there = cursor[moves]()) {
    const key = cursor.key();
    if (cursor.isBucket) {
      walk(tx, bucket.bucket(key), depth + 1, begins, moves, totals);
      continue;
    }
    const value = cursor.value();
    totals.count++;
    totals.mix = (totals.mix + stamp(depth, key, checkValue(tx, key, value), value.length)) % MIX;
    keys.push(key);
  }
  cursor.close();
  return keys;
}

/** The txid that wrote the value. */
function checkValue(tx, key, value) {
  const writer = number(value);
  if (writer > tx.txid) fail(`state ${tx.txid} shows a value of state ${writer}`);
  const fill = (key[key.length - 1] + writer) & 0xff;
  for (let i = 8; i < value.length; i++) {
    if (value[i] !== fill) fail(`state ${tx.txid}: value of ${text(key)} is torn at ${i}`);
  }
  return writer;
}

function compare(tx, { count, mix }) {
  const sums = tx.bucket(names.sums);
  const expected = ['count', 'mix', 'txid'].map((name) => number(sums.get(names[name])));
  const found = [count, mix, tx.txid];
  if (expected.some((value, i) => value !== found[i])) {
    fail(`state ${tx.txid}: count, mix, txid are ${found}, not ${expected}`);
  }
  const { sequence } = tx.bucket(names.data);
  if (sequence !== tx.txid) fail(`state ${tx.txid} has the sequence of state ${sequence}`);
  return `${count} ${mix}`;
}

function stamp(depth, key, writer, length) {
  let hash = depth;
  for (const byte of key) hash = (Math.imul(hash, 31) + byte) >>> 0;
  return (hash * 65_536 + writer * 7919 + length) % MIX;
}

function pause(ms) {
  if (ms > 0) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}

function fail(what) {
  throw new Error(`seed ${seed}: ${what}`);
}

function number(value) {
  return Number(new DataView(value.buffer, value.byteOffset).getBigUint64(0));
}

function bytes(name) {
  return Uint8Array.from(name, (character) => character.charCodeAt(0));
}

function text(key) {
  return String.fromCharCode(...key);
}
