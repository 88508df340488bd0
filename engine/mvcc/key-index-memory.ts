// KeyIndexMemory: layout of the key index in one piece of shared memory. The same in every thread.
//
// A B+tree. Nodes are 512 bytes; every key has one record, which leaves refer to; branches refer to records
// that hold a copy of a separating key. References count units of 8 bytes from the start; 0 is none.
//
//   node    VERSION, COUNT, KIND, COMMON, NEXT, PREVIOUS (leaves), then arrays: WORDS, REFS, CHILDREN (branches)
//   record  VERSION, KEY_LENGTH, BLOCK, COUNT, CAPACITY, UNITS, key bytes padded to 8, first block
//   block   CAPACITY times {main, create: doubles; sub, version: words}; version 0 is a tombstone
//
// COMMON is how many bytes all keys of a node share; WORDS are the next four of each, big-endian, so that a
// search compares numbers that lie side by side and looks at a record only where they are equal: one miss of
// memory a key. Every revision carries its create revision and version: lookups need no earlier ones.
//
// A version is odd while the writer changes what it guards, and never repeats: who reads notes it, reads,
// and looks again. Appending a revision changes no version: an entry is written before COUNT, and what is
// before COUNT stays. What a reader finds in memory that was given away meanwhile may be anything; so reads
// stay inside the memory, loops are bounded by it, and the second look at the version discards them.

import { assert } from '../base/assert.ts';
import { EngineError } from '../base/errors.ts';

export const NODE_WORDS = 128;
export const NODE_VERSION = 0;
export const NODE_COUNT = 1;
export const NODE_KIND = 2;
export const NODE_COMMON = 3;
export const NODE_NEXT = 4;
export const NODE_PREVIOUS = 5;
const NODE_HEADER_WORDS = 8;
export const LEAF = 1;
export const BRANCH = 2;
/** Entries of a node. */
export const LEAF_MAX = 60;
export const BRANCH_MAX = 40;
export const WORDS_AT: number = NODE_HEADER_WORDS;
export const LEAF_REFS_AT: number = WORDS_AT + LEAF_MAX;
const BRANCH_REFS_AT: number = WORDS_AT + BRANCH_MAX;
export const CHILDREN_AT: number = BRANCH_REFS_AT + BRANCH_MAX;

export const RECORD_VERSION = 0;
export const RECORD_KEY_LENGTH = 1;
export const RECORD_BLOCK = 2;
export const RECORD_COUNT = 3;
export const RECORD_CAPACITY = 4;
export const RECORD_UNITS = 5;
export const RECORD_HEADER_UNITS = 3;
export const REVISION_UNITS = 3;

/** Words at the start of the memory. */
export const ROOT = 0;
export const HEADER_UNITS = 8;

export const UNIT_BYTES = 8;

export class KeyIndexMemory {
  readonly u8: Uint8Array;
  readonly i32: Int32Array;
  readonly u32: Uint32Array;
  readonly f64: Float64Array;
  readonly units: number;

  constructor(memory: SharedArrayBuffer) {
    this.u8 = new Uint8Array(memory);
    this.i32 = new Int32Array(memory);
    this.u32 = new Uint32Array(memory);
    this.f64 = new Float64Array(memory);
    this.units = Math.floor(memory.byteLength / UNIT_BYTES);
  }

  /** Where entry references of the node at word `node` begin. */
  refsAt(node: number): number {
    return node + (this.u32[node + NODE_KIND] === LEAF ? LEAF_REFS_AT : BRANCH_REFS_AT);
  }

  /**
   * Compares the record's key with key[0, length), of which the first `from` bytes are known to be
   * equal. Negative when the record's is smaller. Bounded by `length`, whatever the record holds.
   */
  compareKey(record: number, key: Uint8Array, length: number, from: number): number {
    const recordLength = this.u32[2 * record + RECORD_KEY_LENGTH]!;
    const start = (record + RECORD_HEADER_UNITS) * UNIT_BYTES;
    const common = recordLength < length ? recordLength : length;
    const { u8 } = this;
    for (let i = from; i < common; i++) {
      const difference = u8[start + i]! - key[i]!;
      if (difference !== 0) return difference;
    }
    return recordLength - length;
  }

