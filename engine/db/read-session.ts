// ReadSession: one thread's read transaction that is begun and ended over and over. It sees one committed
// state between begin() and end(), as a ReadTx does (reader.ts), but nothing is made anew each time.
// States are told apart by `txid`: what was found out about one holds whenever it is seen again, so its
// user may keep buckets and cursors from one transaction to the next as long as `txid` stays. Cursors
// belong to their user, who closes them before end().

import type { Control, SharedMeta } from '../shared/control.ts';
import type { PageReader } from '../page/page-reader.ts';
import { TreeView } from '../btree/tree-view.ts';
import { Bucket, txClosed, type BucketOwner } from './bucket.ts';

export class ReadSession implements BucketOwner {
  readonly view: TreeView;
  readonly #pages: PageReader;
  readonly #control: Control;
  readonly #assertUsable: () => void;
  readonly #meta: SharedMeta = { root: 0, sequence: 0, highWater: 0, txid: 0, note: 0 };
  /** -1 between transactions. */
  #slot = -1;

  /** `assertUsable` throws once reading is over. */
  constructor(pages: PageReader, control: Control, assertUsable: () => void) {
    this.view = new TreeView(pages);
    this.#pages = pages;
    this.#control = control;
    this.#assertUsable = assertUsable;
  }

  /** Begins a transaction on the newest committed state. Throws READERS_FULL, TX_CLOSED. */
  begin(): void {
    this.#assertUsable();
    this.#slot = this.#control.enter(this.#meta);
  }

  /** Ends it; nothing where none is open. */
  end(): void {
    if (this.#slot < 0) return;
    this.#pages.endTransaction();
    this.#control.leave(this.#slot);
    this.#slot = -1;
  }

  get isOpen(): boolean {
    return this.#slot >= 0;
  }

  /** Of the state that is seen, or was seen last; 0 before the first. */
  get txid(): number {
    return this.#meta.txid;
  }

  /** What the transaction that committed this state had as its note; 0 for the state at open. */
  get note(): number {
    return this.#meta.note;
  }

  /** A top-level bucket of the state that is seen. Its cursors can be used whenever it is seen again. */
  bucket(name: Uint8Array): Bucket | undefined {
    const header = { root: this.#meta.root, sequence: 0n, inline: undefined };
    return new Bucket(this, header).bucket(name);
  }

  assertOpen(): void {
    if (this.#slot < 0) throw txClosed();
  }

  adopt(): void {
    // Cursors are their user's here.
  }
}
