// Canonical hash: one digest of all a database holds, whatever pages it lies in, the same that
// `bboltpeer dump --hash` gives: SHA-256 over, for each entry in key order: depth (u32, 0 at the
// root), kind ('k' or 'b'), key length (u32), key; then for 'k' value length (u32) and value; for 'b'
// the bucket's sequence (u64), its contents, and one byte 'e'. Numbers are big-endian.
//
// Taken from a bucket through the engine, or from a model that never saw a page, so that an error of
// the engine's reader cannot hide an error of its writer. Test support; not part of the engine.

import { createHash, type Hash } from 'node:crypto';
import type { Bucket } from '../db/bucket.ts';
import type { Db } from '../db/db.ts';
import { bytesOf, type ModelBucket } from './model.ts';

export interface CanonicalHash {
  readonly hash: string;
  readonly buckets: number;
  readonly keys: number;
  /** Key, bucket name and value lengths together. */
  readonly bytes: number;
}

/** The digest of everything committed, read by cursor. */
export function hashOfDb(db: Db): CanonicalHash {
  const stream = new CanonicalStream();
  db.read((tx) => {
    readBucket(stream, tx.root, 0);
  });
  return stream.finish();
}

/** The digest a database with these contents must have. */
export function hashOfModel(model: ModelBucket): CanonicalHash {
  const stream = new CanonicalStream();
  readModel(stream, model, 0);
  return stream.finish();
}

function readBucket(stream: CanonicalStream, bucket: Bucket, depth: number): void {
  const cursor = bucket.cursor();
  for (let there = cursor.first(); there; there = cursor.next()) {
    const key = cursor.key();
    if (!cursor.isBucket) {
      stream.key(depth, key, cursor.value());
      continue;
    }
    const inner = bucket.bucket(key);
    if (inner === undefined) throw new Error('the cursor shows a bucket that cannot be opened');
    stream.enter(depth, key, inner.exactSequence);
    readBucket(stream, inner, depth + 1);
    stream.leave();
  }
  cursor.close();
}

function readModel(stream: CanonicalStream, model: ModelBucket, depth: number): void {
  const keys = [...model.values.keys(), ...model.buckets.keys()].map(bytesOf);
  for (const key of keys.sort((a, b) => Buffer.compare(a, b))) {
    const text = Buffer.from(key).toString('latin1');
    const inner = model.buckets.get(text);
    if (inner === undefined) {
      stream.key(depth, key, model.values.get(text) ?? new Uint8Array(0));
      continue;
    }
    stream.enter(depth, key, BigInt(inner.sequence));
    readModel(stream, inner, depth + 1);
    stream.leave();
  }
}

class CanonicalStream {
  readonly #digest: Hash = createHash('sha256');
  #buckets = 0;
  #keys = 0;
  #bytes = 0;

  key(depth: number, key: Uint8Array, value: Uint8Array): void {
    this.#keys++;
    this.#bytes += value.length;
    this.#name(depth, 'k', key);
    this.#length(value.length);
    this.#digest.update(value);
  }

  enter(depth: number, name: Uint8Array, sequence: bigint): void {
    this.#buckets++;
    this.#name(depth, 'b', name);
    const number = Buffer.alloc(8);
    number.writeBigUInt64BE(sequence);
    this.#digest.update(number);
  }

  leave(): void {
    this.#digest.update('e');
  }

  finish(): CanonicalHash {
    const hash = this.#digest.digest('hex');
    return { hash, buckets: this.#buckets, keys: this.#keys, bytes: this.#bytes };
  }

  #name(depth: number, kind: string, key: Uint8Array): void {
    this.#bytes += key.length;
    this.#length(depth);
    this.#digest.update(kind);
    this.#length(key.length);
    this.#digest.update(key);
  }

  #length(length: number): void {
    const number = Buffer.alloc(4);
    number.writeUInt32BE(length);
    this.#digest.update(number);
  }
}
