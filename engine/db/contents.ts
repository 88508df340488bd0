// Contents: all that a database holds, whatever pages it lies in: keys, values and nested buckets in
// key order. walkContents() shows them to a visitor; ContentHash makes one digest of them, the same
// that `bboltpeer dump --hash` gives: SHA-256 over, for each entry in key order: depth (u32, 0 at the
// root), kind ('k' or 'b'), key length (u32), key; then for 'k' value length (u32) and value; for 'b'
// the bucket's sequence (u64), its contents, and one byte 'e'. Numbers are big-endian.
//
// Two databases with the same digest answer every read alike. The root's own sequence is no part of
// it: bbolt gives no access to it.

import { createHash, type Hash } from 'node:crypto';
import type { Cursor } from '../btree/cursor.ts';
import { corrupt } from '../page/page-reader.ts';
import type { Bucket } from './bucket.ts';

/** Meets everything in key order, a bucket's contents between enter() and leave(). */
export interface ContentVisitor {
  /** Both are views, valid during the call only. */
  key(key: Uint8Array, value: Uint8Array): void;
  /** `name` is the visitor's to keep. */
  enter(name: Uint8Array, sequence: bigint): void;
  leave(): void;
}

const ENTRIES_A_STEP = 4096;
const BYTES_A_STEP = 4 * 1024 * 1024;
const BUFFER_BYTES = 64 * 1024;
/** 'k', 'b' and 'e' in ASCII. */
const KIND_KEY = 0x6b;
const KIND_BUCKET = 0x62;
const KIND_END = 0x65;

interface OpenBucket {
  readonly bucket: Bucket;
  readonly cursor: Cursor;
}

/**
 * Shows all that is in `root`; pauses every few thousand entries with the bytes of keys, names and
 * values shown so far. Memory: the nodes on the path to the entry shown.
 */
export function* walkContents(root: Bucket, visitor: ContentVisitor): Generator<number, void> {
  const stack: OpenBucket[] = [{ bucket: root, cursor: root.ownCursor() }];
  let entriesLeft = ENTRIES_A_STEP;
  let bytes = 0;
  let bytesPaused = 0;
  try {
    let there = stack[0]!.cursor.first();
    for (let top = stack.at(-1); top !== undefined; top = stack.at(-1)) {
      const { cursor } = top;
      if (!there) {
        cursor.close();
        stack.pop();
        if (stack.length > 0) visitor.leave();
        there = stack.at(-1)?.cursor.next() ?? false;
        continue;
      }
      entriesLeft--;
      bytes += cursor.keyLength;
      if (cursor.isBucket) {
        const inner = enterBucket(top, visitor);
        stack.push(inner);
        there = inner.cursor.first();
      } else {
        bytes += showKey(cursor, visitor);
        there = cursor.next();
      }
      if (entriesLeft > 0 && bytes - bytesPaused < BYTES_A_STEP) continue;
      entriesLeft = ENTRIES_A_STEP;
      bytesPaused = bytes;
      yield bytes;
    }
  } finally {
    for (const { cursor } of stack) cursor.close();
  }
}

function enterBucket({ bucket, cursor }: OpenBucket, visitor: ContentVisitor): OpenBucket {
  const name = cursor.key();
  const inner = bucket.bucket(name);
  if (inner === undefined) throw corrupt(0, 'a bucket that is listed cannot be opened');
  visitor.enter(name, inner.exactSequence);
  return { bucket: inner, cursor: inner.ownCursor() };
}

/** Returns the value's length. */
function showKey(cursor: Cursor, visitor: ContentVisitor): number {
  const { u8 } = cursor.buffer;
  const { keyStart, keyLength, valueStart, valueLength } = cursor;
  visitor.key(
    u8.subarray(keyStart, keyStart + keyLength),
    u8.subarray(valueStart, valueStart + valueLength),
  );
  return valueLength;
}

/** What a database holds, in four numbers. */
export interface ContentDigest {
  /** SHA-256, hexadecimal. */
  readonly hash: string;
  readonly buckets: number;
  readonly keys: number;
  /** Key, bucket name and value lengths together. */
  readonly bytes: number;
}

/** Digests what it is shown. */
export class ContentHash implements ContentVisitor {
  readonly #digest: Hash = createHash('sha256');
  /** Small pieces are gathered here: a call of the digest costs more than their bytes. */
  readonly #buffer = Buffer.alloc(BUFFER_BYTES);
  #filled = 0;
  #depth = 0;
  #buckets = 0;
  #keys = 0;
  #bytes = 0;

  key(key: Uint8Array, value: Uint8Array): void {
    this.#keys++;
    this.#bytes += value.length;
    this.#name(KIND_KEY, key);
    this.#room(4);
    this.#filled = this.#buffer.writeUInt32BE(value.length, this.#filled);
    this.#append(value);
  }

  enter(name: Uint8Array, sequence: bigint): void {
    this.#buckets++;
    this.#name(KIND_BUCKET, name);
    this.#room(8);
    this.#filled = this.#buffer.writeBigUInt64BE(sequence, this.#filled);
    this.#depth++;
  }

  leave(): void {
    this.#depth--;
    this.#room(1);
    this.#filled = this.#buffer.writeUInt8(KIND_END, this.#filled);
  }

  /** The digest of all that was shown. Call it once. */
  finish(): ContentDigest {
    this.#flush();
    const hash = this.#digest.digest('hex');
    return { hash, buckets: this.#buckets, keys: this.#keys, bytes: this.#bytes };
  }

  #name(kind: number, key: Uint8Array): void {
    this.#bytes += key.length;
    this.#room(9);
    this.#buffer.writeUInt32BE(this.#depth, this.#filled);
    this.#buffer[this.#filled + 4] = kind;
    this.#filled = this.#buffer.writeUInt32BE(key.length, this.#filled + 5);
    this.#append(key);
  }

  #append(bytes: Uint8Array): void {
    for (let done = 0; done < bytes.length;) {
      this.#room(1);
      const part = Math.min(bytes.length - done, BUFFER_BYTES - this.#filled);
      this.#buffer.set(bytes.subarray(done, done + part), this.#filled);
      this.#filled += part;
      done += part;
    }
  }

  #room(bytes: number): void {
    if (this.#filled + bytes > BUFFER_BYTES) this.#flush();
  }

  #flush(): void {
    this.#digest.update(this.#buffer.subarray(0, this.#filled));
    this.#filled = 0;
  }
}
