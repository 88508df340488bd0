// Hostile files: links that lead in circles or out of the file, and sizes that no memory holds, in
// bytes that pass for a database. Nothing recurses, loops or allocates by what a file merely claims:
// each case ends in a CORRUPT that names the page, leaves no page pinned, and the database goes on.

import { describe, expect, it } from 'vitest';
import { Random } from '../base/random.ts';
import { FREELIST_KINDS } from '../freelist/create.ts';
import {
  BUCKET_DEPTH_MAX,
  FLAG_BRANCH,
  FLAG_LEAF,
  META_HIGH_WATER,
  TREE_DEPTH_MAX,
} from '../page/layout.ts';
import {
  copyOf,
  DAMAGE_PAGE_BYTES,
  DAMAGE_PATH,
  errorOf,
  faultsOf,
  firstBranch,
  makeSoundFile,
  openDamaged,
  PageEdit,
  truncateDamaged,
} from '../testing/damage.ts';
import { exercise } from '../testing/exercise.ts';
import { bytesOf } from '../testing/model.ts';
import { MemoryVfs } from '../vfs/memory-vfs.ts';
import { checkDb } from './check.ts';
import type { Db } from './db.ts';
import type { WriteBucket } from './write-bucket.ts';

const SEED = 20261122;
const sound = makeSoundFile();
const TREE = bytesOf('tree');

const NEST = bytesOf('nest');

/** The work on a top-level bucket ends in a CORRUPT that says so, and leaves no page pinned. */
function expectRefused(
  db: Db,
  work: (bucket: WriteBucket) => unknown,
  name: string,
  message: string,
): void {
  const error = errorOf(() => {
    db.write((tx) => {
      work(tx.bucket(bytesOf(name))!);
    });
  });
  expect(error.code).toBe('CORRUPT');
  expect(error.message).toContain(message);
  expect(db.pinnedFrames()).toBe(0);
}

/** The first leaf that holds nested buckets, and which of its elements they are. */
function leafWithBuckets(vfs: MemoryVfs): { page: PageEdit; buckets: number[] } {
  const page = new PageEdit(vfs, sound.root);
  expect(page.buckets().length).toBeGreaterThan(2);
  return { page, buckets: page.buckets() };
}

