// walkPages(): visits every page reachable from a root, each node once, without the page cache: only
// a node's header, elements and keys are read, so values of any size (and holes) cost nothing. Used
// where the whole file matters: rebuilding the freelist, check, inspect, analyse.
//
// Faults go to `fault`; a page that is damaged is not followed. Bounded: no page is visited twice and
// depth is limited, whatever the bytes say. Costs one read a node (two where keys lie far out).

import { readU64 } from '../base/bytes.ts';
import {
  BUCKET_DEPTH_MAX,
  BUCKET_HEADER_BYTES,
  FLAG_BRANCH,
  FLAG_LEAF,
  LEAF_BUCKET,
  PAGE_HEADER_BYTES,
  ELEMENT_BYTES,
  TREE_DEPTH_MAX,
} from '../page/layout.ts';
import {
  childLow,
  elementAt,
  keyLength,
  keyStart,
  leafFlags,
  PageBuffer,
  pageCount,
  pageFlags,
  pageOverflow,
  validatePage,
  valueLength,
  valueStart,
} from '../page/page-buffer.ts';
import type { VfsFile } from '../vfs/vfs.ts';

/** One visited node. `page` and what key() gives are valid during the visit only. */
export interface PageVisit {
  readonly pgid: number;
  readonly pages: number;
  readonly isLeaf: boolean;
  readonly count: number;
  /** Elements, at base 0; keys and values may lie beyond the part that was read: use key(). */
  readonly page: PageBuffer;
  /** Levels below the bucket's root. */
  readonly depth: number;
  /** Nodes above, across buckets; the one at `level - 1` was visited before and leads here. */
  readonly level: number;
  /** Element of the node above that leads here; 0 for a bucket's root. */
  readonly index: number;
  /** Names of the buckets above, outermost first. */
  readonly bucket: readonly Uint8Array[];
  /** True for the page inside an inline bucket's value; `pgid` is the page whose element that is. */
  readonly inline: boolean;
  /** The key of element `index`, a copy. */
  key(index: number): Uint8Array;
}

export interface WalkOptions {
  readonly file: VfsFile;
  readonly pageSize: number;
  readonly root: number;
  /** Pages at and above this number do not exist. */
  readonly highWater: number;
  /** Called once a node, parents before children. */
  readonly visit: (visit: PageVisit) => void;
  readonly fault: (pgid: number, fault: string) => void;
  /** One bit a page; pages found reachable are set. Made by pageBits(highWater). */
  readonly reached: Uint32Array;
}

export function pageBits(pages: number): Uint32Array {
  return new Uint32Array(Math.ceil(pages / 32));
}

export function hasBit(bits: Uint32Array, page: number): boolean {
  return (bits[page >>> 5]! & (1 << (page & 31))) !== 0;
}

export function setBit(bits: Uint32Array, page: number): void {
  bits[page >>> 5] = bits[page >>> 5]! | (1 << (page & 31));
}

/** Visits everything below the root. */
export function walkPages(options: WalkOptions): void {
  const walk = new PageWalk(options);
  while (walk.step()) continue;
}

/** A node whose children, or nested buckets, are being visited. */
interface OpenNode {
  readonly pgid: number;
  readonly page: PageBuffer;
  readonly isLeaf: boolean;
  readonly count: number;
  readonly depth: number;
  readonly path: readonly Uint8Array[];
  /** Element to go on with. */
  next: number;
}

/** The walk, a node at a time, for those who must pause in between. */
export class PageWalk {
  readonly #options: WalkOptions;
  readonly #stack: OpenNode[] = [];
  /** One buffer a level of the stack, grown as nodes need it. */
  readonly #buffers: PageBuffer[] = [];
  #begun = false;

  constructor(options: WalkOptions) {
    this.#options = options;
  }

