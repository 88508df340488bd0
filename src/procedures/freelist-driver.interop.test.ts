// The freelist driver beside real bbolt 1.3.6 on one and the same file: the engine's array freelist
// is asked for the same runs, and looks at as many ids to find them, as bbolt's. That is what makes
// it an honest baseline of the freelist claim.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Db, Random } from '../../engine/index.ts';
import { describeWithBbolt } from '../../engine/testing/peers.ts';
import { recipeByName } from '../../workloads/index.ts';
import { systemClock } from '../measure/clock.ts';
import { synthesize } from '../targets/aged-db.ts';
import { runFreelistJob } from './freelist-driver.ts';

const SEED = 20261125;
const DB_BYTES = 256 * 1024 * 1024;

let folder = '';

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'kvtune-job-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function agedFile(recipeName: string, fileName: string): Promise<string> {
  const path = join(folder, fileName);
  await synthesize({
    path,
    recipe: recipeByName(recipeName)!,
    dbBytes: DB_BYTES,
    seed: SEED,
    signal: new AbortController().signal,
    onProgress: () => undefined,
  });
  return path;
}

describeWithBbolt('the freelist job beside bbolt', (bbolt) => {
  it.each([
    ['kubernetes-mix', 10_000],
    // Two of these, their keys and headers fill five pages to the byte.
    ['kubernetes-mix', 10_199],
    ['kubernetes-mix', 512],
    ['small-values', 10_000],
    ['small-values', 512],
    ['worst-case', 10_000],
  ])('asks the array for the same runs: %s, values of %i bytes', async (recipe, valueBytes) => {
    const path = await agedFile(recipe, `${recipe}-${valueBytes}.db`);
    const shape = { valueBytes, putsPerCommit: 500, commits: 4, warmUpCommits: 2 };
    // bbolt first: its job leaves the file as it found it.
    const theirs = bbolt.job(path, { ...shape, freelist: 'array' });
    const db = Db.open(path, { freelist: 'array' });
    const freePages = db.stats().freePages;
    const { counts } = runFreelistJob(db, shape, new Random(SEED), systemClock);
    const after = db.stats();
    db.close();
    expect({ ...counts, freePages, after: after.freePages }).toMatchObject({
      allocations: theirs.allocations,
      multiPageAllocations: theirs.multiPageAllocations,
      multiPageAllocationsFromRun: theirs.multiPageAllocationsFromRun,
      pagesAllocated: theirs.pagesAllocated,
      probes: theirs.probes,
      fileGrowthBytes: theirs.highWaterGrowthPages * db.options.pageSize,
      freePages: theirs.freePagesBefore,
      after: theirs.freePagesAfter,
    });
    expect(counts.probes).toBeGreaterThanOrEqual(theirs.allocations);
    expect(bbolt.check(path)).toMatchObject({ ok: true, faults: [] });
    rmSync(path);
  });

  it('asks the hashmap for as many pages', async () => {
    const path = await agedFile('kubernetes-mix', 'hashmap.db');
    const shape = { valueBytes: 10_000, putsPerCommit: 500, commits: 4, warmUpCommits: 2 };
    const theirs = bbolt.job(path, { ...shape, freelist: 'hashmap' });
    const db = Db.open(path, { freelist: 'hashmap' });
    const { counts } = runFreelistJob(db, shape, new Random(SEED), systemClock);
    db.close();
    // Which runs it takes is drawn on both sides, so probes and what is left over differ.
    expect(counts).toMatchObject({
      allocations: theirs.allocations,
      multiPageAllocations: theirs.multiPageAllocations,
      pagesAllocated: theirs.pagesAllocated,
    });
    expect(bbolt.check(path)).toMatchObject({ ok: true, faults: [] });
    rmSync(path);
  });
});
