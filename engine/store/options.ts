// StoreOptions: every switch of the store, each with meaning, unit, default and cost; those of the Db
// (freelist, page cache, ...) are passed through. What each may be stands in STORE_OPTION_RULES alone.
// Presets name whole columns: what etcd had before the published optimisations, and with them. What an open
// store runs with is read from its parts (settings.ts), never from here.

import { EngineError } from '../base/errors.ts';
import { choice, optionFaults, wholeNumber, type OptionRule } from '../base/option-rules.ts';
import {
  DEFAULT_OPTIONS,
  ENGINE_OPTION_RULES,
  pageFaults,
  type EngineOptions,
} from '../db/options.ts';
import { LEASE_EXPIRIES, type LeaseExpiry } from '../lease/expiry.ts';
import { INDEX_LOCKS, READ_LOCKS, type IndexLock, type ReadLock } from '../mvcc/options.ts';

export const DURABILITIES = ['each', 'group', 'none'] as const;
export type Durability = (typeof DURABILITIES)[number];

export interface StoreOptions extends EngineOptions {
  /**
   * When a write is acknowledged: 'each' after a sync of its own; 'group' (default) after a sync it may
   * share with others that waited; 'none' without any: a crash of the machine loses what it pleases.
   */
  readonly durability: Durability;
  /** What readers and the writer keep each other from; see mvcc/backend.ts. Default 'concurrent'. */
  readonly readLock: ReadLock;
  /** Lock of the key index; see mvcc/key-index-reader.ts. Default 'optimistic'. */
  readonly indexLock: IndexLock;
  /** How leases that are over are found. Default 'heap'. */
  readonly leaseExpiry: LeaseExpiry;
  /** Leases revoked in a second at most. Default 1000, as etcd's. */
  readonly leaseRevokeRate: number;
  /** Seconds after which a lease's remaining time is persisted; 0, the default: never. */
  readonly leaseCheckpointSeconds: number;
  /** Shortest lease, in seconds. Default 2, as etcd's with its default election timeout. */
  readonly leaseTtlMin: number;
  /** Keys of a lease that one step of its revocation deletes. Default 1000. */
  readonly leaseRevokeKeys: number;
  /** Changes after which the backend commits. Default 10,000, as etcd's. */
  readonly batchLimit: number;
  /** Milliseconds after which the backend commits. Default 100, as etcd's. */
  readonly batchIntervalMs: number;
  /** Revisions that a step of a compaction looks at, and milliseconds between steps. 1000 and 10. */
  readonly compactionBatch: number;
  readonly compactionPauseMs: number;
  /** Bytes of the backend after which writes are refused. Default 2 GiB, as etcd's. */
  readonly quotaBytes: number;
  /** Largest request in bytes; never more than fits into a segment. Default 1.5 MiB, as etcd's. */
  readonly requestBytesMax: number;
  /** Most operations in a transaction. Default 128, as etcd's. */
  readonly txnOperationsMax: number;
  /** Shared memory of the key index. Touched only as it fills. Default 1 GiB. */
  readonly indexBytes: number;
  /** Shared memory for changes that are not committed yet: entries and bytes. 1M and 512 MiB. */
  readonly bufferEntries: number;
  readonly bufferBytes: number;
  /** Bytes of a segment of the log. Default 64 MiB, as etcd's. */
  readonly segmentBytes: number;
}

export const STORE_DEFAULTS: StoreOptions = {
  ...DEFAULT_OPTIONS,
  fillPercent: 0.9,
  durability: 'group',
  readLock: 'concurrent',
  indexLock: 'optimistic',
  leaseExpiry: 'heap',
  leaseRevokeRate: 1000,
  leaseCheckpointSeconds: 0,
  leaseTtlMin: 2,
  leaseRevokeKeys: 1000,
  batchLimit: 10_000,
  batchIntervalMs: 100,
  compactionBatch: 1000,
  compactionPauseMs: 10,
  quotaBytes: 2 * 1024 ** 3,
  requestBytesMax: 1.5 * 1024 ** 2,
  txnOperationsMax: 128,
  indexBytes: 1024 ** 3,
  bufferEntries: 1024 ** 2,
  bufferBytes: 512 * 1024 ** 2,
  segmentBytes: 64 * 1024 ** 2,
};