  /**
   * Record of the key among the entries of a leaf; 0 if it is not there. Looks at one record as a rule, the
   * key's own: whether the key begins as all keys of the leaf do need not be known before, since at the
   * end the whole key is compared.
   */
  find(leaf: number, key: Uint8Array, length: number): number {
    const { u32 } = this;
    const count = u32[leaf + NODE_COUNT]!;
    if (count === 0 || count > LEAF_MAX) return 0;
    const common = u32[leaf + NODE_COMMON]!;
    const word = wordOf(key, length, common);
    const found = this.#searchWords(leaf, count, key, length);
    if (found === count || u32[leaf + WORDS_AT + found] !== word) return 0;
    const record = u32[leaf + LEAF_REFS_AT + found]!;
    return record < this.units && this.compareKey(record, key, length, 0) === 0 ? record : 0;
  }

  /**
   * First entry of the node whose key is `key` or above it. `common` is the node's, and entry 0's record
   * tells whether the key shares it.
   */
  search(node: number, key: Uint8Array, length: number): number {
    const { u32 } = this;
    const count = u32[node + NODE_COUNT]!;
    if (count === 0 || count > LEAF_MAX) return 0;
    const refs = this.refsAt(node);
    const common = u32[node + NODE_COMMON]!;
    if (common > 0) {
      const order = this.#compareCommon(u32[refs]!, key, length, common);
      if (order !== 0) return order < 0 ? 0 : count;
    }
    return this.#searchWords(node, count, key, length);
  }

  /** As search(), for a key that shares the node's common bytes. */
  #searchWords(node: number, count: number, key: Uint8Array, length: number): number {
    const { u32 } = this;
    const refs = this.refsAt(node);
    const common = u32[node + NODE_COMMON]!;
    const word = wordOf(key, length, common);
    const words = node + WORDS_AT;
    let low = 0;
    let high = count;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const other = u32[words + middle]!;
      const order =
        other === word ? this.compareKey(u32[refs + middle]!, key, length, common) : other - word;
      if (order === 0) return middle;
      if (order < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** Orders the key's first `common` bytes against the record's: 0 when they are the same. */
  #compareCommon(record: number, key: Uint8Array, length: number, common: number): number {
    const start = (record + RECORD_HEADER_UNITS) * UNIT_BYTES;
    const bytes = common < length ? common : length;
    const { u8 } = this;
    for (let i = 0; i < bytes; i++) {
      const difference = key[i]! - u8[start + i]!;
      if (difference !== 0) return difference;
    }
    return length < common ? -1 : 0;
  }
}

/** Four bytes from `at` on, big-endian, zeros behind the end. */
export function wordOf(key: Uint8Array, length: number, at: number): number {
  const a = at < length ? key[at]! : 0;
  const b = at + 1 < length ? key[at + 1]! : 0;
  const c = at + 2 < length ? key[at + 2]! : 0;
  const d = at + 3 < length ? key[at + 3]! : 0;
  return ((a << 24) | (b << 16) | (c << 8) | d) >>> 0;
}

/** The writer's allocator: bumps, and keeps what was given back by its size in units. */
export class IndexAllocator {
  readonly #units: number;
  readonly #free = new Map<number, number[]>();
  #next = HEADER_UNITS;
  /** Units in use. */
  used = 0;

  constructor(units: number) {
    this.#units = units;
  }

  /** Units that were never taken. */
  get left(): number {
    return this.#units - this.#next;
  }

  /** Throws NO_SPACE unless `units` more can surely be had, in pieces of any size. */
  reserve(units: number): void {
    if (this.#next + units <= this.#units) return;
    throw new EngineError(
      'NO_SPACE',
      `the key index is full: ${this.#units * UNIT_BYTES} bytes; raise indexBytes`,
    );
  }

  /** reserve() must have said yes. */
  take(units: number): number {
    this.used += units;
    const free = this.#free.get(units);
    const reused = free?.pop();
    if (reused !== undefined) return reused;
    const at = this.#next;
    this.#next += units;
    assert(this.#next <= this.#units, 'room was looked for before anything was changed');
    return at;
  }

  give(at: number, units: number): void {
    this.used -= units;
    const free = this.#free.get(units);
    if (free === undefined) this.#free.set(units, [at]);
    else free.push(at);
  }
}
