// Lessor: grants leases, keeps account of their time and keys, and says which are over. It decides
// nothing else: the store writes grants and revocations down, deletes the keys of a lease that is
// over, and then revokes it here. Semantics are those of etcd 3.5's lessor where it is the primary.
//
// What always holds: a lease is in the table, and has a moment in the expiry index, or neither. Once it
// is over it cannot be kept alive; it is handed out again every 3 s until it is revoked. Times are
// milliseconds that the caller hands in and that do not go back. No I/O, no clock, no chance. Only the
// writer thread calls.
//
// Other than etcd: one checkpoint is scheduled a lease, where etcd's queue holds one more for each
// keep-alive that cleared a remaining time; and a lease kept alive just before its checkpoint is
// scheduled again, where etcd forgets it.

import { EngineError } from '../base/errors.ts';
import type { LeaseId } from '../base/ids.ts';
import { createExpiry, type ExpiryIndex } from './expiry.ts';
import { KEY_BYTES_MAX } from './key-arena.ts';
import { LeaseKeys } from './lease-keys.ts';
import type { LeaseCheckpoints, LeaseDue } from './lease-list.ts';
import { LeaseTable } from './lease-table.ts';
import { MomentHeap } from './moment-heap.ts';
import { LEASE_TICK_MS, type LessorOptions, resolveOptions, TTL_SECONDS_MAX } from './options.ts';
import { orderBySeconds, spreadExpiries } from './spread.ts';

const SECOND_MS = 1000;
/** A lease that was handed out and is still there is handed out again after so long. */
const RETRY_MS = 3000;
/** Leases one call of checkpoints() gives, at most: what etcd puts into one log entry. */
const CHECKPOINTS_MAX = 1000;

export interface LeaseView {
  readonly id: LeaseId;
  readonly ttlSeconds: number;
  /** Whole seconds, cut off; 0 or less for a lease that is over and waits for being revoked. */
  readonly remainingSeconds: number;
  readonly keys: number;
}

/** Counts since the lessor was made; they repeat exactly for equal histories. */
export interface LessorCounters {
  /** Leases looked at by ticks. */
  readonly visited: number;
  /** Leases put into the heap of expiries, and taken out of it; 0 where leases are scanned. */
  readonly pushes: number;
  readonly pops: number;
  /** Leases given to the caller of tick(), second times included. */
  readonly handedOut: number;
}

export class Lessor {
  readonly options: LessorOptions;
  readonly #table = new LeaseTable();
  readonly #keys = new LeaseKeys();
  readonly #expiry: ExpiryIndex;
  /** By moment of the next checkpoint; empty unless there are any. */
  readonly #checkpoints = new MomentHeap();
  /** Slots handed out and not yet revoked, with the moment their lease was over. */
  readonly #handedOut = new Map<number, number>();
  #handedOutCount = 0;
  /** Slots the columns of expiry, keys and checkpoints have room for. */
  #reserved = 0;

  /** Throws INVALID_ARGUMENT for options that make no sense. */
  constructor(options: Partial<LessorOptions> = {}) {
    this.options = resolveOptions(options);
    this.#expiry = createExpiry(this.options.expiry, this.#table.slots);
  }

  /** Leases there are, those that are over and not yet revoked among them. */
  get count(): number {
    return this.#table.count;
  }

  /** Bytes allocated for leases and keys. */
  get memoryBytes(): number {
    const leases = this.#table.memoryBytes + this.#expiry.memoryBytes;
    return leases + this.#keys.memoryBytes + this.#checkpoints.memoryBytes;
  }

