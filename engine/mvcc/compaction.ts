// Compaction: drops revisions superseded at or before one revision, in steps so that writes go on in
// between: first from the key index, then from the file, a batch of revisions in order at a time, as etcd
// does (kvstore_compaction.go). What is kept in the file is what the index still finds at the revision:
// no set of them has to be built first. Only what is committed is looked at, so everything is committed
// in between.

import { nowNs } from '../base/clock.ts';
import type { Backend } from './backend.ts';
import { KEY_BUCKET } from './buckets.ts';
import type { KeyIndex } from './key-index.ts';
import type { IndexCompaction } from './key-index-compaction.ts';
import { KeyState } from './key-index-reader.ts';
import { KeyValueView } from './key-value.ts';
import { encodeRevision, RevisionKey, REVISION_BYTES } from './revision.ts';

/** Keys of the index that one step visits: some milliseconds. */
const INDEX_STEP_KEYS = 10_000;

export interface CompactionPlan {
  readonly revision: number;
  /** Revisions of the file that a step looks at. */
  readonly batch: number;
  readonly pauseNs: number;
  /** False: the index is walked in one step, under its lock. */
  readonly stepwise: boolean;
}

export class Compaction {
  readonly revision: number;
  /** Revisions looked at in the file, and deleted from it. */
  visited = 0;
  deleted = 0;
  /** Longest step of the index and of the file, in nanoseconds. */
  indexStepNsMax = 0;
  fileStepNsMax = 0;
  readonly #backend: Backend;
  readonly #plan: CompactionPlan;
  readonly #index: KeyIndex;
  readonly #indexWalk: IndexCompaction;
  readonly #view = new KeyValueView();
  readonly #state = new KeyState();
  readonly #revisionKey = new RevisionKey();
  #indexDone = false;
  /** The file holds every revision that is to be looked at. */
  #committed = false;
  /** Where the walk of the file goes on. */
  #next: Uint8Array = new Uint8Array(REVISION_BYTES);
  #lastStepNs = 0;

  constructor(backend: Backend, index: KeyIndex, plan: CompactionPlan) {
    this.revision = plan.revision;
    this.#backend = backend;
    this.#plan = plan;
    this.#index = index;
    this.#indexWalk = index.compaction(plan.revision);
    encodeRevision(this.#next, 0, 0);
  }

  /** Does a step unless the pause is not over; true when all is done. `now`: infinite for no pause. */
  step(now: number): boolean {
    if (now - this.#lastStepNs < this.#plan.pauseNs) return false;
    const started = nowNs();
    const inIndex = !this.#committed;
    // What goes from the file waits in memory until it is committed: nothing more without room.
    if (this.#backend.noRoom) return false;
    const done = inIndex ? this.#stepIndex() : this.#stepFile();
    const took = nowNs() - started;
    if (inIndex) this.indexStepNsMax = Math.max(this.indexStepNsMax, took);
    else {
      this.fileStepNsMax = Math.max(this.fileStepNsMax, took);
      this.#lastStepNs = nowNs();
    }
    return done;
  }

  #stepIndex(): boolean {
    const keys = this.#plan.stepwise ? INDEX_STEP_KEYS : Number.POSITIVE_INFINITY;
    this.#indexDone ||= this.#indexWalk.step(keys);
    if (this.#indexDone) this.#committed = this.#backend.tryCommit();
    return false;
  }

  #stepFile(): boolean {
    const revision = this.#revisionKey;
    const removed: Uint8Array[] = [];
    let looked = 0;
    let done = true;
    this.#backend.db.read((tx) => {
      const cursor = tx.bucket(KEY_BUCKET)!.cursor();
      for (let there = cursor.seek(this.#next); there; there = cursor.next()) {
        const { u8 } = cursor.buffer;
        revision.read(u8, cursor.keyStart, cursor.keyLength);
        if (revision.main > this.revision) break;
        if (looked++ === this.#plan.batch) {
          this.#next = cursor.key();
          done = false;
          break;
        }
        const message = this.#view.read(u8, cursor.valueStart, cursor.valueLength);
        if (!this.#isKept(message)) removed.push(cursor.key());
      }
    });
    for (const key of removed) this.#backend.remove(key);
    this.visited += looked;
    this.deleted += removed.length;
    return done;
  }

  /** Whether the revision that #revisionKey holds is what its key has at the compacted revision. */
  #isKept({ source, keyStart, keyLength }: KeyValueView): boolean {
    const { main, sub, tombstone } = this.#revisionKey;
    if (tombstone) return false;
    const key = source.slice(keyStart, keyStart + keyLength);
    if (!this.#index.find(key, this.revision, this.#state)) return false;
    return this.#state.main === main && this.#state.sub === sub;
  }
}
