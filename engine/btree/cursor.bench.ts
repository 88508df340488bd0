// Microbenchmarks of reading a tree of 100,000 entries (17-byte keys, 256-byte values) that lies in
// the cache whole: a point lookup, a cursor's seek to a random key, and walking on from entry to entry.
// The walk looks where key and value lie and copies neither, as a scan does that is in a hurry.

import { assert } from '../base/assert.ts';
import type { BenchCase, BenchRun, BenchSetting } from '../base/bench-case.ts';
import { Random } from '../base/random.ts';
import { Db } from '../db/db.ts';
import type { ReadTx } from '../db/reader.ts';
import { MemoryVfs } from '../vfs/memory-vfs.ts';
import type { Cursor } from './cursor.ts';

const GROUP = 'read';
const KEY_BYTES = 17;
const VALUE_BYTES = 256;
/** etcd's setting for keys that ascend. */
const FILL_PERCENT = 0.9;
const CACHE_BYTES = 128 * 1024 * 1024;
const PUTS_PER_COMMIT = 10_000;
const SEED = 20261122;

export function cases({ size }: BenchSetting): readonly BenchCase[] {
  const entries = size === 'tiny' ? 300 : 100_000;
  const lookups = size === 'tiny' ? 50 : 2000;
  return [
    one('get', 'get', lookups, () => getRun(makeTree(entries), entries, lookups)),
    one('cursor, seek', 'seek', lookups, () => seekRun(makeTree(entries), entries, lookups)),
    one('cursor, next', 'entry', entries, () => nextRun(makeTree(entries), entries)),
  ];
}

function one(
  name: string,
  operation: string,
  operations: number,
  prepare: () => BenchRun,
): BenchCase {
  return { group: GROUP, name, operation, operations, prepare };
}

function getRun(tx: ReadTx, entries: number, lookups: number): BenchRun {
  const { wanted, keys } = draw(entries, lookups);
  let sum = 0;
  return {
    run: () => {
      sum = 0;
      for (const key of keys) sum += wordOf(tx.root.get(key) ?? new Uint8Array(4));
      return sum;
    },
    verify: () => assertSum(sum, wanted),
  };
}

function seekRun(tx: ReadTx, entries: number, lookups: number): BenchRun {
  const { wanted, keys } = draw(entries, lookups);
  const cursor = tx.root.cursor();
  let sum = 0;
  return {
    run: () => {
      sum = 0;
      for (const key of keys) if (cursor.seek(key)) sum += valueWord(cursor);
      return sum;
    },
    verify: () => assertSum(sum, wanted),
  };
}

function nextRun(tx: ReadTx, entries: number): BenchRun {
  const cursor = tx.root.cursor();
  let count = 0;
  let sum = 0;
  return {
    run: () => {
      count = 0;
      sum = 0;
      for (let there = cursor.first(); there; there = cursor.next()) {
        count += cursor.keyLength === KEY_BYTES && cursor.valueLength === VALUE_BYTES ? 1 : 0;
        sum += cursor.buffer.u8[cursor.keyStart + 7]! + valueWord(cursor);
      }
      return sum;
    },
    verify: () => {
      assert(count === entries, `the walk met ${count} of ${entries} entries`);
      let expected = 0;
      for (let n = 0; n < entries; n++) expected += (n & 0xff) + n;
      assert(sum === expected, `the entries add up to ${sum} instead of ${expected}`);
    },
  };
}

/** A read transaction on a tree of `entries` entries: number n is key and first word of value n. */
function makeTree(entries: number): ReadTx {
  const options = { fillPercent: FILL_PERCENT, cacheBytes: CACHE_BYTES };
  const db = Db.open('read.db', options, new MemoryVfs());
  const value = new Uint8Array(VALUE_BYTES);
  for (let first = 0; first < entries; first += PUTS_PER_COMMIT) {
    db.write((tx) => {
      for (let n = first; n < Math.min(entries, first + PUTS_PER_COMMIT); n++) {
        new DataView(value.buffer).setUint32(0, n);
        tx.root.put(keyOf(n), value);
      }
    });
  }
  return db.beginRead();
}

function draw(entries: number, lookups: number): { wanted: number[]; keys: Uint8Array[] } {
  const random = new Random(SEED);
  const wanted = Array.from({ length: lookups }, () => random.below(entries));
  return { wanted, keys: wanted.map(keyOf) };
}

function assertSum(sum: number, wanted: readonly number[]): void {
  const expected = wanted.reduce((total, n) => total + n, 0);
  assert(sum === expected, `the values add up to ${sum} instead of ${expected}`);
}

function valueWord(cursor: Cursor): number {
  const { u8 } = cursor.buffer;
  const at = cursor.valueStart;
  return u8[at]! * 0x100_0000 + u8[at + 1]! * 0x1_0000 + u8[at + 2]! * 0x100 + u8[at + 3]!;
}

function wordOf(bytes: Uint8Array): number {
  return bytes[0]! * 0x100_0000 + bytes[1]! * 0x1_0000 + bytes[2]! * 0x100 + bytes[3]!;
}

function keyOf(n: number): Uint8Array {
  const key = new Uint8Array(KEY_BYTES);
  new DataView(key.buffer).setUint32(4, n);
  return key;
}
