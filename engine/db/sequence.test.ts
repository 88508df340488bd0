import { expect, it } from 'vitest';
import { bytesOf } from '../testing/model.ts';
import { MemoryVfs } from '../vfs/memory-vfs.ts';
import { Db } from './db.ts';

const HUGE = 0xfedc_ba98_7654_3210n;
const MARK = 0x1122_3344_5566n;

/** A file with bucket 'b' whose sequence is `HUGE`, which this engine never sets but bbolt may. */
function withHugeSequence(): MemoryVfs {
  const vfs = new MemoryVfs();
  const db = Db.open('a.db', {}, vfs);
  db.write((tx) => {
    tx.createBucket(bytesOf('b')).setSequence(Number(MARK));
  });
  db.close();
  const file = vfs.open('a.db', { mode: 'write' });
  const bytes = Buffer.alloc(file.size());
  file.read(bytes, 0, bytes.length, 0);
  const mark = Buffer.alloc(8);
  mark.writeBigUInt64LE(MARK);
  const at = bytes.indexOf(mark);
  expect(at).toBeGreaterThan(0);
  mark.writeBigUInt64LE(HUGE);
  file.write(mark, 0, 8, at);
  file.sync();
  file.close();
  return vfs;
}

it('keeps a sequence beyond the safe integers through edits of its bucket', () => {
  const vfs = withHugeSequence();
  const db = Db.open('a.db', {}, vfs);
  for (const bytes of [1, 3000]) {
    // First the bucket stays inline, then it gets a page of its own.
    db.write((tx) => {
      tx.bucket(bytesOf('b'))!.put(bytesOf('k'), new Uint8Array(bytes));
    });
    db.read((tx) => {
      expect(tx.bucket(bytesOf('b'))!.exactSequence).toBe(HUGE);
    });
  }
  db.close();
});

it('says so where such a sequence is asked for as a number, and takes a lower one', () => {
  const db = Db.open('a.db', {}, withHugeSequence());
  const refused = expect.objectContaining({ code: 'INCOMPATIBLE_VALUE' }) as Error;
  db.write((tx) => {
    const bucket = tx.bucket(bytesOf('b'))!;
    expect(() => bucket.sequence).toThrow(refused);
    expect(() => bucket.nextSequence()).toThrow(refused);
    bucket.setSequence(7);
    expect(bucket.nextSequence()).toBe(8);
  });
  expect(db.read((tx) => tx.bucket(bytesOf('b'))!.sequence)).toBe(8);
  db.close();
});
