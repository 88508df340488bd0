// readSettings(): what an open store runs with, each value from the part that uses it, for results. A value that
// was dropped or changed on the way from the options to its part shows here as what the part has.

import type { Db } from '../db/db.ts';
import type { Lessor } from '../lease/lessor.ts';
import type { Mvcc } from '../mvcc/mvcc.ts';
import type { Wal } from '../wal/wal.ts';
import type { Admission } from './admission.ts';
import type { Applier } from './applier.ts';
import type { GroupLog } from './group-log.ts';
import type { LeaseUpkeep } from './lease-upkeep.ts';
import type { StoreOptions } from './options.ts';

/** Parts of a store that an option says something to. */
export interface SetParts {
  readonly db: Db;
  readonly mvcc: Mvcc;
  readonly lessor: Lessor;
  readonly leases: LeaseUpkeep;
  readonly log: GroupLog;
  readonly wal: Wal;
  readonly admission: Admission;
  readonly applier: Applier;
}

export function readSettings(parts: SetParts): StoreOptions {
  const { db, mvcc, lessor, leases, log, wal, admission, applier } = parts;
  const { expiry, revokeRate, checkpointSeconds, ttlSecondsMin } = lessor.settings();
  return {
    ...db.settings(),
    ...mvcc.settings(),
    durability: log.durability,
    leaseExpiry: expiry,
    leaseRevokeRate: revokeRate,
    leaseCheckpointSeconds: checkpointSeconds,
    leaseTtlMin: ttlSecondsMin,
    leaseRevokeKeys: leases.revokeKeys,
    quotaBytes: admission.quotaBytes,
    requestBytesMax: admission.requestBytesMax,
    txnOperationsMax: applier.txnOperationsMax,
    segmentBytes: wal.segmentBytes,
  };
}
