// IndexTree: the B+tree that finds a key's record, as its writer changes it: descents, splits, and the removal
// of keys and of nodes that are empty then. The layout is in key-index-memory.ts, how readers get through
// meanwhile in key-index-reader.ts; what a record holds is the records' business (key-index-records.ts).
//
// A node's version is odd while it is changed, and once it was given back until its memory is used again. A
// new node is filled before anything leads to it. unitsToInsert() says what an insertion takes at most: for
// who reserved that nothing here throws. Locks are the index's.

import { assert } from '../base/assert.ts';
import {
  BRANCH,
  BRANCH_MAX,
  CHILDREN_AT,
  type IndexAllocator,
  type KeyIndexMemory,
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
  RECORD_HEADER_UNITS,
  RECORD_KEY_LENGTH,
  ROOT,
  UNIT_BYTES,
  WORDS_AT,
} from './key-index-memory.ts';
import { childIndex } from './key-index-reader.ts';
import { firstRecordUnits, type IndexRecords, keyRecordUnits } from './key-index-records.ts';

const NODE_UNITS = NODE_WORDS / 2;

export class IndexTree {
  readonly #memory: KeyIndexMemory;
  readonly #allocator: IndexAllocator;
  readonly #records: IndexRecords;
  /** Path of the last descent: nodes from the root to the leaf, and the child taken in each. */
  readonly #path: number[] = [];
  readonly #taken: number[] = [];
  #leaf = 0;
  #keys = 0;
  #keyBytes = 0;
  /** Longest key there ever was: no separator is longer. */
  #keyBytesMax = 0;

