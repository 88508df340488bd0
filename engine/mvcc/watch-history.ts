// WatchHistory: every change from a revision on, in order, as the writer has it: committed revisions from the
// Db, then those that are only in the write buffer. For the writer's thread, outside of transactions.

import type { Backend } from './backend.ts';
import { KEY_BUCKET } from './buckets.ts';
import { encodeRevision, RevisionKey, TOMBSTONE_BYTES } from './revision.ts';
import { BufferMemory } from './write-buffer.ts';

/** One change; its message lies in `source` and is valid during the call only. */
export class StoredChange {
  main = 0;
  sub = 0;
  tombstone = false;
  source: Uint8Array = new Uint8Array(0);
  start = 0;
  length = 0;
}

export class WatchHistory {
  readonly #backend: Backend;
  readonly #buffer: BufferMemory;
  readonly #key = new Uint8Array(TOMBSTONE_BYTES);
  readonly #revision = new RevisionKey();
  readonly #change = new StoredChange();

  constructor(backend: Backend) {
    this.#backend = backend;
    this.#buffer = new BufferMemory(backend.share().buffer);
  }

  /**
   * Visits the changes of main revision `from` and newer until the visitor returns false; returns whether
   * it saw them all. Throws READERS_FULL, CORRUPT, IO.
   */
  visit(from: number, visitor: (change: StoredChange) => boolean): boolean {
    const change = this.#change;
    const revision = this.#revision;
    return this.#backend.db.read((tx) => {
      const length = encodeRevision(this.#key, from, 0);
      const cursor = tx.bucket(KEY_BUCKET)!.cursor();
      const first = this.#key.subarray(0, length);
      for (let there = cursor.seek(first); there; there = cursor.next()) {
        const { u8 } = cursor.buffer;
        revision.read(u8, cursor.keyStart, cursor.keyLength);
        change.main = revision.main;
        change.sub = revision.sub;
        change.tombstone = revision.tombstone;
        change.source = u8;
        change.start = cursor.valueStart;
        change.length = cursor.valueLength;
        if (!visitor(change)) return false;
      }
      return this.#visitBuffer(tx.note, from, visitor);
    });
  }

  /** Nothing is committed meanwhile, so what the state lacks is in the buffer. */
  #visitBuffer(base: number, from: number, visitor: (change: StoredChange) => boolean): boolean {
    const change = this.#change;
    const buffer = this.#buffer;
    const end = this.#backend.bufferEnd;
    for (let entry = this.#place(base, end, from); entry < end; entry++) {
      const at = entry % buffer.entriesMax;
      change.main = buffer.mains[at]!;
      change.sub = buffer.subs[at]!;
      change.tombstone = buffer.isTombstone(at);
      change.source = buffer.u8;
      change.start = buffer.offsets[at]!;
      change.length = buffer.messageLength(at);
      if (!visitor(change)) return false;
    }
    return true;
  }

  /** The first of entries [low, high) that is of main revision `from` or newer. */
  #place(low: number, high: number, from: number): number {
    const { mains, entriesMax } = this.#buffer;
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      if (mains[middle % entriesMax]! < from) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
