// FreelistJob: the job of the freelist claim: a fixed number of puts of one size, in commits of a
// fixed number of puts, each a new revision at the right edge of bucket `key`, as etcd's backend
// writes them. The published job was a completion time; its configuration was not recovered.

import type { Random } from '../../engine/base/random.ts';
import { REVISION_KEY_BYTES, writeRevision } from '../distributions/revision-key.ts';

export interface FreelistJobOptions {
  readonly valueBytes: number;
  readonly putsPerCommit: number;
  readonly commits: number;
  /** The first put is this revision + 1. */
  readonly lastRevision: number;
}

/** Values are cut from this much random data, at a new place each time. */
const POOL_BYTES = 1 << 20;

export class FreelistJob {
  readonly key: Uint8Array = new Uint8Array(REVISION_KEY_BYTES);
  /** The value of the current put: a view into the pool, valid until the next advance(). */
  value: Uint8Array;
  readonly #options: FreelistJobOptions;
  readonly #pool: Uint8Array;
  readonly #random: Random;
  #revision: number;

  constructor(options: FreelistJobOptions, random: Random) {
    this.#options = options;
    this.#random = random;
    this.#pool = new Uint8Array(POOL_BYTES + options.valueBytes);
    random.fill(this.#pool);
    this.value = this.#pool.subarray(0, options.valueBytes);
    this.#revision = options.lastRevision;
  }

  /** Moves to the next put: sets `key` and `value`. */
  advance(): void {
    writeRevision(this.key, ++this.#revision);
    const from = this.#random.below(POOL_BYTES);
    this.value = this.#pool.subarray(from, from + this.#options.valueBytes);
  }
}