  /** Makes the root. `memory` is new: all zeros. */
  constructor(memory: KeyIndexMemory, allocator: IndexAllocator, records: IndexRecords) {
    this.#memory = memory;
    this.#allocator = allocator;
    this.#records = records;
    Atomics.store(memory.i32, ROOT, this.#newNode(LEAF));
  }

  get keys(): number {
    return this.#keys;
  }

  /** Bytes of all keys. */
  get keyBytes(): number {
    return this.#keyBytes;
  }

  /** Of the longest key there ever was. */
  get keyBytesMax(): number {
    return this.#keyBytesMax;
  }

  /** Leaf of the last descent, as a word of the memory. */
  get leaf(): number {
    return this.#leaf;
  }

  /** Goes to the leaf that key[0, length) belongs to; what is done next starts from there. */
  descend(key: Uint8Array, length: number): void {
    const memory = this.#memory;
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

  /** Descends; the key's record, 0 if it has none. */
  recordOf(key: Uint8Array, length: number): number {
    this.descend(key, length);
    return this.#memory.find(this.#leaf, key, length);
  }

  /**
   * Units that a new key of this length may take where the last descent led, its record included: on every
   * level a node more, a separator and a copy of the first key, and a root.
   */
  unitsToInsert(length: number): number {
    const levels = this.#path.length + 2;
    const separator = keyRecordUnits(Math.max(length, this.#keyBytesMax));
    return firstRecordUnits(length) + levels * (NODE_UNITS + 2 * separator);
  }

  /** Enters the record of a new key where the last descent led. Room was reserved. */
  insert(key: Uint8Array, length: number, record: number): void {
    const { u32 } = this.#memory;
    if (u32[this.#leaf + NODE_COUNT] === LEAF_MAX) this.#splitLeaf(key, length);
    const leaf = this.#leaf;
    const index = this.#memory.search(leaf, key, length);
    this.#beginChange(leaf);
    this.#insertEntry(leaf, index, record, 0);
    this.#endChange(leaf);
    this.#keys++;
    this.#keyBytes += length;
    if (length > this.#keyBytesMax) this.#keyBytesMax = length;
  }

  /**
   * Takes dead keys, by ascending index, out of the leaf of the last descent, and the leaf if it is empty
   * then; gives their records back.
   */
  remove(dead: readonly number[]): void {
    const { u32 } = this.#memory;
    const leaf = this.#leaf;
    const count = u32[leaf + NODE_COUNT]!;
    const refs = leaf + LEAF_REFS_AT;
    const records = dead.map((index) => u32[refs + index]!);
    this.#beginChange(leaf);
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
    if (to > 0) this.#rewordAll(leaf);
    this.#endChange(leaf);
    if (to === 0 && this.#path.length > 0) this.#removeLeaf(leaf);
    for (const record of records) {
      this.#keys--;
      this.#keyBytes -= u32[2 * record + RECORD_KEY_LENGTH]!;
      this.#records.give(record);
    }
  }

  /** A copy of the first key of a leaf that has one. */
  firstKeyOf(leaf: number): Uint8Array {
    const { u8, u32 } = this.#memory;
    assert(u32[leaf + NODE_COUNT]! > 0, 'only the root is an empty leaf');
    const record = u32[leaf + LEAF_REFS_AT]!;
    const start = (record + RECORD_HEADER_UNITS) * UNIT_BYTES;
    return u8.slice(start, start + u32[2 * record + RECORD_KEY_LENGTH]!);
  }

  /** Makes room for an entry; version is odd. */
  #insertEntry(node: number, index: number, record: number, child: number): void {
    const { u32 } = this.#memory;
    const count = u32[node + NODE_COUNT]!;
    const words = node + WORDS_AT;
    const refs = this.#memory.refsAt(node);
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
    const { u32 } = this.#memory;
    const common = u32[node + NODE_COMMON]!;
    const refs = this.#memory.refsAt(node);
    const count = u32[node + NODE_COUNT]!;
    const shared = this.#sharedBytes(u32[refs]!, u32[refs + count - 1]!);
    if (count > 2 && shared === common) {
      u32[node + WORDS_AT + index] = this.#wordOfRecord(u32[refs + index]!, common);
    } else this.#reword(node, shared);
  }

  /** Sets the bytes that all keys share, and every entry's word behind them. */
  #reword(node: number, shared: number): void {
    const { u32 } = this.#memory;
    const refs = this.#memory.refsAt(node);
    const count = u32[node + NODE_COUNT]!;
    u32[node + NODE_COMMON] = shared;
    for (let i = 0; i < count; i++) {
      u32[node + WORDS_AT + i] = this.#wordOfRecord(u32[refs + i]!, shared);
    }
  }

  #sharedBytes(first: number, last: number): number {
    const { u8, u32 } = this.#memory;
    const a = (first + RECORD_HEADER_UNITS) * UNIT_BYTES;
    const b = (last + RECORD_HEADER_UNITS) * UNIT_BYTES;
    const bytes = Math.min(u32[2 * first + RECORD_KEY_LENGTH]!, u32[2 * last + RECORD_KEY_LENGTH]!);
    let shared = 0;
    while (shared < bytes && u8[a + shared] === u8[b + shared]) shared++;
    return shared;
  }

  #wordOfRecord(record: number, at: number): number {
    const { u8, u32 } = this.#memory;
    const left = u32[2 * record + RECORD_KEY_LENGTH]! - at;
    const start = (record + RECORD_HEADER_UNITS) * UNIT_BYTES + at;
    const a = left > 0 ? u8[start]! : 0;
    const b = left > 1 ? u8[start + 1]! : 0;
    const c = left > 2 ? u8[start + 2]! : 0;
    const d = left > 3 ? u8[start + 3]! : 0;
    return ((a << 24) | (b << 16) | (c << 8) | d) >>> 0;
  }

  /**
   * Splits the full leaf of the path; afterwards #leaf is the one the key belongs to. A node that is cut stays
   * odd until what was cut off has its place above: who came down by the old way would not find it.
   */
  #splitLeaf(key: Uint8Array, length: number): void {
    const { u32 } = this.#memory;
    const left = this.#leaf;
    const index = this.#memory.search(left, key, length);
    // Ascending keys fill their leaves.
    const atEnd = index === LEAF_MAX && u32[left + NODE_NEXT] === 0;
    const keep = atEnd ? LEAF_MAX - 1 : LEAF_MAX / 2;
    const right = this.#splitNode(left, keep);
    const next = u32[left + NODE_NEXT]!;
    u32[2 * right + NODE_NEXT] = next;
    u32[2 * right + NODE_PREVIOUS] = left / 2;
    if (next !== 0) u32[2 * next + NODE_PREVIOUS] = right;
    this.#beginChange(left);
    u32[left + NODE_NEXT] = right;
    this.#cut(left, keep);
    const separator = u32[2 * right + LEAF_REFS_AT]!;
    this.#addChild(this.#path.length - 1, separator, right);
    this.#endChange(left);
    const goesRight = this.#memory.compareKey(separator, key, length, 0) <= 0;
    if (goesRight) this.#leaf = 2 * right;
  }

  /** Copies entries from `keep` on into a new node, which nothing leads to yet. */
  #splitNode(node: number, keep: number): number {
    const { u32 } = this.#memory;
    const kind = u32[node + NODE_KIND] === LEAF ? LEAF : BRANCH;
    const made = this.#newNode(kind);
    const right = 2 * made;
    const count = u32[node + NODE_COUNT]!;
    const from = this.#memory.refsAt(node);
    const to = this.#memory.refsAt(right);
    u32.copyWithin(to, from + keep, from + count);
    if (kind === BRANCH) {
      u32.copyWithin(right + CHILDREN_AT, node + CHILDREN_AT + keep, node + CHILDREN_AT + count);
    }
    u32[right + NODE_COUNT] = count - keep;
    this.#rewordAll(right);
    return made;
  }

  /** Drops entries from `keep` on; version is odd. */
  #cut(node: number, keep: number): void {
    const { u32 } = this.#memory;
    u32[node + NODE_COUNT] = keep;
    this.#rewordAll(node);
  }

  /** Enters `child`, whose least key is the record's, behind the child taken at `level` of the path. */
  #addChild(level: number, least: number, child: number): void {
    const { u32 } = this.#memory;
    const separator = this.#records.copyKey(least);
    if (level < 0) {
      this.#newRoot(separator, child);
      return;
    }
    const node = this.#path[level]!;
    const index = this.#taken[level]! + 1;
    this.#beginChange(node);
    if (u32[node + NODE_COUNT]! < BRANCH_MAX) this.#insertChild(node, index, separator, child);
    else {
      const atEnd = index === BRANCH_MAX;
      const keep = atEnd ? BRANCH_MAX - 1 : BRANCH_MAX / 2;
      const right = this.#splitNode(node, keep);
      this.#cut(node, keep);
      // Before anything leads to the new node.
      if (index > keep) this.#insertChild(2 * right, index - keep, separator, child);
      else this.#insertChild(node, index, separator, child);
      this.#addChild(level - 1, u32[this.#memory.refsAt(2 * right)]!, right);
    }
    this.#endChange(node);
  }

