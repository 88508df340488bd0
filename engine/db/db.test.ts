import { describe, expect, it } from 'vitest';
import { Random } from '../base/random.ts';
import { FREELIST_KINDS } from '../freelist/create.ts';
import { bytesOf, cloneModel, emptyModel, expectModel, randomChange } from '../testing/model.ts';
import { MemoryVfs } from '../vfs/memory-vfs.ts';
import { checkDb } from './check.ts';
import { Db } from './db.ts';
import type { ReadTx } from './reader.ts';

const SEED = 20261122;

describe.each(FREELIST_KINDS)('model, freelist %s', (freelist) => {
  it.each([
    [false, 4096],
    [true, 4096],
    [false, 1024],
    [true, 65_536],
  ])('syncFreelist %s, pages of %i bytes', (syncFreelist, pageSize) => {
    const vfs = new MemoryVfs();
    const random = new Random(SEED + pageSize);
    const open = (): Db =>
      Db.open('model.db', { freelist, syncFreelist, pageSize, cacheBytes: 64 * pageSize }, vfs);
    let db = open();
    let model = emptyModel();
    const readers: { tx: ReadTx; model: typeof model }[] = [];
    for (let round = 0; round < 60; round++) {
      const tx = db.beginWrite();
      const next = cloneModel(model);
      for (let i = random.between(1, 60); i > 0; i--) randomChange(random, tx.root, next);
      if (random.below(8) === 0) expectModel(tx.root, next);
      if (random.below(6) === 0) {
        tx.rollback();
      } else {
        tx.commit();
        model = next;
      }
      if (random.below(3) === 0) readers.push({ tx: db.beginRead(), model });
      if (readers.length > 4 || random.below(10) === 0) {
        const oldest = readers.shift();
        if (oldest !== undefined) {
          expectModel(oldest.tx.root, oldest.model);
          oldest.tx.end();
        }
      }
      const report = checkDb(vfs, 'model.db', db);
      expect(report.faults).toEqual([]);
      if (random.below(15) === 0) {
        for (const reader of readers.splice(0)) reader.tx.end();
        expect(db.pinnedFrames()).toBe(0);
        db.close();
        db = open();
        db.read((read) => {
          expectModel(read.root, model);
        });
      }
    }
    for (const reader of readers) {
      expectModel(reader.tx.root, reader.model);
      reader.tx.end();
    }
    expect(db.pinnedFrames()).toBe(0);
    db.close();
  });
});

describe('Db', () => {
  it('refuses a second write transaction and a closed database', () => {
    const db = Db.open('a.db', {}, new MemoryVfs());
    db.beginWrite();
    expect(() => db.beginWrite()).toThrow(/open already/);
    db.close();
    expect(() => db.beginRead()).toThrow(/closed/);
  });

  it('tells buckets from keys', () => {
    const db = Db.open('a.db', {}, new MemoryVfs());
    db.write((tx) => {
      const bucket = tx.createBucket(bytesOf('b'));
      bucket.put(bytesOf('k'), bytesOf('v'));
      expect(() => tx.createBucket(bytesOf('b'))).toThrow(/names a bucket/);
      expect(() => {
        bucket.createBucket(bytesOf('k'));
      }).toThrow(/plain key/);
      expect(() => {
        tx.root.put(bytesOf('b'), bytesOf('v'));
      }).toThrow(/names a bucket/);
      expect(() => {
        bucket.put(bytesOf(''), bytesOf('v'));
      }).toThrow(/empty key/);
    });
    db.close();
  });
});
