import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Random } from '../base/random.ts';
import { checkDb } from '../db/check.ts';
import { Db } from '../db/db.ts';
import { pageBits, walkPages } from '../db/page-walk.ts';
import { bytesOf } from '../testing/model.ts';
import { MemoryVfs } from '../vfs/memory-vfs.ts';
import type { Cursor } from './cursor.ts';

const PATH = 'tree.db';
const BUCKET = bytesOf('b');
const KEY_BYTES_MAX = 32_768;

/** Keys as Latin-1 text, which sorts as their bytes do, with the values' lengths. */
type Model = Map<string, number>;

/** One edit: a key from few letters, so that edits meet; mostly short, now and then the longest. */
const edit = fc.record({
  put: fc.boolean(),
  stem: fc.string({ unit: fc.constantFrom('a', 'b', '\u00ff'), minLength: 1, maxLength: 4 }),
  pad: fc.oneof(
    { weight: 8, arbitrary: fc.constant(0) },
    { weight: 2, arbitrary: fc.integer({ min: 1, max: 600 }) },
    { weight: 1, arbitrary: fc.constant(KEY_BYTES_MAX) },
  ),
  valueBytes: fc.oneof(
    { weight: 6, arbitrary: fc.nat({ max: 100 }) },
    { weight: 1, arbitrary: fc.nat({ max: 3000 }) },
  ),
});
const transactions = fc.array(
  fc.record({
    edits: fc.array(edit, { minLength: 1, maxLength: 60 }),
    fillPercent: fc.constantFrom(0.1, 0.5, 0.9, 1),
  }),
  { minLength: 1, maxLength: 8 },
);

function valueOf(key: string, bytes: number): Uint8Array {
  return new Uint8Array(bytes).fill(key.charCodeAt(0) + bytes);
}

function keyOf(cursor: Cursor): string {
  return Buffer.from(cursor.key()).toString('latin1');
}

function sorted(model: Model): string[] {
  return [...model.keys()].sort((a, b) => (a < b ? -1 : 1));
}

/** Every key in both directions, and seeks at, before and behind each of them. */
function expectCursor(db: Db, model: Model): void {
  const keys = sorted(model);
  db.read((tx) => {
    const cursor = tx.bucket(BUCKET)!.cursor();
    const forward: string[] = [];
    for (let there = cursor.first(); there; there = cursor.next()) {
      const key = keyOf(cursor);
      forward.push(key);
      if (Buffer.compare(cursor.value(), valueOf(key, model.get(key)!)) !== 0) {
        expect.fail(`value of ${key.slice(0, 20)} differs`);
      }
    }
    expect(forward).toEqual(keys);
    const backward: string[] = [];
    for (let there = cursor.last(); there; there = cursor.prev()) backward.push(keyOf(cursor));
    expect(backward.reverse()).toEqual(keys);
    keys.forEach((key, i) => {
      const behind = `${key}\u0000`;
      const there = cursor.seek(bytesOf(behind));
      expect(there).toBe(i + 1 < keys.length);
      if (there && keyOf(cursor) !== keys[i + 1]) expect.fail(`seek behind key ${i} errs`);
      expect(cursor.find(bytesOf(behind))).toBe(false);
      expect(cursor.find(bytesOf(key))).toBe(true);
      expect(cursor.prev()).toBe(i > 0);
      if (i > 0 && keyOf(cursor) !== keys[i - 1]) expect.fail(`prev of key ${i} errs`);
    });
    cursor.close();
  });
  expect(db.pinnedFrames()).toBe(0);
}

function depthOf(vfs: MemoryVfs, db: Db): number {
  const file = vfs.open(PATH, { mode: 'read' });
  const { pageSize, root, highWater } = db.meta;
  let depth = 0;
  walkPages({
    file,
    pageSize,
    root,
    highWater,
    reached: pageBits(highWater),
    visit: (visit) => {
      depth = Math.max(depth, visit.depth + 1);
    },
    fault: (page, fault) => {
      throw new Error(`page ${page}: ${fault}`);
    },
  });
  file.close();
  return depth;
}

describe('Tree', () => {
  it.each([512, 4096])('agrees with a sorted Map after any edits, pages of %i', (pageSize) => {
    fc.assert(
      fc.property(transactions, (history) => {
        const vfs = new MemoryVfs();
        const db = Db.open(PATH, { pageSize, cacheBytes: 32 * pageSize }, vfs);
        const model: Model = new Map();
        for (const { edits, fillPercent } of history) {
          db.write((tx) => {
            const bucket = tx.ensureBucket(BUCKET);
            bucket.fillPercent = fillPercent;
            for (const { put, stem, pad, valueBytes } of edits) {
              const key = stem.padEnd(pad, '~');
              if (put) {
                bucket.put(bytesOf(key), valueOf(key, valueBytes));
                model.set(key, valueBytes);
              } else {
                expect(bucket.delete(bytesOf(key))).toBe(model.delete(key));
              }
            }
          });
          expect(checkDb(vfs, PATH, db).faults).toEqual([]);
          expectCursor(db, model);
        }
        db.close();
      }),
      { numRuns: 25, seed: 20261122 },
    );
  });

  it('grows deep and shrinks to a leaf again', () => {
    const vfs = new MemoryVfs();
    const db = Db.open(PATH, { pageSize: 512, cacheBytes: 64 * 512 }, vfs);
    const random = new Random(5);
    const model: Model = new Map();
    const keys = Array.from({ length: 3000 }, (_, i) => `${i * 7919}`.padStart(24, '0'));
    random.shuffle(keys);
    for (let start = 0; start < keys.length; start += 500) {
      db.write((tx) => {
        const bucket = tx.ensureBucket(BUCKET);
        for (const key of keys.slice(start, start + 500)) {
          bucket.put(bytesOf(key), valueOf(key, 20));
          model.set(key, 20);
        }
      });
    }
    expect(depthOf(vfs, db)).toBeGreaterThan(3);
    expect(checkDb(vfs, PATH, db).faults).toEqual([]);
    expectCursor(db, model);
    random.shuffle(keys);
    while (keys.length > 0) {
      db.write((tx) => {
        const bucket = tx.bucket(BUCKET)!;
        for (const key of keys.splice(0, random.between(1, 700))) {
          expect(bucket.delete(bytesOf(key))).toBe(true);
          model.delete(key);
        }
      });
      expect(checkDb(vfs, PATH, db).faults).toEqual([]);
      expectCursor(db, model);
    }
    expect(depthOf(vfs, db)).toBe(1);
    db.close();
  });

  it('fills pages as it is told', () => {
    const pagesAt = (fillPercent: number): number => {
      const vfs = new MemoryVfs();
      const db = Db.open(PATH, { fillPercent }, vfs);
      db.write((tx) => {
        const bucket = tx.createBucket(BUCKET);
        expect(bucket.fillPercent).toBe(fillPercent);
        for (let i = 0; i < 4000; i++)
          bucket.put(bytesOf(`${i}`.padStart(8, '0')), new Uint8Array(76));
      });
      const { nodes } = checkDb(vfs, PATH, db);
      db.close();
      return nodes;
    };
    // 100 bytes an entry: 40 fit a page.
    expect(pagesAt(1)).toBeLessThan(110);
    expect(pagesAt(0.5)).toBeGreaterThan(195);
    expect(pagesAt(0.5)).toBeLessThan(225);
  });
});
