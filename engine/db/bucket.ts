// Bucket: one named tree as a read sees it. Names nest. Gets copy what they return; a cursor gives
// access without copies. A bucket is valid as long as its transaction.

import { EngineError } from '../base/errors.ts';
import { copyRange, readU64 } from '../base/bytes.ts';
import {
  BUCKET_DEPTH_MAX,
  BUCKET_HEADER_BYTES,
  BUCKET_ROOT,
  BUCKET_SEQUENCE,
  LEAF_BUCKET,
  PAGES_MAX,
} from '../page/layout.ts';
import {
  copyOut,
  elementAt,
  leafFlags,
  valueLength,
  valueStart,
  type PageBuffer,
} from '../page/page-buffer.ts';
import { corrupt } from '../page/page-reader.ts';
import { Cursor } from '../btree/cursor.ts';
import type { RootRef, TreeView } from '../btree/tree-view.ts';
import { inlinePage } from './page-walk.ts';

/** What a bucket asks of the transaction it belongs to. */
export interface BucketOwner {
  readonly view: TreeView;
  /** Throws TX_CLOSED once the transaction has ended. */
  assertOpen(): void;
  /** Closes the cursor when the transaction ends. */
  adopt(cursor: Cursor): void;
}

/** A bucket's header as its parent stores it. */
export interface BucketHeader {
  readonly root: number;
  /** The full u64: bbolt lets a program set any, and it must survive an edit of the bucket. */
  readonly sequence: bigint;
  readonly inline: PageBuffer | undefined;
}

export class Bucket {
  protected readonly owner: BucketOwner;
  /** Buckets that this one is in; 0 for the root bucket. */
  protected readonly depth: number;
  readonly #root: RootRef;
  readonly #sequence: bigint;

  constructor(owner: BucketOwner, header: BucketHeader, depth = 0) {
    this.owner = owner;
    this.depth = depth;
    this.#root = { node: undefined, inline: header.inline, pgid: header.root };
    this.#sequence = header.sequence;
  }

  /** The bucket's own counter, 0 at first. Throws INCOMPATIBLE_VALUE from 2^53 on. */
  get sequence(): number {
    const exact = this.exactSequence;
    if (exact <= BigInt(Number.MAX_SAFE_INTEGER)) return Number(exact);
    throw new EngineError(
      'INCOMPATIBLE_VALUE',
      `the bucket's sequence ${exact} is no safe integer; read exactSequence, or set a lower one`,
    );
  }

  /** The counter over its whole range, which is a u64's. */
  get exactSequence(): bigint {
    return this.#sequence;
  }

  /** A copy of the key's value; undefined when the key is absent or names a bucket. */
  get(key: Uint8Array): Uint8Array | undefined {
    const { pages } = this.owner.view;
    const found = this.#locate(key);
    const { buffer, base, frame } = pages;
    let value: Uint8Array | undefined;
    if (found >= 0) {
      const element = elementAt(base, found);
      if ((leafFlags(buffer, element) & LEAF_BUCKET) === 0) {
        value = copyOut(buffer, valueStart(buffer, element), valueLength(buffer, element));
      }
    }
    pages.unpin(frame);
    return value;
  }

  /**
   * Copies the key's value to the start of `target` as far as it fits and returns the value's length;
   * -1 when the key is absent or names a bucket. Allocates nothing.
   */
  getInto(key: Uint8Array, target: Uint8Array): number {
    const { pages } = this.owner.view;
    const found = this.#locate(key);
    const { buffer, base, frame } = pages;
    let length = -1;
    if (found >= 0) {
      const element = elementAt(base, found);
      if ((leafFlags(buffer, element) & LEAF_BUCKET) === 0) {
        length = valueLength(buffer, element);
        const copied = Math.min(length, target.length);
        copyRange(buffer.u8, valueStart(buffer, element), copied, target, 0);
      }
    }
    pages.unpin(frame);
    return length;
  }

  /** A nested bucket; undefined when the name is absent or is a plain key. */
  bucket(name: Uint8Array): Bucket | undefined {
    const header = this.header(name);
    return header === undefined ? undefined : new Bucket(this.owner, header, this.depth + 1);
  }

  /** A cursor before the first element; close it, or the transaction will. */
  cursor(): Cursor {
    const cursor = this.ownCursor();
    this.owner.adopt(cursor);
    return cursor;
  }

  /**
   * As cursor(), but nobody closes it for the caller: for walks over any number of buckets, which a
   * transaction that remembers every cursor would pay for in memory.
   */
  ownCursor(): Cursor {
    this.owner.assertOpen();
    return new Cursor(this.owner.view, () => this.rootRef());
  }

  /** The tree's root as it is now. */
  protected rootRef(): RootRef {
    return this.#root;
  }

  /** The header stored under `name`, with the inline page copied; undefined if there is no bucket. */
  protected header(name: Uint8Array): BucketHeader | undefined {
    const { pages } = this.owner.view;
    const found = this.#locate(name);
    const { buffer, base, frame } = pages;
    let value: Uint8Array | undefined;
    if (found >= 0 && (leafFlags(buffer, elementAt(base, found)) & LEAF_BUCKET) !== 0) {
      const element = elementAt(base, found);
      value = copyOut(buffer, valueStart(buffer, element), valueLength(buffer, element));
    }
    pages.unpin(frame);
    if (value === undefined) return undefined;
    // A bucket whose root leads back to it would never end.
    if (this.depth === BUCKET_DEPTH_MAX) {
      throw corrupt(
        this.#root.pgid,
        `a bucket below it is more than ${BUCKET_DEPTH_MAX} levels deep`,
      );
    }
    return decodeBucketHeader(value);
  }

  #locate(key: Uint8Array): number {
    this.owner.assertOpen();
    return this.owner.view.locate(this.rootRef(), key);
  }
}

/** Reads a bucket element's value. Throws CORRUPT. */
function decodeBucketHeader(value: Uint8Array): BucketHeader {
  if (value.length < BUCKET_HEADER_BYTES) throw corrupt(0, 'a bucket header is cut short');
  const view = new DataView(value.buffer, value.byteOffset, value.byteLength);
  const root = readU64(view, BUCKET_ROOT);
  // Not only NaN: the cache knows pages by 32 bits and would take a larger number for another page.
  if (!(root <= PAGES_MAX))
    throw corrupt(0, "a bucket's root is a page beyond this engine's limit");
  const inline = root === 0 ? inlinePage(value) : undefined;
  if (typeof inline === 'string') throw corrupt(0, `an inline bucket: ${inline}`);
  return { root, sequence: view.getBigUint64(BUCKET_SEQUENCE, true), inline };
}

export function txClosed(): EngineError {
  return new EngineError('TX_CLOSED', 'the transaction has ended; begin a new one');
}