  /** Visits the next node, or reports it as damaged; false when there is none left. */
  step(): boolean {
    if (!this.#begun) {
      this.#begun = true;
      this.#node(this.#options.root, { depth: 0, index: 0, path: [] });
      return true;
    }
    for (let top = this.#stack.at(-1); top !== undefined; top = this.#stack.at(-1)) {
      if (top.isLeaf ? this.#nested(top) : this.#child(top)) return true;
      this.#stack.pop();
    }
    return false;
  }

  #child(top: OpenNode): boolean {
    if (top.next >= top.count) return false;
    const index = top.next++;
    const child = childLow(top.page, elementAt(0, index));
    this.#node(child, { depth: top.depth + 1, index, path: top.path });
    return true;
  }

  #node(pgid: number, at: { depth: number; index: number; path: readonly Uint8Array[] }): void {
    const { fault } = this.#options;
    if (at.depth >= TREE_DEPTH_MAX || at.path.length > BUCKET_DEPTH_MAX) {
      fault(pgid, `more than ${TREE_DEPTH_MAX} levels deep`);
      return;
    }
    const page = this.#read(pgid, this.#stack.length);
    if (page === undefined) return;
    const { depth, path } = at;
    const isLeaf = pageFlags(page, 0) === FLAG_LEAF;
    const count = pageCount(page, 0);
    this.#options.visit({
      pgid,
      pages: pageOverflow(page, 0) + 1,
      isLeaf,
      count,
      page,
      depth,
      level: this.#stack.length,
      index: at.index,
      bucket: path,
      inline: false,
      key: (index) => this.#bytesOf(pgid, page, index, 'key'),
    });
    this.#stack.push({ pgid, page, isLeaf, count, depth, path, next: 0 });
  }

  /** Reads a node's elements into the level's buffer; undefined (and a fault) when it is damaged. */
  #read(pgid: number, level: number): PageBuffer | undefined {
    const { file, pageSize, highWater, reached, fault } = this.#options;
    // Said this way round, a number too large to be exact (NaN) is refused as well.
    if (!(pgid >= 2 && pgid < highWater)) {
      fault(pgid, `page number is not between 2 and ${highWater}`);
      return undefined;
    }
    if (hasBit(reached, pgid)) {
      fault(pgid, 'reachable more than once');
      return undefined;
    }
    let page = this.#buffer(level, pageSize);
    if (file.read(page.u8, 0, pageSize, pgid * pageSize) < pageSize) {
      fault(pgid, 'beyond the end of the file');
      return undefined;
    }
    const needed = PAGE_HEADER_BYTES + ELEMENT_BYTES * pageCount(page, 0);
    let available = pageSize;
    if (needed > pageSize && (pageOverflow(page, 0) + 1) * pageSize >= needed) {
      available = Math.ceil(needed / pageSize) * pageSize;
      page = this.#buffer(level, available);
      available = file.read(page.u8, 0, available, pgid * pageSize);
    }
    const problem = validatePage(page, 0, { pgid, pageSize, available });
    const end = pgid + pageOverflow(page, 0);
    if (problem !== undefined) {
      fault(pgid, problem);
      return undefined;
    }
    if (end >= highWater) {
      fault(pgid, `its overflow reaches page ${end}, beyond the last page ${highWater - 1}`);
      return undefined;
    }
    for (let covered = pgid; covered <= end; covered++) {
      if (hasBit(reached, covered)) fault(covered, `used twice: also by the node at page ${pgid}`);
      setBit(reached, covered);
    }
    return page;
  }

  /** Goes into the leaf's next nested bucket; false when there is none left. */
  #nested(top: OpenNode): boolean {
    const { pgid, page } = top;
    while (top.next < top.count) {
      const index = top.next++;
      if ((leafFlags(page, elementAt(0, index)) & LEAF_BUCKET) === 0) continue;
      const name = this.#bytesOf(pgid, page, index, 'key');
      const length = valueLength(page, elementAt(0, index));
      if (length > this.#options.pageSize) {
        this.#options.fault(pgid, `bucket header of element ${index} takes ${length} bytes`);
        continue;
      }
      const header = this.#bytesOf(pgid, page, index, 'value');
      const inner = [...top.path, name];
      if (header.length < BUCKET_HEADER_BYTES) {
        this.#options.fault(pgid, `bucket header of element ${index} is cut short`);
        continue;
      }
      const root = readU64(new DataView(header.buffer), 0);
      if (root === 0) this.#inline(pgid, header, inner);
      else this.#node(root, { depth: 0, index: 0, path: inner });
      return true;
    }
    return false;
  }

  #inline(pgid: number, value: Uint8Array, path: readonly Uint8Array[]): void {
    const page = inlinePage(value);
    if (typeof page === 'string') {
      this.#options.fault(pgid, `inline bucket: ${page}`);
      return;
    }
    if (path.length > BUCKET_DEPTH_MAX) {
      this.#options.fault(pgid, `more than ${BUCKET_DEPTH_MAX} levels deep`);
      return;
    }
    for (let i = 0; i < pageCount(page, 0); i++) {
      if ((leafFlags(page, elementAt(0, i)) & LEAF_BUCKET) === 0) continue;
      this.#options.fault(pgid, 'inline bucket: it holds a bucket');
      return;
    }
    this.#options.visit({
      pgid,
      pages: 0,
      isLeaf: true,
      count: pageCount(page, 0),
      page,
      depth: 0,
      level: this.#stack.length,
      index: 0,
      bucket: path,
      inline: true,
      key: (index) => {
        const element = elementAt(0, index);
        const start = keyStart(page, element, FLAG_LEAF);
        return page.u8.slice(start, start + keyLength(page, element, FLAG_LEAF));
      },
    });
  }

  /** Key or value of an element: from the buffer where it was read, else from the file. */
  #bytesOf(pgid: number, page: PageBuffer, index: number, part: 'key' | 'value'): Uint8Array {
    const kind = pageFlags(page, 0) === FLAG_BRANCH ? FLAG_BRANCH : FLAG_LEAF;
    const element = elementAt(0, index);
    const start = part === 'key' ? keyStart(page, element, kind) : valueStart(page, element);
    const length = part === 'key' ? keyLength(page, element, kind) : valueLength(page, element);
    const { file, pageSize } = this.#options;
    const bytes = new Uint8Array(length);
    const inBuffer = Math.ceil((PAGE_HEADER_BYTES + ELEMENT_BYTES * pageCount(page, 0)) / pageSize);
    if (start + length <= Math.max(1, inBuffer) * pageSize) {
      bytes.set(page.u8.subarray(start, start + length));
    } else {
      file.read(bytes, 0, length, pgid * pageSize + start);
    }
    return bytes;
  }

  #buffer(level: number, bytes: number): PageBuffer {
    const kept = this.#buffers[level];
    if (kept !== undefined && kept.u8.length >= bytes) return kept;
    const grown = new PageBuffer(new ArrayBuffer(bytes));
    if (kept !== undefined) grown.u8.set(kept.u8);
    this.#buffers[level] = grown;
    return grown;
  }
}

/** The page inside an inline bucket's value, copied to aligned memory; or what is wrong with it. */
export function inlinePage(value: Uint8Array): PageBuffer | string {
  const length = value.length - BUCKET_HEADER_BYTES;
  if (length < PAGE_HEADER_BYTES) return 'cut short';
  const page = new PageBuffer(new ArrayBuffer(Math.ceil(length / 4) * 4));
  page.u8.set(value.subarray(BUCKET_HEADER_BYTES));
  if (pageFlags(page, 0) !== FLAG_LEAF) return 'its page is no leaf';
  if (pageOverflow(page, 0) !== 0) return 'its page has overflow pages';
  const expected = { pgid: 0, pageSize: page.u8.length, available: page.u8.length };
  return validatePage(page, 0, expected) ?? page;
}