describe('links that lead astray', () => {
  const targets: [string, (self: number) => bigint][] = [
    ['itself', (self) => BigInt(self)],
    ['the root', () => BigInt(sound.root)],
    ['the freelist', () => BigInt(sound.freelist)],
    ['a meta', () => 1n],
    ['behind the last page', () => BigInt(sound.highWater)],
    ['behind 32 bits', () => 2n ** 40n + BigInt(sound.root)],
    ['behind 64-bit integers that are safe', () => 2n ** 63n],
  ];

  it.each(targets)('a bucket whose root is %s', (_, target) => {
    const vfs = copyOf(sound.vfs);
    const { page, buckets } = leafWithBuckets(vfs);
    const root = target(page.pgid);
    // 'nest' stands behind 'inline' and has a root of its own.
    const nest = buckets[1]!;
    expect(page.key(nest)).toEqual(bytesOf('nest'));
    page.setBucketRoot(nest, root);
    page.write();
    expect(faultsOf(vfs).length).toBeGreaterThan(0);
    for (const freelist of FREELIST_KINDS) exercise(copyOf(vfs), new Random(SEED), freelist);
    const db = openDamaged(vfs);
    // Emptying the bucket meets the damage: the rest of the database goes on.
    const error = errorOf(() => {
      db.write((tx) => {
        tx.deleteBucket(bytesOf('nest'));
      });
    });
    expect(error.code).toBe('CORRUPT');
    expect(db.pinnedFrames()).toBe(0);
    expect(db.read((tx) => tx.bucket(TREE)?.get(bytesOf('last')))).toEqual(bytesOf('one'));
    db.write((tx) => tx.bucket(TREE)?.put(bytesOf('later'), bytesOf('two')));
    db.close();
  });

  it.each(targets)('a branch whose child is %s', (_, target) => {
    const random = new Random(SEED);
    const branch = firstBranch(sound.vfs, sound);
    for (let index = 0; index < branch.elements; index++) {
      const vfs = copyOf(sound.vfs);
      const page = new PageEdit(vfs, branch.pgid);
      page.setChild(index, target(page.pgid));
      page.write();
      expect(faultsOf(vfs).length).toBeGreaterThan(0);
      const outcome = exercise(vfs, random, FREELIST_KINDS[index % 3]!);
      expect(outcome.faults).toBeGreaterThan(0);
    }
  });

  it('a branch that leads to itself is refused by get, put, cursors and deletion of its bucket', () => {
    const vfs = copyOf(sound.vfs);
    const branch = firstBranch(vfs, sound);
    const key = branch.key(0);
    branch.setChild(0, BigInt(branch.pgid));
    branch.write();
    const db = openDamaged(vfs);
    const works: ((tree: WriteBucket) => unknown)[] = [
      (tree) => tree.get(key),
      (tree) => tree.put(key, key),
      (tree) => tree.delete(key),
      (tree) => tree.cursor().seek(key),
    ];
    for (const work of works) {
      const error = errorOf(() => {
        db.write((tx) => {
          work(tx.bucket(TREE)!);
        });
      });
      expect(error.code).toBe('CORRUPT');
      expect(db.pinnedFrames()).toBe(0);
    }
    expect(errorOf(() => db.write((tx) => tx.deleteBucket(TREE))).code).toBe('CORRUPT');
    expect(db.pinnedFrames()).toBe(0);
    db.close();
  });

  it('a node with two parents is not freed twice', () => {
    const vfs = copyOf(sound.vfs);
    const branch = firstBranch(vfs, sound);
    const child = branch.child(1);
    branch.setChild(2, child);
    branch.write();
    const db = openDamaged(vfs);
    const error = errorOf(() => {
      db.write((tx) => {
        const tree = tx.bucket(TREE)!;
        for (let i = 0; i < 120; i++) {
          tree.put(bytesOf(`key ${100 + i}`.padEnd(40, '.')), new Uint8Array(9));
        }
      });
    });
    expect(error.code).toBe('CORRUPT');
    expect(error.message).toBe(`page ${child} is damaged: two pages of the tree lead to it`);
    const { pendingPages } = db.stats();
    expect(pendingPages).toBe(0);
    db.close();
  });

  it('keys out of order hide a key: it is not taken for another one', () => {
    const vfs = new MemoryVfs();
    const made = openDamaged(vfs);
    made.write((tx) => {
      for (const key of 'abcdefg') tx.root.put(bytesOf(key), bytesOf('value'));
      tx.createBucket(bytesOf('x')).put(bytesOf('k'), bytesOf('v'));
    });
    const page = new PageEdit(vfs, made.meta.root);
    made.close();
    // A search for 'x' among eight keys does not look at the fourth; among nine it looks there first.
    page.view.setUint8(page.leafKey(3), 'z'.charCodeAt(0));
    page.write();
    const db = openDamaged(vfs);
    const error = errorOf(() => {
      db.write((tx) => {
        expect(tx.bucket(bytesOf('x'))).toBeDefined();
        tx.root.put(bytesOf('aa'), bytesOf('value'));
        tx.deleteBucket(bytesOf('x'));
      });
    });
    expect(error).toMatchObject({ code: 'CORRUPT' });
    expect(error.message).toContain('the keys below it are out of order');
    db.close();
  });

  it('a chain of branches that is too deep is refused by everything', () => {
    const vfs = copyOf(sound.vfs);
    const db = openDamaged(vfs, { syncFreelist: true });
    db.write((tx) => {
      const bucket = tx.createBucket(bytesOf('chain'));
      for (let i = 0; i < 20; i++) bucket.put(bytesOf(`k${i}`), new Uint8Array(40));
    });
    // Free pages of their own for 70 branches of one element each; the last one leads to the leaf.
    const first = db.meta.highWater;
    db.close();
    const levels = TREE_DEPTH_MAX + 6;
    const root = new PageEdit(vfs, db.meta.root);
    truncateDamaged(vfs, (first + levels) * DAMAGE_PAGE_BYTES);
    const place = root.buckets().find((index) => root.view.getUint8(root.leafKey(index)) === 0x63)!;
    const leaf = root.view.getBigUint64(root.leafValue(place), true);
    for (let level = 0; level < levels; level++) {
      const branch = new PageEdit(vfs, first + level);
      branch.view.setBigUint64(0, BigInt(branch.pgid), true);
      branch.flags = FLAG_BRANCH;
      branch.count = 1;
      const element = branch.element(0);
      branch.view.setUint32(element, 16, true);
      branch.view.setUint32(element + 4, 2, true);
      branch.bytes.set(bytesOf('k0'), element + 16);
      branch.setChild(0, level + 1 < levels ? BigInt(branch.pgid + 1) : leaf);
      branch.write();
    }
    root.setBucketRoot(place, BigInt(first));
    root.write();
    for (const id of [0, 1]) {
      const meta = new PageEdit(vfs, id);
      meta.view.setBigUint64(META_HIGH_WATER, BigInt(first + levels), true);
      meta.sealMeta();
      meta.write();
    }
    expect(faultsOf(vfs)[0]?.fault).toBe(`more than ${TREE_DEPTH_MAX} levels deep`);
    const again = openDamaged(vfs);
    const key = bytesOf('k1');
    for (const work of [
      (tree: WriteBucket) => tree.get(key),
      (tree: WriteBucket) => tree.put(key, key),
      (tree: WriteBucket) => tree.delete(key),
      (tree: WriteBucket) => tree.cursor().first(),
      (tree: WriteBucket) => tree.cursor().last(),
      (tree: WriteBucket) => tree.cursor().seek(key),
    ]) {
      expectRefused(again, (bucket) => work(bucket), 'chain', `${TREE_DEPTH_MAX} levels deep`);
    }
    const error = errorOf(() => again.write((tx) => tx.deleteBucket(bytesOf('chain'))));
    expect(error.message).toContain(`more than ${TREE_DEPTH_MAX} levels deep`);
    expect(again.pinnedFrames()).toBe(0);
    again.close();
  });

  it('a bucket in itself ends for a program that goes down and down', () => {
    const vfs = copyOf(sound.vfs);
    const { page, buckets } = leafWithBuckets(vfs);
    page.setBucketRoot(buckets[1]!, BigInt(page.pgid));
    page.write();
    const db = openDamaged(vfs, { readOnly: true });
    const error = errorOf(() =>
      db.read((tx) => {
        for (let bucket = tx.bucket(NEST), depth = 1; ; depth++) {
          expect(depth).toBeLessThanOrEqual(BUCKET_DEPTH_MAX);
          bucket = bucket!.bucket(NEST);
        }
      }),
    );
    expect(error.message).toContain(`more than ${BUCKET_DEPTH_MAX} levels deep`);
    db.close();
  });

  it('a meta page that poses as a leaf is no page of the tree', () => {
    const vfs = copyOf(sound.vfs);
    for (const id of [0, 1]) {
      // The page header of a meta is under no checksum.
      const meta = new PageEdit(vfs, id);
      meta.flags = FLAG_LEAF;
      meta.write();
    }
    for (const id of [0, 1]) {
      const image = copyOf(vfs);
      const branch = firstBranch(image, sound);
      branch.setChild(1, BigInt(id));
      const key = branch.key(1);
      branch.write();
      const db = openDamaged(image);
      expectRefused(db, (tree) => tree.put(key, key), 'tree', 'a meta page stands in the tree');
      db.close();
    }
  });

  it('a page behind the last one is not freed', () => {
    const vfs = copyOf(sound.vfs);
    const branch = firstBranch(vfs, sound);
    const leaf = new PageEdit(vfs, Number(branch.child(1)));
    // A whole leaf, at the first page that the next transaction may take for itself.
    leaf.view.setBigUint64(0, BigInt(sound.highWater), true);
    leaf.write(sound.highWater);
    branch.setChild(1, BigInt(sound.highWater));
    branch.write();
    const key = leaf.key(0);
    const db = openDamaged(vfs);
    expectRefused(db, (tree) => tree.put(key, key), 'tree', 'it ends behind the last page');
    db.close();
  });

  it('a leaf beside a branch is not joined with it', () => {
    const vfs = new MemoryVfs();
    const made = openDamaged(vfs);
    const keyOf = (i: number): Uint8Array => bytesOf(`key ${1000 + i}`.padEnd(40, '.'));
    made.write((tx) => {
      for (let i = 0; i < 120; i++) tx.root.put(keyOf(i), new Uint8Array(70));
    });
    const root = new PageEdit(vfs, made.meta.root);
    made.close();
    let leaf = new PageEdit(vfs, Number(root.child(1)));
    expect([root.flags, leaf.flags]).toEqual([FLAG_BRANCH, FLAG_BRANCH]);
    while (leaf.flags === FLAG_BRANCH) leaf = new PageEdit(vfs, Number(leaf.child(0)));
    root.setChild(1, BigInt(leaf.pgid));
    root.write();
    const db = openDamaged(vfs);
    const error = errorOf(() =>
      db.write((tx) => {
        for (let i = 0; i < leaf.count - 1; i++) {
          expect(tx.root.delete(leaf.key(i))).toBe(true);
        }
      }),
    );
    expect(error.message).toContain('its leaves differ in depth');
    // Nothing was written yet: the writer is not poisoned.
    db.write((tx) => tx.root.put(keyOf(0), bytesOf('new')));
    expect(db.pinnedFrames()).toBe(0);
    db.close();
  });

  it('a nested bucket hidden by keys out of order keeps its parent from being deleted', () => {
    const vfs = new MemoryVfs();
    const made = openDamaged(vfs);
    made.write((tx) => {
      const parent = tx.createBucket(bytesOf('p'));
      for (const key of 'abcdefg') parent.put(bytesOf(key), bytesOf('value'));
      parent.createBucket(bytesOf('x')).put(bytesOf('k'), bytesOf('v'));
    });
    const root = new PageEdit(vfs, made.meta.root);
    made.close();
    const parent = new PageEdit(vfs, Number(root.view.getBigUint64(root.leafValue(0), true)));
    // The key that a search among eight looks at first.
    parent.view.setUint8(parent.leafKey(4), 'z'.charCodeAt(0));
    parent.write();
    const db = openDamaged(vfs);
    const error = errorOf(() => db.write((tx) => tx.deleteBucket(bytesOf('p'))));
    expect(error.message).toContain('the keys below it are out of order');
    db.close();
  });
});

