// Applier: carries requests out on keys and leases, one after the other, the same way whether they come
// from a client or from the log: what a request does depends on the state and the request alone. A
// request that is refused (a throw of EngineError) has changed nothing.

import { compareRange } from '../base/bytes.ts';
import { EngineError } from '../base/errors.ts';
import { leaseId, type LeaseId } from '../base/ids.ts';
import type { Lessor } from '../lease/lessor.ts';
import { KeyValueView, type KeyValue } from '../mvcc/key-value.ts';
import type { Mvcc } from '../mvcc/mvcc.ts';
import type { RangeRequest, VisitMessage } from '../mvcc/mvcc-reader.ts';
import { Alarms, type Alarm } from './alarms.ts';
import { LeaseRecords } from './lease-records.ts';
import {
  type Compare,
  type DeleteRangeRequest,
  type PutRequest,
  type Request,
  type TxnOperation,
  type TxnRequest,
} from './requests.ts';
import type {
  DeleteRangeResponse,
  PutResponse,
  Response,
  TxnOperationResponse,
} from './responses.ts';
import { checkShape, checkTxn } from './request-check.ts';

/** A message beside its key and value, at most: lengths, revisions, version, lease. */
const MESSAGE_BYTES_MAX = 64;

/** Which branch each transaction takes, found before anything is changed, as in etcd. */
interface TxnPlan {
  readonly succeeded: boolean;
  readonly operations: readonly TxnOperation[];
  /** Plans of nested transactions, in order. */
  readonly nested: readonly TxnPlan[];
}

/** What a request takes of the write buffer, at most. */
interface Room {
  entries: number;
  bytes: number;
}

interface ApplierParts {
  readonly mvcc: Mvcc;
  readonly lessor: Lessor;
  readonly revoking: readonly LeaseId[];
  readonly txnOperationsMax: number;
}

