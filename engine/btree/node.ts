// Node: a page being edited, in the writer's private memory, as the bytes it will have on disk.
// Elements grow up from the header; keys and values grow down from the end of the buffer, in any
// order (the format lets an element's data lie anywhere in its page), so an insert moves 16-byte
// elements only. Replaced and deleted data become garbage until compact() squeezes it out.
//
//   0      16              lower            upper                    capacity
//   | header | elements ... | free gap ...   | data, with garbage ... |
//
// Invariants: lower = 16 + 16 * count <= upper; live + garbage = capacity - upper; liveBytes is what
// the element's keys and values take. bytes() is the node's size on disk. The node does no I/O and
// knows nothing of its neighbours: splitting and joining is the tree's business.

import { assert } from '../base/assert.ts';
import { compareRange, copyRange } from '../base/bytes.ts';
import {
  ELEMENT_BYTES,
  FILL_PERCENT_MAX,
  FILL_PERCENT_MIN,
  FLAG_BRANCH,
  FLAG_LEAF,
  KEYS_PER_PAGE_MIN,
  PAGE_HEADER_BYTES,
} from '../page/layout.ts';
import {
  elementAt,
  keyLength,
  keyStart,
  pageCount,
  pageFlags,
  searchPage,
  valueLength,
  writePageHeader,
  type PageBuffer,
} from '../page/page-buffer.ts';
import type { BufferPool } from './buffer-pool.ts';

const NO_VALUE: Uint8Array = new Uint8Array(0);

/** A child pgid with this high word is no page yet: its low word is a node's id (tree.ts). */
export const NODE_TAG = 0x8000_0000;

export class Node {
  buffer: PageBuffer;
  readonly kind: typeof FLAG_LEAF | typeof FLAG_BRANCH;
  /** Place in the transaction's table of nodes; branch elements name an unwritten child by it. */
  readonly id: number;
  parent: Node | undefined;
  /** The node this one was cut from, through all cuts: nodes of one family stand side by side. */
  family: number;
  count = 0;
  /** Set when an element was deleted: the tree looks at the node again before it is written. */
  unbalanced = false;
  /** The tree dropped the node (joined or emptied); it is not written. */
  removed = false;
  /** The one page the node was read from; 0 when it was made new or read from several. */
  origin = 0;
  /** The node was filled by ascending keys, which went on behind it: nobody looks at it soon. */
  passed = false;
  /** Page the node will be written to; 0 until it is spilled. */
  pgid = 0;
  /** Its pages as they will lie on disk, once it is sealed: the buffer or the start of it. */
  image: Uint8Array = NO_VALUE;
  #upper: number;
  #liveBytes = 0;
  readonly #pool: BufferPool;

  /** An empty node with `capacity` bytes from `pool`. */
  constructor(options: {
    id: number;
    kind: typeof FLAG_LEAF | typeof FLAG_BRANCH;
    parent: Node | undefined;
    pool: BufferPool;
    capacity: number;
  }) {
    this.id = options.id;
    this.kind = options.kind;
    this.parent = options.parent;
    this.family = options.id;
    this.#pool = options.pool;
    this.buffer = options.pool.take(options.capacity);
    this.#upper = this.capacity;
    this.#writeCount(0);
  }

  get isLeaf(): boolean {
    return this.kind === FLAG_LEAF;
  }

  get capacity(): number {
    return this.buffer.u8.length;
  }

  /** Size of the node on disk: header, elements, keys and values. */
  get bytes(): number {
    return PAGE_HEADER_BYTES + ELEMENT_BYTES * this.count + this.#liveBytes;
  }

