// StoreReader: reads of an open store from any thread: attach with what Store.share() gave. No message and
// no copy of the database; see mvcc-reader.ts for what a read answers. The thread that started this
// one calls releaseStoreThread() when it ends, however it ends.

import { releaseReaders } from '../db/reader.ts';
import { releaseBackendThread } from '../mvcc/backend.ts';
import { KeyIndexReader } from '../mvcc/key-index-reader.ts';
import { MvccReader, type MvccShare } from '../mvcc/mvcc-reader.ts';
import type { Vfs } from '../vfs/vfs.ts';

export type StoreShare = MvccShare;

/** Attaches this thread. Its file is opened once more; detach() closes it. */
export function attachStoreReader(share: StoreShare, vfs: Vfs): MvccReader {
  return MvccReader.attach(share, vfs);
}

/** Frees what a reading thread held that has ended; from any thread. */
export function releaseStoreThread(share: StoreShare, thread: number): void {
  releaseReaders(share.backend.db, thread);
  releaseBackendThread(share.backend, thread);
  new KeyIndexReader(share.index).releaseThread(thread);
}
