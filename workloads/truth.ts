// Truth: what must hold after a run, worked out by replaying each client's stream up to what the store
// acknowledged. Nothing is recorded during the run but a count per client. Holds where the driver hands a
// client's operations to the store in their order; a key has one writer, so clients do not mix.
//
// Keys on a lease may be gone once its time is up: the truth knows no clock, so whoever checks says which
// leases have ended. What was issued but not acknowledged may have happened or not: both are right.

import { PRELOAD_CLIENT, bodyWord, readValueHeader, verifyValue } from './value.ts';
import {
  Operation,
  type OperationStream,
  type ParameterizedWorkload,
  type Preload,
} from './workload.ts';

export interface ClientProgress {
  /** Operations of its stream, from the first, that the store answered. */
  readonly acknowledged: number;
  /** Operations after those that were issued and never answered. Default 0. */
  readonly unsure?: number;
  /** Indexes, from 0, of answered operations that the store refused: they had no effect. */
  readonly refused?: ReadonlySet<number>;
}

export interface HeldLease {
  readonly client: number;
  readonly ttlSeconds: number;
}

/** Stands for a write where a key is absent. */
export const ABSENT = -1;

const CLIENTS = 0x1_0000;

/** A write as one number: its client and which of the client's writes it was. */
function writeOf(client: number, sequence: number): number {
  return sequence * CLIENTS + client;
}

function describe(write: number): string {
  const client = write % CLIENTS;
  if (client === PRELOAD_CLIENT) return 'what was preloaded';
  return `write ${Math.floor(write / CLIENTS)} of client ${client}`;
}

export interface Truth {
  readonly seed: number;
  /** Of what was loaded beforehand. */
  readonly preloadSeed: number;
  /** Each key that must be there, with its last write as one number: see TruthCheck. */
  readonly alive: ReadonlyMap<number, number>;
  /** Keys that may also be in another state, with all other writes or ABSENT. */
  readonly unsure: ReadonlyMap<number, readonly number[]>;
  /** Lease of each living key that has one. */
  readonly leaseOfKey: ReadonlyMap<number, number>;
  /** Leases granted and not revoked; some may have expired. Of the preload's the client is the owner's. */
  readonly leases: ReadonlyMap<number, HeldLease>;
}

class Replay {
  readonly alive = new Map<number, number>();
  readonly unsure = new Map<number, number[]>();
  readonly leaseOfKey = new Map<number, number>();
  readonly leases = new Map<number, HeldLease>();
  readonly #keysOfLease = new Map<number, Set<number>>();

  apply(operation: Operation, client: number): void {
    const { kind, keyId, lease, ttlSeconds } = operation;
    if (kind === 'put' || kind === 'txn') {
      this.#detach(keyId);
      this.alive.set(keyId, writeOf(client, operation.sequence));
      if (lease !== 0) this.#attach(keyId, lease);
    } else if (kind === 'delete') {
      this.#detach(keyId);
      this.alive.delete(keyId);
    } else if (kind === 'leaseGrant') {
      this.leases.set(lease, { client, ttlSeconds });
    } else if (kind === 'leaseRevoke') {
      this.leases.delete(lease);
      for (const key of this.#keysOfLease.get(lease) ?? []) {
        this.alive.delete(key);
        this.leaseOfKey.delete(key);
      }
      this.#keysOfLease.delete(lease);
    }
  }

  /** Notes what `operation` would change. */
  doubt(operation: Operation, client: number): void {
    const { kind, keyId, lease } = operation;
    if (kind === 'put' || kind === 'txn') {
      this.#doubtKey(keyId, writeOf(client, operation.sequence));
      // What it is attached to from then on is as unsure as the write.
      if (lease !== 0 || this.leaseOfKey.has(keyId)) this.#doubtKey(keyId, ABSENT);
    }
    if (kind === 'delete') this.#doubtKey(keyId, ABSENT);
    if (kind === 'leaseRevoke') {
      for (const key of this.#keysOfLease.get(lease) ?? []) this.#doubtKey(key, ABSENT);
    }
  }

  #doubtKey(keyId: number, write: number): void {
    const others = this.unsure.get(keyId);
    if (others === undefined) this.unsure.set(keyId, [write]);
    else others.push(write);
  }

