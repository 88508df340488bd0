// The files that all sides of plain work are given: the order of keys and the pool of values, drawn once from a
// seed, and databases to read and to open. Each is made where it is missing, and then left alone.

import { existsSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { BulkFile, Random } from '../../engine/index.ts';
import { KEY_BUCKET } from '../../src/targets/aged-db.ts';
import { layOut, recipeByName, REVISION_KEY_BYTES, writeRevision } from '../../workloads/index.ts';

export const PAGE_BYTES = 4096;
export const VALUE_BYTES = 256;
const POOL_VALUES = 1024;

export type Order = 'sequential' | 'random';

/** Path of `count` numbers as little-endian u32. */
export function orderFile(folder: string, order: Order, count: number, seed: number): string {
  return made(join(folder, `order-${order}-${count}`), (path) => {
    const numbers = Array.from({ length: count }, (_, i) => i);
    if (order === 'random') new Random(seed).shuffle(numbers);
    const bytes = Buffer.alloc(4 * count);
    for (const [i, number] of numbers.entries()) bytes.writeUInt32LE(number, 4 * i);
    writeFileSync(path, bytes);
  });
}

/** Path of the values, one behind the other. */
export function poolFile(folder: string, seed: number): string {
  return made(join(folder, 'pool'), (path) => {
    const bytes = new Uint8Array(POOL_VALUES * VALUE_BYTES);
    new Random(seed).fill(bytes);
    writeFileSync(path, bytes);
  });
}

/**
 * Path of a database of `pages` pages with the free spans of the main mix and no stored freelist. Used runs are
 * cut into leaves as that mix has them: of three leaves two are of one page, one is of 3 to 8. Each holds one
 * key; a lived-in file has more, which costs bbolt time and us none.
 */
export function unsyncedFile(folder: string, pages: number, seed: number): string {
  return made(join(folder, 'unsynced.db'), (path) => {
    const recipe = recipeByName('kubernetes-mix');
    if (recipe === undefined) throw new Error('the main mix is not among the recipes');
    const random = new Random(seed);
    const options = { pageSize: PAGE_BYTES, bucket: KEY_BUCKET, storeFreelist: false };
    const file = BulkFile.create(path, options);
    const key = new Uint8Array(REVISION_KEY_BYTES);
    let revision = 0;
    for (const run of layOut(recipe.spans, pages, random)) {
      if (run < 0) file.addFree(-run);
      for (let left = run; left > 0;) {
        const leaf = Math.min(left, random.below(3) < 2 ? 1 : random.between(3, 8));
        writeRevision(key, revision + 1);
        if (file.addUsed(leaf, key)) revision++;
        left -= leaf;
      }
    }
    file.finish();
  });
}

function made(path: string, make: (path: string) => void): string {
  if (existsSync(path)) return path;
  const beside = `${path}.new`;
  make(beside);
  renameSync(beside, path);
  return path;
}
