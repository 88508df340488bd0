// Power cuts at every write and sync of seeded histories of a whole store, over log and backend together:
// what each cut leaves opens, checks, and equals the model after a prefix of the requests that has all of
// the answered ones. Totals are asserted, so that histories which shrink cannot make the proof smaller
// without anybody noticing. `npm run crash -- --store` does the same by the million.
//
// A proof that finds nothing proves little unless it would find something: with any one kind of sync left
// out, it does.

import { describe, expect, it } from 'vitest';
import type { OpenFlags, Vfs, VfsFile } from '../../engine/vfs/vfs.ts';
import {
  newStoreCutCounts,
  runStoreCuts,
  STORE_CUT_SETTINGS,
  storeCutSetting,
} from './store-cuts.ts';

const LONG = process.env['KVTUNE_LONG_TESTS'] === '1';
const HISTORIES_PER_SETTING = LONG ? 4 : 1;
const POINTS_MIN = 3000 * HISTORIES_PER_SETTING;
/** Histories until a fault of the test's own has to be found. */
const HISTORIES_TO_FIND = 9;
const TIMEOUT_MS = LONG ? 3_600_000 : 120_000;

const total = newStoreCutCounts();
const settings = Array.from({ length: STORE_CUT_SETTINGS }, (_, seed) => ({
  seed,
  ...storeCutSetting(seed),
}));

describe.each(settings)('power cuts, durability $durability, $freelist', ({ seed: firstSeed }) => {
  it('leave every answered request and none by half', { timeout: TIMEOUT_MS }, () => {
    const before = total.points;
    for (let history = 0; history < HISTORIES_PER_SETTING; history++) {
      const seed = firstSeed + history * STORE_CUT_SETTINGS;
      try {
        runStoreCuts(seed, total);
      } catch (error) {
        throw new Error(`npm run crash -- --store --points 1 --seed ${seed}`, { cause: error });
      }
    }
    expect(total.points - before).toBeGreaterThan(75 * HISTORIES_PER_SETTING);
  });
});

describe('the histories', () => {
  it('cover what they are for', () => {
    const histories = HISTORIES_PER_SETTING * STORE_CUT_SETTINGS;
    expect(total.points).toBeGreaterThan(POINTS_MIN);
    expect(total.torn).toBeGreaterThan(POINTS_MIN / 20);
    expect(total.partial).toBeGreaterThan(POINTS_MIN / 20);
    expect(total.recoveries).toBeGreaterThan(histories);
    expect(total.inRecovery).toBeGreaterThan(20 * histories);
    expect(total.requests).toBeGreaterThan(40 * histories);
    expect(total.refusals).toBeGreaterThan(8 * histories);
    expect(total.commits).toBeGreaterThan(15 * histories);
    expect(total.reopens).toBeGreaterThan(histories);
    expect(total.released).toBeGreaterThan(histories / 6);
    expect(total.compactions).toBeGreaterThan(2 * histories);
    expect(total.partialRevocations).toBeGreaterThan(histories / 9);
  });

  it('are fixed by their seeds', () => {
    const [first, second, other] = [4, 4, 13].map((seed) => {
      const counts = newStoreCutCounts();
      runStoreCuts(seed, counts);
      return counts;
    });
    expect(first).toEqual(second);
    expect(first).not.toEqual(other);
  });
});

/** Leaves out syncs: of files whose path matches, or of folders. */
class LazyVfs implements Vfs {
  readonly #inner: Vfs;
  readonly #lazy: RegExp;
  readonly #files = new Map<VfsFile, VfsFile>();

  constructor(inner: Vfs, lazy: RegExp) {
    this.#inner = inner;
    this.#lazy = lazy;
  }

  open(path: string, flags: OpenFlags): VfsFile {
    const file = this.#inner.open(path, flags);
    if (!this.#lazy.test(`file ${path}`)) return file;
    const lazy: VfsFile = {
      read: (target, offset, length, position) => file.read(target, offset, length, position),
      write: (source, offset, length, position) => {
        file.write(source, offset, length, position);
      },
      writev: (sources, position) => {
        file.writev(sources, position);
      },
      sync: () => undefined,
      truncate: (bytes) => {
        file.truncate(bytes);
      },
      size: () => file.size(),
      allocatedBytes: () => file.allocatedBytes(),
      close: () => {
        file.close();
      },
    };
    this.#files.set(lazy, file);
    return lazy;
  }

  exists(path: string): boolean {
    return this.#inner.exists(path);
  }

  remove(path: string): void {
    this.#inner.remove(path);
  }

  list(folder: string): string[] {
    return this.#inner.list(folder);
  }

  makeFolder(folder: string): void {
    this.#inner.makeFolder(folder);
  }

  rename(from: string, to: string): void {
    this.#inner.rename(from, to);
  }

  syncFolder(folder: string): void {
    if (!this.#lazy.test(`folder ${folder}`)) this.#inner.syncFolder(folder);
  }

  lock(file: VfsFile, path: string, kind: 'exclusive' | 'shared'): string | undefined {
    return this.#inner.lock(this.#files.get(file) ?? file, path, kind);
  }
}

describe('a sync that is left out', () => {
  it.each([
    ['of the log', /^file \/store\/wal\//],
    ['of the database', /^file \/store\/db$/],
    ["of the log's folder", /^folder \/store\/wal$/],
    ["of the store's folder", /^folder \/store$/],
  ])('%s, is found', { timeout: TIMEOUT_MS }, (_, lazy) => {
    const found = (): boolean => {
      for (let seed = 0; seed < HISTORIES_TO_FIND; seed++) {
        try {
          runStoreCuts(seed, newStoreCutCounts(), (vfs) => new LazyVfs(vfs, lazy));
        } catch {
          return true;
        }
      }
      return false;
    };
    expect(found()).toBe(true);
  });
});
