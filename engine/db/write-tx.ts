// WriteTx: the one write transaction that may be open. It collects changes as nodes in private
// memory; nothing reaches the file or other threads before commit(). Reads through it see its own
// changes. After commit() or rollback() it is over.

import type { Cursor } from '../btree/cursor.ts';
import type { TreeContext } from '../btree/tree.ts';
import { TreeView } from '../btree/tree-view.ts';
import { txClosed, type BucketHeader } from './bucket.ts';
import { WriteBucket, type WriteOwner } from './write-bucket.ts';

/** What the transaction asks of the database. */
export interface WriteTxHost {
  commit(tx: WriteTx): void;
  rollback(tx: WriteTx): void;
}

export class WriteTx implements WriteOwner {
  readonly txid: number;
  readonly view: TreeView;
  readonly context: TreeContext;
  readonly fillPercent: number;
  readonly root: WriteBucket;
  /** A number that readers of the committed state get with it (ReadTx.note). Not stored. */
  note = 0;
  readonly #host: WriteTxHost;
  readonly #cursors: Cursor[] = [];
  #open = true;

  constructor(
    host: WriteTxHost,
    context: TreeContext,
    state: { txid: number; header: BucketHeader; fillPercent: number },
  ) {
    this.txid = state.txid;
    this.context = context;
    this.fillPercent = state.fillPercent;
    this.view = new TreeView(context.pages, context.nodes);
    this.root = new WriteBucket(this, state.header);
    this.#host = host;
  }

  bucket(name: Uint8Array): WriteBucket | undefined {
    return this.root.bucket(name);
  }

  /** Creates a top-level bucket. Throws BUCKET_EXISTS or INCOMPATIBLE_VALUE. */
  createBucket(name: Uint8Array): WriteBucket {
    return this.root.createBucket(name);
  }

  /** Opens the top-level bucket, creating it when it is absent. */
  ensureBucket(name: Uint8Array): WriteBucket {
    return this.root.ensureBucket(name);
  }

  /** Deletes a top-level bucket with all it holds. Throws BUCKET_NOT_FOUND. */
  deleteBucket(name: Uint8Array): void {
    this.root.deleteBucket(name);
  }

  /** Makes the changes durable, then visible. On a throw nothing is visible and the Db is poisoned. */
  commit(): void {
    this.assertOpen();
    this.#closeCursors();
    try {
      this.#host.commit(this);
    } finally {
      this.#open = false;
    }
  }

  rollback(): void {
    if (!this.#open) return;
    this.#closeCursors();
    this.#open = false;
    this.#host.rollback(this);
  }

  assertOpen(): void {
    if (!this.#open) throw txClosed();
  }

  adopt(cursor: Cursor): void {
    this.#cursors.push(cursor);
  }

  #closeCursors(): void {
    for (const cursor of this.#cursors) cursor.close();
  }
}
