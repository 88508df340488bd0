import { describe, expect, it } from 'vitest';
import { bytesOf } from '../testing/model.ts';
import { MemoryVfs } from '../vfs/memory-vfs.ts';
import { Db } from './db.ts';
import { inspectDb, inspectSteps, type InspectReport } from './inspect.ts';

const KEYS = 20_000;

describe('inspectSteps()', () => {
  it('pauses on its way through a large file, and counts what it counts without', () => {
    const vfs = new MemoryVfs();
    const db = Db.open('large.db', { pageSize: 512 }, vfs);
    db.write((tx) => {
      const bucket = tx.createBucket(bytesOf('keys'));
      for (let i = 0; i < KEYS; i++) bucket.put(bytesOf(String(i + KEYS)), new Uint8Array(100));
    });
    db.close();
    const shares: number[] = [];
    const steps = inspectSteps(vfs, 'large.db');
    let report: InspectReport | undefined;
    while (report === undefined) {
      const step = steps.next();
      if (step.done === true) report = step.value;
      else shares.push(step.value);
    }
    expect(report).toEqual(inspectDb(vfs, 'large.db'));
    expect(report.buckets.map(({ name, keys }) => [name, keys])).toEqual([
      ['', 1],
      ['keys', KEYS],
    ]);
    expect(shares.length).toBeGreaterThan(1);
    expect(shares).toEqual(shares.toSorted((a, b) => a - b));
    expect(shares[0]).toBeGreaterThan(0);
    expect(shares.at(-1)).toBeLessThan(1);
  });
});
