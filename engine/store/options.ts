// StoreOptions: every switch of the store, each with meaning, unit, default and cost; those of the Db
// (freelist, page cache, ...) are passed through. Presets name whole columns: what etcd had before the
// published optimisations, and with them.

import { EngineError } from '../base/errors.ts';
import { DEFAULT_OPTIONS, resolveOptions, type EngineOptions } from '../db/options.ts';
import type { LeaseExpiry } from '../lease/expiry.ts';
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

interface NumberRule {
  readonly name: keyof StoreOptions;
  readonly min: number;
  readonly max: number;
}

const NUMBER_RULES: readonly NumberRule[] = [
  { name: 'leaseRevokeRate', min: 1, max: 1e9 },
  { name: 'leaseCheckpointSeconds', min: 0, max: 1e9 },
  { name: 'leaseTtlMin', min: 1, max: 1e9 },
  { name: 'leaseRevokeKeys', min: 1, max: 1e6 },
  { name: 'batchLimit', min: 1, max: 1e8 },
  { name: 'batchIntervalMs', min: 1, max: 3_600_000 },
  { name: 'compactionBatch', min: 1, max: 1e8 },
  { name: 'compactionPauseMs', min: 0, max: 60_000 },
  { name: 'quotaBytes', min: 1, max: 2 ** 50 },
  { name: 'requestBytesMax', min: 1024, max: 64 * 1024 ** 2 },
  { name: 'txnOperationsMax', min: 1, max: 100_000 },
  { name: 'indexBytes', min: 1024 ** 2, max: 2 ** 36 },
  { name: 'bufferEntries', min: 1024, max: 2 ** 27 },
  { name: 'bufferBytes', min: 1024 ** 2, max: 2 ** 32 - 1 },
  { name: 'segmentBytes', min: 64 * 1024, max: 2 ** 30 },
];

/** Headers of a segment, a block and a record, and what closes a segment; rounded up. */
const SEGMENT_FRAME_BYTES = 4096;

/** Bytes of the largest request that is taken: the log cuts none in two. */
export function requestLimit({ requestBytesMax, segmentBytes }: StoreOptions): number {
  return Math.min(requestBytesMax, segmentBytes - SEGMENT_FRAME_BYTES);
}

/** Fills in defaults and checks; throws one INVALID_ARGUMENT that names every fault. */
export function resolveStoreOptions(options: Partial<StoreOptions>): StoreOptions {
  const resolved = { ...STORE_DEFAULTS, ...options };
  const faults: string[] = [];
  for (const { name, min, max } of NUMBER_RULES) {
    const value = resolved[name] as number;
    if (!Number.isInteger(value) || value < min || value > max) {
      faults.push(`${name} ${value} is no whole number from ${min} to ${max}`);
    }
  }
  const choices: readonly [keyof StoreOptions, readonly string[]][] = [
    ['durability', DURABILITIES],
    ['readLock', READ_LOCKS],
    ['indexLock', INDEX_LOCKS],
    ['leaseExpiry', ['scan', 'heap']],
  ];
  for (const [name, known] of choices) {
    const value = resolved[name] as string;
    if (!known.includes(value)) faults.push(`${name} '${value}' is not ${known.join(', ')}`);
  }
  if (resolved.readOnly) faults.push('readOnly is for files, not for a store');
  // A request and what it deletes has to fit into half of the buffer.
  if (resolved.bufferBytes < 4 * resolved.requestBytesMax) {
    faults.push(`bufferBytes ${resolved.bufferBytes} is less than four requests`);
  }
  try {
    resolveOptions(resolved);
  } catch (error) {
    faults.push((error as EngineError).message);
  }
  if (faults.length > 0) throw new EngineError('INVALID_ARGUMENT', faults.join('; '));
  return resolved;
}
