// Reader: one thread's way into an open database. Attach one in every thread that reads, with what
// Db.share() gave; reading needs no messages after that. A read transaction sees one committed state
// for its whole life, whatever the writer does, and keeps the pages of that state from being reused:
// end it soon. Who starts a reading thread hands it to Db.releaseOnExit(), so that what it holds is
// freed even if it dies.

import { EngineError } from '../base/errors.ts';
import { PageCache, type PageCacheShare } from '../page/page-cache.ts';
import { PageReader } from '../page/page-reader.ts';
import { Control, type ControlShare, type SharedMeta } from '../shared/control.ts';
import type { Cursor } from '../btree/cursor.ts';
import { TreeView } from '../btree/tree-view.ts';
import type { Vfs, VfsFile } from '../vfs/vfs.ts';
import { Bucket, txClosed, type BucketOwner } from './bucket.ts';
import { ReadSession } from './read-session.ts';

/** All that another thread of this process needs to read; survives postMessage. */
export interface DbShare {
  readonly path: string;
  readonly cache: PageCacheShare;
  readonly control: ControlShare;
}

export class Reader {
  readonly #control: Control;
  readonly #cache: PageCache;
  readonly #file: VfsFile;
  readonly #idle: PageReader[] = [];
  #open = true;

  /** Opens the file once more for this thread. */
  static attach(share: DbShare, vfs: Vfs): Reader {
    const control = new Control(share.control);
    if (control.closed) throw closedError();
    return new Reader(
      control,
      new PageCache(share.cache, true),
      vfs.open(share.path, { mode: 'read' }),
    );
  }

  constructor(control: Control, cache: PageCache, file: VfsFile) {
    this.#control = control;
    this.#cache = cache;
    this.#file = file;
  }

  /** Begins a read transaction on the newest committed state. Throws READERS_FULL. */
  begin(): ReadTx {
    this.#assertUsable();
    const meta: SharedMeta = { root: 0, sequence: 0, highWater: 0, txid: 0, note: 0 };
    const slot = this.#control.enter(meta);
    const pages = this.#idle.pop() ?? new PageReader(this.#cache, this.#file);
    return new ReadTx(pages, meta, () => {
      pages.endTransaction();
      this.#idle.push(pages);
      this.#control.leave(slot);
    });
  }

  /** A transaction that can be begun over and over, for who reads so often that making one counts. */
  session(): ReadSession {
    const pages = this.#idle.pop() ?? new PageReader(this.#cache, this.#file);
    return new ReadSession(pages, this.#control, () => {
      this.#assertUsable();
    });
  }

  /** Runs `work` in a read transaction that ends with it. */
  read<T>(work: (tx: ReadTx) => T): T {
    const tx = this.begin();
    try {
      return work(tx);
    } finally {
      tx.end();
    }
  }

  /** Closes this thread's file. Transactions must have ended. */
  detach(): void {
    if (!this.#open) return;
    this.#open = false;
    this.#file.close();
  }

  #assertUsable(): void {
    if (!this.#open || this.#control.closed) throw closedError();
  }
}

/** As Db.releaseThread(), from any thread: for owners that sleep while they wait for work. */
export function releaseReaders(share: DbShare, thread: number): void {
  new Control(share.control).releaseThread(thread);
}

export class ReadTx implements BucketOwner {
  readonly txid: number;
  /** What the transaction that committed this state had as its note; 0 for the state at open. */
  readonly note: number;
  readonly view: TreeView;
  readonly root: Bucket;
  readonly #end: () => void;
  readonly #cursors: Cursor[] = [];
  #open = true;

  constructor(pages: PageReader, meta: SharedMeta, end: () => void) {
    this.txid = meta.txid;
    this.note = meta.note;
    this.view = new TreeView(pages);
    const sequence = BigInt(meta.sequence);
    this.root = new Bucket(this, { root: meta.root, sequence, inline: undefined });
    this.#end = end;
  }

  /** A top-level bucket. */
  bucket(name: Uint8Array): Bucket | undefined {
    return this.root.bucket(name);
  }

  end(): void {
    if (!this.#open) return;
    for (const cursor of this.#cursors) cursor.close();
    this.#open = false;
    this.#end();
  }

  assertOpen(): void {
    if (!this.#open) throw txClosed();
  }

  adopt(cursor: Cursor): void {
    this.#cursors.push(cursor);
  }
}

export function closedError(): EngineError {
  return new EngineError('TX_CLOSED', 'the database is closed');
}
