// WriteBucket: a bucket under edit. Changes stay in its tree's nodes until the transaction spills
// them. A nested bucket small enough (one leaf, no buckets in it, at most a quarter page) is stored
// inline, in its parent's element, as bbolt does.

import { writeU64 } from '../base/bytes.ts';
import { EngineError } from '../base/errors.ts';
import { Tree, type TreeContext } from '../btree/tree.ts';
import type { Node } from '../btree/node.ts';
import type { RootRef } from '../btree/tree-view.ts';
import {
  BUCKET_DEPTH_MAX,
  BUCKET_HEADER_BYTES,
  BUCKET_ROOT,
  BUCKET_SEQUENCE,
  FLAG_LEAF,
  KEY_BYTES_MAX,
  LEAF_BUCKET,
  PAGE_HEADER_BYTES,
  VALUE_BYTES_MAX,
} from '../page/layout.ts';
import {
  copyOut,
  elementAt,
  keyLength,
  keyStart,
  leafFlags,
  PageBuffer,
  pageCount,
} from '../page/page-buffer.ts';
import { corrupt } from '../page/page-reader.ts';
import { Bucket, type BucketHeader, type BucketOwner } from './bucket.ts';

/** What a bucket under edit asks of its transaction. */
export interface WriteOwner extends BucketOwner {
  readonly context: TreeContext;
  readonly fillPercent: number;
}

export class WriteBucket extends Bucket {
  readonly #owner: WriteOwner;
  readonly #header: BucketHeader;
  /** Opened nested buckets, by name as Latin-1. */
  readonly #children = new Map<string, WriteBucket>();
  #sequence: bigint;
  #tree: Tree | undefined;
  #fillPercent: number;

  constructor(owner: WriteOwner, header: BucketHeader, depth = 0) {
    super(owner, header, depth);
    this.#owner = owner;
    this.#header = header;
    this.#sequence = header.sequence;
    this.#fillPercent = owner.fillPercent;
  }

  override get exactSequence(): bigint {
    return this.#sequence;
  }

