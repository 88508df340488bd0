import { describe, expect, it } from 'vitest';
import { EngineError } from '../base/errors.ts';
import { Random } from '../base/random.ts';
import { ELEMENT_BYTES, PAGE_HEADER_BYTES } from '../page/layout.ts';
import { bytesOf } from '../testing/model.ts';
import { MemoryVfs } from '../vfs/memory-vfs.ts';
import type { Bucket } from './bucket.ts';
import { checkDb } from './check.ts';
import { Db } from './db.ts';
import { pageBits, walkPages } from './page-walk.ts';

const PATH = 'check.db';
const PAGE = 1024;

interface Sound {
  readonly vfs: MemoryVfs;
  readonly branch: number;
  readonly leaves: readonly number[];
  readonly rootLeaf: number;
  readonly freelist: number;
}

/** A database with free pages stored, a tree of two levels, an inline bucket and a bucket with a page. */
function makeSound(): Sound {
  const vfs = new MemoryVfs();
  const db = Db.open(PATH, { pageSize: PAGE, syncFreelist: true }, vfs);
  for (let round = 0; round < 3; round++) {
    db.write((tx) => {
      const tree = tx.ensureBucket(bytesOf('tree'));
      for (let i = 0; i < 60; i++) tree.put(bytesOf(`key ${100 + i}`), new Uint8Array(50 + round));
      tree.put(bytesOf('long'), new Uint8Array(5000));
      tx.ensureBucket(bytesOf('inline')).put(bytesOf('a'), bytesOf('b'));
    });
  }
  const branches: number[] = [];
  const leaves: number[] = [];
  const { root, highWater, freelist } = db.meta;
  const file = vfs.open(PATH, { mode: 'read' });
  walkPages({
    file,
    pageSize: PAGE,
    root,
    highWater,
    reached: pageBits(highWater),
    visit: (visit) => {
      if (visit.inline || visit.bucket.length === 0) return;
      if (visit.isLeaf) leaves.push(visit.pgid);
      else branches.push(visit.pgid);
    },
    fault: (page, fault) => expect.fail(`page ${page}: ${fault}`),
  });
  file.close();
  db.close();
  expect(branches).toHaveLength(1);
  expect(leaves.length).toBeGreaterThan(5);
  return { vfs, branch: branches[0]!, leaves, rootLeaf: root, freelist: freelist! };
}

function edit(vfs: MemoryVfs, pgid: number, change: (page: DataView) => void): void {
  const file = vfs.open(PATH, { mode: 'write' });
  const page = new Uint8Array(PAGE);
  file.read(page, 0, PAGE, pgid * PAGE);
  change(new DataView(page.buffer));
  file.write(page, 0, PAGE, pgid * PAGE);
  file.close();
}

function element(index: number): number {
  return PAGE_HEADER_BYTES + ELEMENT_BYTES * index;
}

/** Where the key of a leaf's element starts. */
function keyAt(page: DataView, index: number): number {
  return element(index) + page.getUint32(element(index) + 4, true);
}

function faults(vfs: MemoryVfs): string {
  const report = checkDb(vfs, PATH);
  expect(report.ok).toBe(report.faults.length === 0);
  return report.faults.map(({ pgid, fault }) => `${pgid}: ${fault}`).join('\n');
}

