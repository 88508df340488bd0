import { expect, it } from 'vitest';
import { pageBits, walkPages } from '../db/page-walk.ts';
import { Db } from '../db/db.ts';
import { bytesOf } from '../testing/model.ts';
import { MemoryVfs } from '../vfs/memory-vfs.ts';

/** Pages of the leaves and of the branches by their height, in key order. */
function pagesByKind(vfs: MemoryVfs, db: Db): { leaves: number[]; branches: number[][] } {
  const { root, highWater, pageSize } = db.meta;
  const file = vfs.open('a.db', { mode: 'read' });
  const leaves: number[] = [];
  const branches: number[][] = [];
  walkPages({
    file,
    pageSize,
    root,
    highWater,
    reached: pageBits(highWater),
    visit: (visit) => {
      if (visit.bucket.length === 0) return;
      if (visit.isLeaf) leaves.push(visit.pgid);
      else (branches[visit.depth] ??= []).push(visit.pgid);
    },
    fault: (page, fault) => expect.fail(`page ${page}: ${fault}`),
  });
  file.close();
  return { leaves, branches };
}

// The freelist of a new file is empty, so pages are given out in ascending order: what was asked for
// first lies first. bbolt asks for a node's page when all nodes below it have theirs, and cuts only
// then, so in a commit that appends no branch lies among the leaves that it and its siblings hold.
it('asks for pages level by level, in key order, as bbolt does', () => {
  const vfs = new MemoryVfs();
  const db = Db.open('a.db', { pageSize: 1024 }, vfs);
  db.write((tx) => {
    const bucket = tx.createBucket(bytesOf('b'));
    for (let i = 0; i < 3000; i++)
      bucket.put(bytesOf(`${i}`.padStart(16, '0')), new Uint8Array(400));
  });
  const { leaves, branches } = pagesByKind(vfs, db);
  expect(branches.length).toBeGreaterThan(2);
  expect(branches[2]!.length).toBeGreaterThan(3);
  const asked = [...leaves, ...branches.reverse().flat()];
  expect(asked).toEqual([...asked].sort((a, b) => a - b));
  db.close();
});