  /** Share of a page a split leaves full, 0.1 to 1; for this bucket and transaction only. */
  set fillPercent(share: number) {
    this.#fillPercent = share;
    if (this.#tree !== undefined) this.#tree.fillPercent = share;
  }

  get fillPercent(): number {
    return this.#fillPercent;
  }

  /** Sets the key, replacing its value. Copies both. Throws INVALID_ARGUMENT, INCOMPATIBLE_VALUE. */
  put(key: Uint8Array, value: Uint8Array): void {
    checkKey(key);
    if (value.length > VALUE_BYTES_MAX) {
      throw new EngineError('INVALID_ARGUMENT', `a value of ${value.length} bytes is too long`);
    }
    const tree = this.#edit();
    const leaf = tree.leafFor(key);
    const found = leaf.search(key);
    if (found >= 0) assertPlain(leaf, found);
    tree.put(leaf, found, key, value, 0);
  }

  /** Removes the key; false when it was absent. Throws INCOMPATIBLE_VALUE for a bucket. */
  delete(key: Uint8Array): boolean {
    this.#owner.assertOpen();
    const { pages } = this.#owner.view;
    const there = this.#owner.view.locate(this.rootRef(), key) >= 0;
    pages.unpin(pages.frame);
    if (!there) return false;
    const tree = this.#edit();
    const leaf = tree.leafFor(key);
    const found = this.#indexOf(leaf, key);
    assertPlain(leaf, found);
    tree.delete(leaf, found);
    return true;
  }

  /** Sets the bucket's counter. */
  setSequence(sequence: number): void {
    if (!Number.isSafeInteger(sequence) || sequence < 0) {
      throw new EngineError('INVALID_ARGUMENT', `sequence ${sequence} is no safe integer >= 0`);
    }
    this.#edit().touch();
    this.#sequence = BigInt(sequence);
  }

  /** Raises the bucket's counter by one and returns it. Throws INCOMPATIBLE_VALUE from 2^53 on. */
  nextSequence(): number {
    const next = this.sequence + 1;
    this.setSequence(next);
    return next;
  }

  override bucket(name: Uint8Array): WriteBucket | undefined {
    const id = nameId(name);
    const opened = this.#children.get(id);
    if (opened !== undefined) return opened;
    const header = this.header(name);
    if (header === undefined) return undefined;
    const child = new WriteBucket(this.#owner, header, this.depth + 1);
    this.#children.set(id, child);
    return child;
  }

  /** Throws BUCKET_EXISTS, INCOMPATIBLE_VALUE, and INVALID_ARGUMENT below BUCKET_DEPTH_MAX levels. */
  createBucket(name: Uint8Array): WriteBucket {
    checkKey(name);
    if (this.depth === BUCKET_DEPTH_MAX) {
      throw new EngineError(
        'INVALID_ARGUMENT',
        `buckets nest ${BUCKET_DEPTH_MAX} levels, no deeper`,
      );
    }
    const tree = this.#edit();
    const leaf = tree.leafFor(name);
    const found = leaf.search(name);
    if (found >= 0) {
      assertPlain(leaf, found, 'BUCKET_EXISTS');
      throw new EngineError('INCOMPATIBLE_VALUE', 'the name is taken by a plain key');
    }
    const header: BucketHeader = { root: 0, sequence: 0n, inline: emptyLeaf() };
    tree.put(leaf, found, name, encodeInline(0n, emptyLeaf().u8), LEAF_BUCKET);
    const child = new WriteBucket(this.#owner, header, this.depth + 1);
    this.#children.set(nameId(name), child);
    return child;
  }

  ensureBucket(name: Uint8Array): WriteBucket {
    return this.bucket(name) ?? this.createBucket(name);
  }

  /** Deletes a nested bucket and everything in it. Throws BUCKET_NOT_FOUND. */
  deleteBucket(name: Uint8Array): void {
    const child = this.bucket(name);
    if (child === undefined) {
      throw new EngineError('BUCKET_NOT_FOUND', 'there is no bucket of that name to delete');
    }
    child.#destroy();
    this.#children.delete(nameId(name));
    const tree = this.#edit();
    const leaf = tree.leafFor(name);
    tree.delete(leaf, this.#indexOf(leaf, name));
  }

  /** Joins underfull nodes here and in nested buckets. */
  rebalance(): void {
    for (const child of this.#children.values()) child.rebalance();
    this.#tree?.rebalance();
  }

  /** Gives every node a page, nested buckets first; returns the root's page. */
  spill(): number {
    for (const [id, child] of this.#children) this.#spillChild(Buffer.from(id, 'latin1'), child);
    return this.#tree === undefined ? this.#header.root : this.#tree.spill();
  }

  protected override rootRef(): RootRef {
    const node = this.#tree?.root;
    return { node, inline: this.#header.inline, pgid: this.#header.root };
  }

  #spillChild(name: Uint8Array, child: WriteBucket): void {
    const value = child.#stored();
    if (value === undefined) return;
    const tree = this.#edit();
    const leaf = tree.leafFor(name);
    tree.put(leaf, leaf.search(name), name, value, LEAF_BUCKET);
  }

  /** What the parent must store for this bucket; undefined when nothing changed. */
  #stored(): Uint8Array | undefined {
    for (const [id, child] of this.#children) this.#spillChild(Buffer.from(id, 'latin1'), child);
    this.#children.clear();
    const root = this.#tree?.root;
    if (this.#tree === undefined || root === undefined) return undefined;
    if (inlineable(root, this.#owner.context.pageSize)) {
      this.#tree.discardRoot();
      return encodeInline(this.#sequence, packLeaf(root));
    }
    const value = new Uint8Array(BUCKET_HEADER_BYTES);
    const view = new DataView(value.buffer);
    writeU64(view, BUCKET_ROOT, this.#tree.spill());
    view.setBigUint64(BUCKET_SEQUENCE, this.#sequence, true);
    return value;
  }

  /** Frees all pages of this bucket and of the buckets in it. */
  #destroy(): void {
    this.#edit().destroy((page, base) => {
      for (let i = 0; i < pageCount(page, base); i++) {
        const element = elementAt(base, i);
        if ((leafFlags(page, element) & LEAF_BUCKET) === 0) continue;
        const start = keyStart(page, element, FLAG_LEAF);
        const child = this.bucket(copyOut(page, start, keyLength(page, element, FLAG_LEAF)));
        if (child === undefined) throw this.#outOfOrder();
        child.#destroy();
      }
    });
  }

  /** Where a key stands that was seen before; keys out of order can hide it. */
  #indexOf(leaf: Node, key: Uint8Array): number {
    const found = leaf.search(key);
    if (found < 0) throw this.#outOfOrder();
    return found;
  }

  #outOfOrder(): EngineError {
    return corrupt(this.#header.root, 'the keys below it are out of order');
  }

  #edit(): Tree {
    this.#owner.assertOpen();
    if (this.#tree === undefined) {
      const { root, inline } = this.#header;
      this.#tree =
        root === 0
          ? Tree.fromInline(this.#owner.context, inline)
          : new Tree(this.#owner.context, root);
      this.#tree.fillPercent = this.#fillPercent;
    }
    return this.#tree;
  }
}

function checkKey(key: Uint8Array): void {
  if (key.length === 0) throw new EngineError('INVALID_ARGUMENT', 'an empty key cannot be stored');
  if (key.length > KEY_BYTES_MAX) {
    throw new EngineError(
      'INVALID_ARGUMENT',
      `a key of ${key.length} bytes is longer than ${KEY_BYTES_MAX}`,
    );
  }
}

/** Throws `code` when the element is a bucket. */
function assertPlain(
  leaf: Node,
  index: number,
  code: 'INCOMPATIBLE_VALUE' | 'BUCKET_EXISTS' = 'INCOMPATIBLE_VALUE',
): void {
  if ((leafFlags(leaf.buffer, elementAt(0, index)) & LEAF_BUCKET) !== 0) {
    throw new EngineError(code, 'the key names a bucket');
  }
}

function inlineable(root: Node, pageSize: number): boolean {
  if (!root.isLeaf || root.parent !== undefined || root.bytes > pageSize / 4) return false;
  for (let i = 0; i < root.count; i++) {
    if ((leafFlags(root.buffer, elementAt(0, i)) & LEAF_BUCKET) !== 0) return false;
  }
  return true;
}

/** The root's bytes without gap and garbage: header, elements, data. */
function packLeaf(root: Node): Uint8Array {
  const packed = new Uint8Array(root.bytes);
  const view = new DataView(packed.buffer);
  packed.set(root.buffer.u8.subarray(0, PAGE_HEADER_BYTES));
  let data = elementAt(0, root.count);
  for (let i = 0; i < root.count; i++) {
    const element = elementAt(0, i);
    const word = element >>> 2;
    const length = root.buffer.u32[word + 2]! + root.buffer.u32[word + 3]!;
    const start = keyStart(root.buffer, element, FLAG_LEAF);
    packed.set(root.buffer.u8.subarray(start, start + length), data);
    packed.set(root.buffer.u8.subarray(element, element + 16), element);
    view.setUint32(element + 4, data - element, true);
    data += length;
  }
  // The page inside a bucket's value has no number of its own.
  view.setUint32(0, 0, true);
  view.setUint32(4, 0, true);
  view.setUint32(12, 0, true);
  return packed;
}

function encodeInline(sequence: bigint, page: Uint8Array): Uint8Array {
  const value = new Uint8Array(BUCKET_HEADER_BYTES + page.length);
  new DataView(value.buffer).setBigUint64(BUCKET_SEQUENCE, sequence, true);
  value.set(page, BUCKET_HEADER_BYTES);
  return value;
}

function emptyLeaf(): PageBuffer {
  const page = new PageBuffer(new ArrayBuffer(PAGE_HEADER_BYTES));
  page.u32[2] = FLAG_LEAF;
  return page;
}

function nameId(name: Uint8Array): string {
  return Buffer.from(name.buffer, name.byteOffset, name.length).toString('latin1');
}
