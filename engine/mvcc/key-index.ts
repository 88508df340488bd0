// KeyIndex: the writer's side of the key index: every change of a key's revisions, and of the tree that
// finds keys (key-index-memory.ts has the layout, key-index-reader.ts how it is read meanwhile). One thread.
// Room is looked for before anything is changed: a throw leaves the index as it was.
//
// Every revision is kept with its create revision and version, so a life of a key needs no record of its
// own: a put after a tombstone, or of a new key, begins one. Semantics are etcd's treeIndex.

import { assert } from '../base/assert.ts';
import { RwLock } from '../shared/rw-lock.ts';
import {
  BRANCH,
  BRANCH_MAX,
  CHILDREN_AT,
  HEADER_UNITS,
  IndexAllocator,
  LEAF,
  LEAF_MAX,
  LEAF_REFS_AT,
  NODE_COMMON,
  NODE_COUNT,
  NODE_KIND,
  NODE_NEXT,
  NODE_PREVIOUS,
  NODE_VERSION,
  NODE_WORDS,
  RECORD_BLOCK,
  RECORD_CAPACITY,
  RECORD_COUNT,
  RECORD_HEADER_UNITS,
  RECORD_KEY_LENGTH,
  RECORD_UNITS,
  RECORD_VERSION,
  REVISION_UNITS,
  ROOT,
  UNIT_BYTES,
  WORDS_AT,
} from './key-index-memory.ts';
import { childIndex, KeyIndexReader, KeyState, type KeyIndexShare } from './key-index-reader.ts';
import type { IndexLock } from './options.ts';

const NODE_UNITS = NODE_WORDS / 2;
/** Blocks grow to four revisions first, then twofold. */
const SECOND_CAPACITY = 4;
/** A put may split a node on every level and make a root: more than that is never taken at once. */
const RESERVE_UNITS = 40 * NODE_UNITS;

export interface KeyIndexOptions {
  readonly indexLock: IndexLock;
  /** Bytes of shared memory; touched as they are used. */
  readonly indexBytes: number;
}

export function createKeyIndex(options: KeyIndexOptions): KeyIndexShare {
  const bytes = Math.floor(options.indexBytes / UNIT_BYTES) * UNIT_BYTES;
  return {
    memory: new SharedArrayBuffer(bytes),
    lock: new SharedArrayBuffer(4 * RwLock.words),
    indexLock: options.indexLock,
  };
}

export class KeyIndex extends KeyIndexReader {
  readonly #allocator: IndexAllocator;
  readonly #locks: boolean;
  readonly #state = new KeyState();
  /** Path of the last descent: nodes from the root to the leaf, and the child taken in each. */
  readonly #path: number[] = [];
  readonly #taken: number[] = [];
  #leaf = 0;
  #keys = 0;
  #revisions = 0;
  #keyBytes = 0;

  /** `share` is new: all zeros. */
  constructor(share: KeyIndexShare) {
    super(share);
    this.#locks = share.indexLock === 'global';
    this.#allocator = new IndexAllocator(this.memory.units);
    const root = this.#newNode(LEAF);
    Atomics.store(this.memory.i32, ROOT, root);
  }

  /** Keys that have a revision, living or not. */
  get keys(): number {
    return this.#keys;
  }

  get revisions(): number {
    return this.#revisions;
  }

