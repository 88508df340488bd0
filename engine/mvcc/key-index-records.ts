// IndexRecords: what the key index keeps of each key, on the writer's side: a record with the key's bytes and
// the block of its revisions, oldest first. The layout is in key-index-memory.ts, readers in
// key-index-reader.ts. Records that branches refer to hold a copy of a key and no revisions.
//
// A record's version is odd while a block is moved or revisions are dropped, and for good once the record
// was given back; appending changes none. Which node refers to a record is the tree's business
// (key-index-tree.ts); locks are the index's.

import {
  type IndexAllocator,
  type KeyIndexMemory,
  RECORD_BLOCK,
  RECORD_CAPACITY,
  RECORD_COUNT,
  RECORD_HEADER_UNITS,
  RECORD_KEY_LENGTH,
  RECORD_UNITS,
  RECORD_VERSION,
  REVISION_UNITS,
  UNIT_BYTES,
} from './key-index-memory.ts';
import type { KeyState } from './key-index-reader.ts';

/** Blocks grow to four revisions first, then twofold. */
const SECOND_CAPACITY = 4;

/** Units of a record that holds a key alone. */
export function keyRecordUnits(length: number): number {
  return RECORD_HEADER_UNITS + Math.ceil(length / UNIT_BYTES);
}

/** Units of a record with room for the first revision. */
export function firstRecordUnits(length: number): number {
  return keyRecordUnits(length) + REVISION_UNITS;
}

export class IndexRecords {
  readonly #memory: KeyIndexMemory;
  readonly #allocator: IndexAllocator;
  #revisions = 0;

  constructor(memory: KeyIndexMemory, allocator: IndexAllocator) {
    this.#memory = memory;
    this.#allocator = allocator;
  }

  /** Revisions of all records. */
  get revisions(): number {
    return this.#revisions;
  }

  /** A record of `units` for key[0, length), which is copied, without revisions. Room was reserved. */
  make(key: Uint8Array, length: number, units: number): number {
    const { u32, u8, i32 } = this.#memory;
    const record = this.#allocator.take(units);
    const words = 2 * record;
    // A version that was used before must not come again.
    Atomics.add(i32, words + RECORD_VERSION, 2 - (i32[words + RECORD_VERSION]! & 1));
    u32[words + RECORD_KEY_LENGTH] = length;
    u32[words + RECORD_COUNT] = 0;
    u32[words + RECORD_UNITS] = units;
    const start = (record + RECORD_HEADER_UNITS) * UNIT_BYTES;
    for (let i = 0; i < length; i++) u8[start + i] = key[i]!;
    u32[words + RECORD_BLOCK] = this.#ownBlock(record);
    u32[words + RECORD_CAPACITY] = 1;
    return record;
  }

  /** A record that holds the key alone. Room was reserved. */
  copyKey(record: number): number {
    const { u8, u32 } = this.#memory;
    const length = u32[2 * record + RECORD_KEY_LENGTH]!;
    const start = (record + RECORD_HEADER_UNITS) * UNIT_BYTES;
    return this.make(u8.subarray(start, start + length), length, keyRecordUnits(length));
  }

  /** Puts the newest state into `out`; false for a record without revisions. */
  newest(record: number, out: KeyState): boolean {
    const { u32, f64 } = this.#memory;
    const count = u32[2 * record + RECORD_COUNT]!;
    if (count === 0) return false;
    const entry = u32[2 * record + RECORD_BLOCK]! + REVISION_UNITS * (count - 1);
    out.main = f64[entry]!;
    out.createMain = f64[entry + 1]!;
    out.version = u32[2 * entry + 5]!;
    return true;
  }

