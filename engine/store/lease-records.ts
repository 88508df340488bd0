// LeaseRecords: leases as the backend stores them: id, 8 bytes big-endian, to etcd's Lease message
// (lease/leasepb/lease.proto: id 1, ttl 2, remaining ttl 3). A lease whose keys are being deleted in
// steps bears a mark of ours in field 15, which etcd skips.

import type { Db } from '../db/db.ts';
import { leaseId, type LeaseId } from '../base/ids.ts';
import { FieldReader } from '../base/protobuf.ts';
import type { Lessor } from '../lease/lessor.ts';
import type { Backend } from '../mvcc/backend.ts';
import { LEASE_BUCKET } from '../mvcc/buckets.ts';
import { MessageWriter } from './message-writer.ts';

const REVOKING = 15;
const KEY_BYTES = 8;

export interface LeaseRecord {
  readonly id: LeaseId;
  readonly ttlSeconds: number;
  /** 0: never written down. */
  readonly remainingSeconds: number;
  readonly revoking: boolean;
}

/** Every lease in the file; none in one without the bucket. Throws CORRUPT. */
export function readLeases(db: Db): LeaseRecord[] {
  const records: LeaseRecord[] = [];
  db.read((tx) => {
    const cursor = tx.bucket(LEASE_BUCKET)?.cursor();
    if (cursor === undefined) return;
    const fields = new FieldReader();
    for (let there = cursor.first(); there; there = cursor.next()) {
      let id = 0n;
      const numbers: number[] = [];
      fields.reset(cursor.buffer.u8, cursor.valueStart, cursor.valueLength);
      while (fields.next()) {
        if (fields.field === 1) id = fields.int64();
        // A remaining time below zero has been seen in etcd's files: the lease is over.
        else numbers[fields.field] = Math.max(0, Number(fields.int64()));
      }
      records.push({
        id: leaseId(id),
        ttlSeconds: numbers[2] ?? 0,
        remainingSeconds: numbers[3] ?? 0,
        revoking: numbers[REVOKING] === 1,
      });
    }
  });
  return records;
}

/** Puts every lease of the file into `lessor`; returns those whose keys are being deleted. Throws CORRUPT. */
export function recoverLeases(db: Db, lessor: Lessor, nowMs: number): LeaseId[] {
  const records = readLeases(db);
  for (const { id, ttlSeconds, remainingSeconds } of records) {
    lessor.recover(id, ttlSeconds, remainingSeconds, nowMs);
  }
  return records.filter(({ revoking }) => revoking).map(({ id }) => id);
}

export class LeaseRecords {
  readonly #backend: Backend;
  readonly #lessor: Lessor;
  readonly #revoking: ReadonlySet<LeaseId>;

  /** `lessor` knows a lease's times, and `revoking` names those whose keys are being deleted. */
  constructor(backend: Backend, lessor: Lessor, revoking: ReadonlySet<LeaseId>) {
    this.#backend = backend;
    this.#lessor = lessor;
    this.#revoking = revoking;
  }

  /** Writes a lease down as it is now; nothing where there is none. */
  changed(id: LeaseId): void {
    const lease = this.#lessor.timeToLive(id, 0);
    if (lease === undefined) return;
    const remainingSeconds = this.#lessor.remainingPersisted(id);
    const revoking = this.#revoking.has(id);
    this.#write({ id, ttlSeconds: lease.ttlSeconds, remainingSeconds, revoking });
  }

  revoked(id: LeaseId): void {
    this.#backend.put(LEASE_BUCKET, keyOf(id), undefined);
  }

  #write(record: LeaseRecord): void {
    const writer = new MessageWriter();
    writer.int64(1, record.id);
    writer.number(2, record.ttlSeconds);
    writer.number(3, record.remainingSeconds);
    writer.flag(REVOKING, record.revoking);
    this.#backend.put(LEASE_BUCKET, keyOf(record.id), writer.u8.slice(0, writer.length));
  }
}

function keyOf(id: LeaseId): Uint8Array {
  const key = new Uint8Array(KEY_BYTES);
  new DataView(key.buffer).setBigInt64(0, id);
  return key;
}
