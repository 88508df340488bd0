// ConsistentIndex: how far a store's file has come in its log, as etcd's cindex: the index of the last request
// that was carried out, and the identity that file and log share. Both stand in one value of the meta
// bucket, and are stored with every commit of the backend: what is behind the index comes from the log.
//
// For etcd's own tools the index stands beside it where etcd has it, counted on from etcd's where a file of
// etcd's was taken over: a log of ours begins with 1. When it is stored is the store's to say.

import { randomBytes } from 'node:crypto';
import { EngineError } from '../base/errors.ts';
import type { Db } from '../db/db.ts';
import type { Backend } from '../mvcc/backend.ts';
import { CONSISTENT_INDEX, META_BUCKET, STORE_IDENTITY, TERM } from '../mvcc/buckets.ts';
import { readBig, writeBig } from '../mvcc/revision.ts';

const IDENTITY_BYTES = 16;
const INDEX_BYTES = 8;

export class ConsistentIndex {
  /** Names the store. */
  readonly identity: Uint8Array;
  /** Whether the file bore the identity; otherwise it is a new one. */
  readonly stored: boolean;
  /** Index of the last request carried out. */
  value = 0;
  /** etcd's index is ours plus this. */
  readonly #etcdBase: number;

  /** Reads what the file says. Throws CORRUPT. */
  constructor(db: Db) {
    const { own, etcdIndex } = db.read((tx) => {
      const meta = tx.bucket(META_BUCKET);
      const index = meta?.get(CONSISTENT_INDEX);
      return {
        own: meta?.get(STORE_IDENTITY)?.slice(),
        etcdIndex: index?.length === INDEX_BYTES ? readBig(index, 0) : 0,
      };
    });
    if (own !== undefined && own.length !== IDENTITY_BYTES + INDEX_BYTES) {
      throw new EngineError('CORRUPT', `the store's identity has ${own.length} bytes`);
    }
    this.stored = own !== undefined;
    this.identity = own?.slice(0, IDENTITY_BYTES) ?? new Uint8Array(randomBytes(IDENTITY_BYTES));
    if (own !== undefined) this.value = readBig(own, IDENTITY_BYTES);
    this.#etcdBase = Math.max(0, etcdIndex - this.value);
  }

  /** Adds index and identity to the next commit, which must not hold what the log could lose. */
  store(backend: Backend): void {
    const own = new Uint8Array(IDENTITY_BYTES + INDEX_BYTES);
    own.set(this.identity);
    writeBig(own, IDENTITY_BYTES, this.value);
    backend.put(META_BUCKET, STORE_IDENTITY, own);
    const index = new Uint8Array(INDEX_BYTES);
    writeBig(index, 0, this.#etcdBase + this.value);
    backend.put(META_BUCKET, CONSISTENT_INDEX, index);
    const term = new Uint8Array(INDEX_BYTES);
    writeBig(term, 0, 1);
    backend.put(META_BUCKET, TERM, term);
  }
}
