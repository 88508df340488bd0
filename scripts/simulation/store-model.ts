// StoreModel: what a store must hold, told by plain Maps and a list of all changes ever made: the
// definition that crash tests compare a recovered store with. Semantics are etcd's as far as simulated
// histories ask for them; every byte of the file's revisions follows from it. Nothing of the engine
// depends on it.

import { crc32c } from '@node-rs/crc32';
import type { EngineErrorCode } from '../../engine/base/errors.ts';
import { KEY_BUCKET } from '../../engine/mvcc/buckets.ts';
import { encodeRevision, TOMBSTONE_BYTES } from '../../engine/mvcc/revision.ts';
import { MessageWriter } from '../../engine/store/message-writer.ts';
import type {
  Compare,
  DeleteRangeRequest,
  PutRequest,
  Request,
  TxnRequest,
} from '../../engine/store/requests.ts';
import { bytesOf, textOf } from './model.ts';

/** A revision of a key; version 0 is a tombstone. Keys are Latin-1. */
export interface ModelChange {
  readonly key: string;
  readonly main: number;
  readonly sub: number;
  readonly create: number;
  readonly version: number;
  readonly value: Uint8Array;
  readonly lease: bigint;
}

export interface ModelLease {
  readonly ttlSeconds: number;
  readonly remainingSeconds: number;
  readonly revoking: boolean;
}

/** What the store must answer. */
export interface ModelAnswer {
  readonly error: EngineErrorCode | undefined;
  /** Of the store after the request. */
  readonly revision: number;
  /** Of a step of a revocation: the same has to be asked again. */
  readonly more: boolean;
}

/** One revision as the file holds it, in hex. */
export type StoredRevision = readonly [key: string, message: string];

const TTL_SECONDS_MIN = 2;
const NOTHING = new Uint8Array(0);

class Refusal extends Error {
  readonly code: EngineErrorCode;

  constructor(code: EngineErrorCode) {
    super(code);
    this.code = code;
  }
}

export class StoreModel {
  revision = 1;
  compacted = 0;
  readonly living: Map<string, ModelChange>;
  readonly leases: Map<bigint, ModelLease>;
  readonly alarms: Set<string>;
  /** Every change since the beginning, in order. */
  readonly changes: ModelChange[];
  #sub = 0;

  constructor(other?: StoreModel) {
    this.revision = other?.revision ?? 1;
    this.compacted = other?.compacted ?? 0;
    this.living = new Map(other?.living);
    this.leases = new Map(other?.leases);
    this.alarms = new Set(other?.alarms);
    this.changes = [...(other?.changes ?? [])];
  }

  /** Nothing was ever done. */
  get isNew(): boolean {
    return this.revision === 1 && this.leases.size === 0 && this.alarms.size === 0;
  }

  /** Carries the request out; one that is refused changes nothing. */
  apply(request: Request): ModelAnswer {
    this.#sub = 0;
    let error: EngineErrorCode | undefined;
    let more = false;
    try {
      more = this.#apply(request);
    } catch (refusal) {
      if (!(refusal instanceof Refusal)) throw refusal;
      error = refusal.code;
    }
    if (this.#sub > 0) this.revision++;
    return { error, revision: this.revision, more };
  }

  /** Keys of a lease, in order. */
  keysOf(id: bigint): string[] {
    const keys = [...this.living.values()].filter(({ lease }) => lease === id);
    return keys.map(({ key }) => key).sort();
  }

  /** What lives at a revision, in key order. */
  at(revision: number): ModelChange[] {
    const living = new Map<string, ModelChange>();
    for (const change of this.changes) {
      if (change.main > revision) break;
      if (change.version === 0) living.delete(change.key);
      else living.set(change.key, change);
    }
    return [...living.values()].sort((a, b) => (a.key < b.key ? -1 : 1));
  }

  /** Every revision that the file holds when its compaction is over, in order. */
  stored(): StoredRevision[] {
    const kept = new Set(this.at(this.compacted));
    return this.changes
      .filter((change) => change.main > this.compacted || kept.has(change))
      .map((change) => [hexOf(revisionKey(change)), hexOf(messageOf(change))]);
  }

  /** etcd's hash of the keyspace at the newest revision. */
  hash(): number {
    const living = this.at(this.revision);
    const counted = new Set(living.length > 0 ? living : this.at(this.compacted));
    let sum = crc32c(Buffer.from(KEY_BUCKET));
    for (const change of this.changes) {
      if (change.main <= this.compacted && !counted.has(change)) continue;
      sum = crc32c(Buffer.from(revisionKey(change)), sum);
      sum = crc32c(Buffer.from(messageOf(change)), sum);
    }
    return sum;
  }

  #apply(request: Request): boolean {
    switch (request.kind) {
      case 'put':
        this.#checkLease(request.lease);
        this.#put(request);
        return false;
      case 'deleteRange':
        this.#deleteRange(request);
        return false;
      case 'txn':
        this.#txn(request);
        return false;
      case 'compact':
        if (request.revision <= this.compacted) throw new Refusal('COMPACTED');
        if (request.revision > this.revision) throw new Refusal('FUTURE_REVISION');
        this.compacted = request.revision;
        return false;
      case 'leaseGrant':
        this.#grant(request.id, request.ttlSeconds);
        return false;
      case 'leaseRevoke':
        return this.#revoke(request.id, request.keysMax);
      case 'leaseCheckpoint': {
        const lease = this.leases.get(request.id);
        const { remainingSeconds } = request;
        if (lease !== undefined) this.leases.set(request.id, { ...lease, remainingSeconds });
        return false;
      }
      case 'alarm':
        if (request.active) this.alarms.add(request.alarm);
        else this.alarms.delete(request.alarm);
        return false;
    }
  }

