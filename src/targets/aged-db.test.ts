// Aged databases of small sizes: whole, with the free spans of the layout, sparse, repeated by seed;
// nothing is left of one that was not finished, and nothing that exists is touched.

import { existsSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { checkDb, Db, inspectDb, nodeVfs, Random, SpanList } from '../../engine/index.ts';
import { layOut, RECIPES, recipeByName, type Recipe } from '../../workloads/index.ts';
import { fileDigest } from '../testing/file-digest.ts';
import { testFolder } from '../testing/test-folder.ts';
import {
  churn,
  churnedDiskBytes,
  runZones,
  synthesize,
  synthesizedDiskBytes,
  type AgeOptions,
} from './aged-db.ts';

const SEED = 20261122;
const PAGE_BYTES = 4096;
const SYNTHESIZED_BYTES = 256e6;
const CHURNED_BYTES = 16e6;

const folder = testFolder('aged');
const mix = named('kubernetes-mix');
const churned = RECIPES.filter((recipe) => recipe.churn !== undefined);
let made = 0;

function named(name: string): Recipe {
  const recipe = recipeByName(name);
  if (recipe === undefined) throw new Error(`no recipe ${name}`);
  return recipe;
}

function options(over: Partial<AgeOptions> = {}): AgeOptions {
  return {
    path: join(folder, `${String(++made)}.db`),
    recipe: mix,
    dbBytes: SYNTHESIZED_BYTES,
    seed: SEED,
    signal: new AbortController().signal,
    onProgress: () => undefined,
    ...over,
  };
}

function histogramOf(lengths: Iterable<number>): Map<number, number> {
  const found = new Map<number, number>();
  for (const length of lengths) found.set(length, (found.get(length) ?? 0) + 1);
  return new Map([...found].sort((a, b) => a[0] - b[0]));
}

function freeSpansOf(path: string): Map<number, number> {
  const db = Db.open(path, { freelist: 'array' });
  const spans = db.freeSpans();
  db.close();
  return new Map([...spans].sort((a, b) => a[0] - b[0]));
}

describe.each(RECIPES)('synthesize $name', (recipe) => {
  it('makes a whole file with the free spans of the layout', async () => {
    const wanted = options({ recipe });
    const aged = await synthesize(wanted);
    expect(checkDb(nodeVfs, aged.path)).toMatchObject({ ok: true, faults: [] });
    const pages = Math.floor(SYNTHESIZED_BYTES / PAGE_BYTES);
    const layout = layOut(recipe.spans, pages, new Random(SEED));
    const free = Uint32Array.from(
      layout.filter((run) => run < 0),
      Math.abs,
    );
    expect(freeSpansOf(aged.path)).toEqual(histogramOf(free));
    expect(aged.freeSpans).toBe(free.length);
    expect(aged.freePages).toBe(free.reduce((sum, length) => sum + length, 0));
    expect(aged.dbBytes).toBe(statSync(aged.path).size);
    expect(Math.abs(aged.dbBytes / SYNTHESIZED_BYTES - 1)).toBeLessThan(0.02);
    rmSync(aged.path);
  });

  it('takes little disk, and no more than announced', async () => {
    const aged = await synthesize(options({ recipe }));
    expect(aged.allocatedBytes).toBe(statSync(aged.path).blocks * 512);
    expect(aged.allocatedBytes).toBeLessThan(SYNTHESIZED_BYTES / 8);
    // Small files have their fixed pages on top: roots, and the last page of the freelist.
    const announced = synthesizedDiskBytes(recipe, SYNTHESIZED_BYTES) + 64 * PAGE_BYTES;
    expect(aged.allocatedBytes).toBeLessThan(announced);
    rmSync(aged.path);
  });

  it('repeats by seed', async () => {
    const [one, same, other] = [
      await synthesize(options({ recipe, dbBytes: 64e6 })),
      await synthesize(options({ recipe, dbBytes: 64e6 })),
      await synthesize(options({ recipe, dbBytes: 64e6, seed: SEED + 1 })),
    ];
    expect(fileDigest(same.path)).toBe(fileDigest(one.path));
    expect(fileDigest(other.path)).not.toBe(fileDigest(one.path));
    for (const { path } of [one, same, other]) rmSync(path);
  });
});

describe.each(churned)('churn $name', (recipe) => {
  it('makes a whole, fragmented file', async () => {
    const aged = await churn(options({ recipe, dbBytes: CHURNED_BYTES }));
    expect(checkDb(nodeVfs, aged.path)).toMatchObject({ ok: true, faults: [] });
    expect(aged.dbBytes).toBeGreaterThan(0.95 * CHURNED_BYTES);
    expect(aged.dbBytes).toBeLessThan(1.3 * CHURNED_BYTES);
    expect(aged.allocatedBytes).toBeLessThan(churnedDiskBytes(1.3 * CHURNED_BYTES));
    // All that is free when it ends is counted, what the last commit freed included.
    const report = inspectDb(nodeVfs, aged.path);
    expect(aged.freePages).toBe(report.freePages);
    expect(report.freeSpans).toEqual(Object.fromEntries(freeSpansOf(aged.path)));
    expect(aged.freePages / aged.pages).toBeGreaterThan(0.2);
    rmSync(aged.path);
  });

  it('repeats by seed, byte for byte', async () => {
    const [one, same, other] = [
      await churn(options({ recipe, dbBytes: CHURNED_BYTES })),
      await churn(options({ recipe, dbBytes: CHURNED_BYTES })),
      await churn(options({ recipe, dbBytes: CHURNED_BYTES, seed: SEED + 1 })),
    ];
    expect(fileDigest(same.path)).toBe(fileDigest(one.path));
    expect(fileDigest(other.path)).not.toBe(fileDigest(one.path));
    for (const { path } of [one, same, other]) rmSync(path);
  });
});

describe.each([
  ['synthesize', synthesize, 1e9],
  ['churn', churn, CHURNED_BYTES],
] as const)('%s', (_name, make, dbBytes) => {
  it('removes the file when it is aborted in the middle', async () => {
    const abort = new AbortController();
    const shares: number[] = [];
    const wanted = options({
      dbBytes,
      signal: abort.signal,
      onProgress: (share) => {
        shares.push(share);
        if (share > 0.2) abort.abort();
      },
    });
    await expect(make(wanted)).rejects.toMatchObject({ name: 'AbortError' });
    expect(shares.at(-1)).toBeLessThan(1);
    expect(existsSync(wanted.path)).toBe(false);
  });

  it('removes the file when something fails in the middle', async () => {
    const wanted = options({
      dbBytes,
      onProgress: (share) => {
        if (share > 0.2) throw new Error('broken');
      },
    });
    await expect(make(wanted)).rejects.toThrow('broken');
    expect(existsSync(wanted.path)).toBe(false);
  });

  it('refuses a path that exists, and leaves it alone', async () => {
    const wanted = options({ dbBytes });
    writeFileSync(wanted.path, 'precious');
    await expect(make(wanted)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
    expect(readFileSync(wanted.path, 'utf8')).toBe('precious');
  });

  it('reports a folder that is not there', async () => {
    const path = join(folder, 'no-such-folder', 'a.db');
    await expect(make(options({ path, dbBytes }))).rejects.toMatchObject({ code: 'IO' });
  });

  it('tells progress from 0 to 1, never backwards', async () => {
    const shares: number[] = [];
    const aged = await make(options({ dbBytes, onProgress: (share) => shares.push(share) }));
    expect(shares.length).toBeGreaterThan(2);
    expect(shares).toEqual([...shares].sort((a, b) => a - b));
    expect(shares.every((share) => share >= 0 && share <= 1)).toBe(true);
    rmSync(aged.path);
  });
});

it('has no life for a recipe that is a layout only', async () => {
  const wanted = options({ recipe: named('worst-case') });
  await expect(churn(wanted)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
  expect(existsSync(wanted.path)).toBe(false);
});

it('counts free spans and the used runs between them', () => {
  const spans = new SpanList();
  for (const [start, pages] of [
    [2, 3],
    [10, 1],
    [12, 3],
  ] as const) {
    spans.append(start, pages);
  }
  const zones = runZones(spans, 20);
  expect(zones).toHaveLength(10);
  expect(zones[1]).toEqual({ free: [[3, 1]], used: [] });
  expect(zones[2]).toEqual({ free: [], used: [[5, 1]] });
  expect(zones[5]).toEqual({ free: [[1, 1]], used: [[1, 1]] });
  expect(zones[6]).toEqual({ free: [[3, 1]], used: [] });
  expect(zones[7]).toEqual({ free: [], used: [[5, 1]] });
});
