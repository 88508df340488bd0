// The engine's public door. Everything the suite may use of the engine stands here; what is not named
// here may change with any commit. Tests of the engine import its files directly.

export { ENGINE_ERROR_CODES, EngineError, type EngineErrorCode } from './base/errors.ts';
export { Random } from './base/random.ts';
export type { Cursor } from './btree/cursor.ts';
export type { Bucket } from './db/bucket.ts';
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
export { inspectDb, type InspectReport } from './db/inspect.ts';
export { DEFAULT_OPTIONS, type EngineOptions } from './db/options.ts';
export { Reader, type DbShare, type ReadTx } from './db/reader.ts';
export type { CommitStats, DbStats } from './db/stats.ts';
export type { WriteBucket } from './db/write-bucket.ts';
export type { WriteTx } from './db/write-tx.ts';
export { FREELIST_KINDS } from './freelist/create.ts';
export type { FreelistCounters, FreelistKind } from './freelist/freelist.ts';
export { SpanList } from './base/span-list.ts';
// Disks for tests: one that fails when it is told to, one that clones what a crash would leave.
export { FaultVfs, type FaultRule } from './vfs/fault-vfs.ts';
export { MemoryVfs } from './vfs/memory-vfs.ts';
export { nodeVfs } from './vfs/node-vfs.ts';
export type { OpenFlags, Vfs, VfsFile } from './vfs/vfs.ts';