  /** Adds the newest revision. Throws NO_SPACE, unchanged; never for the first one of a record. */
  append(record: number, state: KeyState): void {
    const { u32, f64, i32 } = this.#memory;
    const words = 2 * record;
    const count = u32[words + RECORD_COUNT]!;
    if (count === u32[words + RECORD_CAPACITY]) this.#grow(record, count);
    const entry = u32[words + RECORD_BLOCK]! + REVISION_UNITS * count;
    f64[entry] = state.main;
    f64[entry + 1] = state.createMain;
    u32[2 * entry + 4] = state.sub;
    u32[2 * entry + 5] = state.version;
    Atomics.store(i32, words + RECORD_COUNT, count + 1);
    this.#revisions++;
  }

  /**
   * Drops what was superseded at or before main revision `at`. True when nothing is left: the record is
   * as it was then, for readers on their way, and the caller has to take it out and give it back.
   */
  compact(record: number, at: number): boolean {
    const { u32, f64, i32 } = this.#memory;
    const words = 2 * record;
    const revisions = u32[words + RECORD_COUNT]!;
    const block = u32[words + RECORD_BLOCK]!;
    let superseded = 0;
    while (superseded < revisions && f64[block + REVISION_UNITS * superseded]! <= at) superseded++;
    if (superseded === 0) return false;
    // The newest of them stays for reads at `at`, unless the key is gone by then.
    const newest = block + REVISION_UNITS * (superseded - 1);
    const dropped = u32[2 * newest + 5] === 0 ? superseded : superseded - 1;
    if (dropped === 0) return false;
    this.#revisions -= dropped;
    const left = revisions - dropped;
    if (left === 0) return true;
    Atomics.add(i32, words + RECORD_VERSION, 1);
    f64.copyWithin(block, block + REVISION_UNITS * dropped, block + REVISION_UNITS * revisions);
    Atomics.store(i32, words + RECORD_COUNT, left);
    this.#shrink(record, left);
    Atomics.add(i32, words + RECORD_VERSION, 1);
    return false;
  }

  /** Gives the record's memory back, its revisions' too. */
  give(record: number): void {
    const { u32, i32 } = this.#memory;
    const words = 2 * record;
    const capacity = u32[words + RECORD_CAPACITY]!;
    const block = u32[words + RECORD_BLOCK]!;
    // Odd: whoever still looks at it finds out.
    Atomics.add(i32, words + RECORD_VERSION, 1);
    if (capacity > 1) this.#allocator.give(block, capacity * REVISION_UNITS);
    this.#allocator.give(record, u32[words + RECORD_UNITS]!);
  }

  #grow(record: number, count: number): void {
    const { u32, f64, i32 } = this.#memory;
    const words = 2 * record;
    const capacity = count === 1 ? SECOND_CAPACITY : 2 * count;
    this.#allocator.reserve(capacity * REVISION_UNITS);
    const old = u32[words + RECORD_BLOCK]!;
    const grown = this.#allocator.take(capacity * REVISION_UNITS);
    f64.copyWithin(grown, old, old + REVISION_UNITS * count);
    Atomics.add(i32, words + RECORD_VERSION, 1);
    u32[words + RECORD_BLOCK] = grown;
    u32[words + RECORD_CAPACITY] = capacity;
    Atomics.add(i32, words + RECORD_VERSION, 1);
    if (count > 1) this.#allocator.give(old, count * REVISION_UNITS);
  }

  /** A block that is mostly empty gives way to the one that came with the record. Version is odd. */
  #shrink(record: number, left: number): void {
    const { u32, f64 } = this.#memory;
    const words = 2 * record;
    const capacity = u32[words + RECORD_CAPACITY]!;
    if (left > 1 || capacity === 1) return;
    const block = u32[words + RECORD_BLOCK]!;
    const own = this.#ownBlock(record);
    f64.copyWithin(own, block, block + REVISION_UNITS);
    u32[words + RECORD_BLOCK] = own;
    u32[words + RECORD_CAPACITY] = 1;
    this.#allocator.give(block, capacity * REVISION_UNITS);
  }

  #ownBlock(record: number): number {
    return record + keyRecordUnits(this.#memory.u32[2 * record + RECORD_KEY_LENGTH]!);
  }
}
