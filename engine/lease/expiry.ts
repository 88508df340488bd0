// Expiry: which leases are over, behind one port with two kinds. A slot's moment is when it is to be
// looked at: its expiry, or a later try once it was handed out. Both kinds hand out what is due, at
// most `limit` a call, and give each a new moment at once; they differ in what it costs to find.
//
// `scan` is etcd's way before 3.4: each tick ranges over the map of all leases until it has enough.
// Kept honest: one plain loop over the hash table of ids, a typed array, and one read of a column for
// each lease found in it; no lock, no clock, no object. It goes on where the last tick stopped, as Go's
// range begins anywhere, so that a backlog is not searched from the same end each time. 1M leases with
// none due take 20 ms (2 busy virtual cores); the loop of etcd 3.3, in Go over a map of pointers with a
// lock and a clock's reading for each, took 200 ms beside it. So a ratio to `scan` understates etcd's.
// `heap` is the way since 3.4: an indexed heap; when nothing is due one comparison says so.

import { grownDoubles } from './columns.ts';
import { MomentHeap } from './moment-heap.ts';
import type { SlotTable } from './slot-table.ts';

export const LEASE_EXPIRIES = ['scan', 'heap'] as const;
export type LeaseExpiry = (typeof LEASE_EXPIRIES)[number];

/** Counts since it was made; they repeat exactly for equal histories. */
export interface ExpiryCounters {
  /** Leases looked at by ticks. */
  visited: number;
  /** Leases put into the heap, and taken out of it. */
  pushes: number;
  pops: number;
}

export interface ExpiryIndex {
  readonly kind: LeaseExpiry;
  readonly counters: Readonly<ExpiryCounters>;
  readonly memoryBytes: number;
  /** Makes room for slots below `capacity`. */
  reserve(capacity: number): void;
  /** Gives a slot its moment. */
  set(slot: number, momentMs: number): void;
  /** Forgets a slot. */
  remove(slot: number): void;
  /** The moment of a slot that has one. */
  momentOf(slot: number): number;
  /**
   * Calls `hand(slot, momentMs)` for at most `limit` slots whose moment has come, after giving each
   * the moment `nextMs`, which lies ahead. `hand` must not change the index.
   */
  takeDue(
    nowMs: number,
    limit: number,
    nextMs: number,
    hand: (slot: number, momentMs: number) => void,
  ): void;
}

export function createExpiry(kind: LeaseExpiry, leases: SlotTable): ExpiryIndex {
  return kind === 'scan' ? new ScanExpiry(leases) : new HeapExpiry();
}

class ScanExpiry implements ExpiryIndex {
  readonly kind = 'scan';
  readonly counters: ExpiryCounters = { visited: 0, pushes: 0, pops: 0 };
  readonly #leases: SlotTable;
  #moments = new Float64Array(0);
  #next = 0;

  constructor(leases: SlotTable) {
    this.#leases = leases;
  }

  get memoryBytes(): number {
    return this.#moments.byteLength;
  }

  reserve(capacity: number): void {
    this.#moments = grownDoubles(this.#moments, capacity);
  }

  set(slot: number, momentMs: number): void {
    this.#moments[slot] = momentMs;
  }

  remove(slot: number): void {
    this.#moments[slot] = Infinity;
  }

  momentOf(slot: number): number {
    return this.#moments[slot]!;
  }

  takeDue(
    nowMs: number,
    limit: number,
    nextMs: number,
    hand: (slot: number, momentMs: number) => void,
  ): void {
    const leases = this.#leases;
    const moments = this.#moments;
    const { length } = leases;
    let position = this.#next < length ? this.#next : 0;
    let handed = 0;
    let visited = 0;
    for (let left = length; left > 0 && handed < limit; left--) {
      const slot = leases.slotAt(position);
      position = leases.after(position);
      if (slot < 0) continue;
      visited++;
      const moment = moments[slot]!;
      if (moment > nowMs) continue;
      moments[slot] = nextMs;
      handed++;
      hand(slot, moment);
    }
    this.#next = position;
    this.counters.visited += visited;
  }
}

class HeapExpiry implements ExpiryIndex {
  readonly kind = 'heap';
  readonly #heap = new MomentHeap();
  #visited = 0;

  get counters(): ExpiryCounters {
    return { visited: this.#visited, ...this.#heap.counters };
  }

  get memoryBytes(): number {
    return this.#heap.memoryBytes;
  }

  reserve(capacity: number): void {
    this.#heap.reserve(capacity);
  }

  set(slot: number, momentMs: number): void {
    this.#heap.set(slot, momentMs);
  }

  remove(slot: number): void {
    this.#heap.remove(slot);
  }

  momentOf(slot: number): number {
    return this.#heap.momentOf(slot);
  }

  takeDue(
    nowMs: number,
    limit: number,
    nextMs: number,
    hand: (slot: number, momentMs: number) => void,
  ): void {
    const heap = this.#heap;
    for (let handed = 0; handed < limit; handed++) {
      if (heap.size > 0) this.#visited++;
      const moment = heap.firstMoment;
      if (moment > nowMs) return;
      const slot = heap.firstSlot;
      heap.set(slot, nextMs);
      hand(slot, moment);
    }
  }
}
