// ChurnStream: the life that ages a store of revisions, as etcd's backend sees it. Objects are
// created, and each is overwritten once, at random times, in one mixed stream: half of all puts create,
// half overwrite an object that was not overwritten yet. Each put is a new revision at the right edge.
// A compaction deletes the superseded revisions in their order, in batches; puts after it fill the
// holes it left. After the last one the file is live data with holes all over.
//
// Endless and seeded; next() answers in fields and allocates nothing. The caller, who knows the file's
// size, says when to compact() and when to finish() with a last compaction; then comes 'end'.

import type { Random } from '../../engine/base/random.ts';
import type { Churn } from './recipe.ts';

export type ChurnStep = 'put' | 'delete' | 'commit' | 'end';

export class ChurnStream {
  /** Revision that the step puts or deletes. */
  revision = 0;
  /** Value size of a put. */
  valueBytes = 0;
  readonly #churn: Churn;
  readonly #random: Random;
  /** Revisions of objects that still wait for their overwrite, in no order. */
  #waiting = new Uint32Array(1024);
  #waitingCount = 0;
  /** Superseded revisions that were not deleted yet. */
  #superseded = new Uint32Array(1024);
  #supersededCount = 0;
  #deleted = 0;
  #last: number;
  #inBatch = 0;
  #compacting = false;
  #finished = false;

  /** The first put is revision `after` + 1. */
  constructor(churn: Churn, random: Random, after = 0) {
    this.#churn = churn;
    this.#random = random;
    this.#last = after;
  }

  /** Revisions put so far. */
  get puts(): number {
    return this.#last;
  }

  next(): ChurnStep {
    return this.#compacting ? this.#nextDelete() : this.#nextPut();
  }

  /** Deletes what is superseded so far, from the next step on; then puts go on. After a commit only. */
  compact(): void {
    this.#compacting = true;
    this.#superseded.subarray(this.#deleted, this.#supersededCount).sort();
    this.#inBatch = 0;
  }

  /** As compact(), but 'end' follows it. */
  finish(): void {
    this.#finished = true;
    this.compact();
  }

  #nextPut(): ChurnStep {
    if (this.#inBatch === this.#churn.putsPerCommit) {
      this.#inBatch = 0;
      return 'commit';
    }
    this.#inBatch++;
    this.revision = ++this.#last;
    this.valueBytes = this.#churn.values.draw(this.#random);
    if (this.#waitingCount > 0 && this.#random.unit() < 0.5) {
      const at = this.#random.below(this.#waitingCount);
      this.#superseded = pushed(this.#superseded, this.#supersededCount++, this.#waiting[at] ?? 0);
      this.#waiting[at] = this.#waiting[--this.#waitingCount] ?? 0;
    } else {
      this.#waiting = pushed(this.#waiting, this.#waitingCount++, this.revision);
    }
    return 'put';
  }

  #nextDelete(): ChurnStep {
    if (this.#inBatch === this.#churn.deletesPerCommit) {
      this.#inBatch = 0;
      return 'commit';
    }
    if (this.#deleted === this.#supersededCount) {
      if (this.#inBatch > 0) {
        this.#inBatch = 0;
        return 'commit';
      }
      if (this.#finished) return 'end';
      this.#compacting = false;
      return this.#nextPut();
    }
    this.#inBatch++;
    this.revision = this.#superseded[this.#deleted++] ?? 0;
    return 'delete';
  }
}

function pushed(
  list: Uint32Array<ArrayBuffer>,
  at: number,
  value: number,
): Uint32Array<ArrayBuffer> {
  let target = list;
  if (at === list.length) {
    target = new Uint32Array(list.length * 2);
    target.set(list);
  }
  target[at] = value;
  return target;
}
