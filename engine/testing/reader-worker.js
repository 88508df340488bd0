// Reader worker: a thread that attaches to an open database and reads until it is told to stop. Plain
// JavaScript, because a worker loads no TypeScript: the engine it imports is the compiled one, whose
// address it is given. page-cache.stress.test.ts writes the states that this verifies.
//
// What holds in every state: bucket 'data' maps each key to a value made from the key and from the txid
// that wrote it; bucket 'sums' holds the number of keys and the sum of those txids, and the txid of the
// state itself. A page of another state, or torn, breaks one of them.

import { parentPort, workerData } from 'node:worker_threads';

const STOP = 0;
const HOLD = 1;
const HOLDING = 2;
const HELD_MAX = 3;

const { Reader, Random, nodeVfs } = await import(workerData.engine);
const flags = new Int32Array(workerData.flags);
const random = new Random(workerData.seed);
const reader = Reader.attach(workerData.share, nodeVfs);
const data = bytes('data');
const sums = bytes('sums');
const held = [];
let verified = 0;
let states = 0;
let last = 0;

parentPort.postMessage({ kind: 'ready' });
while (Atomics.load(flags, STOP) === 0) {
  const tx = reader.begin();
  verify(tx);
  if (tx.txid < last) throw new Error(`state ${tx.txid} was given out after state ${last}`);
  if (tx.txid > last) states++;
  last = tx.txid;
  if (random.below(4) === 0) held.push(tx);
  else tx.end();
  if (held.length > HELD_MAX || (held.length > 0 && random.below(20) === 0)) {
    const oldest = held.shift();
    verify(oldest);
    oldest.end();
  }
  if (workerData.holds && Atomics.load(flags, HOLD) === 1) {
    // Keeps its transactions and never comes back: the test ends the thread.
    held.push(reader.begin());
    Atomics.store(flags, HOLDING, 1);
    Atomics.notify(flags, HOLDING);
    Atomics.wait(flags, STOP, 0);
  }
}
for (const tx of held) {
  verify(tx);
  tx.end();
}
reader.detach();
parentPort.postMessage({ kind: 'done', verified, states });

function verify(tx) {
  const bucket = tx.bucket(data);
  const cursor = bucket.cursor();
  let count = 0;
  let sum = 0;
  for (let there = cursor.first(); there; there = cursor.next()) {
    const key = cursor.key();
    const value = cursor.value();
    const writer = number(value);
    if (writer > tx.txid) throw new Error(`state ${tx.txid} shows a value of state ${writer}`);
    const fill = (key[key.length - 1] + writer) & 0xff;
    for (let i = 8; i < value.length; i++) {
      if (value[i] !== fill) throw new Error(`state ${tx.txid}: value of ${key} is torn at ${i}`);
    }
    count++;
    sum += writer;
  }
  cursor.close();
  const stored = tx.bucket(sums);
  const expected = ['count', 'sum', 'txid'].map((name) => number(stored.get(bytes(name))));
  const found = [count, sum, tx.txid];
  if (expected.some((value, i) => value !== found[i])) {
    throw new Error(`state ${tx.txid}: count, sum, txid are ${found}, not ${expected}`);
  }
  verified++;
}

function number(value) {
  return Number(new DataView(value.buffer, value.byteOffset).getBigUint64(0));
}

function bytes(text) {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}
