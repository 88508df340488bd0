// Canonical hash: the digest of contents.ts, taken from a database through the engine, or from a model
// that never saw a page, so that an error of the engine's reader cannot hide an error of its writer.
// Test support; not part of the engine.

import { ContentHash, walkContents, type ContentDigest } from '../db/contents.ts';
import type { Db } from '../db/db.ts';
import { bytesOf, type ModelBucket } from './model.ts';

export type CanonicalHash = ContentDigest;

/** The digest of everything committed, read by cursor. */
export function hashOfDb(db: Db): CanonicalHash {
  const hash = new ContentHash();
  db.read((tx) => {
    const walk = walkContents(tx.root, hash);
    while (walk.next().done !== true) continue;
  });
  return hash.finish();
}

/** The digest a database with these contents must have. */
export function hashOfModel(model: ModelBucket): CanonicalHash {
  const hash = new ContentHash();
  readModel(hash, model);
  return hash.finish();
}

function readModel(hash: ContentHash, model: ModelBucket): void {
  const keys = [...model.values.keys(), ...model.buckets.keys()].map(bytesOf);
  for (const key of keys.sort((a, b) => Buffer.compare(a, b))) {
    const text = Buffer.from(key).toString('latin1');
    const inner = model.buckets.get(text);
    if (inner === undefined) {
      hash.key(key, model.values.get(text) ?? new Uint8Array(0));
      continue;
    }
    hash.enter(key, BigInt(inner.sequence));
    readModel(hash, inner);
    hash.leave();
  }
}
