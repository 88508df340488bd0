import { describe, expect, it } from 'vitest';
import { Db, MemoryVfs } from '../../engine/index.ts';
import { REVISION_KEY_BYTES, writeRevision } from '../../workloads/index.ts';
import type { Clock } from '../../src/measure/clock.ts';
import { KEY_BUCKET } from '../../src/targets/aged-db.ts';
import { getAll, makeKeyBucket, putAll, scanAll } from './kv-work.ts';

const VALUES = [1, 2, 3].map((byte) => new Uint8Array(50).map((_, i) => byte * 16 + i));
/** Out of order, and with numbers whose revisions need three bytes. */
const ORDER = Uint32Array.from([70_000, 5, 300, 0, 65_535, 7]);

/** A clock that goes on by a second with each look at it. */
function ticking(): Clock {
  let seconds = 0;
  return { nowNs: () => seconds++ * 1e9, wallIso: () => '' };
}

function filled(putsPerCommit = 4): Db {
  const db = Db.open('kv.db', { cacheBytes: 4 * 1024 * 1024 }, new MemoryVfs());
  putAll(db, { order: ORDER, values: VALUES, putsPerCommit }, ticking());
  return db;
}

describe('putAll', () => {
  it('puts each number once, as the revision after it, so many a commit', () => {
    const db = filled();
    expect(db.stats().commit.commits).toBe(2);
    const key = new Uint8Array(REVISION_KEY_BYTES);
    db.read((tx) => {
      const bucket = tx.bucket(KEY_BUCKET)!;
      for (const number of ORDER) {
        writeRevision(key, number + 1);
        expect(bucket.get(key), `number ${number}`).toEqual(VALUES[number % VALUES.length]);
      }
    });
    db.close();
  });

  it('syncs twice a commit, all of them between two looks at the clock', () => {
    const db = Db.open('kv.db', { cacheBytes: 4 * 1024 * 1024 }, new MemoryVfs());
    makeKeyBucket(db);
    const before = db.stats().commit.syncs;
    const load = { order: ORDER, values: VALUES, putsPerCommit: 1 };
    expect(putAll(db, load, ticking())).toBeCloseTo(1);
    expect(db.stats().commit.syncs - before).toBe(2 * ORDER.length);
    db.close();
  });
});

describe('getAll', () => {
  it('has a checksum of the values in the order of the gets', () => {
    const db = filled();
    let sum = 0;
    for (const number of ORDER) {
      const value = VALUES[number % VALUES.length]!;
      sum = (sum * 31 + value[0]! + value[49]!) % 2 ** 32;
    }
    const seen = db.read((tx) => getAll(tx, ORDER, ticking()));
    expect(seen).toEqual({ operations: 6, seconds: expect.closeTo(1) as number, checksum: sum });
    const turned = db.read((tx) => getAll(tx, ORDER.toReversed(), ticking()));
    expect(turned.checksum).not.toBe(sum);
    db.close();
  });

  it('fails at a number that is not there', () => {
    const db = filled();
    const order = Uint32Array.from([5, 6]);
    expect(() => db.read((tx) => getAll(tx, order, ticking()))).toThrow('no value for number 6');
    db.close();
  });
});

describe('scanAll', () => {
  it('touches each key and value in key order, once a pass', () => {
    const db = filled();
    let sum = 0;
    for (const number of ORDER.toSorted()) {
      const key = (number + 1) % 256;
      const value = VALUES[number % VALUES.length]![0]!;
      sum = (sum * 31 + key + value + REVISION_KEY_BYTES + 50) % 2 ** 32;
    }
    const once = db.read((tx) => scanAll(tx, 1, ticking()));
    expect(once).toEqual({ operations: 6, seconds: expect.closeTo(1) as number, checksum: sum });
    const twice = db.read((tx) => scanAll(tx, 2, ticking()));
    expect(twice).toMatchObject({ operations: 12, checksum: (sum * 31 + sum) % 2 ** 32 });
    db.close();
  });
});
