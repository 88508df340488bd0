// KeyIndexReader: which revision of which key lives at a revision of the store, from any thread. With
// indexLock 'global' a lock is shared for the whole of a lookup or range, as in etcd; with 'optimistic'
// nothing is locked: nodes are read and their versions looked at again, and the writer never waits. A range
// takes leaf after leaf that way, so a change costs it one leaf, not the walk.

import { assert } from '../base/assert.ts';
import { RwLock } from '../shared/rw-lock.ts';
import { secondLook } from '../shared/second-look.ts';
import {
  BRANCH_MAX,
  CHILDREN_AT,
  KeyIndexMemory,
  LEAF,
  LEAF_MAX,
  LEAF_REFS_AT,
  NODE_COMMON,
  NODE_COUNT,
  NODE_KIND,
  NODE_NEXT,
  NODE_VERSION,
  RECORD_BLOCK,
  RECORD_COUNT,
  RECORD_HEADER_UNITS,
  RECORD_KEY_LENGTH,
  RECORD_VERSION,
  REVISION_UNITS,
  ROOT,
  UNIT_BYTES,
  wordOf,
  WORDS_AT,
} from './key-index-memory.ts';
import type { IndexLock } from './options.ts';

export interface KeyIndexShare {
  /** As given; the memory takes whole units of it. */
  readonly indexBytes: number;
  readonly memory: SharedArrayBuffer;
  readonly lock: SharedArrayBuffer;
  readonly indexLock: IndexLock;
}

/** State of a key at a revision; reused. */
export class KeyState {
  main = 0;
  sub = 0;
  createMain = 0;
  version = 0;
}

/** Revisions in a row; reused, grows. */
export class RevisionList {
  length = 0;
  main = new Float64Array(64);
  sub = new Uint32Array(64);

  clear(): void {
    this.length = 0;
  }

  push(main: number, sub: number): void {
    if (this.length === this.main.length) this.#grow();
    this.main[this.length] = main;
    this.sub[this.length++] = sub;
  }

  #grow(): void {
    const main = new Float64Array(2 * this.main.length);
    main.set(this.main);
    this.main = main;
    const sub = new Uint32Array(2 * this.sub.length);
    sub.set(this.sub);
    this.sub = sub;
  }
}

const SPINS_MAX = 1e6;
/** Levels of a tree of 2^32 keys at its worst. */
const DEPTH_MAX = 32;

export class KeyIndexReader {
  readonly indexBytes: number;
  readonly indexLock: IndexLock;
  protected readonly memory: KeyIndexMemory;
  protected readonly lock: RwLock;
  readonly #global: boolean;
  readonly #state = new KeyState();
  /** Leaf that descend() found, and its version. */
  protected leaf = 0;
  #version = 0;
  /** Last key of the last leaf of a range: where to go on. */
  #last: Uint8Array = new Uint8Array(256);
  #lastLength = 0;

  constructor(share: KeyIndexShare) {
    this.memory = new KeyIndexMemory(share.memory);
    this.lock = new RwLock(new Int32Array(share.lock), 0);
    this.indexBytes = share.indexBytes;
    this.indexLock = share.indexLock;
    this.#global = share.indexLock === 'global';
  }