describe('checkDb', () => {
  it('finds nothing wrong with a sound file', () => {
    const { vfs } = makeSound();
    const report = checkDb(vfs, PATH);
    expect(report).toMatchObject({ ok: true, faults: [] });
    expect(report.nodes).toBeGreaterThan(8);
  });

  it('finds keys out of order', () => {
    const { vfs, leaves } = makeSound();
    edit(vfs, leaves[1]!, (page) => page.setUint8(keyAt(page, 2), 0x20));
    expect(faults(vfs)).toContain(`${leaves[1]!}: key 2 is not above key 1`);
  });

  it('finds a first key that its branch does not name', () => {
    const { vfs, leaves } = makeSound();
    edit(vfs, leaves[1]!, (page) => page.setUint8(keyAt(page, 0) + 6, 0x2e));
    expect(faults(vfs)).toContain(`${leaves[1]!}: its first key differs`);
  });

  it('finds keys that belong into the next leaf', () => {
    const { vfs, leaves } = makeSound();
    edit(vfs, leaves[1]!, (page) => {
      page.setUint8(keyAt(page, page.getUint16(10, true) - 1), 0x7a);
    });
    expect(faults(vfs)).toContain(`${leaves[1]!}: its last key is not below`);
  });

  it('finds a page that two parents lead to, and the one nobody leads to', () => {
    const { vfs, branch, leaves } = makeSound();
    edit(vfs, branch, (page) => page.setUint32(element(2) + 8, leaves[1]!, true));
    expect(faults(vfs)).toContain(`${leaves[1]!}: reachable more than once`);
    expect(faults(vfs)).toContain(`${leaves[2]!}: neither in use nor free`);
  });

  it.each([
    [0, 'between 2 and'],
    [70_000, 'between 2 and'],
  ])('finds a child at page %i', (child, fault) => {
    const { vfs, branch } = makeSound();
    edit(vfs, branch, (page) => page.setUint32(element(1) + 8, child, true));
    expect(faults(vfs)).toContain(`${child}: page number is not ${fault}`);
  });

  it('finds a freelist in the place of a node', () => {
    const { vfs, branch, freelist } = makeSound();
    edit(vfs, branch, (page) => page.setUint32(element(1) + 8, freelist, true));
    expect(faults(vfs)).toContain(`${freelist}: a freelist page stands in the tree`);
  });

  it('finds an overflow that covers other pages', () => {
    const { vfs, leaves } = makeSound();
    edit(vfs, leaves[0]!, (page) => page.setUint32(12, 3, true));
    expect(faults(vfs)).toMatch(/used twice|reachable more than once|free in the stored/);
  });

  it('finds used pages that are free, and free pages that are missing', () => {
    const { vfs, freelist, leaves } = makeSound();
    edit(vfs, freelist, (page) => {
      const count = page.getUint16(10, true);
      expect(count).toBeGreaterThan(3);
      page.setUint16(10, count - 1, true);
    });
    expect(faults(vfs)).toMatch(/^\d+: neither in use nor free in the stored freelist$/);
    const other = makeSound();
    edit(other.vfs, other.freelist, (page) => {
      page.setUint16(10, 1, true);
      page.setUint32(PAGE_HEADER_BYTES, leaves[0]!, true);
    });
    expect(faults(other.vfs)).toContain(`${leaves[0]!}: free in the stored freelist, but in use`);
  });

  it('finds damaged inline buckets and bucket headers', () => {
    const { vfs, rootLeaf } = makeSound();
    // Element 0 of the root is 'inline': key of 6 bytes, header of 16, page.
    edit(vfs, rootLeaf, (page) => page.setUint16(keyAt(page, 0) + 6 + 16 + 10, 900, true));
    expect(faults(vfs)).toMatch(/inline bucket: 900 elements do not fit/);
    edit(vfs, rootLeaf, (page) => page.setUint32(element(0) + 12, 7, true));
    expect(faults(vfs)).toContain('bucket header of element 0 is cut short');
  });

  it('compares the free pages of an open database as well', () => {
    const vfs = new MemoryVfs();
    const db = Db.open(PATH, {}, vfs);
    db.write((tx) => tx.createBucket(bytesOf('b')));
    const wrong = { allFreeSpans: () => db.allFreeSpans() };
    expect(checkDb(vfs, PATH, wrong).ok).toBe(true);
    const spans = db.allFreeSpans();
    spans.push(db.meta.root, 1);
    spans.normalize();
    expect(checkDb(vfs, PATH, { allFreeSpans: () => spans }).faults).toEqual([
      { pgid: db.meta.root, fault: 'free in the freelist, but in use' },
    ]);
    db.close();
  });
});

/** Reads everything below a bucket, as a program might. */
function readAll(bucket: Bucket, depth = 0): number {
  let bytes = 0;
  const cursor = bucket.cursor();
  for (let there = cursor.first(); there; there = cursor.next()) {
    const key = cursor.key();
    bytes += key.length + cursor.value().length;
    bucket.get(key);
    if (cursor.isBucket && depth < 8) {
      const inner = bucket.bucket(key);
      if (inner !== undefined) bytes += readAll(inner, depth + 1);
    }
    if (bytes > 10_000_000) break;
  }
  cursor.close();
  return bytes;
}

describe('a damaged file', () => {
  it('never leads to anything but an EngineError or an answer', () => {
    const { vfs } = makeSound();
    const random = new Random(20261122);
    const outcomes = {
      sound: 0,
      faulty: 0,
      readable: 0,
      unreadable: 0,
      writable: 0,
      unwritable: 0,
    };
    for (let round = 0; round < 500; round++) {
      const image = vfs.crashImage(random, 1);
      const file = image.open(PATH, { mode: 'write' });
      const pages = file.size() / PAGE;
      for (let flips = random.between(1, 4); flips > 0; flips--) {
        // Mostly headers and elements, where damage leads astray.
        const place = random.below(3) === 0 ? random.below(PAGE) : random.below(120);
        const byte = Uint8Array.of(random.below(4) === 0 ? 255 : random.below(256));
        file.write(byte, 0, 1, random.below(pages) * PAGE + place);
      }
      file.close();
      const attempt = (work: () => void): boolean => {
        try {
          work();
          return true;
        } catch (error) {
          if (error instanceof EngineError) return false;
          throw new Error(`round ${round}`, { cause: error });
        }
      };
      attempt(() => {
        outcomes[checkDb(image, PATH).ok ? 'sound' : 'faulty']++;
      });
      const read = attempt(() => {
        const db = Db.open(PATH, { readOnly: true }, image);
        try {
          db.read((tx) => readAll(tx.root));
        } finally {
          expect(db.pinnedFrames()).toBe(0);
          db.close();
        }
      });
      outcomes[read ? 'readable' : 'unreadable']++;
      const written = attempt(() => {
        const db = Db.open(PATH, {}, image);
        try {
          db.write((tx) => {
            const tree = tx.ensureBucket(bytesOf('tree'));
            for (let i = 0; i < 30; i++) tree.delete(bytesOf(`key ${100 + random.below(60)}`));
            for (let i = 0; i < 9; i++)
              tree.put(bytesOf(`key ${random.below(900)}`), new Uint8Array(99));
            tx.ensureBucket(bytesOf('inline')).put(bytesOf('c'), bytesOf('d'));
          });
        } finally {
          expect(db.pinnedFrames()).toBe(0);
          db.close();
        }
      });
      outcomes[written ? 'writable' : 'unwritable']++;
    }
    for (const count of Object.values(outcomes)) expect(count).toBeGreaterThan(10);
  });
});
