// The freelist claim's job: keys ascend from the revision given, values have the size asked for.

import { expect, it } from 'vitest';
import { Random } from '../../engine/base/random.ts';
import { readRevision } from '../distributions/revision-key.ts';
import { FreelistJob } from './freelist-job.ts';

const shape = { valueBytes: 10_000, putsPerCommit: 500, commits: 10, lastRevision: 2 ** 32 - 3 };

function take(job: FreelistJob, puts: number): { revision: number; value: Buffer }[] {
  return Array.from({ length: puts }, () => {
    job.advance();
    return { revision: readRevision(job.key), value: Buffer.from(job.value) };
  });
}

it('puts one revision after the other, beyond 32 bits too', () => {
  const taken = take(new FreelistJob(shape, new Random(1)), 10);
  expect(taken.map((put) => put.revision)).toEqual(
    Array.from({ length: 10 }, (_, i) => shape.lastRevision + 1 + i),
  );
});

it('gives values of the size asked for, none like the one before', () => {
  const taken = take(new FreelistJob(shape, new Random(1)), 50);
  expect(taken.every((put) => put.value.length === shape.valueBytes)).toBe(true);
  expect(new Set(taken.map((put) => put.value.toString('base64'))).size).toBe(50);
});

it('repeats by seed', () => {
  const once = take(new FreelistJob(shape, new Random(5)), 20);
  expect(take(new FreelistJob(shape, new Random(5)), 20)).toEqual(once);
  expect(take(new FreelistJob(shape, new Random(6)), 20)).not.toEqual(once);
});