  /** Bytes of memory in use, and those of them that are the keys themselves. */
  get bytesUsed(): number {
    return (this.#allocator.used + HEADER_UNITS) * UNIT_BYTES;
  }

  get keyBytes(): number {
    return this.#keyBytes;
  }

  /** Records that key[0, keyLength) was put at {main, sub}; `out` is its new state. Throws NO_SPACE. */
  put(key: Uint8Array, keyLength: number, main: number, sub: number, out: KeyState): void {
    if (this.#locks) this.lock.lockExclusive();
    try {
      const record = this.#recordOf(key, keyLength);
      const before = record === 0 ? false : this.#newest(record);
      const lives = before && this.#state.version > 0;
      out.main = main;
      out.sub = sub;
      out.createMain = lives ? this.#state.createMain : main;
      out.version = lives ? this.#state.version + 1 : 1;
      this.#record(record, key, keyLength, out);
    } finally {
      if (this.#locks) this.lock.unlockExclusive();
    }
  }

  /** Records that the key was deleted at {main, sub}; false, and nothing, if it does not live. */
  tombstone(key: Uint8Array, main: number, sub: number): boolean {
    if (this.#locks) this.lock.lockExclusive();
    try {
      const record = this.#recordOf(key, key.length);
      if (record === 0 || !this.#newest(record) || this.#state.version === 0) return false;
      const state = this.#state;
      state.main = main;
      state.sub = sub;
      state.version = 0;
      this.#append(record, state);
      return true;
    } finally {
      if (this.#locks) this.lock.unlockExclusive();
    }
  }

  /** Takes up a revision from the file; they come in order. `state.version` 0 is a tombstone. */
  restore(key: Uint8Array, keyLength: number, state: KeyState): void {
    this.#record(this.#recordOf(key, keyLength), key, keyLength, state);
  }

  /** Drops what was superseded at or before `at`, in steps. */
  compaction(at: number): IndexCompaction {
    return new IndexCompaction(this, at);
  }

  /**
   * For IndexCompaction: compacts up to `keysMax` keys from `from` on; returns the key to go on with, or
   * undefined at the end.
   */
  compactStep(
    from: Uint8Array,
    at: number,
    keysMax: number,
    count: CompactionCount,
  ): Uint8Array | undefined {
    if (this.#locks) this.lock.lockExclusive();
    try {
      return this.#compactStep(from, at, keysMax, count);
    } finally {
      if (this.#locks) this.lock.unlockExclusive();
    }
  }

  #compactStep(
    from: Uint8Array,
    at: number,
    keysMax: number,
    count: CompactionCount,
  ): Uint8Array | undefined {
    const { u32 } = this.memory;
    let key = from;
    for (let visited = 0; ;) {
      this.#descend(key, key.length);
      const leaf = this.#leaf;
      const next = u32[leaf + NODE_NEXT]!;
      const following = next === 0 ? undefined : this.#firstKey(2 * next);
      const dead: number[] = [];
      const entries = u32[leaf + NODE_COUNT]!;
      for (let i = this.memory.search(leaf, key, key.length); i < entries; i++) {
        visited++;
        count.visited++;
        if (this.#compactRecord(u32[leaf + LEAF_REFS_AT + i]!, at, count)) dead.push(i);
      }
      if (dead.length > 0) this.#removeEntries(leaf, dead);
      if (following === undefined || visited >= keysMax) return following;
      key = following;
    }
  }

  /** Drops superseded revisions of one key; true when nothing of it is left. */
  #compactRecord(record: number, at: number, count: CompactionCount): boolean {
    const { u32, f64, i32 } = this.memory;
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
    count.removed += dropped;
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

  /** A block that is mostly empty gives way to the one that came with the record. Version is odd. */
  #shrink(record: number, left: number): void {
    const { u32, f64 } = this.memory;
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
    const { u32 } = this.memory;
    const keyUnits = Math.ceil(u32[2 * record + RECORD_KEY_LENGTH]! / UNIT_BYTES);
    return record + RECORD_HEADER_UNITS + keyUnits;
  }

  /** Puts the newest state into #state; false for a record without revisions. */
  #newest(record: number): boolean {
    const { u32, f64 } = this.memory;
    const count = u32[2 * record + RECORD_COUNT]!;
    if (count === 0) return false;
    const entry = u32[2 * record + RECORD_BLOCK]! + REVISION_UNITS * (count - 1);
    this.#state.main = f64[entry]!;
    this.#state.createMain = f64[entry + 1]!;
    this.#state.version = u32[2 * entry + 5]!;
    return true;
  }

  /** Record of the key, 0 if it has none; leaves the path to its leaf. */
  #recordOf(key: Uint8Array, length: number): number {
    this.#descend(key, length);
    const { memory } = this;
    const index = memory.search(this.#leaf, key, length);
    if (index === memory.u32[this.#leaf + NODE_COUNT]) return 0;
    const record = memory.u32[this.#leaf + LEAF_REFS_AT + index]!;
    return memory.compareKey(record, key, length, 0) === 0 ? record : 0;
  }

  #record(record: number, key: Uint8Array, length: number, state: KeyState): void {
    if (record !== 0) {
      this.#append(record, state);
      return;
    }
    const units = RECORD_HEADER_UNITS + Math.ceil(length / UNIT_BYTES) + REVISION_UNITS;
    this.#allocator.reserve(units + RESERVE_UNITS + this.#separatorUnits(length));
    const made = this.#newRecord(key, length, units);
    this.#append(made, state);
    this.#keys++;
    this.#keyBytes += length;
    this.#insert(key, length, made);
  }

  /** A put may make a separator of this length, and one on each level above of keys as long as any. */
  #separatorUnits(length: number): number {
    return this.#path.length * (RECORD_HEADER_UNITS + 4096) + Math.ceil(length / UNIT_BYTES);
  }

  #newRecord(key: Uint8Array, length: number, units: number): number {
    const { u32, u8, i32 } = this.memory;
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

  #append(record: number, state: KeyState): void {
    const { u32, f64, i32 } = this.memory;
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

  #grow(record: number, count: number): void {
    const { u32, f64, i32 } = this.memory;
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

  #descend(key: Uint8Array, length: number): void {
    const { memory } = this;
    const { u32 } = memory;
    this.#path.length = this.#taken.length = 0;
    let node = 2 * u32[ROOT]!;
    while (u32[node + NODE_KIND] !== LEAF) {
      const child = childIndex(memory, node, key, length, u32[node + NODE_COUNT]!);
      this.#path.push(node);
      this.#taken.push(child);
      node = 2 * u32[node + CHILDREN_AT + child]!;
    }
    this.#leaf = node;
  }

  /** Puts a new record into the leaf of the last descent. */
  #insert(key: Uint8Array, length: number, record: number): void {
    const { u32 } = this.memory;
    if (u32[this.#leaf + NODE_COUNT] === LEAF_MAX) {
      this.#splitLeaf(key, length);
    }
    const leaf = this.#leaf;
    const index = this.memory.search(leaf, key, length);
    this.#change(leaf, () => {
      this.#insertEntry(leaf, index, record, 0);
    });
  }

  /** Makes room for an entry; version is odd. */
  #insertEntry(node: number, index: number, record: number, child: number): void {
    const { u32 } = this.memory;
    const count = u32[node + NODE_COUNT]!;
    const words = node + WORDS_AT;
    const refs = this.memory.refsAt(node);
    u32.copyWithin(words + index + 1, words + index, words + count);
    u32.copyWithin(refs + index + 1, refs + index, refs + count);
    u32[refs + index] = record;
    if (child !== 0) {
      const children = node + CHILDREN_AT;
      u32.copyWithin(children + index + 1, children + index, children + count);
      u32[children + index] = child;
    }
    u32[node + NODE_COUNT] = count + 1;
    if (index === 0 || index === count) this.#rewordIfNeeded(node, index);
    else u32[words + index] = this.#wordOfRecord(record, u32[node + NODE_COMMON]!);
  }

  /** A new first or last entry may share less with the others. */
  #rewordIfNeeded(node: number, index: number): void {
    const { u32 } = this.memory;
    const common = u32[node + NODE_COMMON]!;
    const refs = this.memory.refsAt(node);
    const count = u32[node + NODE_COUNT]!;
    const shared = this.#sharedBytes(u32[refs]!, u32[refs + count - 1]!);
    if (count > 2 && shared === common) {
      u32[node + WORDS_AT + index] = this.#wordOfRecord(u32[refs + index]!, common);
    } else this.#reword(node, shared);
  }

  /** Sets the bytes that all keys share, and every entry's word behind them. */
  #reword(node: number, shared: number): void {
    const { u32 } = this.memory;
    const refs = this.memory.refsAt(node);
    const count = u32[node + NODE_COUNT]!;
    u32[node + NODE_COMMON] = shared;
    for (let i = 0; i < count; i++) {
      u32[node + WORDS_AT + i] = this.#wordOfRecord(u32[refs + i]!, shared);
    }
  }

  #sharedBytes(first: number, last: number): number {
    const { u8, u32 } = this.memory;
    const a = (first + RECORD_HEADER_UNITS) * UNIT_BYTES;
    const b = (last + RECORD_HEADER_UNITS) * UNIT_BYTES;
    const bytes = Math.min(u32[2 * first + RECORD_KEY_LENGTH]!, u32[2 * last + RECORD_KEY_LENGTH]!);
    let shared = 0;
    while (shared < bytes && u8[a + shared] === u8[b + shared]) shared++;
    return shared;
  }