  /** What it runs with: how leases are found is read from the index that finds them. */
  settings(): LessorOptions {
    return { ...this.options, expiry: this.#expiry.kind };
  }

  get counters(): LessorCounters {
    return { ...this.#expiry.counters, handedOut: this.#handedOutCount };
  }

  /**
   * Grants a lease; returns the seconds it lasts, which are at least ttlSecondsMin. Throws LEASE_EXISTS,
   * LEASE_TTL_TOO_LARGE, and LEASE_NOT_FOUND for id 0, which stands for no lease. O(log n).
   */
  grant(id: LeaseId, ttlSeconds: number, nowMs: number): number {
    const ttl = this.#checkedTtl(ttlSeconds);
    const slot = this.#add(id, ttl);
    this.#expiry.set(slot, nowMs + ttl * SECOND_MS);
    this.#scheduleCheckpoint(slot, nowMs);
    return ttl;
  }

  /**
   * Takes up a lease that was granted earlier, as it was persisted: `remainingSeconds` is 0 or what
   * was left when it was last written down. Counts from `nowMs`; promote() sets all of them anew.
   * Throws as grant() does.
   */
  recover(id: LeaseId, ttlSeconds: number, remainingSeconds: number, nowMs: number): void {
    const slot = this.#add(id, this.#checkedTtl(ttlSeconds));
    this.#table.setRemaining(slot, remainingSeconds);
    this.#expiry.set(slot, nowMs + this.#table.lastsOf(slot) * SECOND_MS);
    this.#scheduleCheckpoint(slot, nowMs);
  }

  /**
   * Forgets a lease and its keys. Throws LEASE_NOT_FOUND. A step for each key that is still attached:
   * takeKeys() goes before where there may be many.
   */
  revoke(id: LeaseId): void {
    const slot = this.#slotOf(id);
    this.#keys.clear(slot);
    this.#expiry.remove(slot);
    this.#checkpoints.remove(slot);
    this.#handedOut.delete(slot);
    this.#table.remove(slot);
  }

  /**
   * Starts a lease's time again; returns the seconds it lasts. Throws LEASE_NOT_FOUND, and so it does
   * for a lease that is over and waits for being revoked. A remaining time that was persisted counts
   * no more: where remainingPersisted() is not 0, the caller writes a 0 down before it answers.
   */
  keepAlive(id: LeaseId, nowMs: number): number {
    const slot = this.#slotOf(id);
    if (this.#expiryOf(slot) <= nowMs) throw notFound(id);
    if (this.#table.remainingOf(slot) > 0) {
      this.#table.setRemaining(slot, 0);
      this.#scheduleCheckpoint(slot, nowMs);
    }
    const ttl = this.#table.ttlOf(slot);
    this.#expiry.set(slot, nowMs + ttl * SECOND_MS);
    return ttl;
  }

  has(id: LeaseId): boolean {
    return this.#table.find(id) >= 0;
  }

  timeToLive(id: LeaseId, nowMs: number): LeaseView | undefined {
    const slot = this.#table.find(id);
    if (slot < 0) return undefined;
    return {
      id,
      ttlSeconds: this.#table.ttlOf(slot),
      // Plus 0, since Math.trunc() makes -0 of the last second's negative half.
      remainingSeconds: Math.trunc((this.#expiryOf(slot) - nowMs) / SECOND_MS) + 0,
      keys: this.#keys.countOf(slot),
    };
  }

  /** Ids of all leases, the first to be over first. O(n log n). */
  leases(): LeaseId[] {
    const slots = [...this.#table.all()];
    slots.sort((a, b) => this.#expiryOf(a) - this.#expiryOf(b));
    return slots.map((slot) => this.#table.idOf(slot));
  }

  /**
   * Ties a key to a lease; the bytes are copied. Nothing where it is so already. Throws
   * LEASE_NOT_FOUND, or INVALID_ARGUMENT for a key over 2 MiB.
   */
  attach(id: LeaseId, key: Uint8Array): void {
    const slot = this.#slotOf(id);
    if (key.length > KEY_BYTES_MAX) {
      const message = `key of ${key.length} bytes; a lease takes at most ${KEY_BYTES_MAX}`;
      throw new EngineError('INVALID_ARGUMENT', message);
    }
    this.#keys.attach(slot, key);
  }

  /** Unties a key; nothing where it is not attached. Throws LEASE_NOT_FOUND. */
  detach(id: LeaseId, key: Uint8Array): void {
    this.#keys.detach(this.#slotOf(id), key);
  }

  /** Calls `visit` with a copy of each key, in key order. Sorts. Throws LEASE_NOT_FOUND. */
  forEachKey(id: LeaseId, visit: (key: Uint8Array) => void): void {
    for (const key of this.keysOf(id)) visit(key);
  }

  /** Copies of the keys of a lease, in key order. Sorts. Throws LEASE_NOT_FOUND. */
  keysOf(id: LeaseId): Uint8Array[] {
    return this.#keys.all(this.#slotOf(id));
  }

  /**
   * Detaches up to `limit` keys in key order, and none behind the one with which they reach `bytesMax`, and
   * puts them into `out`, emptied before. Returns whether to call again, even when none came: steps are
   * bounded, and the first ones of a lease with many keys only get them ready. Throws LEASE_NOT_FOUND.
   */
  takeKeys(
    id: LeaseId,
    limit: number,
    out: Uint8Array[],
    bytesMax = Number.POSITIVE_INFINITY,
  ): boolean {
    return this.#keys.take(this.#slotOf(id), limit, bytesMax, out);
  }

  /**
   * Does a bounded part of what takeKeys() has to do before it hands out the first keys; true when nothing
   * is left of that, or the lease is unknown. Changes nothing that anybody sees.
   */
  readyKeys(id: LeaseId, limit: number): boolean {
    const slot = this.#table.find(id);
    return slot < 0 || this.#keys.ready(slot, limit);
  }

  /**
   * Fills `due` with leases that are over: as many as the revoke rate has for a tick. To be called
   * every LEASE_TICK_MS; a late call makes up for nothing, as in etcd.
   */
  tick(nowMs: number, due: LeaseDue): void {
    due.clear();
    const limit = Math.max(1, Math.floor((this.options.revokeRate * LEASE_TICK_MS) / SECOND_MS));
    this.#expiry.takeDue(nowMs, limit, nowMs + RETRY_MS, (slot, momentMs) => {
      const expiryMs = this.#handedOut.get(slot) ?? momentMs;
      this.#handedOut.set(slot, expiryMs);
      due.push(this.#table.idOf(slot), expiryMs);
    });
    this.#handedOutCount += due.length;
  }

  /**
   * Fills `out` with leases whose remaining time is to be persisted now, at most 1000, and takes it
   * as persisted. Where 1000 came there may be more; etcd makes an entry of the log of each call.
   */
  checkpoints(nowMs: number, out: LeaseCheckpoints): void {
    out.clear();
    while (out.length < CHECKPOINTS_MAX && this.#checkpoints.firstMoment <= nowMs) {
      const slot = this.#checkpoints.firstSlot;
      this.#checkpoints.remove(slot);
      const leftMs = this.#expiryOf(slot) - nowMs;
      if (leftMs <= 0) continue;
      const remaining = Math.ceil(leftMs / SECOND_MS);
      if (remaining < this.#table.ttlOf(slot)) {
        this.#table.setRemaining(slot, remaining);
        out.push(this.#table.idOf(slot), remaining);
      }
      this.#scheduleCheckpoint(slot, nowMs);
    }
  }

  /** Takes up a checkpoint read back from the log; an unknown lease was revoked since. */
  checkpoint(id: LeaseId, remainingSeconds: number, nowMs: number): void {
    const slot = this.#table.find(id);
    if (slot < 0) return;
    this.#table.setRemaining(slot, remainingSeconds);
    this.#scheduleCheckpoint(slot, nowMs);
  }

  /** The remaining seconds that a restart would start from; 0: none, it would be the whole time. */
  remainingPersisted(id: LeaseId): number {
    const slot = this.#table.find(id);
    return slot < 0 ? 0 : this.#table.remainingOf(slot);
  }

  /**
   * Takes over, as after a restart: every lease gets `extendSeconds` more than what it lasts, since
   * nobody could keep it alive meanwhile; where too many would be over at once, they are set apart
   * (spread.ts). What was handed out is so no more. O(n log n).
   */
  promote(nowMs: number, extendSeconds: number): void {
    this.#handedOut.clear();
    const table = this.#table;
    const slots = table.all();
    const lasts = new Float64Array(table.capacity);
    for (const slot of slots) lasts[slot] = table.lastsOf(slot);
    const { revokeRate } = this.options;
    const piledUp = slots.length >= revokeRate;
    const order = piledUp ? orderBySeconds(slots, lasts) : slots;
    const leftMs = Float64Array.from(order, (slot) => (lasts[slot]! + extendSeconds) * SECOND_MS);
    if (piledUp) {
      spreadExpiries(leftMs, revokeRate, (index, delayMs) => {
        leftMs[index] = leftMs[index]! + delayMs;
      });
    }
    for (const [index, slot] of order.entries()) {
      this.#expiry.set(slot, nowMs + leftMs[index]!);
      this.#scheduleCheckpoint(slot, nowMs);
    }
  }

  #checkedTtl(ttlSeconds: number): number {
    if (ttlSeconds > TTL_SECONDS_MAX) {
      const message = `too large lease TTL: ${ttlSeconds} s, at most ${TTL_SECONDS_MAX}`;
      throw new EngineError('LEASE_TTL_TOO_LARGE', message);
    }
    if (!Number.isInteger(ttlSeconds)) {
      throw new EngineError('INVALID_ARGUMENT', `lease TTL of ${ttlSeconds} s: not whole seconds`);
    }
    return Math.max(ttlSeconds, this.options.ttlSecondsMin);
  }

  #add(id: LeaseId, ttl: number): number {
    if (id === 0n) throw notFound(id);
    if (this.#table.find(id) >= 0) {
      throw new EngineError('LEASE_EXISTS', `lease already exists: ${id}`);
    }
    const slot = this.#table.add(id, ttl);
    if (this.#table.capacity > this.#reserved) {
      this.#reserved = this.#table.capacity;
      this.#expiry.reserve(this.#reserved);
      this.#keys.reserve(this.#reserved);
      if (this.options.checkpointSeconds > 0) this.#checkpoints.reserve(this.#reserved);
    }
    return slot;
  }

  #slotOf(id: LeaseId): number {
    const slot = this.#table.find(id);
    if (slot < 0) throw notFound(id);
    return slot;
  }

  /** When a lease is over, or was. */
  #expiryOf(slot: number): number {
    const over = this.#handedOut.size === 0 ? undefined : this.#handedOut.get(slot);
    return over ?? this.#expiry.momentOf(slot);
  }

  /** Only leases that last longer than the interval are worth it. */
  #scheduleCheckpoint(slot: number, nowMs: number): void {
    const { checkpointSeconds } = this.options;
    if (checkpointSeconds === 0 || this.#table.lastsOf(slot) <= checkpointSeconds) return;
    this.#checkpoints.set(slot, nowMs + checkpointSeconds * SECOND_MS);
  }
}

function notFound(id: LeaseId): EngineError {
  return new EngineError('LEASE_NOT_FOUND', `lease not found: ${id}`);
}
