// IndexCompaction: one compaction of the key index, step by step: a walk over all leaves that drops the
// revisions superseded at or before one main revision, and the keys of which nothing is left. Writes go on
// between steps; the key to go on with is kept, so they may change the tree as they like. With a lock, it
// is held for the whole of a step. What goes of a key is the records' to say (key-index-records.ts).

import type { RwLock } from '../shared/rw-lock.ts';
import { type KeyIndexMemory, LEAF_REFS_AT, NODE_COUNT, NODE_NEXT } from './key-index-memory.ts';
import type { IndexRecords } from './key-index-records.ts';
import type { IndexTree } from './key-index-tree.ts';

/** The index that is compacted; `lock` keeps readers out, who otherwise look at versions. */
export interface CompactedIndex {
  readonly memory: KeyIndexMemory;
  readonly tree: IndexTree;
  readonly records: IndexRecords;
  readonly lock: RwLock | undefined;
}

export class IndexCompaction {
  readonly #index: CompactedIndex;
  readonly #at: number;
  /** Key to go on with; undefined at the end. */
  #next: Uint8Array | undefined = new Uint8Array(0);
  #visited = 0;
  #removed = 0;

  /** Drops what was superseded at or before main revision `at`. */
  constructor(index: CompactedIndex, at: number) {
    this.#index = index;
    this.#at = at;
  }

  /** Keys looked at. */
  get visited(): number {
    return this.#visited;
  }

  /** Revisions dropped. */
  get removed(): number {
    return this.#removed;
  }

  /** Visits `keysMax` keys more, and those that share a leaf with the last; true when the walk is over. */
  step(keysMax: number): boolean {
    const { lock, records } = this.#index;
    if (this.#next === undefined) return true;
    const revisions = records.revisions;
    lock?.lockExclusive();
    try {
      this.#next = this.#walk(this.#next, this.#visited + keysMax);
    } finally {
      lock?.unlockExclusive();
    }
    this.#removed += revisions - records.revisions;
    return this.#next === undefined;
  }

  /** Walks on from a key until so many were visited in all; returns the key to go on with. */
  #walk(from: Uint8Array, visitedMax: number): Uint8Array | undefined {
    const { memory, tree } = this.#index;
    let key = from;
    for (;;) {
      tree.descend(key, key.length);
      const { leaf } = tree;
      const next = memory.u32[leaf + NODE_NEXT]!;
      // Before anything is removed: the leaf may go with its keys.
      const following = next === 0 ? undefined : tree.firstKeyOf(2 * next);
      this.#compactLeaf(leaf, memory.search(leaf, key, key.length));
      if (following === undefined || this.#visited >= visitedMax) return following;
      key = following;
    }
  }

  #compactLeaf(leaf: number, from: number): void {
    const { memory, tree, records } = this.#index;
    const entries = memory.u32[leaf + NODE_COUNT]!;
    const dead: number[] = [];
    for (let i = from; i < entries; i++) {
      if (records.compact(memory.u32[leaf + LEAF_REFS_AT + i]!, this.#at)) dead.push(i);
    }
    this.#visited += Math.max(0, entries - from);
    if (dead.length > 0) tree.remove(dead);
  }
}
