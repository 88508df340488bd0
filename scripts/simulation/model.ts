// Model: what a database must hold, as plain Maps: one immutable state a txid. Simulations and tests
// run seeded random commands on a Db and on a Model and compare every reader with the state of its own
// txid: a small definition of multi-version correctness. A difference is a bug of the engine, hence an
// assertion. Nothing of the engine depends on it.

import { assert } from '../../engine/base/assert.ts';
import type { Random } from '../../engine/base/random.ts';
import type { Bucket } from '../../engine/db/bucket.ts';
import type { WriteBucket } from '../../engine/db/write-bucket.ts';

/** A bucket's contents: plain values and nested buckets, by key as Latin-1. */
export interface ModelBucket {
  sequence: number;
  readonly values: Map<string, Uint8Array>;
  readonly buckets: Map<string, ModelBucket>;
}

export function emptyModel(): ModelBucket {
  return { sequence: 0, values: new Map(), buckets: new Map() };
}

export function cloneModel(bucket: ModelBucket): ModelBucket {
  return {
    sequence: bucket.sequence,
    values: new Map(bucket.values),
    buckets: new Map([...bucket.buckets].map(([name, inner]) => [name, cloneModel(inner)])),
  };
}

export function bytesOf(text: string): Uint8Array {
  return Uint8Array.from(Buffer.from(text, 'latin1'));
}

export function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('latin1');
}

/** Applies one random change to both. Values are mostly small; some span pages. */
export function randomChange(random: Random, db: WriteBucket, model: ModelBucket, depth = 0): void {
  const roll = random.below(100);
  if (roll < 55) {
    const key = randomKey(random);
    if (model.buckets.has(key)) return;
    const value = new Uint8Array(valueBytes(random));
    random.fill(value);
    db.put(bytesOf(key), value);
    model.values.set(key, value);
  } else if (roll < 85) {
    const key = pick(random, model.values) ?? randomKey(random);
    if (model.buckets.has(key)) return;
    const deleted = db.delete(bytesOf(key));
    assert(deleted === model.values.delete(key), `delete of ${key} says ${deleted}`);
  } else if (roll < 88) {
    model.sequence++;
    const next = db.nextSequence();
    assert(next === model.sequence, `a sequence is ${next}, not ${model.sequence}`);
  } else if (roll < 91 && depth < 3) {
    const name = `b${random.below(6)}`;
    if (model.buckets.has(name)) return;
    db.createBucket(bytesOf(name));
    model.buckets.set(name, emptyModel());
  } else if (roll < 92) {
    const name = pick(random, model.buckets);
    if (name === undefined) return;
    db.deleteBucket(bytesOf(name));
    model.buckets.delete(name);
  } else {
    const name = pick(random, model.buckets);
    if (name === undefined) return;
    const inner = db.bucket(bytesOf(name));
    assert(inner !== undefined, `bucket ${name} is missing`);
    const changes = random.between(1, 20);
    for (let i = 0; i < changes; i++) {
      randomChange(random, inner, model.buckets.get(name)!, depth + 1);
    }
  }
}

/** True when the bucket and all below it hold exactly what the model does. One pass, no report. */
export function matchesModel(bucket: Bucket, model: ModelBucket): boolean {
  if (bucket.sequence !== model.sequence) return false;
  let count = 0;
  const cursor = bucket.cursor();
  for (let there = cursor.first(); there; there = cursor.next()) {
    count++;
    const key = textOf(cursor.key());
    if (cursor.isBucket) {
      const inner = model.buckets.get(key);
      const found = bucket.bucket(cursor.key());
      if (inner === undefined || found === undefined || !matchesModel(found, inner)) return false;
    } else {
      const value = model.values.get(key);
      if (value === undefined || !sameBytes(cursor.value(), value)) return false;
    }
  }
  return count === model.values.size + model.buckets.size;
}

/** True when both hold the same. */
export function sameModel(a: ModelBucket, b: ModelBucket): boolean {
  if (a === b) return true;
  if (a.sequence !== b.sequence) return false;
  if (a.values.size !== b.values.size || a.buckets.size !== b.buckets.size) return false;
  for (const [key, value] of a.values) {
    const other = b.values.get(key);
    if (other === undefined || !sameBytes(value, other)) return false;
  }
  for (const [name, inner] of a.buckets) {
    const other = b.buckets.get(name);
    if (other === undefined || !sameModel(inner, other)) return false;
  }
  return true;
}

export function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0;
}

function randomKey(random: Random): string {
  const id = random.below(random.below(10) === 0 ? 100_000 : 400);
  return `k${id}`.padEnd(random.below(20) === 0 ? 300 : 5, 'x');
}

function valueBytes(random: Random): number {
  const roll = random.below(100);
  if (roll < 10) return 0;
  if (roll < 80) return random.below(200);
  if (roll < 95) return random.below(3000);
  return random.below(20_000);
}

function pick<T>(random: Random, map: ReadonlyMap<string, T>): string | undefined {
  if (map.size === 0) return undefined;
  let at = random.below(map.size);
  for (const key of map.keys()) if (at-- === 0) return key;
  return undefined;
}
