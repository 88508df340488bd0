// Maintenance of a store: copies for a backup, the hash that replicas compare, and the rewriting of its
// file without free pages. The first two run beside writes, in steps: whoever drives them lets the store
// work in between. All run in the store's own thread.

import { join } from 'node:path';
import { EngineError } from '../base/errors.ts';
import { backupSteps, type BackupReport } from '../db/backup.ts';
import { compactSteps, type CompactReport, type CompactStep } from '../db/compact.ts';
import { hashSteps, type KeyspaceHash } from '../mvcc/hash.ts';
import { nodeVfs } from '../vfs/node-vfs.ts';
import type { Vfs } from '../vfs/vfs.ts';
import type { Store } from './store.ts';

/**
 * Copies all that was answered so far to `path`, as etcd's snapshots are: `etcdctl snapshot restore` takes
 * it, and so does Store.open() as `db` of a folder. Yields the share done. Throws as backupSteps() and
 * Store.commit() do.
 */
export function* snapshotSteps(
  store: Store,
  path: string,
  vfs: Vfs = nodeVfs,
): Generator<number, BackupReport> {
  store.commit(true);
  const steps = backupSteps(store.mvcc.backend.db, path, vfs);
  try {
    let step = steps.next();
    // The copy is of the state before: from now on the file needs its log again.
    store.commit();
    for (; step.done !== true; step = steps.next()) yield step.value;
    return step.value;
  } finally {
    // Whoever stops half-way leaves nothing.
    steps.return(undefined as never);
  }
}

/**
 * etcd's hash of the keys up to `revision` (0: the newest). Yields how many revisions it looked at. Costs a
 * walk over every revision in the file, and a look into the index for each below the last compaction.
 */
export function* keyspaceHashSteps(store: Store, revision = 0): Generator<number, KeyspaceHash> {
  store.commit();
  return yield* hashSteps(store.mvcc, revision);
}

/** Name of the copy beside `db` that is to take its place. */
const REWRITTEN = 'db.defragmented';

/**
 * Rewrites the file of a store that is closed, without its free pages; opening it again goes on where it
 * was closed, log included. Readers of the store that was closed get TX_CLOSED, and attach again. A crash
 * at any moment leaves the old file or the new one. Throws LOCKED while the store is open, and as
 * compactSteps() does, with the old file in its place.
 */
export function* defragmentSteps(
  folder: string,
  vfs: Vfs = nodeVfs,
): Generator<CompactStep, CompactReport> {
  const source = join(folder, 'db');
  const target = join(folder, REWRITTEN);
  if (!vfs.exists(source)) throw new EngineError('IO', `there is no store in ${folder}`);
  // Beside the lock that compacting takes, and longer: nobody may write until the names are changed.
  const held = vfs.open(source, { mode: 'read' });
  try {
    vfs.lock(held, source, 'shared');
    // What a crash has left of an earlier one.
    vfs.remove(target);
    const report = yield* compactSteps({ source, target, fillPercent: FILL_PERCENT }, vfs);
    vfs.rename(target, source);
    vfs.syncFolder(folder);
    return report;
  } finally {
    held.close();
  }
}

/** etcd's, for the buckets whose keys do not come in order. */
const FILL_PERCENT = 0.9;

/** Runs steps to their end without pauses. */
export function runSteps<T>(steps: Generator<unknown, T>): T {
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
  }
}
