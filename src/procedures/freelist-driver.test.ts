// The freelist driver on a database in memory with a clock that ticks: what is inside the measured
// part, what the counters say, and that equal seeds write equal databases.

import { describe, expect, it } from 'vitest';
import { checkDb, Db, MemoryVfs, Random, type FreelistKind } from '../../engine/index.ts';
import { readRevision } from '../../workloads/index.ts';
import type { Clock } from '../measure/clock.ts';
import { KEY_BUCKET, type JobShape } from '../targets/aged-db.ts';
import { runFreelistJob, type JobResult } from './freelist-driver.ts';

const SHAPE: JobShape = { valueBytes: 10_000, putsPerCommit: 20, commits: 6, warmUpCommits: 2 };
const TICK_NS = 1e6;

/** Moves on by a millisecond each time it is asked. */
function tickingClock(): Clock {
  let now = 0;
  return { nowNs: () => (now += TICK_NS), wallIso: () => '2026-01-01T00:00:00.000Z' };
}

function run(freelist: FreelistKind, shape = SHAPE): { db: Db; vfs: MemoryVfs; result: JobResult } {
  const vfs = new MemoryVfs();
  const db = Db.open('job.db', { freelist }, vfs);
  return { db, vfs, result: runFreelistJob(db, shape, new Random(1), tickingClock()) };
}

/** All revisions in the bucket, in order. */
function revisions(db: Db): number[] {
  return db.read((tx) => {
    const found: number[] = [];
    const cursor = tx.bucket(KEY_BUCKET)?.cursor();
    for (let there = cursor?.first() ?? false; there; there = cursor?.next() ?? false) {
      found.push(readRevision(cursor?.key() ?? new Uint8Array(8)));
    }
    return found;
  });
}

describe.each(['array', 'hashmap'] as const)('runFreelistJob on %s', (freelist) => {
  it('puts what it says, warm-up included, and leaves a whole database', () => {
    const { db, vfs, result } = run(freelist);
    const puts = (SHAPE.commits + SHAPE.warmUpCommits) * SHAPE.putsPerCommit;
    expect(result.puts).toBe(SHAPE.commits * SHAPE.putsPerCommit);
    expect(revisions(db)).toEqual(Array.from({ length: puts }, (_, i) => i + 1));
    db.close();
    expect(checkDb(vfs, 'job.db')).toMatchObject({ ok: true });
  });

  it('measures each commit once, from the first measured one to the last', () => {
    const { db, result } = run(freelist);
    expect(result.commitNs).toMatchObject({ n: 6, median: TICK_NS, p90: TICK_NS, max: TICK_NS });
    expect(result.completionSeconds).toBeCloseTo(6e-3, 9);
    db.close();
  });

  it('counts the measured commits only', () => {
    const { db, result } = run(freelist);
    const { counts } = result;
    expect(counts.syncs).toBe(2 * SHAPE.commits);
    expect(counts.bytesWritten).toBe(counts.pagesWritten * 4096);
    expect(counts.bytesWritten).toBeGreaterThan(SHAPE.commits * SHAPE.putsPerCommit * 10_000);
    // Two values of 10 kB a leaf of five pages.
    expect(counts.multiPageAllocations).toBeGreaterThanOrEqual((SHAPE.commits * 20) / 2);
    expect(counts.multiPageAllocationsFromRun).toBeLessThanOrEqual(counts.multiPageAllocations);
    expect(counts.allocations).toBeGreaterThan(counts.multiPageAllocations);
    expect(counts.pagesAllocated).toBeGreaterThan(5 * counts.multiPageAllocations - 1);
    expect(counts.fileGrowthBytes).toBeGreaterThan(0);
    expect(counts.freelistBytes).toBeGreaterThan(0);
    db.close();
  });

  it('goes on after the last revision of the file', () => {
    const { db } = run(freelist);
    const short = { ...SHAPE, commits: 1, warmUpCommits: 0 };
    runFreelistJob(db, short, new Random(2), tickingClock());
    expect(revisions(db).at(-1)).toBe(9 * SHAPE.putsPerCommit);
    db.close();
  });

  it('repeats its counts and its bytes by seed', () => {
    const [one, two] = [run(freelist), run(freelist)];
    expect(two.result.counts).toEqual(one.result.counts);
    const bytes = ({ vfs }: { vfs: MemoryVfs }): Buffer => {
      const file = vfs.open('job.db', { mode: 'read' });
      const content = Buffer.alloc(file.size());
      file.read(content, 0, content.length, 0);
      return content;
    };
    expect(bytes(two).equals(bytes(one))).toBe(true);
    one.db.close();
    two.db.close();
  });
});