  /** The newest state of the key at or before main revision `at`; false when it is absent then. */
  find(key: Uint8Array, at: number, out: KeyState): boolean {
    if (!this.#global) return this.#find(key, at, out);
    this.lock.lockShared();
    try {
      return this.#find(key, at, out);
    } finally {
      this.lock.unlockShared();
    }
  }

  /**
   * Appends the revisions at `at` of the living keys in [key, end), in key order, to `out`: `limit` of
   * them at most, 0 for all; `end` undefined: to the last key. Returns how many.
   */
  range(
    key: Uint8Array,
    end: Uint8Array | undefined,
    at: number,
    limit: number,
    out: RevisionList,
  ): number {
    return this.#locked(() => this.#walk(key, end, at, limit, out));
  }

  /** Living keys in [key, end) at `at`. */
  count(key: Uint8Array, end: Uint8Array | undefined, at: number): number {
    return this.#locked(() => this.#walk(key, end, at, 0, undefined));
  }

  /** Frees what a thread held of the lock that has ended. */
  releaseThread(thread: number): void {
    this.lock.releaseThread(thread);
  }

  /** Finds the leaf the key belongs to, and its version. */
  protected descend(key: Uint8Array, length: number): void {
    for (let tries = 0; tries < SPINS_MAX; tries++) if (this.#tryDescend(key, length)) return;
    assert(false, 'a descent ends');
  }

  #locked(work: () => number): number {
    if (!this.#global) return work();
    this.lock.lockShared();
    try {
      return work();
    } finally {
      this.lock.unlockShared();
    }
  }

  #find(key: Uint8Array, at: number, out: KeyState): boolean {
    const { memory } = this;
    for (let tries = 0; tries < SPINS_MAX; tries++) {
      this.descend(key, key.length);
      const { leaf } = this;
      const record = memory.find(leaf, key, key.length);
      let found = false;
      let clean = true;
      if (record !== 0) {
        const living = this.#stateOf(record, at, out);
        clean = living >= 0;
        found = living === 1;
      }
      if (clean && this.#unchanged(leaf, this.#version)) return found;
    }
    assert(false, 'a lookup ends');
  }

  /** 1: lives, 0: does not, -1: was changed meanwhile. */
  #stateOf(record: number, at: number, out: KeyState): number {
    const { i32, u32, f64, units } = this.memory;
    if (record + RECORD_HEADER_UNITS > units) return -1;
    const words = 2 * record;
    const version = Atomics.load(i32, words + RECORD_VERSION);
    if ((version & 1) !== 0) return -1;
    const count = Atomics.load(i32, words + RECORD_COUNT) >>> 0;
    const block = u32[words + RECORD_BLOCK]!;
    if (count > units || block + count * REVISION_UNITS > units) return -1;
    // Mostly the newest is meant.
    let i = count;
    if (i > 0 && f64[block + REVISION_UNITS * (i - 1)]! > at) {
      let low = 0;
      let high = count - 1;
      while (low < high) {
        const middle = (low + high) >>> 1;
        if (f64[block + REVISION_UNITS * middle]! <= at) low = middle + 1;
        else high = middle;
      }
      i = low;
    }
    let living = 0;
    if (i > 0) {
      const entry = block + REVISION_UNITS * (i - 1);
      out.main = f64[entry]!;
      out.createMain = f64[entry + 1]!;
      out.sub = u32[2 * entry + 4]!;
      out.version = u32[2 * entry + 5]!;
      living = out.version > 0 ? 1 : 0;
    }
    return this.#sameVersion(words + RECORD_VERSION, version) ? living : -1;
  }

  #walk(
    key: Uint8Array,
    end: Uint8Array | undefined,
    at: number,
    limit: number,
    out: RevisionList | undefined,
  ): number {
    const { memory } = this;
    let total = 0;
    // Where the leaf being read begins, for starting it again.
    let index = -1;
    this.#keep(key, key.length);
    let behind = false;
    this.descend(key, key.length);
    for (;;) {
      const { leaf } = this;
      const length = out?.length ?? 0;
      if (index < 0) {
        index = memory.search(leaf, this.#last, this.#lastLength);
        if (behind) index = this.#skipEqual(leaf, index);
      }
      const room = limit === 0 ? Number.POSITIVE_INFINITY : limit - total;
      const seen = this.#takeLeaf(leaf, index, { end, at, room, out });
      const next = memory.u32[leaf + NODE_NEXT]!;
      const over = this.#over;
      const last = this.#lastRecord;
      // What a discarded look at a leaf has noted must not outlive it: keys before it were not taken.
      this.#noted = 0;
      if (seen >= 0 && last !== 0) this.#noteLast(last, leaf);
      const nextVersion = next === 0 || next >= memory.units ? 0 : this.#versionOf(2 * next);
      if (seen < 0 || !this.#unchanged(leaf, this.#version) || (nextVersion & 1) !== 0) {
        // Changed meanwhile: again from behind the last key of the leaf before.
        if (out !== undefined) out.length = length;
        index = -1;
        this.descend(this.#last, this.#lastLength);
        continue;
      }
      total += seen;
      if (this.#noted > 0) {
        [this.#last, this.#spare] = [this.#spare, this.#last];
        this.#lastLength = this.#noted;
        this.#noted = 0;
        behind = true;
      }
      if (over || next === 0) return total;
      this.leaf = 2 * next;
      this.#version = nextVersion;
      index = 0;
    }
  }

  /** Of takeLeaf(): whether the range ended in the leaf, and the last record it looked at. */
  #over = false;
  #lastRecord = 0;
  /** Key noted by noteLast(), not yet taken over. */
  #spare: Uint8Array = new Uint8Array(256);
  #noted = 0;

  /** Takes the leaf's entries from `index` on; returns how many live, -1 if it was changed meanwhile. */
  #takeLeaf(
    leaf: number,
    index: number,
    range: {
      end: Uint8Array | undefined;
      at: number;
      room: number;
      out: RevisionList | undefined;
    },
  ): number {
    const { memory } = this;
    const { end, at, room, out } = range;
    const state = this.#state;
    const count = memory.u32[leaf + NODE_COUNT]!;
    this.#over = false;
    this.#lastRecord = 0;
    if (count > LEAF_MAX) return -1;
    // Only the leaf in which the range ends is searched for its end.
    let stop = count;
    if (end !== undefined && count > 0) {
      const bound = memory.search(leaf, end, end.length);
      if (bound < count) {
        stop = bound;
        this.#over = true;
      }
    }
    let living = 0;
    for (let i = index; i < stop; i++) {
      const record = memory.u32[leaf + LEAF_REFS_AT + i]!;
      const lives = this.#stateOf(record, at, state);
      if (lives < 0) return -1;
      this.#lastRecord = record;
      if (lives === 0) continue;
      out?.push(state.main, state.sub);
      if (++living === room) {
        this.#over = true;
        break;
      }
    }
    return living;
  }

  #skipEqual(leaf: number, index: number): number {
    const { memory } = this;
    if (index >= memory.u32[leaf + NODE_COUNT]! || index >= LEAF_MAX) return index;
    const record = memory.u32[leaf + LEAF_REFS_AT + index]!;
    const equal =
      record < memory.units && memory.compareKey(record, this.#last, this.#lastLength, 0) === 0;
    return equal ? index + 1 : index;
  }

  #keep(key: Uint8Array, length: number): void {
    if (length > this.#last.length) this.#last = new Uint8Array(2 * length);
    this.#last.set(key.subarray(0, length));
    this.#lastLength = length;
  }

  /** Copies the key of the leaf's record aside; it counts once the leaf was found unchanged. */
  #noteLast(record: number, leaf: number): void {
    const { u8, u32 } = this.memory;
    const length = u32[2 * record + RECORD_KEY_LENGTH]!;
    // Else it may be any number, of memory that was used again.
    if (!this.#unchanged(leaf, this.#version)) return;
    const start = (record + RECORD_HEADER_UNITS) * UNIT_BYTES;
    if (length > this.#spare.length) this.#spare = new Uint8Array(2 * length);
    for (let i = 0; i < length; i++) this.#spare[i] = u8[start + i]!;
    this.#noted = length;
  }

  #tryDescend(key: Uint8Array, length: number): boolean {
    const { memory } = this;
    const { i32, u32, units } = memory;
    const root = Atomics.load(i32, ROOT) >>> 0;
    let node = 2 * root;
    let version = this.#versionOf(node);
    if ((version & 1) !== 0 || Atomics.load(i32, ROOT) >>> 0 !== root) return false;
    for (let depth = 0; depth < DEPTH_MAX; depth++) {
      if (u32[node + NODE_KIND] === LEAF) {
        this.leaf = node;
        this.#version = version;
        return this.#unchanged(node, version);
      }
      const count = u32[node + NODE_COUNT]!;
      if (count > BRANCH_MAX) return false;
      const child = u32[node + CHILDREN_AT + this.#childIndex(node, key, length, count)]!;
      if (child === 0 || child >= units) return false;
      const childVersion = this.#versionOf(2 * child);
      if (!this.#unchanged(node, version) || (childVersion & 1) !== 0) return false;
      node = 2 * child;
      version = childVersion;
    }
    return false;
  }

  /** Child that covers the key: the last one whose separator is not above it; the first has none. */
  #childIndex(node: number, key: Uint8Array, length: number, count: number): number {
    return childIndex(this.memory, node, key, length, count);
  }

  #versionOf(node: number): number {
    return Atomics.load(this.memory.i32, node + NODE_VERSION);
  }

  #unchanged(node: number, version: number): boolean {
    return this.#sameVersion(node + NODE_VERSION, version);
  }

  #sameVersion(word: number, version: number): boolean {
    return secondLook(this.memory.i32, word) === version;
  }
}

/** Entry i of a branch holds the least key below child i. */
export function childIndex(
  memory: KeyIndexMemory,
  node: number,
  key: Uint8Array,
  length: number,
  count: number,
): number {
  const found = memory.search(node, key, length);
  if (found < count && found < BRANCH_MAX) {
    const record = memory.u32[memory.refsAt(node) + found]!;
    // Only where the words are the same can the keys be, and only then their memory is looked at.
    const word = wordOf(key, length, memory.u32[node + NODE_COMMON]!);
    if (memory.u32[node + WORDS_AT + found] !== word) return found > 0 ? found - 1 : 0;
    if (record < memory.units && memory.compareKey(record, key, length, 0) === 0) return found;
  }
  return found > 0 ? found - 1 : 0;
}
