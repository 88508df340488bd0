// Model, for tests: the one of engine/simulation, and the comparison that says through the test runner
// where a bucket differs from it. Test support; not part of the engine.

import { expect } from 'vitest';
import type { Bucket } from '../db/bucket.ts';
import { bytesOf, sameBytes, textOf, type ModelBucket } from '../../scripts/simulation/model.ts';

export {
  bytesOf,
  cloneModel,
  emptyModel,
  matchesModel,
  randomChange,
  type ModelBucket,
} from '../../scripts/simulation/model.ts';

/** Compares a bucket and all below it with the model: by cursor both ways and by get. */
export function expectModel(bucket: Bucket, model: ModelBucket): void {
  expect(bucket.sequence).toBe(model.sequence);
  const expected = [...model.values.keys(), ...model.buckets.keys()].sort(byBytes);
  const seen: string[] = [];
  const cursor = bucket.cursor();
  for (let there = cursor.first(); there; there = cursor.next()) {
    const key = textOf(cursor.key());
    seen.push(key);
    expect(cursor.isBucket).toBe(model.buckets.has(key));
    if (!cursor.isBucket && !sameBytes(cursor.value(), model.values.get(key)!)) {
      expect.fail(`value of ${key} differs`);
    }
  }
  expect(seen).toEqual(expected);
  const backwards: string[] = [];
  for (let there = cursor.last(); there; there = cursor.prev())
    backwards.push(textOf(cursor.key()));
  expect(backwards.reverse()).toEqual(expected);
  for (const [key, value] of model.values) {
    const got = bucket.get(bytesOf(key));
    if (got === undefined || !sameBytes(got, value)) expect.fail(`get of ${key} differs`);
  }
  const beyond = bytesOf(`${expected.at(-1) ?? ''}~`);
  expect(cursor.seek(beyond)).toBe(false);
  expect(bucket.get(beyond)).toBeUndefined();
  cursor.close();
  for (const [name, inner] of model.buckets) {
    const found = bucket.bucket(bytesOf(name));
    expect(found).toBeDefined();
    expectModel(found!, inner);
  }
}

function byBytes(a: string, b: string): number {
  return Buffer.compare(bytesOf(a), bytesOf(b));
}
