// PageBuffer: bytes that hold one or many pages, with the views the engine reads them through. A
// page is the pair (buffer, base): `base` is the byte where it starts, always a multiple of 4. The
// pair is passed around instead of an object a page, so that searching allocates nothing.
//
// Readers here trust the page: validatePage() has seen every page once, when it was loaded.

import { compareRange, copyRange, WORD_RANGE } from '../base/bytes.ts';
import {
  ELEMENT_BYTES,
  FLAG_BRANCH,
  FLAG_FREELIST,
  FLAG_LEAF,
  KEY_BYTES_MAX,
  PAGE_HEADER_BYTES,
  PAGES_MAX,
  VALUE_BYTES_MAX,
} from './layout.ts';

export class PageBuffer {
  readonly u8: Uint8Array;
  readonly u32: Uint32Array;
  /** For words that lie anywhere: the first bytes of keys. */
  readonly view: DataView;

  /** Owns no memory: looks at `memory`, whose length must be a multiple of 4. */
  constructor(memory: ArrayBufferLike) {
    this.u8 = new Uint8Array(memory);
    this.u32 = new Uint32Array(memory);
    this.view = new DataView(memory);
  }
}

export function pageFlags(page: PageBuffer, base: number): number {
  return page.u32[(base >>> 2) + 2]! & 0xffff;
}

export function pageCount(page: PageBuffer, base: number): number {
  return page.u32[(base >>> 2) + 2]! >>> 16;
}

export function pageOverflow(page: PageBuffer, base: number): number {
  return page.u32[(base >>> 2) + 3]!;
}

export function writePageHeader(
  page: PageBuffer,
  base: number,
  header: { pgid: number; flags: number; count: number; overflow: number },
): void {
  const word = base >>> 2;
  page.u32[word] = header.pgid >>> 0;
  page.u32[word + 1] = Math.floor(header.pgid / WORD_RANGE);
  page.u32[word + 2] = header.flags | (header.count << 16);
  page.u32[word + 3] = header.overflow;
}

/** Byte of element `index`; its words start at elementAt() / 4. */
export function elementAt(base: number, index: number): number {
  return base + PAGE_HEADER_BYTES + ELEMENT_BYTES * index;
}

/** Where the key of an element lies. `kind` is FLAG_LEAF or FLAG_BRANCH. */
export function keyStart(page: PageBuffer, element: number, kind: number): number {
  return element + page.u32[(element >>> 2) + (kind === FLAG_LEAF ? 1 : 0)]!;
}

export function keyLength(page: PageBuffer, element: number, kind: number): number {
  return page.u32[(element >>> 2) + (kind === FLAG_LEAF ? 2 : 1)]!;
}

export function leafFlags(page: PageBuffer, element: number): number {
  return page.u32[element >>> 2]!;
}

export function valueStart(page: PageBuffer, element: number): number {
  const word = element >>> 2;
  return element + page.u32[word + 1]! + page.u32[word + 2]!;
}

export function valueLength(page: PageBuffer, element: number): number {
  return page.u32[(element >>> 2) + 3]!;
}

/** Child pgid, low and high word apart: a high word with its top bit set names a node (tree.ts). */
export function childLow(page: PageBuffer, element: number): number {
  return page.u32[(element >>> 2) + 2]!;
}

export function childHigh(page: PageBuffer, element: number): number {
  return page.u32[(element >>> 2) + 3]!;
}

/** A fresh copy of `length` bytes of the page's memory; the caller owns it. */
export function copyOut(page: PageBuffer, start: number, length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  copyRange(page.u8, start, length, bytes, 0);
  return bytes;
}

/**
 * Binary search for a key among the elements of a branch or leaf page. Returns the index of the
 * element that holds it, or ~index of the first element above it. Allocates nothing. Keys of 8 bytes
 * and more are told apart by two big-endian words first: keys of one tree mostly share their first bytes.
 */
