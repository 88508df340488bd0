// check: proves that a database file is whole. Every reachable page is visited once; keys ascend
// within a page, and lie between the keys that lead to it; a branch key equals its child's first key,
// as bbolt needs it; no page is used twice; and the free pages are exactly the unreachable ones.
// Reads headers and keys only. A flip inside a key or value that keeps the order cannot be seen: the
// format has no checksum there.

import { compareRange } from '../base/bytes.ts';
import type { SpanList } from '../base/span-list.ts';
import { readFreelist } from '../page/freelist-page.ts';
import type { Meta } from '../page/meta-page.ts';
import type { Vfs, VfsFile } from '../vfs/vfs.ts';
import { readMeta } from './open-file.ts';
import { hasBit, pageBits, setBit, walkPages, type PageVisit } from './page-walk.ts';

/** What is kept of the faults of a badly damaged file. */
const FAULTS_MAX = 100;

export interface CheckFault {
  readonly pgid: number;
  readonly fault: string;
}

export interface CheckReport {
  readonly ok: boolean;
  readonly pages: number;
  /** Nodes visited, pages free and pages lost to neither (a fault where a freelist is stored). */
  readonly nodes: number;
  readonly faults: readonly CheckFault[];
}

/** The free pages of an open database, which a file without a stored freelist does not hold. */
export interface FreePagesSource {
  allFreeSpans(): SpanList;
}

/**
 * Checks the committed state of the file at `path`. With `open`, the database that has the file open
 * in this thread, its freelist in memory is checked as well. Throws what opening throws.
 */
export function checkDb(vfs: Vfs, path: string, open?: FreePagesSource): CheckReport {
  const file = vfs.open(path, { mode: 'read' });
  try {
    // A file that somebody writes to changes under the check.
    if (open === undefined) vfs.lock(file, path, 'shared');
    return new Check(file, readMeta(file, path), open).run();
  } finally {
    file.close();
  }
}

class Check {
  readonly #file: VfsFile;
  readonly #meta: Meta;
  readonly #open: FreePagesSource | undefined;
  readonly #faults: CheckFault[] = [];
  readonly #reached: Uint32Array;
  /** First key each child must have, by pgid: set by its parent. */
  readonly #expectedFirst = new Map<number, { first: Uint8Array; below: Uint8Array | undefined }>();
  #nodes = 0;

  constructor(file: VfsFile, meta: Meta, open: FreePagesSource | undefined) {
    this.#file = file;
    this.#meta = meta;
    this.#open = open;
    this.#reached = pageBits(meta.highWater);
  }

  run(): CheckReport {
    const { pageSize, root, highWater } = this.#meta;
    setBit(this.#reached, 0);
    setBit(this.#reached, 1);
    walkPages({
      file: this.#file,
      pageSize,
      root,
      highWater,
      reached: this.#reached,
      visit: (visit) => {
        this.#visit(visit);
      },
      fault: (pgid, fault) => {
        this.#fault(pgid, fault);
      },
    });
    this.#checkFree();
    return {
      ok: this.#faults.length === 0,
      pages: highWater,
      nodes: this.#nodes,
      faults: this.#faults,
    };
  }

  #visit(visit: PageVisit): void {
    this.#nodes++;
    const expected = this.#expectedFirst.get(visit.pgid);
    this.#expectedFirst.delete(visit.pgid);
    if (visit.count === 0) {
      if (visit.depth > 0) this.#fault(visit.pgid, 'an empty page below the root');
      return;
    }
    const keys: Uint8Array[] = [];
    for (let i = 0; i < visit.count; i++) {
      const key = visit.key(i);
      const before = keys.at(-1);
      if (before !== undefined && compare(before, key) >= 0) {
        this.#fault(visit.pgid, `key ${i} is not above key ${i - 1}`);
      }
      keys.push(key);
    }
    if (expected !== undefined) {
      if (compare(keys[0]!, expected.first) !== 0) {
        this.#fault(visit.pgid, 'its first key differs from the key in its parent');
      }
      if (expected.below !== undefined && compare(keys.at(-1)!, expected.below) >= 0) {
        this.#fault(visit.pgid, 'its last key is not below the next key in its parent');
      }
    }
    if (visit.isLeaf) return;
    for (let i = 0; i < visit.count; i++) {
      const child = visit.page.u32[4 + 4 * i + 2]!;
      this.#expectedFirst.set(child, { first: keys[i]!, below: keys[i + 1] ?? expected?.below });
    }
  }

  /** Free pages must be the unreached ones: those stored in the file, and those in memory. */
  #checkFree(): void {
    const { freelist, highWater, pageSize } = this.#meta;
    if (freelist !== undefined) {
      try {
        const stored = readFreelist(this.#file, { pgid: freelist, pageSize, highWater });
        for (let page = 0; page < stored.pages; page++) {
          if (hasBit(this.#reached, freelist + page)) {
            this.#fault(freelist + page, 'used by the tree and by the freelist');
          }
          setBit(this.#reached, freelist + page);
        }
        this.#compareFree(stored.spans, 'the stored freelist');
      } catch (error) {
        if (!(error instanceof Error)) throw error;
        this.#fault(freelist, error.message);
      }
    }
    if (this.#open !== undefined) this.#compareFree(this.#open.allFreeSpans(), 'the freelist');
  }

  #compareFree(spans: SpanList, name: string): void {
    const free = pageBits(this.#meta.highWater);
    for (let i = 0; i < spans.length; i++) {
      for (let page = 0; page < spans.counts[i]!; page++) {
        const id = spans.starts[i]! + page;
        if (id >= this.#meta.highWater || hasBit(free, id)) {
          this.#fault(id, `${name} names it twice or beyond the end`);
        } else {
          setBit(free, id);
        }
      }
    }
    for (let word = 0; word < free.length; word++) {
      if ((free[word]! ^ this.#reached[word]!) === -1) continue;
      this.#compareWord(word, free, name);
    }
  }

  #compareWord(word: number, free: Uint32Array, name: string): void {
    const end = Math.min(this.#meta.highWater, (word + 1) * 32);
    for (let page = word * 32; page < end; page++) {
      const isFree = hasBit(free, page);
      const isReached = hasBit(this.#reached, page);
      if (isFree && isReached) this.#fault(page, `free in ${name}, but in use`);
      if (!isFree && !isReached) this.#fault(page, `neither in use nor free in ${name}`);
    }
  }

  #fault(pgid: number, fault: string): void {
    if (this.#faults.length < FAULTS_MAX) this.#faults.push({ pgid, fault });
  }
}

function compare(a: Uint8Array, b: Uint8Array): number {
  return compareRange(a, 0, a.length, b, 0, b.length);
}
