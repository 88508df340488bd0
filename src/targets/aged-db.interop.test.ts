// Aged databases seen by real bbolt 1.3.6: synthesized and churned files pass both checks, and both
// sides find the same free pages and the same contents in them.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { checkDb, Db, nodeVfs } from '../../engine/index.ts';
import { hashOfDb } from '../../engine/testing/canonical-hash.ts';
import { describeWithBbolt, type BboltPeer } from '../../engine/testing/peers.ts';
import { RECIPES } from '../../workloads/index.ts';
import { churn, synthesize, type AgedDb, type AgeOptions } from './aged-db.ts';

const SEED = 20261124;
const DB_BYTES = 64 * 1024 * 1024;

let folder = '';

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'kvtune-aged-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function options(path: string, recipe: AgeOptions['recipe']): AgeOptions {
  const signal = new AbortController().signal;
  return { path, recipe, dbBytes: DB_BYTES, seed: SEED, signal, onProgress: () => undefined };
}

function expectShared(bbolt: BboltPeer, aged: AgedDb): void {
  const { path } = aged;
  expect(aged.dbBytes / DB_BYTES).toBeGreaterThan(0.98);
  expect(aged.dbBytes / DB_BYTES).toBeLessThan(1.25);
  expect(aged.freePages).toBeGreaterThan(500);
  const checked = bbolt.check(path);
  expect(checked).toMatchObject({ ok: true, faults: [] });
  // Opened for writing, so that the free pages are loaded; nothing is written.
  const db = Db.open(path);
  expect(checkDb(nodeVfs, path, db).faults).toEqual([]);
  const ours = hashOfDb(db);
  expect(db.stats().freePages).toBe(aged.freePages);
  expect(db.meta.highWater).toBe(checked.pages);
  db.close();
  expect(ours.keys).toBe(checked.keys['key']);
  expect(ours.keys).toBeGreaterThan(200);
  expect(ours).toEqual(bbolt.dump(path));
  // bbolt counts its free pages when it opens the file to write.
  const job = { valueBytes: 100, putsPerCommit: 1, commits: 1, warmUpCommits: 0 };
  expect(bbolt.job(path, { ...job, freelist: 'array' }).freePagesBefore).toBe(aged.freePages);
}

describeWithBbolt('aged databases seen by bbolt', (bbolt) => {
  it.each(RECIPES)('synthesized $name', async (recipe) => {
    const path = join(folder, `synthesized-${recipe.name}.db`);
    expectShared(bbolt, await synthesize(options(path, recipe)));
    rmSync(path);
  });

  it.each(RECIPES.filter((recipe) => recipe.churn !== undefined))(
    'churned $name',
    async (recipe) => {
      const path = join(folder, `churned-${recipe.name}.db`);
      expectShared(bbolt, await churn(options(path, recipe)));
      rmSync(path);
    },
  );
});