  /** Takes over a whole page of `bytes` bytes. The node must be empty and as large as the page. */
  copyFrom(page: PageBuffer, base: number, bytes: number): void {
    assert(this.count === 0 && this.capacity === bytes, 'a node copies a page of its own size');
    assert(pageFlags(page, base) === this.kind, 'a node copies a page of its own kind');
    this.buffer.u8.set(page.u8.subarray(base, base + bytes));
    this.count = pageCount(page, base);
    for (let i = 0; i < this.count; i++) {
      const element = elementAt(0, i);
      const start = keyStart(this.buffer, element, this.kind);
      if (start < this.#upper) this.#upper = start;
      this.#liveBytes += dataBytes(this.buffer, element, this.kind);
    }
  }

  /** Whether element `index` has the key of `other`'s first one. Allocates nothing. */
  sameKey(index: number, other: Node): boolean {
    const mine = elementAt(0, index);
    const theirs = elementAt(0, 0);
    const length = keyLength(this.buffer, mine, this.kind);
    if (length !== keyLength(other.buffer, theirs, other.kind)) return false;
    const start = keyStart(this.buffer, mine, this.kind);
    const otherStart = keyStart(other.buffer, theirs, other.kind);
    const { u8 } = other.buffer;
    return compareRange(this.buffer.u8, start, length, u8, otherStart, length) === 0;
  }

  /** Whether the key is the node's first one or above it; false in an empty node. */
  startsBefore(key: Uint8Array): boolean {
    if (this.count === 0) return false;
    const element = elementAt(0, 0);
    const start = keyStart(this.buffer, element, this.kind);
    const length = keyLength(this.buffer, element, this.kind);
    return compareRange(this.buffer.u8, start, length, key, 0, key.length) <= 0;
  }

  /** Index of the key, or ~index of the first element above it. */
  search(key: Uint8Array): number {
    return searchPage(this.buffer, 0, key);
  }

  /** Inserts a leaf element before `index`. Copies key and value. */
  insertLeaf(index: number, key: Uint8Array, value: Uint8Array, flags: number): void {
    const data = this.#open(index, key, value);
    const word = elementAt(0, index) >>> 2;
    const { u32 } = this.buffer;
    u32[word] = flags;
    u32[word + 1] = data - 4 * word;
    u32[word + 2] = key.length;
    u32[word + 3] = value.length;
  }

  /** Inserts a branch element before `index`. Copies key. */
  insertBranch(index: number, key: Uint8Array, child: { low: number; high: number }): void {
    const data = this.#open(index, key, NO_VALUE);
    const word = elementAt(0, index) >>> 2;
    const { u32 } = this.buffer;
    u32[word] = data - 4 * word;
    u32[word + 1] = key.length;
    u32[word + 2] = child.low;
    u32[word + 3] = child.high;
  }

  /** Gives a leaf element a new value and flags; the bytes of a value no longer are reused. */
  replaceValue(index: number, value: Uint8Array, flags: number): void {
    const element = elementAt(0, index);
    const old = valueLength(this.buffer, element);
    const length = keyLength(this.buffer, element, FLAG_LEAF);
    if (value.length <= old) {
      const start = keyStart(this.buffer, element, FLAG_LEAF) + length;
      copyRange(value, 0, value.length, this.buffer.u8, start);
      this.buffer.u32[element >>> 2] = flags;
      this.buffer.u32[(element >>> 2) + 3] = value.length;
      this.#liveBytes -= old - value.length;
      return;
    }
    const key = this.key(index);
    this.remove(index);
    this.insertLeaf(index, key, value, flags);
  }

  /** Gives a branch element a new key. */
  replaceKey(index: number, key: Uint8Array): void {
    const word = elementAt(0, index) >>> 2;
    const low = this.buffer.u32[word + 2]!;
    const high = this.buffer.u32[word + 3]!;
    this.remove(index);
    this.insertBranch(index, key, { low, high });
  }

  setChild(index: number, low: number, high: number): void {
    const word = elementAt(0, index) >>> 2;
    this.buffer.u32[word + 2] = low;
    this.buffer.u32[word + 3] = high;
  }

  /** Removes an element; its data become garbage. */
  remove(index: number): void {
    const element = elementAt(0, index);
    this.#liveBytes -= keyLength(this.buffer, element, this.kind);
    if (this.isLeaf) this.#liveBytes -= valueLength(this.buffer, element);
    this.#shift(index + 1, this.count, -ELEMENT_BYTES);
    this.#writeCount(this.count - 1);
    if (this.count === 0) this.#upper = this.capacity;
  }

  /** A copy of the element's key. */
  key(index: number): Uint8Array {
    const element = elementAt(0, index);
    const start = keyStart(this.buffer, element, this.kind);
    return this.buffer.u8.slice(start, start + keyLength(this.buffer, element, this.kind));
  }

  /** Index of the element that names the node `child`; -1 when there is none. */
  indexOf(child: Node): number {
    for (let i = 0; i < this.count; i++) {
      const word = elementAt(0, i) >>> 2;
      if (this.buffer.u32[word + 2] === child.id && this.buffer.u32[word + 3] === NODE_TAG)
        return i;
    }
    return -1;
  }

  /** Copies elements [from, to) of a page of the same kind behind this node's own. */
  appendFrom(page: PageBuffer, base: number, from: number, to: number): void {
    const posWord = this.isLeaf ? 1 : 0;
    let data = 0;
    for (let i = from; i < to; i++) data += dataBytes(page, elementAt(base, i), this.kind);
    this.#reserve(data + ELEMENT_BYTES * (to - from), to - from);
    const { u8, u32 } = this.buffer;
    for (let i = from; i < to; i++) {
      const source = elementAt(base, i);
      const length = dataBytes(page, source, this.kind);
      const word = elementAt(0, this.count + i - from) >>> 2;
      this.#upper -= length;
      copyRange(page.u8, keyStart(page, source, this.kind), length, u8, this.#upper);
      for (let field = 0; field < 4; field++) u32[word + field] = page.u32[(source >>> 2) + field]!;
      u32[word + posWord] = this.#upper - 4 * word;
    }
    this.#liveBytes += data;
    this.#writeCount(this.count + to - from);
  }

  /** Drops elements [from, count). */
  truncate(from: number): void {
    for (let i = from; i < this.count; i++) {
      this.#liveBytes -= dataBytes(this.buffer, elementAt(0, i), this.kind);
    }
    this.#writeCount(from);
  }

  /** True when the node must be cut before it is written: too large, and enough keys for two. */
  needsSplit(pageSize: number): boolean {
    return this.count > 2 * KEYS_PER_PAGE_MIN && this.bytes >= pageSize;
  }

  /**
   * Index of the first element of the right half: the left one is filled to `fillPercent` of a page
   * and keeps at least two keys, as does the right one. Source: bbolt node.go, splitIndex.
   */
  splitIndex(pageSize: number, fillPercent: number): number {
    const fill = Math.min(FILL_PERCENT_MAX, Math.max(FILL_PERCENT_MIN, fillPercent));
    const threshold = Math.floor(pageSize * fill);
    let size = PAGE_HEADER_BYTES;
    let index = 0;
    for (; index < this.count - KEYS_PER_PAGE_MIN - 1; index++) {
      const element = ELEMENT_BYTES + dataBytes(this.buffer, elementAt(0, index), this.kind);
      if (index >= KEYS_PER_PAGE_MIN && size + element > threshold) break;
      size += element;
    }
    return index;
  }

  /**
   * Makes `image` exactly `pages` pages with the header of page `pgid`, ready to be written. The node
   * can be read from then on, not edited. The gap keeps whatever bytes it has; they are never read.
   */
  seal(pgid: number, pages: number, pageSize: number): void {
    const size = pages * pageSize;
    if (this.capacity !== size && !this.#moveDown(size)) this.#rebuild(size);
    this.image = this.capacity === size ? this.buffer.u8 : this.buffer.u8.subarray(0, size);
    this.pgid = pgid;
    writePageHeader(this.buffer, 0, {
      pgid,
      flags: this.kind,
      count: this.count,
      overflow: pages - 1,
    });
  }

  /** Gives the buffer back; the node must not be used again. */
  dispose(): void {
    this.#pool.give(this.buffer);
  }

  /** Makes room for an element at `index` and copies its data in; returns where the data start. */
  #open(index: number, key: Uint8Array, value: Uint8Array): number {
    const length = key.length + value.length;
    this.#reserve(length + ELEMENT_BYTES, 1);
    this.#shift(index, this.count, ELEMENT_BYTES);
    this.#writeCount(this.count + 1);
    this.#upper -= length;
    this.#liveBytes += length;
    copyRange(key, 0, key.length, this.buffer.u8, this.#upper);
    this.buffer.u8.set(value, this.#upper + key.length);
    return this.#upper;
  }

  /** Moves elements [from, to) by `distance` bytes; their data stay, so `pos` changes the other way. */
  #shift(from: number, to: number, distance: number): void {
    if (from === to) return;
    const { u32 } = this.buffer;
    const start = elementAt(0, from) >>> 2;
    const end = elementAt(0, to) >>> 2;
    u32.copyWithin(start + distance / 4, start, end);
    const pos = this.isLeaf ? 1 : 0;
    for (let word = start + distance / 4 + pos; word < end + distance / 4; word += 4) {
      u32[word] = u32[word]! - distance;
    }
  }

  #writeCount(count: number): void {
    this.count = count;
    this.buffer.u32[2] = this.kind | (count << 16);
  }

  /**
   * Ensures a free gap of `bytes` for so many elements: by squeezing out garbage, or in a larger buffer.
   * A node of large values is cut at its fifth element, so it grows once, for all that may still come.
   */
  #reserve(bytes: number, elements: number): void {
    const lower = PAGE_HEADER_BYTES + ELEMENT_BYTES * this.count;
    if (this.#upper - lower >= bytes) return;
    const needed = this.bytes + bytes;
    if (needed <= this.capacity) {
      this.#rebuild(this.capacity);
      return;
    }
    const more = Math.max(0, 2 * KEYS_PER_PAGE_MIN + 1 - this.count - elements);
    this.#rebuild(Math.ceil(Math.max(needed * 1.25, needed + (more * bytes) / elements)));
  }

  /**
   * Moves the data down within the buffer, so that all of the node lies in its first `size` bytes.
   * False, and nothing done, where garbage among the data leaves no room for that.
   */
  #moveDown(size: number): boolean {
    const lower = elementAt(0, this.count);
    let start = this.capacity;
    for (let i = 0; i < this.count; i++) {
      start = Math.min(start, keyStart(this.buffer, elementAt(0, i), this.kind));
    }
    const distance = this.capacity - size;
    if (start - distance < lower) return false;
    const { u8, u32 } = this.buffer;
    u8.copyWithin(start - distance, start, this.capacity);
    const pos = this.isLeaf ? 1 : 0;
    for (let word = 4 + pos; word < lower >>> 2; word += 4) u32[word] = u32[word]! - distance;
    return true;
  }

  /** Copies the live data into another buffer of at least `capacity` bytes, without garbage. */
  #rebuild(capacity: number): void {
    const old = this.buffer;
    const count = this.count;
    this.buffer = this.#pool.take(capacity);
    this.#upper = this.capacity;
    this.#liveBytes = 0;
    this.count = 0;
    this.appendFrom(old, 0, 0, count);
    this.#pool.give(old);
  }
}

function dataBytes(page: PageBuffer, element: number, kind: number): number {
  const key = keyLength(page, element, kind);
  return kind === FLAG_LEAF ? key + valueLength(page, element) : key;
}
