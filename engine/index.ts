// The engine's public door. Everything the suite may use of the engine stands here; what is not named
// here may change with any commit. Tests of the engine import its files directly.

export { ENGINE_ERROR_CODES, EngineError, type EngineErrorCode } from './base/errors.ts';
export type { OptionRule } from './base/option-rules.ts';
export { Random } from './base/random.ts';
export type { Cursor } from './btree/cursor.ts';
export type { Bucket } from './db/bucket.ts';
export { leaseId, type LeaseId } from './base/ids.ts';
export { BulkFile, USED_PAGES_MAX, type BulkFileOptions } from './db/bulk-file.ts';
export { checkDb, checkSteps, type CheckFault, type CheckReport } from './db/check.ts';
export {
  compactSteps,
  type CompactOptions,
  type CompactPlan,
  type CompactReport,
  type CompactStep,
} from './db/compact.ts';
export { Db } from './db/db.ts';
export { inspectDb, inspectSteps, type InspectReport } from './db/inspect.ts';
export { DEFAULT_OPTIONS, type EngineOptions } from './db/options.ts';
export { Reader, type DbShare, type ReadTx } from './db/reader.ts';
export type { CommitStats, DbStats } from './db/stats.ts';
export type { WriteBucket } from './db/write-bucket.ts';
export type { WriteTx } from './db/write-tx.ts';
export { FREELIST_KINDS } from './freelist/create.ts';
export type { FreelistCounters, FreelistKind } from './freelist/freelist.ts';
export type { LeaseExpiry } from './lease/expiry.ts';
export { LeaseDue } from './lease/lease-list.ts';
export { Lessor } from './lease/lessor.ts';
export { LEASE_TICK_MS } from './lease/options.ts';
export { SpanList } from './base/span-list.ts';
// Disks for tests: one that fails when it is told to, one that clones what a crash would leave.
export { FaultVfs, type FaultRule } from './vfs/fault-vfs.ts';
export { MemoryVfs } from './vfs/memory-vfs.ts';
export { nodeVfs } from './vfs/node-vfs.ts';
export type { OpenFlags, Vfs, VfsFile } from './vfs/vfs.ts';
export { WrappedFile, WrappedVfs } from './vfs/wrapped-vfs.ts';
// The store: keys with revisions, leases and a log, over the Db.
export {
  END_OF_KEYS,
  type MvccReader,
  type RangeRequest,
  type RangeResponse,
} from './mvcc/mvcc-reader.ts';
export { KeyState } from './mvcc/key-index-reader.ts';
export type { KeyValue } from './mvcc/key-value.ts';
export { KeyValueView } from './mvcc/key-value.ts';
export { READ_LOCKS, type ReadLock } from './mvcc/options.ts';
export { Answer, ChannelClient, type ChannelShare } from './store/channel.ts';
export { keyspaceHashSteps, runSteps } from './store/maintenance.ts';
export {
  DURABILITIES,
  PRESETS,
  resolveStoreOptions,
  STORE_DEFAULTS,
  STORE_OPTION_RULES,
  type Durability,
  type StoreOptions,
} from './store/options.ts';
export type { PutRequest, Request, TxnOperation, TxnRequest } from './store/requests.ts';
export type { Response } from './store/responses.ts';
export { Store } from './store/store.ts';
export type { StoreStats } from './store/store-stats.ts';
export { attachStoreReader, releaseStoreThread, type StoreShare } from './store/store-reader.ts';
export {
  StoreThread,
  type StoreThreadOptions,
  type StoreThreadReport,
} from './store/store-thread.ts';
export { noSyncs } from './vfs/sync-vfs.ts';