  #put({ key, value, lease }: Pick<PutRequest, 'key' | 'value' | 'lease'>): void {
    const name = textOf(key);
    const before = this.living.get(name);
    const main = this.revision + 1;
    const create = before?.create ?? main;
    const version = (before?.version ?? 0) + 1;
    this.#change({ key: name, main, sub: this.#sub, create, version, value, lease });
  }

  #deleteRange({ key, end }: Pick<DeleteRangeRequest, 'key' | 'end'>): void {
    const from = textOf(key);
    const to = end === undefined ? undefined : textOf(end);
    const within = (name: string): boolean =>
      to === undefined ? name === from : name >= from && (to === '\0' || name < to);
    for (const name of [...this.living.keys()].filter(within).sort()) this.#delete(name);
  }

  #delete(key: string): void {
    const main = this.revision + 1;
    this.#change({
      ...{ key, main, sub: this.#sub, create: 0, version: 0 },
      ...{ value: NOTHING, lease: 0n },
    });
  }

  #change(change: ModelChange): void {
    this.changes.push(change);
    this.#sub++;
    if (change.version === 0) this.living.delete(change.key);
    else this.living.set(change.key, change);
  }

  #txn({ compares, success, failure }: TxnRequest): void {
    const operations = compares.every((compare) => this.#holds(compare)) ? success : failure;
    for (const operation of operations) {
      if (operation.kind === 'put') this.#checkLease(operation.lease);
    }
    for (const operation of operations) {
      if (operation.kind === 'put') this.#put(operation);
      else if (operation.kind === 'deleteRange') this.#deleteRange(operation);
    }
  }

  #holds({ target, key, number, result }: Compare): boolean {
    const before = this.living.get(textOf(key));
    const is = (target === 'version' ? before?.version : before?.main) ?? 0;
    if (result === 'equal') return is === number;
    if (result === 'notEqual') return is !== number;
    return result === 'greater' ? is > number : is < number;
  }

  #checkLease(id: bigint): void {
    if (id === 0n) return;
    const lease = this.leases.get(id);
    if (lease === undefined || lease.revoking) throw new Refusal('LEASE_NOT_FOUND');
  }

  #grant(id: bigint, ttlSeconds: number): void {
    if (this.leases.has(id)) throw new Refusal('LEASE_EXISTS');
    const lease = { ttlSeconds: Math.max(ttlSeconds, TTL_SECONDS_MIN), remainingSeconds: 0 };
    this.leases.set(id, { ...lease, revoking: false });
  }

  #revoke(id: bigint, keysMax: number): boolean {
    const lease = this.leases.get(id);
    if (lease === undefined) throw new Refusal('LEASE_NOT_FOUND');
    const keys = this.keysOf(id);
    for (const key of keys.slice(0, keysMax)) this.#delete(key);
    if (keys.length <= keysMax) this.leases.delete(id);
    else this.leases.set(id, { ...lease, revoking: true });
    return keys.length > keysMax;
  }
}

function revisionKey({ main, sub, version }: ModelChange): Uint8Array {
  const key = new Uint8Array(TOMBSTONE_BYTES);
  return key.subarray(0, encodeRevision(key, main, sub, version === 0));
}

function messageOf(change: ModelChange): Uint8Array {
  const writer = new MessageWriter();
  writer.bytes(1, bytesOf(change.key));
  if (change.version > 0) {
    writer.number(2, change.create);
    writer.number(3, change.main);
    writer.number(4, change.version);
    writer.bytes(5, change.value);
    writer.int64(6, change.lease);
  }
  return writer.u8.subarray(0, writer.length);
}

export function hexOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('hex');
}
