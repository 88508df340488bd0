// Backup: copies an open database into another file, in bounded steps, while its owner goes on writing.
//
// What is copied is one committed state: a read transaction keeps its pages from being used again, pages
// of no use to it are copied as they happen to be, and the metas are written anew, both for this state,
// as bbolt's Tx.WriteTo does. Behind the database follow the 32 bytes of its SHA-256, as etcdctl's
// `snapshot save` leaves them; programs that open the file as a database do not look there.
//
// The copy is written under another name, synced and renamed, so that whoever finds the file under its own
// name finds all of it. Nothing but the name of the unfinished copy is left by a crash.

import { createHash } from 'node:crypto';
import { dirname } from 'node:path';
import { assert } from '../base/assert.ts';
import { EngineError } from '../base/errors.ts';
import { txid } from '../base/ids.ts';
import { encodeMeta, type Meta } from '../page/meta-page.ts';
import { nodeVfs } from '../vfs/node-vfs.ts';
import type { Vfs, VfsFile } from '../vfs/vfs.ts';
import type { Db } from './db.ts';

/** Bytes copied in a step: about a millisecond. */
const STEP_BYTES = 1024 * 1024;

export interface BackupReport {
  /** Of the file, checksum included. */
  readonly bytes: number;
  /** Transaction whose state was copied. */
  readonly txid: number;
  /** SHA-256 of the database, in hex. */
  readonly sha256: string;
}

/**
 * Copies the newest committed state of `db` to `path`, which must not exist; yields the share done, 0 to 1.
 * Whoever stops half-way calls return() on it, and nothing is left. Keeps pages from being used again
 * until it ends. Call it in the thread of the Db. Throws INVALID_ARGUMENT, IO, NO_SPACE, READERS_FULL.
 */
export function* backupSteps(
  db: Db,
  path: string,
  vfs: Vfs = nodeVfs,
): Generator<number, BackupReport> {
  if (vfs.exists(path)) {
    throw new EngineError('INVALID_ARGUMENT', `${path} exists; remove it or name another file`);
  }
  const unfinished = `${path}.part`;
  let renamed = false;
  const tx = db.beginRead();
  try {
    const { meta } = db;
    assert(meta.txid === tx.txid, 'a new reader sees the newest state');
    const source = vfs.open(db.path, { mode: 'read' });
    try {
      const report = yield* writeCopy(meta, source, { unfinished, vfs });
      vfs.rename(unfinished, path);
      renamed = true;
      vfs.syncFolder(dirname(path));
      return report;
    } finally {
      source.close();
    }
  } finally {
    tx.end();
    if (!renamed) vfs.remove(unfinished);
  }
}

function* writeCopy(
  meta: Meta,
  source: VfsFile,
  { unfinished, vfs }: { readonly unfinished: string; readonly vfs: Vfs },
): Generator<number, BackupReport> {
  const target = vfs.open(unfinished, { mode: 'create' });
  try {
    // One that a crash left behind.
    target.truncate(0);
    const hash = createHash('sha256');
    const metas = metaPages(meta);
    target.write(metas, 0, metas.length, 0);
    hash.update(metas);
    const end = meta.highWater * meta.pageSize;
    const chunk = new Uint8Array(STEP_BYTES);
    for (let at = metas.length; at < end;) {
      const read = source.read(chunk, 0, Math.min(STEP_BYTES, end - at), at);
      if (read === 0) throw new EngineError('CORRUPT', `the file ends at ${at}, not at ${end}`);
      target.write(chunk, 0, read, at);
      hash.update(chunk.subarray(0, read));
      at += read;
      yield at / end;
    }
    const digest = hash.digest();
    target.write(digest, 0, digest.length, end);
    target.sync();
    return { bytes: end + digest.length, txid: meta.txid, sha256: digest.toString('hex') };
  } finally {
    target.close();
  }
}

/** Both metas, each where its transaction number belongs, so that the file opens by either. */
function metaPages(meta: Meta): Uint8Array {
  const { pageSize } = meta;
  const pages = new Uint8Array(2 * pageSize);
  for (const id of [txid(meta.txid), txid(meta.txid - 1)]) {
    const start = (id % 2) * pageSize;
    encodeMeta({ ...meta, txid: id }, pages.subarray(start, start + pageSize));
  }
  return pages;
}
