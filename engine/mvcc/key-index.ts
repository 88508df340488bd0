// KeyIndex: the writer's side of the key index: what happened to which key at which revision (key-index-reader.ts
// has the readers' side). One thread. It owns the lock, and what a put or tombstone makes of a key's state;
// the tree that finds keys, their records, and the steps of a compaction have files of their own
// (key-index-tree.ts, key-index-records.ts, key-index-compaction.ts). Room is looked for before anything is
// changed: a throw leaves the index as it was.
//
// Every revision is kept with its create revision and version, so a life of a key needs no record of its
// own: a put after a tombstone, or of a new key, begins one. Semantics are etcd's treeIndex.

import { RwLock } from '../shared/rw-lock.ts';
import { IndexCompaction } from './key-index-compaction.ts';
import { HEADER_UNITS, IndexAllocator, UNIT_BYTES } from './key-index-memory.ts';
import { KeyIndexReader, KeyState, type KeyIndexShare } from './key-index-reader.ts';
import { firstRecordUnits, IndexRecords } from './key-index-records.ts';
import { IndexTree } from './key-index-tree.ts';
import type { IndexLock } from './options.ts';

export interface KeyIndexOptions {
  readonly indexLock: IndexLock;
  /** Bytes of shared memory; touched as they are used. */
  readonly indexBytes: number;
}

export function createKeyIndex(options: KeyIndexOptions): KeyIndexShare {
  const bytes = Math.floor(options.indexBytes / UNIT_BYTES) * UNIT_BYTES;
  return {
    indexBytes: options.indexBytes,
    memory: new SharedArrayBuffer(bytes),
    lock: new SharedArrayBuffer(4 * RwLock.words),
    indexLock: options.indexLock,
  };
}

export class KeyIndex extends KeyIndexReader {
  readonly #allocator: IndexAllocator;
  readonly #records: IndexRecords;
  readonly #tree: IndexTree;
  readonly #locks: boolean;
  readonly #state = new KeyState();

  /** `share` is new: all zeros. */
  constructor(share: KeyIndexShare) {
    super(share);
    this.#locks = share.indexLock === 'global';
    this.#allocator = new IndexAllocator(this.memory.units);
    this.#records = new IndexRecords(this.memory, this.#allocator);
    this.#tree = new IndexTree(this.memory, this.#allocator, this.#records);
  }

  /** Keys that have a revision, living or not. */
  get keys(): number {
    return this.#tree.keys;
  }

  get revisions(): number {
    return this.#records.revisions;
  }

  /** Bytes that can surely be taken yet: room that was given back is not in it. */
  get bytesLeft(): number {
    return this.#allocator.left * UNIT_BYTES;
  }

  /** Bytes of memory in use, and those of them that are the keys themselves. */
  get bytesUsed(): number {
    return (this.#allocator.used + HEADER_UNITS) * UNIT_BYTES;
  }

  get keyBytes(): number {
    return this.#tree.keyBytes;
  }

  /** Bytes of the longest key there ever was. */
  get keyBytesMax(): number {
    return this.#tree.keyBytesMax;
  }

  /** Records that key[0, keyLength) was put at {main, sub}; `out` is its new state. Throws NO_SPACE. */
  put(key: Uint8Array, keyLength: number, main: number, sub: number, out: KeyState): void {
    if (this.#locks) this.lock.lockExclusive();
    try {
      const record = this.#tree.recordOf(key, keyLength);
      const before = record === 0 ? false : this.#records.newest(record, this.#state);
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

  /**
   * Records that the key was deleted at {main, sub}; false, and nothing, if it does not live. Throws
   * NO_SPACE.
   */
  tombstone(key: Uint8Array, main: number, sub: number): boolean {
    if (this.#locks) this.lock.lockExclusive();
    try {
      const record = this.#tree.recordOf(key, key.length);
      const state = this.#state;
      if (record === 0 || !this.#records.newest(record, state) || state.version === 0) return false;
      state.main = main;
      state.sub = sub;
      state.version = 0;
      this.#records.append(record, state);
      return true;
    } finally {
      if (this.#locks) this.lock.unlockExclusive();
    }
  }

  /**
   * Takes up a revision from the file; they come in order. `state.version` 0 is a tombstone. For an index
   * that nobody reads yet. Throws NO_SPACE.
   */
  restore(key: Uint8Array, keyLength: number, state: KeyState): void {
    this.#record(this.#tree.recordOf(key, keyLength), key, keyLength, state);
  }

  /** Drops what was superseded at or before `at`, in steps. */
  compaction(at: number): IndexCompaction {
    const lock = this.#locks ? this.lock : undefined;
    return new IndexCompaction(
      { memory: this.memory, tree: this.#tree, records: this.#records, lock },
      at,
    );
  }

  /** `record`: the key's, to which the tree has descended, or 0 for a new key. */
  #record(record: number, key: Uint8Array, length: number, state: KeyState): void {
    if (record !== 0) {
      this.#records.append(record, state);
      return;
    }
    this.#allocator.reserve(this.#tree.unitsToInsert(length));
    const made = this.#records.make(key, length, firstRecordUnits(length));
    this.#records.append(made, state);
    this.#tree.insert(key, length, made);
  }
}
