// LeaseTable: leases by id, in slots of typed columns: id, granted time, and the remaining time that was
// persisted. A slot is given to one lease at a time and used again. No objects; the only bigints are
// those that come in and go out.
//
// Bytes a lease: 8 for the id, 8 for the time granted, 6.4 to 12.8 for the hash table; 8 more once
// remaining times are persisted. Columns grow by a quarter, at the cost of a copy.

import { type LeaseId, leaseId } from '../base/ids.ts';
import { grownCapacity, grownDoubles, grownWords, NONE } from './columns.ts';
import { mixHash, SlotTable } from './slot-table.ts';

export class LeaseTable {
  /** What finds a lease by its id; the scan walks it. */
  readonly slots: SlotTable = new SlotTable((slot) =>
    hashOf(this.#ids[2 * slot]!, this.#ids[2 * slot + 1]!),
  );
  #capacity = 0;
  /** Low and high words of ids; of a free slot, the low word leads to the next free one. */
  #ids = new Uint32Array(0);
  #ttls = new Float64Array(0);
  /** Empty until the first remaining time is persisted. */
  #remaining = new Float64Array(0);
  #used = 0;
  #free = NONE;
  /** An id on its way between bigint and words; without it each lookup would make bigints. */
  readonly #id = new BigInt64Array(1);
  readonly #words = new Uint32Array(this.#id.buffer);

  get count(): number {
    return this.slots.size;
  }

  get capacity(): number {
    return this.#capacity;
  }

  get memoryBytes(): number {
    const columns = this.#ids.byteLength + this.#ttls.byteLength + this.#remaining.byteLength;
    return columns + this.slots.memoryBytes;
  }

  /** The slot of a lease, or -1. */
  find(id: LeaseId): number {
    this.#id[0] = id;
    const low = this.#words[0]!;
    const high = this.#words[1]!;
    const { slots } = this;
    let position = slots.home(hashOf(low, high));
    for (;;) {
      const slot = slots.slotAt(position);
      if (slot < 0) return -1;
      if (this.#ids[2 * slot] === low && this.#ids[2 * slot + 1] === high) return slot;
      position = slots.after(position);
    }
  }

  /** Adds a lease whose id is not there; returns its slot, for which columns elsewhere need room. */
  add(id: LeaseId, ttlSeconds: number): number {
    const slot = this.#takeSlot();
    this.#id[0] = id;
    this.#ids[2 * slot] = this.#words[0]!;
    this.#ids[2 * slot + 1] = this.#words[1]!;
    this.#ttls[slot] = ttlSeconds;
    this.setRemaining(slot, 0);
    this.slots.insert(slot);
    return slot;
  }

  remove(slot: number): void {
    this.slots.remove(slot);
    this.#ids[2 * slot] = this.#free;
    this.#free = slot;
  }

  idOf(slot: number): LeaseId {
    this.#words[0] = this.#ids[2 * slot]!;
    this.#words[1] = this.#ids[2 * slot + 1]!;
    return leaseId(this.#id[0]!);
  }

  ttlOf(slot: number): number {
    return this.#ttls[slot]!;
  }

  /** Seconds left when they were last persisted; 0: not since the lease was granted or kept alive. */
  remainingOf(slot: number): number {
    return this.#remaining.length === 0 ? 0 : this.#remaining[slot]!;
  }

  setRemaining(slot: number, seconds: number): void {
    if (this.#remaining.length === 0) {
      if (seconds === 0) return;
      this.#remaining = new Float64Array(this.#capacity);
    }
    this.#remaining[slot] = seconds;
  }

  /** Seconds a lease lasts from a restart on. */
  lastsOf(slot: number): number {
    const remaining = this.remainingOf(slot);
    return remaining > 0 ? remaining : this.#ttls[slot]!;
  }

  /** Slots of all leases, in no order. */
  all(): Uint32Array<ArrayBuffer> {
    const all = new Uint32Array(this.count);
    let length = 0;
    for (let position = 0; position < this.slots.length; position++) {
      const slot = this.slots.slotAt(position);
      if (slot >= 0) all[length++] = slot;
    }
    return all;
  }

  #takeSlot(): number {
    const free = this.#free;
    if (free !== NONE) {
      this.#free = this.#ids[2 * free]!;
      return free;
    }
    if (this.#used === this.#capacity) this.#grow();
    return this.#used++;
  }

  #grow(): void {
    this.#capacity = grownCapacity(this.#capacity, this.#used + 1);
    this.#ids = grownWords(this.#ids, 2 * this.#capacity);
    this.#ttls = grownDoubles(this.#ttls, this.#capacity);
    if (this.#remaining.length > 0) this.#remaining = grownDoubles(this.#remaining, this.#capacity);
  }
}

/** Ids of etcd differ in their low bits, those of clients anywhere. */
function hashOf(low: number, high: number): number {
  return mixHash(mixHash(0, high), low);
}