export class Applier {
  /** Leases being revoked in steps: no longer to be used or kept alive. */
  readonly revoking: Set<LeaseId>;
  readonly alarms: Alarms;
  readonly txnOperationsMax: number;
  readonly #mvcc: Mvcc;
  readonly #lessor: Lessor;
  readonly #records: LeaseRecords;
  readonly #view = new KeyValueView();
  readonly #value: { u8: Uint8Array; start: number; length: number } = {
    u8: new Uint8Array(0),
    start: 0,
    length: 0,
  };
  readonly #taken: Uint8Array[] = [];

  /** `revoking`: those of the file. */
  constructor(parts: ApplierParts) {
    const { mvcc, lessor } = parts;
    this.#mvcc = mvcc;
    this.#lessor = lessor;
    this.txnOperationsMax = parts.txnOperationsMax;
    this.revoking = new Set(parts.revoking);
    this.#records = new LeaseRecords(mvcc.backend, lessor, this.revoking);
    this.alarms = new Alarms(mvcc.backend);
  }

  /** Carries out one request; `nowMs` is the lessor's time. Throws what etcd would answer. */
  apply(request: Request, nowMs: number): Response {
    switch (request.kind) {
      case 'put':
        return this.#single(request) as PutResponse;
      case 'deleteRange':
        return this.#single(request) as DeleteRangeResponse;
      case 'txn':
        return this.#txn(request);
      case 'compact':
        this.#mvcc.compact(request.revision);
        return { kind: 'compact', revision: this.#mvcc.revision };
      case 'leaseGrant':
        return this.#grant(request, nowMs);
      case 'leaseRevoke':
        return this.#revoke(request.id, request.keysMax);
      case 'leaseCheckpoint':
        this.#lessor.checkpoint(request.id, request.remainingSeconds, nowMs);
        this.#records.changed(request.id);
        return { kind: 'leaseCheckpoint', revision: this.#mvcc.revision };
      case 'alarm':
        return this.#alarm(request.alarm, request.active);
    }
  }

  /** The common put, without objects in between: key[0, keyLength) = u8[start, start+length). */
  applyPut(
    key: Uint8Array,
    keyLength: number,
    value: { u8: Uint8Array; start: number; length: number },
    lease: LeaseId,
  ): PutResponse {
    if (keyLength === 0) throw new EngineError('EMPTY_KEY', 'key is not provided');
    if (lease !== 0n) this.#assertLease(lease);
    this.#mvcc.begin();
    this.#mvcc.put(key, keyLength, value, lease);
    return { kind: 'put', revision: this.#mvcc.end(), prevKv: undefined };
  }

  #single(operation: PutRequest | DeleteRangeRequest): TxnOperationResponse {
    checkShape(operation);
    if (operation.kind === 'put') {
      if (operation.lease !== 0n) this.#assertLease(operation.lease);
      this.#checkPrevious(operation);
    }
    this.#assertRoom({ succeeded: true, operations: [operation], nested: [] });
    this.#mvcc.begin();
    const response = this.#operate(operation, []);
    return { ...response, revision: this.#mvcc.end() };
  }

  #txn(request: TxnRequest): Response {
    checkTxn(request, this.txnOperationsMax);
    const plan = this.#plan(request);
    // One after the other, as in etcd: which of two faults is told depends on it.
    this.#checkPlan(plan, 'put');
    this.#checkPlan(plan, 'range');
    this.#assertRoom(plan);
    this.#mvcc.begin();
    const responses = this.#run(plan);
    const revision = this.#mvcc.end();
    return { kind: 'txn', revision, succeeded: plan.succeeded, responses };
  }

  #plan(request: TxnRequest): TxnPlan {
    const succeeded = request.compares.every((compare) => this.#holds(compare));
    const operations = succeeded ? request.success : request.failure;
    const nested = operations.filter((operation) => operation.kind === 'txn');
    return { succeeded, operations, nested: nested.map((operation) => this.#plan(operation)) };
  }

  /** Refuses what the state does not allow of one kind of operations, before any is carried out. */
  #checkPlan(plan: TxnPlan, kind: 'put' | 'range'): void {
    const nested = [...plan.nested];
    for (const operation of plan.operations) {
      if (operation.kind === 'txn') this.#checkPlan(nested.shift()!, kind);
      else if (operation.kind !== kind) continue;
      else if (operation.kind === 'range') this.#checkRange(operation.range);
      else {
        this.#checkPrevious(operation);
        if (operation.lease !== 0n) this.#assertLease(operation.lease);
      }
    }
  }

  #run(plan: TxnPlan): TxnOperationResponse[] {
    const nested = [...plan.nested];
    return plan.operations.map((operation) => this.#operate(operation, nested));
  }

  #operate(operation: TxnOperation, nested: TxnPlan[]): TxnOperationResponse {
    switch (operation.kind) {
      case 'put': {
        const prevKv = this.#put(operation);
        return { kind: 'put', revision: this.#mvcc.inside.revision, prevKv };
      }
      case 'deleteRange': {
        const prevKvs: KeyValue[] = [];
        const keep: VisitMessage = (u8, start, length) => {
          prevKvs.push(this.#view.read(u8, start, length).copy());
        };
        const seen = operation.prevKv ? keep : undefined;
        const deleted = this.#mvcc.deleteRange(operation.key, operation.end, seen);
        return { kind: 'deleteRange', revision: this.#mvcc.inside.revision, deleted, prevKvs };
      }
      case 'range':
        return { kind: 'range', ...this.#mvcc.reader.range(operation.range, this.#mvcc.inside) };
      case 'txn': {
        const plan = nested.shift()!;
        const responses = this.#run(plan);
        const { revision } = this.#mvcc.inside;
        return { kind: 'txn', revision, succeeded: plan.succeeded, responses };
      }
    }
  }

  #put(request: PutRequest): KeyValue | undefined {
    const { key, ignoreValue, ignoreLease } = request;
    const asks = request.prevKv || ignoreValue || ignoreLease;
    const previous = asks ? this.#find(key) : undefined;
    const value = ignoreValue ? previous!.value : request.value;
    this.#value.u8 = value;
    this.#value.length = value.length;
    const lease = ignoreLease ? previous!.lease : request.lease;
    this.#mvcc.put(key, key.length, this.#value, lease);
    return request.prevKv ? previous : undefined;
  }

  #find(key: Uint8Array): KeyValue | undefined {
    let found: KeyValue | undefined;
    this.#mvcc.visitInside({ key }, 1, (u8, start, length) => {
      found = this.#view.read(u8, start, length).copy();
    });
    return found;
  }

  /** What a put goes on with has to be there. */
  #checkPrevious({ key, ignoreValue, ignoreLease }: PutRequest): void {
    if ((ignoreValue || ignoreLease) && this.#find(key) === undefined) {
      throw new EngineError('KEY_NOT_FOUND', 'key not found');
    }
  }

  #checkRange(range: RangeRequest): void {
    const revision = range.revision ?? 0;
    if (revision > this.#mvcc.revision) {
      throw new EngineError(
        'FUTURE_REVISION',
        `required revision ${revision} is a future revision; the newest is ${this.#mvcc.revision}`,
      );
    }
    if (revision > 0 && revision < this.#mvcc.compacted) {
      throw new EngineError('COMPACTED', `required revision ${revision} has been compacted`);
    }
  }

  /**
   * Refuses what would not fit into half of the write buffer, before anything is changed: what is full in
   * the middle of a request cannot be committed, and the log would bring it back at every opening.
   */
  #assertRoom(plan: TxnPlan): void {
    const room: Room = { entries: 0, bytes: 0 };
    this.#measure(plan, room);
    if (this.#mvcc.backend.fits(room.entries, room.bytes)) return;
    throw new EngineError(
      'REQUEST_TOO_LARGE',
      `a request of ${room.entries} changes and up to ${room.bytes} bytes is too large; ` +
        'change or delete fewer keys at once, or raise bufferEntries and bufferBytes',
    );
  }

  #measure(plan: TxnPlan, room: Room): void {
    const nested = [...plan.nested];
    for (const operation of plan.operations) {
      if (operation.kind === 'txn') this.#measure(nested.shift()!, room);
      else if (operation.kind === 'put') this.#measurePut(operation, room);
      else if (operation.kind === 'deleteRange') this.#measureDelete(operation, room);
    }
  }

  #measurePut({ key, value, ignoreValue }: PutRequest, room: Room): void {
    const bytes = ignoreValue ? this.#find(key)!.value.length : value.length;
    room.entries++;
    room.bytes += key.length + bytes + MESSAGE_BYTES_MAX;
  }

  #measureDelete({ key, end }: DeleteRangeRequest, room: Room): void {
    const { index, backend } = this.#mvcc;
    const count = end === undefined ? 1 : this.#mvcc.countInside(key, end);
    room.entries += count;
    const most = count * (index.keyBytesMax + MESSAGE_BYTES_MAX);
    if (end === undefined || backend.fits(room.entries, room.bytes + most)) {
      room.bytes += end === undefined ? key.length + MESSAGE_BYTES_MAX : most;
      return;
    }
    // One long key among many short ones must not speak for all.
    this.#mvcc.visitInside({ key, end }, 0, (u8, start, length) => {
      room.bytes += this.#view.read(u8, start, length).keyLength + MESSAGE_BYTES_MAX;
    });
  }

  #holds(compare: Compare): boolean {
    let seen = 0;
    let failed = 0;
    const { key, end } = compare;
    this.#mvcc.visitInside({ key, end }, 0, (u8, start, length) => {
      seen++;
      if (failed === 0 && !holdsFor(compare, this.#view.read(u8, start, length))) failed++;
    });
    if (seen > 0) return failed === 0;
    // An absent key has version, revisions and lease 0, but no value that could be compared.
    return compare.target !== 'value' && holdsFor(compare, NO_KEY);
  }

  #grant(request: { id: LeaseId; ttlSeconds: number }, nowMs: number): Response {
    const ttlSeconds = this.#lessor.grant(request.id, request.ttlSeconds, nowMs);
    this.#records.changed(request.id);
    return { kind: 'leaseGrant', revision: this.#mvcc.revision, id: request.id, ttlSeconds };
  }

  /** One step: which keys it deletes follows from the state, since they go in key order. */
  #revoke(id: LeaseId, keysMax: number): Response {
    if (!this.#lessor.has(id)) throw leaseNotFound(id);
    if (!this.revoking.has(id)) {
      this.revoking.add(id);
      this.#records.changed(id);
    }
    let more: boolean;
    // Half of the buffer: an eighth of it for what goes with the keys, one for the keys, and a quarter for
    // the last of them, since no request is larger.
    const { bufferEntries, bufferBytes } = this.#mvcc.backend.settings();
    const eighth = bufferBytes / 8;
    const limit = Math.floor(Math.min(keysMax, bufferEntries / 2, eighth / MESSAGE_BYTES_MAX));
    do more = this.#lessor.takeKeys(id, limit, this.#taken, eighth);
    while (more && this.#taken.length === 0);
    this.#mvcc.begin();
    for (const key of this.#taken) this.#mvcc.deleteRange(key, undefined);
    const revision = this.#mvcc.end();
    if (!more) {
      this.#lessor.revoke(id);
      this.#records.revoked(id);
      this.revoking.delete(id);
    }
    return { kind: 'leaseRevoke', revision, deleted: this.#taken.length, more };
  }

  #assertLease(id: LeaseId): void {
    if (!this.#lessor.has(id) || this.revoking.has(id)) throw leaseNotFound(id);
  }

  #alarm(alarm: Alarm, active: boolean): Response {
    if (active) this.alarms.raise(alarm);
    else this.alarms.disarm(alarm);
    return { kind: 'alarm', revision: this.#mvcc.revision };
  }
}

/** What a compare sees of an absent key. */
const NO_KEY = new KeyValueView();

function holdsFor(compare: Compare, view: KeyValueView): boolean {
  const order = orderOf(compare, view);
  switch (compare.result) {
    case 'equal':
      return order === 0;
    case 'notEqual':
      return order !== 0;
    case 'greater':
      return order > 0;
    case 'less':
      return order < 0;
  }
}

function orderOf(compare: Compare, view: KeyValueView): number {
  switch (compare.target) {
    case 'version':
      return view.version - compare.number;
    case 'create':
      return view.createRevision - compare.number;
    case 'mod':
      return view.modRevision - compare.number;
    case 'lease':
      return view.lease < compare.lease ? -1 : view.lease > compare.lease ? 1 : 0;
    case 'value': {
      const { source, valueStart, valueLength } = view;
      const { value } = compare;
      return compareRange(source, valueStart, valueLength, value, 0, value.length);
    }
  }
}

function leaseNotFound(id: LeaseId): EngineError {
  return new EngineError('LEASE_NOT_FOUND', `requested lease not found: ${leaseId(id)}`);
}