/** Columns of the published comparison: etcd before its optimisations, and with them. */
export const PRESETS: Readonly<Record<'baseline' | 'optimized', Partial<StoreOptions>>> = {
  baseline: {
    freelist: 'array',
    readLock: 'global',
    indexLock: 'global',
    leaseExpiry: 'scan',
  },
  optimized: {
    freelist: 'hashmap',
    readLock: 'concurrent',
    indexLock: 'optimistic',
    leaseExpiry: 'heap',
  },
};

const MIB = 1024 ** 2;

/** What each option may be: read by the check below and by the suite's factor table. */
export const STORE_OPTION_RULES: Readonly<Record<keyof StoreOptions, OptionRule>> = {
  ...ENGINE_OPTION_RULES,
  durability: choice(DURABILITIES, 'which sync of the log a write waits for'),
  readLock: choice(READ_LOCKS, 'what readers and the writer keep each other from'),
  indexLock: choice(INDEX_LOCKS, 'lock of the key index'),
  leaseExpiry: choice(LEASE_EXPIRIES, 'how expired leases are found'),
  leaseRevokeRate: wholeNumber('leases/s', 1, 1e9, 'leases revoked in a second at most'),
  leaseCheckpointSeconds: wholeNumber(
    's',
    0,
    1e9,
    "interval at which a lease's remaining time is persisted; 0: never",
  ),
  leaseTtlMin: wholeNumber('s', 1, 1e9, 'shortest lease'),
  leaseRevokeKeys: wholeNumber('keys', 1, 1e6, 'keys that one step of a revocation deletes'),
  batchLimit: wholeNumber('changes', 1, 1e8, 'changes after which the backend commits'),
  batchIntervalMs: wholeNumber('ms', 1, 3_600_000, 'time after which the backend commits'),
  compactionBatch: wholeNumber('revisions', 1, 1e8, 'revisions that a compaction step looks at'),
  compactionPauseMs: wholeNumber('ms', 0, 60_000, 'pause between the steps of a compaction'),
  quotaBytes: wholeNumber('bytes', 1, 2 ** 50, 'backend size above which writes are refused'),
  requestBytesMax: wholeNumber('bytes', 1024, 64 * MIB, 'largest request'),
  txnOperationsMax: wholeNumber('operations', 1, 100_000, 'operations in a transaction at most'),
  indexBytes: wholeNumber('bytes', MIB, 2 ** 36, 'shared memory of the key index'),
  bufferEntries: wholeNumber('entries', 1024, 2 ** 27, 'uncommitted changes that are kept at most'),
  bufferBytes: wholeNumber('bytes', MIB, 2 ** 32 - 1, 'memory for uncommitted changes'),
  segmentBytes: wholeNumber('bytes', 64 * 1024, 2 ** 30, 'segment of the log'),
};

/** Headers of a segment, a block and a record, and what closes a segment; rounded up. */
const SEGMENT_FRAME_BYTES = 4096;

/** Bytes of the largest request that is taken: the log cuts none in two. */
export function requestLimit({
  requestBytesMax,
  segmentBytes,
}: Pick<StoreOptions, 'requestBytesMax' | 'segmentBytes'>): number {
  return Math.min(requestBytesMax, segmentBytes - SEGMENT_FRAME_BYTES);
}

/** Fills in defaults and checks; throws one INVALID_ARGUMENT that names every fault. */
export function resolveStoreOptions(options: Partial<StoreOptions>): StoreOptions {
  const resolved = { ...STORE_DEFAULTS, ...options };
  const faults = [
    ...optionFaults<StoreOptions>(STORE_OPTION_RULES, resolved),
    ...pageFaults(resolved),
  ];
  if (resolved.readOnly) faults.push('readOnly is for files, not for a store');
  // A request and what it deletes has to fit into half of the buffer.
  if (resolved.bufferBytes < 4 * resolved.requestBytesMax) {
    faults.push(`bufferBytes ${resolved.bufferBytes} is less than four requests`);
  }
  if (faults.length > 0) throw new EngineError('INVALID_ARGUMENT', faults.join('; '));
  return resolved;
}