export function searchPage(page: PageBuffer, base: number, key: Uint8Array): number {
  const header = page.u32[(base >>> 2) + 2]!;
  const shift = (header & FLAG_LEAF) !== 0 ? 1 : 0;
  const { u8, u32, view } = page;
  const { length } = key;
  const long = length >= HEAD_BYTES;
  const head = long ? headWord(key, 0) : 0;
  const next = long ? headWord(key, 4) : 0;
  let low = 0;
  let high = header >>> 16;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const element = base + PAGE_HEADER_BYTES + ELEMENT_BYTES * middle;
    const word = (element >>> 2) + shift;
    const start = element + u32[word]!;
    const size = u32[word + 1]!;
    let order;
    if (long && size >= HEAD_BYTES) {
      order = orderOf(view.getUint32(start), head);
      if (order === 0) order = orderOf(view.getUint32(start + 4), next);
      if (order === 0) {
        order = compareRange(
          u8,
          start + HEAD_BYTES,
          size - HEAD_BYTES,
          key,
          HEAD_BYTES,
          length - HEAD_BYTES,
        );
      }
    } else {
      order = compareRange(u8, start, size, key, 0, length);
    }
    if (order === 0) return middle;
    if (order < 0) low = middle + 1;
    else high = middle;
  }
  return ~low;
}

/**
 * Reads a byte of each key that a search of the page may look at, of eight at most, so that memory
 * brings them all at once: the search itself has one before it knows which comes next. Returns a number
 * without meaning; keep it, or the compiler drops the reads.
 */
export function touchKeys(page: PageBuffer, base: number): number {
  const { u8, u32 } = page;
  const header = u32[(base >>> 2) + 2]!;
  const shift = (header & FLAG_LEAF) !== 0 ? 1 : 0;
  const count = header >>> 16;
  const first = base + PAGE_HEADER_BYTES;
  const end = first + ELEMENT_BYTES * count;
  const step = ELEMENT_BYTES * Math.max(1, (count + 7) >>> 3);
  let seen = 0;
  for (let element = first; element < end; element += step) {
    seen ^= u8[element + u32[(element >>> 2) + shift]!]!;
  }
  return seen;
}

/** Bytes of a key that are compared as words. */
const HEAD_BYTES = 8;

function headWord(key: Uint8Array, at: number): number {
  return ((key[at]! << 24) | (key[at + 1]! << 16) | (key[at + 2]! << 8) | key[at + 3]!) >>> 0;
}

function orderOf(a: number, b: number): number {
  return a === b ? 0 : a < b ? -1 : 1;
}

/**
 * Says what is wrong with the page at (page, base), or undefined when its header and every element
 * lie within its bytes. `available` is how much of the page is in the buffer: elements must be
 * there, keys and values must lie within (overflow + 1) * pageSize, all of them together as well: a
 * node sizes its memory by their sum. Key order is check()'s business.
 */
export function validatePage(
  page: PageBuffer,
  base: number,
  expected: { pgid: number; pageSize: number; available: number },
): string | undefined {
  const word = base >>> 2;
  const id = page.u32[word]! + page.u32[word + 1]! * WORD_RANGE;
  if (id !== expected.pgid) return `header names page ${id}`;
  const flags = page.u32[word + 2]! & 0xffff;
  const count = page.u32[word + 2]! >>> 16;
  const bytes = (page.u32[word + 3]! + 1) * expected.pageSize;
  if (flags === FLAG_FREELIST) return 'a freelist page stands in the tree';
  if (flags !== FLAG_LEAF && flags !== FLAG_BRANCH)
    return `unknown page type 0x${flags.toString(16)}`;
  if (page.u32[word + 3]! >= PAGES_MAX) return `overflow of ${page.u32[word + 3]!} pages`;
  const elementsEnd = PAGE_HEADER_BYTES + ELEMENT_BYTES * count;
  if (elementsEnd > bytes) return `${count} elements do not fit ${bytes} bytes`;
  if (flags === FLAG_BRANCH && count === 0) return 'branch page without elements';
  const seen = Math.min(
    count,
    Math.floor((expected.available - PAGE_HEADER_BYTES) / ELEMENT_BYTES),
  );
  let left = bytes - elementsEnd;
  for (let i = 0; i < seen; i++) {
    const element = elementAt(base, i);
    const start = keyStart(page, element, flags) - base;
    const length = keyLength(page, element, flags);
    const value = flags === FLAG_LEAF ? valueLength(page, element) : 0;
    left -= length + value;
    if (start < elementsEnd || start + length + value > bytes)
      return `element ${i} points outside the page`;
    if (length === 0) return `element ${i} has an empty key`;
    if (length > KEY_BYTES_MAX) return `element ${i} has a key of ${length} bytes`;
    if (flags === FLAG_BRANCH && childHigh(page, element) !== 0) {
      return `element ${i} points to a page beyond this engine's limit`;
    }
    if (value > VALUE_BYTES_MAX) return `element ${i} has a value of ${value} bytes`;
    if (left < 0) return `elements up to ${i} overlap`;
  }
  return undefined;
}
