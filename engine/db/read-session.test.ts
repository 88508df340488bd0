import { expect, it } from 'vitest';
import { bytesOf } from '../testing/model.ts';
import { MemoryVfs } from '../vfs/memory-vfs.ts';
import { Db } from './db.ts';

const BUCKET = bytesOf('bucket');

function make(): { db: Db; put: (value: string) => void } {
  const db = Db.open('session.db', { pageSize: 512, readersMax: 2 }, new MemoryVfs());
  const put = (value: string): void => {
    db.write((tx) => {
      tx.note = value.length;
      const bucket = tx.ensureBucket(BUCKET);
      for (let i = 0; i < 50; i++) bucket.put(bytesOf(`key-${i}`), bytesOf(value));
    });
  };
  return { db, put };
}

function valueOf(bytes: Uint8Array | undefined): string {
  return bytes === undefined ? 'none' : Buffer.from(bytes).toString();
}

it('sees one state from begin to end, and the newest with the next begin', () => {
  const { db, put } = make();
  put('first');
  const session = db.reader.session();
  session.begin();
  const bucket = session.bucket(BUCKET)!;
  put('second state');
  expect(session.note).toBe('first'.length);
  expect(valueOf(bucket.get(bytesOf('key-7')))).toBe('first');
  const { txid } = session;
  session.end();
  session.begin();
  expect(session.txid).toBe(txid + 1);
  expect(session.note).toBe('second state'.length);
  expect(valueOf(session.bucket(BUCKET)!.get(bytesOf('key-7')))).toBe('second state');
  session.end();
  db.close();
});

it('lets a cursor be used again as long as the state is the same', () => {
  const { db, put } = make();
  put('value');
  const session = db.reader.session();
  session.begin();
  const cursor = session.bucket(BUCKET)!.ownCursor();
  for (const key of ['key-1', 'key-30', 'key-49']) {
    expect(cursor.find(bytesOf(key)) && valueOf(cursor.value())).toBe('value');
    cursor.close();
    session.end();
    expect(db.pinnedFrames()).toBe(0);
    session.begin();
  }
  session.end();
  expect(db.readers()).toBe(0);
  db.close();
});

it('keeps pages from being used again only while it is open', () => {
  const { db, put } = make();
  put('a');
  const session = db.reader.session();
  session.begin();
  put('b');
  put('c');
  expect(db.oldestEpoch()).toBeLessThan(db.epoch);
  session.end();
  expect(db.oldestEpoch()).toBe(db.epoch);
  // Twice is allowed, and gives back nobody else's slot.
  const other = db.beginRead();
  session.end();
  expect(db.readers()).toBe(1);
  other.end();
  db.close();
});

it('gives nothing away between transactions, nor once the database is closed', () => {
  const { db, put } = make();
  put('a');
  const session = db.reader.session();
  session.begin();
  const bucket = session.bucket(BUCKET)!;
  session.end();
  expect(() => bucket.get(bytesOf('key-1'))).toThrow('the transaction has ended');
  expect(() => session.bucket(BUCKET)).toThrow('the transaction has ended');
  db.close();
  expect(() => {
    session.begin();
  }).toThrow('the database is closed');
});
