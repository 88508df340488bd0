// Lists of leases that a lessor fills and its caller reads, over and over without allocating: what is
// due for revocation, and whose remaining time is to be written down. Filling one empties it first.

import { type LeaseId, leaseId } from '../base/ids.ts';
import { grownCapacity, grownDoubles } from './columns.ts';

class LeaseList {
  #ids = new BigInt64Array(0);
  #figures = new Float64Array(0);
  #length = 0;

  get length(): number {
    return this.#length;
  }

  /** The id of entry `index`, which is below length. */
  idAt(index: number): LeaseId {
    return leaseId(this.#ids[index]!);
  }

  clear(): void {
    this.#length = 0;
  }

  push(id: LeaseId, figure: number): void {
    if (this.#length === this.#ids.length) {
      const capacity = grownCapacity(this.#length, this.#length + 1);
      const ids = new BigInt64Array(capacity);
      ids.set(this.#ids);
      this.#ids = ids;
      this.#figures = grownDoubles(this.#figures, capacity);
    }
    this.#ids[this.#length] = id;
    this.#figures[this.#length] = figure;
    this.#length++;
  }

  protected figureAt(index: number): number {
    return this.#figures[index]!;
  }
}

/** Leases that are over and wait for being revoked, each with the moment it was over. */
export class LeaseDue extends LeaseList {
  /** When the lease ran out, in milliseconds: handed out so much later, it lagged. */
  expiryMsAt(index: number): number {
    return this.figureAt(index);
  }
}

/** Leases with the remaining time to be persisted. */
export class LeaseCheckpoints extends LeaseList {
  remainingSecondsAt(index: number): number {
    return this.figureAt(index);
  }
}
