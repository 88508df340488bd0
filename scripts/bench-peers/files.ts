// The files that both sides of a plain workload are given: the order of keys and the pool of values,
// drawn once from a seed, and databases to read and to open. Databases are made on first use and live
// in the work folder.

import { writeFileSync } from 'node:fs';
import { BulkFile, Db, Random } from '../../engine/index.ts';
import type { WorkFolder } from '../../src/record/run-folder.ts';
import { KEY_BUCKET } from '../../src/targets/aged-db.ts';
import { layOut, recipeByName, REVISION_KEY_BYTES, writeRevision } from '../../workloads/index.ts';

export const PAGE_BYTES = 4096;
export const VALUE_BYTES = 256;
const POOL_VALUES = 1024;

export type Order = 'sequential' | 'random';

export class LoadFiles {
  readonly #work: WorkFolder;
  readonly #seed: number;
  readonly #made = new Set<string>();

  constructor(work: WorkFolder, seed: number) {
    this.#work = work;
    this.#seed = seed;
  }

  /** Path of `count` numbers as little-endian u32. */
  order(kind: Order, count: number): string {
    return this.#once(`order-${kind}-${count}`, (path) => {
      const numbers = Array.from({ length: count }, (_, i) => i);
      if (kind === 'random') new Random(this.#seed).shuffle(numbers);
      const bytes = Buffer.alloc(4 * count);
      for (const [i, number] of numbers.entries()) bytes.writeUInt32LE(number, 4 * i);
      writeFileSync(path, bytes);
    });
  }

  /** Path of the values, one behind the other. */
  pool(): string {
    return this.#once('pool', (path) => {
      const bytes = new Uint8Array(POOL_VALUES * VALUE_BYTES);
      new Random(this.#seed).fill(bytes);
      writeFileSync(path, bytes);
    });
  }

  /**
   * Path of a database of `pages` pages with the free spans of the main mix and no stored freelist.
   * Used runs are cut into leaves as that mix has them: of three leaves two are of one page, one is of
   * 3 to 8. Each holds one key; a lived-in file has more, which costs bbolt time and us none.
   */
  unsynced(pages: number): string {
    return this.#once(`unsynced-${pages}.db`, (path) => {
      const recipe = recipeByName('kubernetes-mix');
      if (recipe === undefined) throw new Error('the main mix is not among the recipes');
      const random = new Random(this.#seed);
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

  /** A name in the work folder. */
  path(name: string): string {
    return this.#work.file(name);
  }

  #once(name: string, make: (path: string) => void): string {
    const path = this.#work.file(name);
    if (!this.#made.has(name)) make(path);
    this.#made.add(name);
    return path;
  }
}

/** Brings what an opening reads into memory: an idle machine gives unused page cache away. */
export function warmForOpening(path: string): void {
  Db.open(path).close();
}
