// Plain work on an open database of ours, timed: puts in commits, gets, scans. Keys are etcd's revisions:
// number n is revision n + 1; its value is the n'th piece of a list, counted around. Which numbers, and in which
// order, the caller says. The peers' harness (scripts/peers/load.go) does the same, operation by operation.
//
// The clock runs from the first transaction's begin to the last one's end, every commit and sync
// included. Checksums depend on each thing seen and on the order, so nothing can be optimised away,
// and two stores can be held against each other.

import type { Db, ReadTx } from '../../engine/index.ts';
import { REVISION_KEY_BYTES, writeRevision } from '../../workloads/index.ts';
import type { Clock } from '../../src/measure/clock.ts';
import { KEY_BUCKET } from '../../src/targets/aged-db.ts';

export interface PutLoad {
  /** Numbers of the keys, in the order in which they are put. */
  readonly order: Uint32Array;
  readonly values: readonly Uint8Array[];
  readonly putsPerCommit: number;
}

/** What a reading work took and saw. */
export interface Seen {
  readonly operations: number;
  readonly seconds: number;
  readonly checksum: number;
}

const NS = 1e-9;
/** Where the low half of a key's number lies. */
const LOW = 4;
const LAST = 7;

/** Makes the bucket that putAll() fills, in a commit of its own. */
export function makeKeyBucket(db: Db): void {
  db.write((tx) => {
    tx.ensureBucket(KEY_BUCKET);
  });
}

/** Puts all of `load`; returns the seconds it took, commits and syncs included. */
export function putAll(db: Db, load: PutLoad, clock: Clock): number {
  const { order, values, putsPerCommit } = load;
  const key = firstKey();
  const started = clock.nowNs();
  for (let from = 0; from < order.length; from += putsPerCommit) {
    const tx = db.beginWrite();
    const bucket = tx.ensureBucket(KEY_BUCKET);
    const end = Math.min(from + putsPerCommit, order.length);
    for (let i = from; i < end; i++) {
      const number = order[i] ?? 0;
      setNumber(key, number);
      bucket.put(key, values[number % values.length] ?? key);
    }
    tx.commit();
  }
  return (clock.nowNs() - started) * NS;
}

/** Gets each number of `order` once, in place and without a copy, as bbolt does. */
export function getAll(tx: ReadTx, order: Uint32Array, clock: Clock): Seen {
  const cursor = keyBucket(tx).cursor();
  const key = firstKey();
  let sum = 0;
  const started = clock.nowNs();
  for (const number of order) {
    setNumber(key, number);
    if (!cursor.find(key)) throw new Error(`the file has no value for number ${number}`);
    const { u8 } = cursor.buffer;
    const first = cursor.valueStart;
    const last = first + cursor.valueLength - 1;
    sum = (Math.imul(sum, 31) + (u8[first] ?? 0) + (u8[last] ?? 0)) | 0;
  }
  const seconds = (clock.nowNs() - started) * NS;
  return { operations: order.length, seconds, checksum: sum >>> 0 };
}

/** Walks the bucket by cursor `passes` times and touches each key and value. */
export function scanAll(tx: ReadTx, passes: number, clock: Clock): Seen {
  let operations = 0;
  let checksum = 0;
  const started = clock.nowNs();
  for (let pass = 0; pass < passes; pass++) {
    const seen = scanOnce(tx);
    operations += seen.entries;
    checksum = (Math.imul(checksum, 31) + seen.sum) | 0;
  }
  return { operations, seconds: (clock.nowNs() - started) * NS, checksum: checksum >>> 0 };
}

function scanOnce(tx: ReadTx): { entries: number; sum: number } {
  const cursor = keyBucket(tx).cursor();
  let entries = 0;
  let sum = 0;
  for (let found = cursor.first(); found; found = cursor.next()) {
    const { u8 } = cursor.buffer;
    const seen = (u8[cursor.keyStart + LAST] ?? 0) + (u8[cursor.valueStart] ?? 0);
    sum = (Math.imul(sum, 31) + seen + cursor.keyLength + cursor.valueLength) | 0;
    entries++;
  }
  cursor.close();
  return { entries, sum };
}

function keyBucket(tx: ReadTx): NonNullable<ReturnType<ReadTx['bucket']>> {
  const bucket = tx.bucket(KEY_BUCKET);
  if (bucket === undefined) throw new Error('the file has no bucket of keys');
  return bucket;
}

function firstKey(): Uint8Array {
  const key = new Uint8Array(REVISION_KEY_BYTES);
  writeRevision(key, 0);
  return key;
}

/** Writes number n, as revision n + 1, into a key whose upper half is 0. */
function setNumber(key: Uint8Array, number: number): void {
  const low = number + 1;
  key[LOW] = low >>> 24;
  key[LOW + 1] = low >>> 16;
  key[LOW + 2] = low >>> 8;
  key[LAST] = low;
}
