// BulkLoader: builds a tree bottom up from ascending keys, in one pass, without copy on write. The
// caller decides which pages each leaf takes; branches are placed by `place`. A value may be a hole:
// only its length is stored, its pages are never written, so they read as zeros and cost no disk.
//
// A branch is written when it is full, before the leaf that comes next, but for its last children:
// they keep the last branch of a level from having one child. finish() writes the rest.
// Nothing is synced here.

import { assert } from '../base/assert.ts';
import { ELEMENT_BYTES, FLAG_BRANCH, FLAG_LEAF, PAGE_HEADER_BYTES } from '../page/layout.ts';
import { elementAt, PageBuffer, writePageHeader } from '../page/page-buffer.ts';

/** Where the pages go: a VfsFile, of which nothing but this is needed. */
export interface PageSink {
  write(source: Uint8Array, offset: number, length: number, position: number): void;
}

export interface BulkLoadOptions {
  readonly file: PageSink;
  readonly pageSize: number;
  /** Share of a page a branch is filled to. */
  readonly fillPercent: number;
  /** First page of one for a branch. */
  readonly place: () => number;
}

/** A branch being filled: its children so far. */
interface OpenBranch {
  bytes: number;
  readonly keys: Uint8Array[];
  readonly children: number[];
}

/** Children held back from a full branch: bbolt wants two at least, also of the last one of a level. */
const KEPT_CHILDREN = 2;

export class BulkLoader {
  readonly #options: BulkLoadOptions;
  readonly #page: PageBuffer;
  /** Level 0 holds leaves. */
  readonly #levels: OpenBranch[] = [];
  #lastLeaf = 0;
  #nodes = 0;

  constructor(options: BulkLoadOptions) {
    this.#options = options;
    this.#page = new PageBuffer(new ArrayBuffer(options.pageSize));
  }

  /** Nodes written so far. */
  get nodes(): number {
    return this.#nodes;
  }

  /** Bytes of value that fill a leaf of `pages` pages which holds one key of `keyBytes`. */
  holeBytes(pages: number, keyBytes: number): number {
    return pages * this.#options.pageSize - PAGE_HEADER_BYTES - ELEMENT_BYTES - keyBytes;
  }

  /** Writes full branches, so that their pages come before the next leaf's. */
  settle(): void {
    const full = this.#options.pageSize * this.#options.fillPercent;
    for (let level = 0; level < this.#levels.length; level++) {
      const branch = this.#levels[level]!;
      const key = branch.keys[0]?.length ?? 0;
      if (branch.bytes + ELEMENT_BYTES + key > full) this.#flush(level, KEPT_CHILDREN);
    }
  }

  /** Adds a leaf at `pgid` of `pages` pages with one key, whose value is a hole that fills it. */
  addHoleLeaf(pgid: number, pages: number, key: Uint8Array): void {
    const { file, pageSize } = this.#options;
    const { u8, u32 } = this.#page;
    writePageHeader(this.#page, 0, { pgid, flags: FLAG_LEAF, count: 1, overflow: pages - 1 });
    const word = elementAt(0, 0) >>> 2;
    u32[word] = 0;
    u32[word + 1] = ELEMENT_BYTES;
    u32[word + 2] = key.length;
    u32[word + 3] = this.holeBytes(pages, key.length);
    u8.fill(0, elementAt(0, 1));
    u8.set(key, elementAt(0, 1));
    file.write(u8, 0, pageSize, pgid * pageSize);
    this.#lastLeaf = pgid;
    this.#nodes++;
    // A copy whatever it is: slice() of a Buffer would share its memory.
    this.#add(0, new Uint8Array(key), pgid);
  }

  /** Writes what is open; returns the root's page. At least one leaf must have been added. */
  finish(): number {
    assert(this.#levels.length > 0, 'a bulk load holds at least one leaf');
    if (this.#levels.length === 1 && this.#levels[0]!.children.length === 1) return this.#lastLeaf;
    for (let level = 0; ; level++) {
      const top = level === this.#levels.length - 1;
      const branch = this.#levels[level]!;
      if (top && branch.children.length === 1) return branch.children[0]!;
      const pgid = this.#flush(level, 0);
      if (top) return pgid;
    }
  }

  #add(level: number, key: Uint8Array, child: number): void {
    const branch = (this.#levels[level] ??= { bytes: PAGE_HEADER_BYTES, keys: [], children: [] });
    branch.keys.push(key);
    branch.children.push(child);
    branch.bytes += ELEMENT_BYTES + key.length;
  }

  /** Writes the open branch of a level but for its last `kept` children; names it one level up. */
  #flush(level: number, kept: number): number {
    const open = this.#levels[level]!;
    if (open.children.length === 0) return 0;
    const { length } = open.children;
    const end = length - kept >= KEPT_CHILDREN ? length - kept : length;
    const branch = { keys: open.keys.slice(0, end), children: open.children.slice(0, end) };
    const { file, pageSize, place } = this.#options;
    assert(open.bytes <= pageSize, 'a bulk-loaded branch takes one page');
    const pgid = place();
    const { u8, u32 } = this.#page;
    u8.fill(0);
    writePageHeader(this.#page, 0, {
      pgid,
      flags: FLAG_BRANCH,
      count: branch.children.length,
      overflow: 0,
    });
    let data = elementAt(0, branch.children.length);
    branch.keys.forEach((key, i) => {
      const element = elementAt(0, i);
      u32[element >>> 2] = data - element;
      u32[(element >>> 2) + 1] = key.length;
      u32[(element >>> 2) + 2] = branch.children[i]!;
      u8.set(key, data);
      data += key.length;
    });
    file.write(u8, 0, pageSize, pgid * pageSize);
    this.#nodes++;
    const first = branch.keys[0]!;
    this.#levels[level] = { bytes: PAGE_HEADER_BYTES, keys: [], children: [] };
    for (let i = end; i < length; i++) {
      this.#add(level, open.keys[i]!, open.children[i]!);
    }
    this.#add(level + 1, first, pgid);
    return pgid;
  }
}
