// Stamped writer: commits states whose every part follows from the txid, so that a reader in another
// thread can tell a whole state from a mixed or torn one. What holds in each state:
//
// - bucket 'data' maps keys to values: the txid that wrote the value, then one byte, made from key and
//   txid, over and over. Some keys are buckets of the same kind, inline or of several pages. Its
//   sequence is the state's txid;
// - bucket 'sums' holds the number of those values, the sum of their stamps (a number made of depth, key,
//   writer and length) modulo 2^48, and the state's txid.
//
// reader-worker.js verifies it. Everything random comes from the seed. Test support; not part of the
// engine.

import { Random } from '../base/random.ts';
import type { Db } from '../db/db.ts';
import type { WriteBucket } from '../db/write-bucket.ts';
import type { WriteTx } from '../db/write-tx.ts';
import { bytesOf } from './model.ts';

const KEYS = 300;
const NESTS = 6;
const NESTED_KEYS = 60;
const MIX = 2 ** 48;

export class StampedWriter {
  commits = 0;
  readonly #db: Db;
  readonly #random: Random;
  /** Stamp of every value, by where it is: '' or a nested bucket's name, then the key. */
  #stamps = new Map<string, Map<string, number>>([['', new Map<string, number>()]]);

  constructor(db: Db, seed: number) {
    this.#db = db;
    this.#random = new Random(seed);
  }

  /** Commits up to `changesMax` changes; now and then rolls some back first. */
  commit(changesMax: number): void {
    if (this.#random.below(12) === 0) {
      const before = new Map([...this.#stamps].map(([name, stamps]) => [name, new Map(stamps)]));
      const tx = this.#db.beginWrite();
      this.#change(tx, this.#random.between(1, changesMax));
      tx.rollback();
      this.#stamps = before;
    }
    const tx = this.#db.beginWrite();
    this.#change(tx, this.#random.between(1, changesMax));
    this.#sum(tx);
    tx.commit();
    this.commits++;
  }

  #change(tx: WriteTx, changes: number): void {
    const data = tx.ensureBucket(bytesOf('data'));
    data.setSequence(tx.txid);
    for (let i = 0; i < changes; i++) {
      const roll = this.#random.below(40);
      const nest = `nest ${this.#random.below(NESTS)}`;
      if (roll === 0) {
        if (this.#stamps.delete(nest)) data.deleteBucket(bytesOf(nest));
      } else if (roll < 12) {
        this.#edit(data.ensureBucket(bytesOf(nest)), nest, tx.txid);
      } else {
        this.#edit(data, '', tx.txid);
      }
    }
  }

  #edit(bucket: WriteBucket, name: string, txid: number): void {
    let stamps = this.#stamps.get(name);
    if (stamps === undefined) this.#stamps.set(name, (stamps = new Map<string, number>()));
    const key = `key ${this.#random.below(name === '' ? KEYS : NESTED_KEYS)}`;
    if (this.#random.below(4) === 0) {
      bucket.delete(bytesOf(key));
      stamps.delete(key);
      return;
    }
    const long = this.#random.below(15) === 0;
    const value = encode(txid, 8 + this.#random.below(long ? 6000 : 300));
    value.fill((key.charCodeAt(key.length - 1) + txid) & 0xff, 8);
    bucket.put(bytesOf(key), value);
    stamps.set(key, stamp(name === '' ? 0 : 1, key, txid, value.length));
  }

  #sum(tx: WriteTx): void {
    let count = 0;
    let mix = 0;
    for (const stamps of this.#stamps.values()) {
      for (const one of stamps.values()) {
        count++;
        mix = (mix + one) % MIX;
      }
    }
    const sums = tx.ensureBucket(bytesOf('sums'));
    sums.put(bytesOf('count'), encode(count, 8));
    sums.put(bytesOf('mix'), encode(mix, 8));
    sums.put(bytesOf('txid'), encode(tx.txid, 8));
  }
}

function stamp(depth: number, key: string, writer: number, length: number): number {
  let hash = depth;
  for (const byte of bytesOf(key)) hash = (Math.imul(hash, 31) + byte) >>> 0;
  return (hash * 65_536 + writer * 7919 + length) % MIX;
}

function encode(value: number, bytes: number): Uint8Array {
  const encoded = new Uint8Array(bytes);
  new DataView(encoded.buffer).setBigUint64(0, BigInt(value));
  return encoded;
}
