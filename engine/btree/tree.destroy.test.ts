// Deleting a tree while frames change hands: another thread may give a frame to another page the
// moment it is unpinned, so nothing may be read from it after that.

import { afterEach, expect, it, vi } from 'vitest';
import { checkDb } from '../db/check.ts';
import { Db } from '../db/db.ts';
import { PageReader } from '../page/page-reader.ts';
import { bytesOf } from '../testing/model.ts';
import { MemoryVfs } from '../vfs/memory-vfs.ts';

const PATH = 'destroy.db';
const OVERFLOW_WORD = 3;

afterEach(() => {
  vi.restoreAllMocks();
});

it('frees what a page said while it was pinned, whoever has its frame afterwards', () => {
  const vfs = new MemoryVfs();
  const db = Db.open(PATH, { pageSize: 1024, cacheBytes: 64 * 1024 }, vfs);
  db.write((tx) => {
    const bucket = tx.createBucket(bytesOf('gone'));
    for (let i = 0; i < 500; i++) bucket.put(bytesOf(`key-${i}`), new Uint8Array(60));
    tx.createBucket(bytesOf('kept')).put(bytesOf('a'), new Uint8Array(800));
  });
  const pages = db.stats().highWater - 2;

  // Stands for the other thread: what is unpinned belongs to a long node at once.
  const reused = new Set<number>();
  const unpin = vi.spyOn(PageReader.prototype, 'unpin');
  unpin.mockImplementation(function (this: PageReader, frame: number) {
    if (frame < 0) return;
    this.cache.unpin(frame);
    const word = this.cache.base(frame) >>> 2;
    const { u32 } = this.cache.frames;
    const pgid = u32[word]!;
    if (reused.has(pgid)) return;
    this.cache.drop(pgid);
    if (this.cache.find(pgid) >= 0) return;
    reused.add(pgid);
    u32[word + OVERFLOW_WORD] = 7;
  });
  db.write((tx) => {
    tx.deleteBucket(bytesOf('gone'));
  });
  vi.restoreAllMocks();

  expect(reused.size).toBeGreaterThan(20);
  const { pendingPages, freePages } = db.stats();
  expect(pendingPages + freePages).toBeLessThan(pages + 10);
  expect(checkDb(vfs, PATH, db).faults).toEqual([]);
  db.close();
});
