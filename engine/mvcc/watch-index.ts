// WatchIndex: who watches a key: single keys in a hash table, ranges in an interval tree. Asking allocates
// nothing. Those who watch the same key or range share an entry.
//
// The tree is an array of ranges by first key; the middle of each part is the root of that part and knows
// how far the part reaches, so a part that ends before the key is passed over. A key in m of n ranges costs
// O(m + log n) comparisons. Adding or removing a range moves the array and makes the reaches stale; the next
// question counts them again, O(n): ranges are asked for far more often than they change.

import { compareRange } from '../base/bytes.ts';

/** Keys [key, end); `end` undefined: the single key; END_OF_KEYS: every key from `key` on. */
export interface KeyRange {
  readonly key: Uint8Array;
  readonly end: Uint8Array | undefined;
}

interface Entry<T> {
  readonly key: Uint8Array;
  /** Empty: no bound. Of a single key: unused. */
  readonly end: Uint8Array;
  readonly items: Set<T>;
}

export class WatchIndex<T> {
  readonly #keys = new Map<number, Entry<T>[]>();
  readonly #ranges: Entry<T>[] = [];
  /** By root of a part: the greatest end in it; empty: no bound. */
  readonly #reaches: Uint8Array[] = [];
  #stale = false;
  #size = 0;
  /** The question that is being answered. */
  #source: Uint8Array = new Uint8Array(0);
  #start = 0;
  #length = 0;
  #found: T[] = [];

  /** How many items there are. */
  get size(): number {
    return this.#size;
  }

  /** Keeps the range's arrays, which must not change. An item is added once. */
  add(range: KeyRange, item: T): void {
    this.#size++;
    if (range.end === undefined) this.#addKey(range.key, item);
    else this.#addRange(range.key, boundOf(range.end), item);
  }

  /** Takes an item out that was added with this range. */
  delete(range: KeyRange, item: T): void {
    this.#size--;
    if (range.end === undefined) this.#deleteKey(range.key, item);
    else this.#deleteRange(range.key, boundOf(range.end), item);
  }

  /** Appends to `found` every item whose range holds the key source[start, start+length). */
  match(source: Uint8Array, start: number, length: number, found: T[]): void {
    if (this.#keys.size > 0) {
      const entries = this.#keys.get(hashOf(source, start, length));
      if (entries !== undefined) {
        for (const { key, items } of entries) {
          if (compareRange(key, 0, key.length, source, start, length) !== 0) continue;
          for (const item of items) found.push(item);
        }
      }
    }
    if (this.#ranges.length === 0) return;
    if (this.#stale) this.#measure(0, this.#ranges.length);
    this.#stale = false;
    this.#source = source;
    this.#start = start;
    this.#length = length;
    this.#found = found;
    this.#collect(0, this.#ranges.length);
  }

  #addKey(key: Uint8Array, item: T): void {
    const hash = hashOf(key, 0, key.length);
    let entries = this.#keys.get(hash);
    if (entries === undefined) this.#keys.set(hash, (entries = []));
    const entry = entries.find((other) => compareKeys(other.key, key) === 0);
    if (entry === undefined) entries.push({ key, end: key, items: new Set([item]) });
    else entry.items.add(item);
  }

  #deleteKey(key: Uint8Array, item: T): void {
    const hash = hashOf(key, 0, key.length);
    const entries = this.#keys.get(hash)!;
    const at = entries.findIndex((other) => compareKeys(other.key, key) === 0);
    const { items } = entries[at]!;
    items.delete(item);
    if (items.size > 0) return;
    entries.splice(at, 1);
    if (entries.length === 0) this.#keys.delete(hash);
  }

  #addRange(key: Uint8Array, end: Uint8Array, item: T): void {
    const at = this.#place(key, end);
    const entry = this.#ranges[at];
    if (entry !== undefined && compareEntries(entry, key, end) === 0) {
      entry.items.add(item);
      return;
    }
    this.#ranges.splice(at, 0, { key, end, items: new Set([item]) });
    this.#stale = true;
  }

  #deleteRange(key: Uint8Array, end: Uint8Array, item: T): void {
    const at = this.#place(key, end);
    const { items } = this.#ranges[at]!;
    items.delete(item);
    if (items.size > 0) return;
    this.#ranges.splice(at, 1);
    this.#stale = true;
  }

  /** Position of the first range that is not below. */
  #place(key: Uint8Array, end: Uint8Array): number {
    let low = 0;
    let high = this.#ranges.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (compareEntries(this.#ranges[middle]!, key, end) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** Counts the reaches of ranges [low, high), of which there are some; returns that of all of them. */
  #measure(low: number, high: number): Uint8Array {
    const middle = (low + high) >>> 1;
    let reach = this.#ranges[middle]!.end;
    if (low < middle) reach = farther(reach, this.#measure(low, middle));
    if (middle + 1 < high) reach = farther(reach, this.#measure(middle + 1, high));
    return (this.#reaches[middle] = reach);
  }

  #collect(low: number, high: number): void {
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (!this.#endsBehind(this.#reaches[middle]!)) return;
      const { key, end, items } = this.#ranges[middle]!;
      this.#collect(low, middle);
      // This one begins behind the key, and so do all to its right.
      if (compareRange(key, 0, key.length, this.#source, this.#start, this.#length) > 0) return;
      if (this.#endsBehind(end)) for (const item of items) this.#found.push(item);
      low = middle + 1;
    }
  }

  #endsBehind(end: Uint8Array): boolean {
    if (end.length === 0) return true;
    return compareRange(end, 0, end.length, this.#source, this.#start, this.#length) > 0;
  }
}

function boundOf(end: Uint8Array): Uint8Array {
  return end.length === 1 && end[0] === 0 ? new Uint8Array(0) : end;
}

function compareKeys(a: Uint8Array, b: Uint8Array): number {
  return compareRange(a, 0, a.length, b, 0, b.length);
}

function compareEnds(a: Uint8Array, b: Uint8Array): number {
  if (a.length === 0 || b.length === 0) return b.length === a.length ? 0 : b.length - a.length;
  return compareKeys(a, b);
}

function farther(a: Uint8Array, b: Uint8Array): Uint8Array {
  return compareEnds(a, b) < 0 ? b : a;
}

function compareEntries<T>(entry: Entry<T>, key: Uint8Array, end: Uint8Array): number {
  return compareKeys(entry.key, key) || compareEnds(entry.end, end);
}

/** FNV-1a, cut to what V8 holds without a heap number. */
function hashOf(source: Uint8Array, start: number, length: number): number {
  let hash = 0x811c_9dc5;
  const end = start + length;
  for (let at = start; at < end; at++) hash = Math.imul(hash ^ source[at]!, 0x0100_0193);
  return (hash ^ (hash >>> 15)) & 0x3fff_ffff;
}