  /** Enters a child behind the first; version is odd, or nothing leads to the node yet. */
  #insertChild(node: number, index: number, separator: number, child: number): void {
    const { u32 } = this.#memory;
    const refs = this.#memory.refsAt(node);
    const first = u32[refs]!;
    // Smaller keys may have come below child 0 than its separator says: it must stay the first.
    const outgrown = index === 1 && this.#compareRecords(first, separator) >= 0;
    if (outgrown) {
      u32[refs] = this.#records.copyKey(this.#firstRecord(2 * u32[node + CHILDREN_AT]!));
    }
    this.#insertEntry(node, index, separator, child);
    if (outgrown) {
      this.#rewordAll(node);
      this.#records.give(first);
    }
  }

  #compareRecords(a: number, b: number): number {
    const { u8, u32 } = this.#memory;
    const start = (b + RECORD_HEADER_UNITS) * UNIT_BYTES;
    const length = u32[2 * b + RECORD_KEY_LENGTH]!;
    return this.#memory.compareKey(a, u8.subarray(start, start + length), length, 0);
  }

  #rewordAll(node: number): void {
    const { u32 } = this.#memory;
    const refs = this.#memory.refsAt(node);
    this.#reword(node, this.#sharedBytes(u32[refs]!, u32[refs + u32[node + NODE_COUNT]! - 1]!));
  }

  #newRoot(separator: number, right: number): void {
    const { u32, i32 } = this.#memory;
    const old = u32[ROOT]!;
    const made = this.#newNode(BRANCH);
    const node = 2 * made;
    // The first separator is never looked at but for what all share: any key below will do.
    u32[node + NODE_COUNT] = 2;
    const refs = this.#memory.refsAt(node);
    u32[refs] = this.#records.copyKey(this.#firstRecord(2 * old));
    u32[refs + 1] = separator;
    u32[node + CHILDREN_AT] = old;
    u32[node + CHILDREN_AT + 1] = right;
    this.#reword(node, this.#sharedBytes(u32[refs], separator));
    Atomics.store(i32, ROOT, made);
  }

  #firstRecord(node: number): number {
    return this.#memory.u32[this.#memory.refsAt(node)]!;
  }

  #newNode(kind: typeof LEAF | typeof BRANCH): number {
    const { u32, i32 } = this.#memory;
    const made = this.#allocator.take(NODE_UNITS);
    const node = 2 * made;
    // Versions go on where the memory was a node before, or a record, which has its own in the same word.
    // It was no block of revisions: none has as many units.
    Atomics.add(i32, node + NODE_VERSION, (i32[node + NODE_VERSION]! & 1) === 1 ? 1 : 2);
    u32[node + NODE_KIND] = kind;
    u32[node + NODE_COUNT] = 0;
    u32[node + NODE_COMMON] = 0;
    u32[node + NODE_NEXT] = 0;
    u32[node + NODE_PREVIOUS] = 0;
    return made;
  }

  #removeLeaf(leaf: number): void {
    const { u32 } = this.#memory;
    const previous = 2 * u32[leaf + NODE_PREVIOUS]!;
    const next = u32[leaf + NODE_NEXT]!;
    if (previous !== 0) {
      this.#beginChange(previous);
      u32[previous + NODE_NEXT] = next;
      this.#endChange(previous);
    }
    if (next !== 0) u32[2 * next + NODE_PREVIOUS] = previous / 2;
    this.#removeChild(this.#path.length - 1);
    this.#giveNode(leaf);
  }

  /** Takes the child on the path out of its branch, and the branch if it is empty then. */
  #removeChild(level: number): void {
    const { u32, i32 } = this.#memory;
    const node = this.#path[level]!;
    const index = this.#taken[level]!;
    const count = u32[node + NODE_COUNT]!;
    const refs = this.#memory.refsAt(node);
    const separator = u32[refs + index]!;
    if (count === 1) {
      // The root stays, with a leaf of its own.
      if (level > 0) this.#removeChild(level - 1);
      else Atomics.store(i32, ROOT, this.#newNode(LEAF));
      this.#giveNode(node);
    } else {
      this.#beginChange(node);
      const children = node + CHILDREN_AT;
      u32.copyWithin(refs + index, refs + index + 1, refs + count);
      u32.copyWithin(children + index, children + index + 1, children + count);
      u32[node + NODE_COUNT] = count - 1;
      this.#rewordAll(node);
      this.#endChange(node);
    }
    this.#records.give(separator);
  }

  /** The version moves, so that readers on their way find out; it stays odd until the node is used again. */
  #giveNode(node: number): void {
    Atomics.add(this.#memory.i32, node + NODE_VERSION, 1);
    this.#allocator.give(node / 2, NODE_UNITS);
  }

  /** Readers may be looking at the node: what they see from here on does not count. */
  #beginChange(node: number): void {
    Atomics.add(this.#memory.i32, node + NODE_VERSION, 1);
  }

  #endChange(node: number): void {
    Atomics.add(this.#memory.i32, node + NODE_VERSION, 1);
  }
}