  #attach(keyId: number, lease: number): void {
    this.leaseOfKey.set(keyId, lease);
    const keys = this.#keysOfLease.get(lease);
    if (keys === undefined) this.#keysOfLease.set(lease, new Set([keyId]));
    else keys.add(keyId);
  }

  #detach(keyId: number): void {
    const lease = this.leaseOfKey.get(keyId);
    if (lease === undefined) return;
    this.leaseOfKey.delete(keyId);
    this.#keysOfLease.get(lease)?.delete(keyId);
  }
}

/**
 * `preloadSeed` where the store was loaded with another seed than the streams have. Cost: as many operations
 * as were acknowledged, some 100 ns each, and a map entry a key.
 */
export function replayTruth(
  workload: ParameterizedWorkload,
  seed: number,
  progress: readonly ClientProgress[],
  preloadSeed: number = seed,
): Truth {
  const replay = new Replay();
  const operation = new Operation();
  const clients = progress.length;
  applyPreload(replay, workload.preload(preloadSeed), operation, clients);
  for (const [client, one] of progress.entries()) {
    const stream = workload.stream({ seed, client, clients, bodies: false });
    replayClient(replay, stream, operation, client, one);
  }
  const { alive, unsure, leaseOfKey, leases } = replay;
  return { seed, preloadSeed, alive, unsure, leaseOfKey, leases };
}

function applyPreload(
  replay: Replay,
  preload: Preload,
  operation: Operation,
  clients: number,
): void {
  for (let i = 0; i < preload.leases; i++) {
    preload.fillLease(i, operation);
    replay.apply(operation, i % clients);
  }
  for (let i = 0; i < preload.keys; i++) {
    preload.fill(i, operation);
    replay.apply(operation, PRELOAD_CLIENT);
  }
}

function replayClient(
  replay: Replay,
  stream: OperationStream,
  operation: Operation,
  client: number,
  { acknowledged, unsure = 0, refused }: ClientProgress,
): void {
  for (let i = 0; i < acknowledged; i++) {
    stream.next(operation);
    if (refused?.has(i) !== true) replay.apply(operation, client);
  }
  for (let i = 0; i < unsure; i++) {
    stream.next(operation);
    replay.doubt(operation, client);
  }
}

/** Holds a store's entries against a truth, one after the other, in any order. */
export class TruthCheck {
  /** Entries seen so far. */
  entries = 0;
  readonly #truth: Truth;
  readonly #seen = new Set<number>();

  constructor(truth: Truth) {
    this.#truth = truth;
  }

  /** What is wrong with an entry found under the workload's prefix, or undefined. */
  see(key: Uint8Array, value: Uint8Array): string | undefined {
    this.entries++;
    const header = readValueHeader(value);
    const fault = verifyValue(key, value);
    if (fault !== undefined || header === undefined) return fault;
    const { keyId, sequence, client, body } = header;
    if (this.#seen.has(keyId)) return `key ${keyId} is there twice`;
    this.#seen.add(keyId);
    const { alive, unsure } = this.#truth;
    const seed = client === PRELOAD_CLIENT ? this.#truth.preloadSeed : this.#truth.seed;
    const found = writeOf(client, sequence);
    const expected = alive.get(keyId) ?? ABSENT;
    if (expected !== found && unsure.get(keyId)?.includes(found) !== true) {
      const wanted = expected === ABSENT ? 'should be gone' : `should hold ${describe(expected)}`;
      return `key ${keyId} holds ${describe(found)}, and ${wanted}`;
    }
    if (body !== bodyWord(seed, client, sequence, keyId)) {
      return `the value of key ${keyId} comes from a run with another seed`;
    }
    return undefined;
  }

  /** Keys that are missing: call after the last entry. `ended` says whether a lease's time may be up. */
  missing(ended: (lease: number) => boolean): readonly number[] {
    const { alive, unsure, leaseOfKey } = this.#truth;
    const missing: number[] = [];
    for (const keyId of alive.keys()) {
      if (this.#seen.has(keyId) || unsure.get(keyId)?.includes(ABSENT) === true) continue;
      const lease = leaseOfKey.get(keyId);
      if (lease === undefined || !ended(lease)) missing.push(keyId);
    }
    return missing;
  }

  /** Keys that are still there although their lease is surely over. Call after the last entry. */
  overdue(over: (lease: number) => boolean): readonly number[] {
    const late: number[] = [];
    for (const [keyId, lease] of this.#truth.leaseOfKey) {
      if (this.#seen.has(keyId) && over(lease)) late.push(keyId);
    }
    return late;
  }
}
