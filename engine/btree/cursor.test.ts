import { describe, expect, it } from 'vitest';
import { Random } from '../base/random.ts';
import { Db } from '../db/db.ts';
import { bytesOf } from '../testing/model.ts';
import { MemoryVfs } from '../vfs/memory-vfs.ts';
import type { Cursor } from './cursor.ts';

/** A database with these keys, each with itself as value, in leaves of a few entries. */
function make(keys: readonly string[]): Db {
  const db = Db.open('cursor.db', { pageSize: 512, cacheBytes: 2 ** 20 }, new MemoryVfs());
  db.write((tx) => {
    for (const key of keys) tx.root.put(bytesOf(key), bytesOf(key.repeat(40)));
  });
  return db;
}

function here(cursor: Cursor): string {
  return Buffer.from(cursor.key()).toString();
}

describe('Cursor', () => {
  it('is nowhere before the first move and after it left the ends', () => {
    const db = make(Array.from('abcdefghij'));
    db.read((tx) => {
      const cursor = tx.root.cursor();
      expect([cursor.next(), cursor.prev()]).toEqual([false, false]);
      expect([cursor.find(bytesOf('aa')), cursor.next()]).toEqual([false, false]);
      expect(cursor.last() && here(cursor)).toBe('j');
      expect([cursor.next(), cursor.next(), cursor.prev()]).toEqual([false, false, false]);
      expect(cursor.first() && here(cursor)).toBe('a');
      expect([cursor.prev(), cursor.prev(), cursor.next()]).toEqual([false, false, false]);
      expect(cursor.seek(bytesOf('k'))).toBe(false);
      expect(cursor.seek(bytesOf('')) && here(cursor)).toBe('a');
      expect(cursor.seek(bytesOf('e')) && cursor.next() && cursor.prev() && here(cursor)).toBe('e');
      cursor.close();
      expect([cursor.next(), cursor.prev()]).toEqual([false, false]);
    });
    db.close();
  });

  it('finds keys in any order, those that are not there as well', () => {
    const keys = Array.from({ length: 60 }, (_, i) => String(2 * i + 100));
    const db = make(keys);
    const other = Array.from({ length: 60 }, (_, i) => String(2 * i + 101));
    db.read((tx) => {
      const cursor = tx.root.cursor();
      const found = (key: string): string => (cursor.find(bytesOf(key)) ? here(cursor) : 'none');
      // One after the other, back again, and with keys in between that lie in the same leaf or in none.
      for (const key of [...keys, ...keys.toReversed()]) expect(found(key)).toBe(key);
      for (const [i, key] of keys.entries()) {
        expect([found(key), found(other[i]!), found('0'), found(key)]).toEqual([
          ...[key, 'none', 'none', key],
        ]);
        expect(cursor.next() ? here(cursor) : 'none').toBe(keys[i + 1] ?? 'none');
      }
      expect(found(keys[0]!)).toBe(keys[0]);
    });
    db.close();
  });

  it('sees what was changed where it has been before', () => {
    const db = make(['a', 'b', 'c']);
    db.write((tx) => {
      const cursor = tx.root.cursor();
      expect(cursor.find(bytesOf('b'))).toBe(true);
      tx.root.delete(bytesOf('b'));
      tx.root.put(bytesOf('bb'), bytesOf('new'));
      expect([cursor.find(bytesOf('b')), cursor.find(bytesOf('bb'))]).toEqual([false, true]);
    });
    db.close();
  });

  it('holds one path at a time, however it gets about', () => {
    const keys = Array.from({ length: 2000 }, (_, i) => String(2 * i + 10_000));
    const db = make(keys);
    const random = new Random(20261127);
    db.read((tx) => {
      const cursor = tx.root.cursor();
      for (let i = 0; i < 3000; i++) {
        const number = 10_000 + random.below(4000);
        const next = String(number + (number % 2));
        const there = number <= 13_998;
        const key = bytesOf(String(number));
        if (random.below(2) === 0) {
          expect(cursor.seek(key) ? here(cursor) : undefined).toBe(there ? next : undefined);
        } else {
          expect(cursor.find(key)).toBe(number % 2 === 0);
        }
        if (i % 300 === 0) expect(db.pinnedFrames()).toBeLessThan(8);
      }
      cursor.close();
      expect(db.pinnedFrames()).toBe(0);
    });
    db.close();
  });

  it('finds nothing in an empty tree', () => {
    const db = make([]);
    db.read((tx) => {
      const cursor = tx.root.cursor();
      expect([cursor.first(), cursor.last(), cursor.seek(bytesOf('a'))]).toEqual([
        false,
        false,
        false,
      ]);
    });
    db.close();
  });

  it('gives the element where it lies, and tells buckets', () => {
    const db = make(['k']);
    db.write((tx) => tx.createBucket(bytesOf('b')));
    db.read((tx) => {
      const cursor = tx.root.cursor();
      expect(cursor.first() && cursor.isBucket).toBe(true);
      expect(cursor.next() && cursor.isBucket).toBe(false);
      const { u8 } = cursor.buffer;
      const { keyStart, keyLength, valueStart, valueLength } = cursor;
      expect(u8.slice(keyStart, keyStart + keyLength)).toEqual(bytesOf('k'));
      expect(u8.slice(valueStart, valueStart + valueLength)).toEqual(cursor.value());
    });
    db.close();
  });

  it('walks over leaves that the transaction emptied, at the ends and in the middle', () => {
    const keys = Array.from({ length: 60 }, (_, i) => `k${String(i).padStart(2, '0')}`);
    const db = make(keys);
    const tx = db.beginWrite();
    const gone = (i: number): boolean => i < 14 || (i >= 25 && i < 41) || i >= 50;
    keys.forEach((key, i) => gone(i) && tx.root.delete(bytesOf(key)));
    const left = keys.filter((_, i) => !gone(i));
    const cursor = tx.root.cursor();
    const seen: string[] = [];
    for (let there = cursor.first(); there; there = cursor.next()) seen.push(here(cursor));
    expect(seen).toEqual(left);
    for (let there = cursor.last(); there; there = cursor.prev())
      expect(here(cursor)).toBe(seen.pop());
    expect(seen).toEqual([]);
    expect(cursor.seek(bytesOf('k30')) && here(cursor)).toBe('k41');
    expect(cursor.prev() && here(cursor)).toBe('k24');
    expect(cursor.seek(bytesOf('k55'))).toBe(false);
    tx.rollback();
    expect(db.pinnedFrames()).toBe(0);
    db.close();
  });

  it('is closed with its transaction, which then refuses more', () => {
    const db = make(Array.from('abc'));
    const tx = db.beginRead();
    const root = tx.root;
    const cursor = root.cursor();
    cursor.first();
    expect(db.pinnedFrames()).toBeGreaterThan(0);
    tx.end();
    expect(db.pinnedFrames()).toBe(0);
    expect(() => root.get(bytesOf('a'))).toThrow(expect.objectContaining({ code: 'TX_CLOSED' }));
    expect(() => root.cursor()).toThrow(expect.objectContaining({ code: 'TX_CLOSED' }));
    db.close();
  });
});