  #wordOfRecord(record: number, at: number): number {
    const { u8, u32 } = this.memory;
    const length = u32[2 * record + RECORD_KEY_LENGTH]!;
    const start = (record + RECORD_HEADER_UNITS) * UNIT_BYTES;
    const byte = (i: number): number => (at + i < length ? u8[start + at + i]! : 0);
    return ((byte(0) << 24) | (byte(1) << 16) | (byte(2) << 8) | byte(3)) >>> 0;
  }

  /** Splits the full leaf of the path; afterwards #leaf is the one the key belongs to. */
  #splitLeaf(key: Uint8Array, length: number): void {
    const { u32 } = this.memory;
    const left = this.#leaf;
    const index = this.memory.search(left, key, length);
    // Ascending keys fill their leaves.
    const atEnd = index === LEAF_MAX && u32[left + NODE_NEXT] === 0;
    const keep = atEnd ? LEAF_MAX - 1 : LEAF_MAX / 2;
    const right = this.#splitNode(left, keep);
    const next = u32[left + NODE_NEXT]!;
    u32[2 * right + NODE_NEXT] = next;
    u32[2 * right + NODE_PREVIOUS] = left / 2;
    if (next !== 0) u32[2 * next + NODE_PREVIOUS] = right;
    this.#change(left, () => {
      u32[left + NODE_NEXT] = right;
      this.#cut(left, keep);
    });
    const separator = u32[2 * right + LEAF_REFS_AT]!;
    this.#addChild(this.#path.length - 1, separator, right);
    const goesRight = this.memory.compareKey(separator, key, length, 0) <= 0;
    if (goesRight) this.#leaf = 2 * right;
  }

  /** Copies entries from `keep` on into a new node, which nothing leads to yet. */
  #splitNode(node: number, keep: number): number {
    const { u32 } = this.memory;
    const kind = u32[node + NODE_KIND] === LEAF ? LEAF : BRANCH;
    const made = this.#newNode(kind);
    const right = 2 * made;
    const count = u32[node + NODE_COUNT]!;
    const from = this.memory.refsAt(node);
    const to = this.memory.refsAt(right);
    u32.copyWithin(to, from + keep, from + count);
    if (kind === BRANCH) {
      u32.copyWithin(right + CHILDREN_AT, node + CHILDREN_AT + keep, node + CHILDREN_AT + count);
    }
    u32[right + NODE_COUNT] = count - keep;
    this.#reword(right, this.#sharedBytes(u32[to]!, u32[to + count - keep - 1]!));
    return made;
  }

  /** Drops entries from `keep` on; version is odd. */
  #cut(node: number, keep: number): void {
    const { u32 } = this.memory;
    u32[node + NODE_COUNT] = keep;
    const refs = this.memory.refsAt(node);
    this.#reword(node, this.#sharedBytes(u32[refs]!, u32[refs + keep - 1]!));
  }

  /** Enters `child`, whose least key is the record's, behind the child taken at `level` of the path. */
  #addChild(level: number, least: number, child: number): void {
    const { u32 } = this.memory;
    const separator = this.#copyKey(least);
    if (level < 0) {
      this.#newRoot(separator, child);
      return;
    }
    let node = this.#path[level]!;
    let index = this.#taken[level]! + 1;
    if (u32[node + NODE_COUNT] === BRANCH_MAX) {
      const atEnd = index === BRANCH_MAX;
      const keep = atEnd ? BRANCH_MAX - 1 : BRANCH_MAX / 2;
      const right = this.#splitNode(node, keep);
      this.#change(node, () => {
        this.#cut(node, keep);
      });
      const first = u32[this.memory.refsAt(2 * right)]!;
      this.#addChild(level - 1, first, right);
      if (index > keep) {
        node = 2 * right;
        index -= keep;
      }
    }
    // Smaller keys may have come below child 0 than its separator says: it must stay the first.
    const first = u32[this.memory.refsAt(node)]!;
    const outgrown = index === 1 && this.#compareRecords(first, separator) >= 0;
    const least0 = outgrown
      ? this.#copyKey(this.#firstRecord(2 * u32[node + CHILDREN_AT]!))
      : undefined;
    this.#change(node, () => {
      if (least0 !== undefined) u32[this.memory.refsAt(node)] = least0;
      this.#insertEntry(node, index, separator, child);
      if (least0 !== undefined) this.#rewordAll(node);
    });
    if (least0 !== undefined) this.#giveRecord(first);
  }

  #compareRecords(a: number, b: number): number {
    const { u8, u32 } = this.memory;
    const start = (b + RECORD_HEADER_UNITS) * UNIT_BYTES;
    const length = u32[2 * b + RECORD_KEY_LENGTH]!;
    return this.memory.compareKey(a, u8.subarray(start, start + length), length, 0);
  }

  #rewordAll(node: number): void {
    const { u32 } = this.memory;
    const refs = this.memory.refsAt(node);
    this.#reword(node, this.#sharedBytes(u32[refs]!, u32[refs + u32[node + NODE_COUNT]! - 1]!));
  }

  #newRoot(separator: number, right: number): void {
    const { u32, i32 } = this.memory;
    const old = u32[ROOT]!;
    const made = this.#newNode(BRANCH);
    const node = 2 * made;
    // The first separator is never looked at but for what all share: any key below will do.
    u32[node + NODE_COUNT] = 2;
    const refs = this.memory.refsAt(node);
    u32[refs] = this.#copyKey(this.#firstRecord(2 * old));
    u32[refs + 1] = separator;
    u32[node + CHILDREN_AT] = old;
    u32[node + CHILDREN_AT + 1] = right;
    this.#reword(node, this.#sharedBytes(u32[refs]!, separator));
    Atomics.store(i32, ROOT, made);
  }

  #firstRecord(node: number): number {
    return this.memory.u32[this.memory.refsAt(node)]!;
  }

  /** A record that holds the key alone. */
  #copyKey(record: number): number {
    const { u8, u32 } = this.memory;
    const length = u32[2 * record + RECORD_KEY_LENGTH]!;
    const start = (record + RECORD_HEADER_UNITS) * UNIT_BYTES;
    const units = RECORD_HEADER_UNITS + Math.ceil(length / UNIT_BYTES);
    return this.#newRecord(u8.subarray(start, start + length), length, units);
  }

  #newNode(kind: typeof LEAF | typeof BRANCH): number {
    const { u32, i32 } = this.memory;
    const made = this.#allocator.take(NODE_UNITS);
    const node = 2 * made;
    // Versions go on where the memory was a node before; nodes are only ever made of nodes.
    Atomics.add(i32, node + NODE_VERSION, (i32[node + NODE_VERSION]! & 1) === 1 ? 1 : 2);
    u32[node + NODE_KIND] = kind;
    u32[node + NODE_COUNT] = 0;
    u32[node + NODE_COMMON] = 0;
    u32[node + NODE_NEXT] = 0;
    u32[node + NODE_PREVIOUS] = 0;
    return made;
  }

  /** Changes a node that readers may be looking at. */
  #change(node: number, work: () => void): void {
    const { i32 } = this.memory;
    Atomics.add(i32, node + NODE_VERSION, 1);
    work();
    Atomics.add(i32, node + NODE_VERSION, 1);
  }

  /** Takes dead keys, by ascending index, out of the leaf of the path, and the leaf if it is empty then. */
  #removeEntries(leaf: number, dead: readonly number[]): void {
    const { u32 } = this.memory;
    const count = u32[leaf + NODE_COUNT]!;
    const refs = leaf + LEAF_REFS_AT;
    const records = dead.map((index) => u32[refs + index]!);
    this.#change(leaf, () => {
      let to = dead[0]!;
      let next = 0;
      for (let i = to; i < count; i++) {
        if (i === dead[next]) {
          next++;
          continue;
        }
        u32[refs + to] = u32[refs + i]!;
        to++;
      }
      u32[leaf + NODE_COUNT] = to;
      if (to > 0) this.#reword(leaf, this.#sharedBytes(u32[refs]!, u32[refs + to - 1]!));
    });
    if (u32[leaf + NODE_COUNT] === 0 && this.#path.length > 0) this.#removeLeaf(leaf);
    for (const record of records) {
      this.#keys--;
      this.#keyBytes -= u32[2 * record + RECORD_KEY_LENGTH]!;
      this.#giveRecord(record);
    }
  }

  #giveRecord(record: number): void {
    const { u32, i32 } = this.memory;
    const words = 2 * record;
    const capacity = u32[words + RECORD_CAPACITY]!;
    const block = u32[words + RECORD_BLOCK]!;
    // Odd: whoever still looks at it finds out.
    Atomics.add(i32, words + RECORD_VERSION, 1);
    if (capacity > 1) this.#allocator.give(block, capacity * REVISION_UNITS);
    this.#allocator.give(record, u32[words + RECORD_UNITS]!);
  }

  #removeLeaf(leaf: number): void {
    const { u32 } = this.memory;
    const previous = 2 * u32[leaf + NODE_PREVIOUS]!;
    const next = u32[leaf + NODE_NEXT]!;
    if (previous !== 0) {
      this.#change(previous, () => {
        u32[previous + NODE_NEXT] = next;
      });
    }
    if (next !== 0) u32[2 * next + NODE_PREVIOUS] = previous / 2;
    this.#removeChild(this.#path.length - 1);
    this.#giveNode(leaf);
  }

  /** Takes the child on the path out of its branch, and the branch if it is empty then. */
  #removeChild(level: number): void {
    const { u32, i32 } = this.memory;
    const node = this.#path[level]!;
    const index = this.#taken[level]!;
    const count = u32[node + NODE_COUNT]!;
    const refs = this.memory.refsAt(node);
    const separator = u32[refs + index]!;
    if (count === 1) {
      // The root stays, with a leaf of its own.
      if (level > 0) this.#removeChild(level - 1);
      else Atomics.store(i32, ROOT, this.#newNode(LEAF));
      this.#giveNode(node);
    } else {
      this.#change(node, () => {
        const children = node + CHILDREN_AT;
        u32.copyWithin(refs + index, refs + index + 1, refs + count);
        u32.copyWithin(children + index, children + index + 1, children + count);
        u32[node + NODE_COUNT] = count - 1;
        this.#reword(node, this.#sharedBytes(u32[refs]!, u32[refs + count - 2]!));
      });
    }
    this.#giveRecord(separator);
  }

  /** The version moves, so that readers on their way find out; it stays odd until the node is used again. */
  #giveNode(node: number): void {
    Atomics.add(this.memory.i32, node + NODE_VERSION, 1);
    this.#allocator.give(node / 2, NODE_UNITS);
  }

  #firstKey(leaf: number): Uint8Array {
    const { u8, u32 } = this.memory;
    assert(u32[leaf + NODE_COUNT]! > 0, 'only the root is an empty leaf');
    const record = u32[leaf + LEAF_REFS_AT]!;
    const start = (record + RECORD_HEADER_UNITS) * UNIT_BYTES;
    return u8.slice(start, start + u32[2 * record + RECORD_KEY_LENGTH]!);
  }
}

export interface CompactionCount {
  visited: number;
  removed: number;
}

/** One compaction of the index, step by step. */
export class IndexCompaction {
  /** Keys looked at, revisions dropped. */
  readonly count: CompactionCount = { visited: 0, removed: 0 };
  readonly #index: KeyIndex;
  readonly #at: number;
  #next: Uint8Array | undefined = new Uint8Array(0);

  constructor(index: KeyIndex, at: number) {
    this.#index = index;
    this.#at = at;
  }

  /** Visits some `keysMax` keys more; true when the walk is over. */
  step(keysMax: number): boolean {
    if (this.#next === undefined) return true;
    this.#next = this.#index.compactStep(this.#next, this.#at, keysMax, this.count);
    return this.#next === undefined;
  }
}