describe('sizes without bound', () => {
  /** Memory in buffers that the work took, in MB. Nothing collects in between: at most too high. */
  function megabytesOf(work: () => void): number {
    const before = process.memoryUsage();
    work();
    const after = process.memoryUsage();
    return Math.max(after.arrayBuffers - before.arrayBuffers, after.rss - before.rss) / 1e6;
  }

  it('in the headers of a sparse file of a terabyte take no memory', () => {
    const vfs = copyOf(sound.vfs);
    const branch = firstBranch(vfs, sound);
    const leaf = Number(branch.child(1));
    for (const pgid of [branch.pgid, leaf, sound.root]) {
      for (const overflow of [4096 * 1024, 0x7fff_fffe, 0xffff_ffff]) {
        const image = copyOf(vfs);
        truncateDamaged(image, 2 ** 40);
        const page = new PageEdit(image, pgid);
        page.overflow = overflow;
        page.write();
        const megabytes = megabytesOf(() => {
          const db = openDamaged(image, { readOnly: true });
          const error = errorOf(() =>
            db.read((tx) => {
              const cursor = tx.bucket(TREE)!.cursor();
              for (let there = cursor.first(); there; there = cursor.next()) continue;
            }),
          );
          expect(error.code).toBe('CORRUPT');
          expect(error.message).toMatch(new RegExp(`^page ${pgid} is damaged: `));
          db.close();
          expect(faultsOf(image).map((fault) => fault.pgid)).toContain(pgid);
          for (const freelist of FREELIST_KINDS) {
            exercise(copyOf(image), new Random(SEED), freelist);
          }
        });
        expect(megabytes).toBeLessThan(200);
      }
    }
  });

  it('in values and keys are refused before anything is read', () => {
    const vfs = copyOf(sound.vfs);
    truncateDamaged(vfs, 2 ** 40);
    const page = new PageEdit(vfs, sound.root);
    page.overflow = 0x0400_0000;
    page.view.setUint32(page.element(1) + 12, 0xffff_0000, true);
    page.write();
    const megabytes = megabytesOf(() => {
      const db = openDamaged(vfs, { readOnly: true });
      expect(errorOf(() => db.read((tx) => tx.bucket(TREE))).message).toBe(
        `page ${sound.root} is damaged: element 1 has a value of 4294901760 bytes`,
      );
      db.close();
    });
    expect(megabytes).toBeLessThan(100);
  });

  it('in a meta that is whole by its checksum are refused where the file is shorter', () => {
    for (const highWater of [2n ** 32n - 2n, 2n ** 40n, 2n ** 64n - 1n]) {
      const vfs = copyOf(sound.vfs);
      for (const id of [0, 1]) {
        const page = new PageEdit(vfs, id);
        page.view.setBigUint64(META_HIGH_WATER, highWater, true);
        page.sealMeta();
        page.write();
      }
      const megabytes = megabytesOf(() => {
        expect(errorOf(() => openDamaged(vfs)).code).toBe('CORRUPT');
        expect(errorOf(() => checkDb(vfs, DAMAGE_PATH)).code).toBe('CORRUPT');
      });
      expect(megabytes).toBeLessThan(100);
    }
  });

  it('of elements that lie on top of each other are found', () => {
    const vfs = new MemoryVfs();
    const db = openDamaged(vfs);
    db.write((tx) => {
      for (const key of 'abcdefghij') tx.root.put(bytesOf(key), new Uint8Array(20));
    });
    const page = new PageEdit(vfs, db.meta.root);
    db.close();
    // Every value grows to the end of its page.
    for (let i = 0; i < page.count; i++) {
      page.view.setUint32(page.element(i) + 12, DAMAGE_PAGE_BYTES - page.leafValue(i), true);
    }
    page.write();
    expect(faultsOf(vfs)).toContainEqual({
      pgid: page.pgid,
      fault: expect.stringMatching(/^elements up to \d+ overlap$/) as string,
    });
  });
});
