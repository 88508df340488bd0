import { describe, expect, it } from 'vitest';
import { equalBytes } from '../base/bytes.ts';
import { Random } from '../base/random.ts';
import { FLAG_BRANCH, FLAG_LEAF } from '../page/layout.ts';
import {
  childLow,
  copyOut,
  elementAt,
  leafFlags,
  PageBuffer,
  validatePage,
  valueLength,
  valueStart,
} from '../page/page-buffer.ts';
import { BufferPool } from './buffer-pool.ts';
import { Node } from './node.ts';

const PAGE = 1024;

function makeNode(kind: typeof FLAG_LEAF | typeof FLAG_BRANCH = FLAG_LEAF): Node {
  const pool = new BufferPool(PAGE, 1024 * PAGE);
  return new Node({ id: 0, kind, parent: undefined, pool, capacity: PAGE });
}

function key(text: string): Uint8Array {
  return Uint8Array.from(Buffer.from(text));
}

function valueAt(node: Node, index: number): Uint8Array {
  const element = elementAt(0, index);
  return copyOut(node.buffer, valueStart(node.buffer, element), valueLength(node.buffer, element));
}

/** The node of a leaf's page, as a later transaction reads it. */
function read(image: Uint8Array): Node {
  const capacity = image.length;
  const pool = new BufferPool(PAGE, 0);
  const node = new Node({ id: 1, kind: FLAG_LEAF, parent: undefined, pool, capacity });
  node.copyFrom(new PageBuffer(image.slice().buffer), 0, capacity);
  return node;
}

interface Entry {
  key: Uint8Array;
  value: Uint8Array;
  flags: number;
}

function expectEntries(node: Node, entries: readonly Entry[]): void {
  expect(node.count).toBe(entries.length);
  let bytes = 16;
  entries.forEach((entry, i) => {
    bytes += 16 + entry.key.length + entry.value.length;
    const same =
      equalBytes(node.key(i), entry.key) &&
      equalBytes(valueAt(node, i), entry.value) &&
      leafFlags(node.buffer, elementAt(0, i)) === entry.flags &&
      node.search(entry.key) === i;
    if (!same) expect.fail(`element ${i} differs`);
  });
  expect(node.bytes).toBe(bytes);
}

describe('Node', () => {
  it('agrees with an array of entries through any edits', () => {
    const random = new Random(20261122);
    const node = makeNode();
    const entries: Entry[] = [];
    for (let step = 0; step < 4000; step++) {
      const name = key(`key ${random.below(60)}`.padEnd(random.between(5, 30), '.'));
      const value = new Uint8Array(random.below(random.below(20) === 0 ? 5000 : 60));
      random.fill(value);
      const flags = random.below(2);
      const found = node.search(name);
      if (found < 0) {
        node.insertLeaf(~found, name, value, flags);
        entries.splice(~found, 0, { key: name, value, flags });
      } else if (random.below(3) === 0) {
        node.replaceValue(found, value, flags);
        entries[found] = { key: name, value, flags };
      } else {
        node.remove(found);
        entries.splice(found, 1);
      }
      if (step % 100 === 99) {
        const from = random.between(0, entries.length);
        node.truncate(from);
        entries.length = from;
      }
      if (step % 10 === 0) expectEntries(node, entries);
    }
  });

  it('becomes a sound page of exactly the pages it needs', () => {
    const random = new Random(1);
    const node = makeNode();
    for (let i = 0; i < 40; i++) {
      const value = new Uint8Array(random.below(400));
      node.insertLeaf(i, key(`k${String(i).padStart(3, '0')}`), value, 0);
    }
    for (let i = 0; i < 15; i++) node.remove(random.below(node.count));
    const pages = Math.ceil(node.bytes / PAGE);
    node.seal(9, pages, PAGE);
    expect(node.image.length).toBe(pages * PAGE);
    expect(
      validatePage(node.buffer, 0, { pgid: 9, pageSize: PAGE, available: node.image.length }),
    ).toBeUndefined();
    const copy = read(node.image);
    expect(copy.bytes).toBe(node.bytes);
    expect(copy.count).toBe(25);
    copy.insertLeaf(copy.count, key('z'), new Uint8Array(3000), 0);
    expect(copy.key(0)).toEqual(node.key(0));
    expect(valueAt(copy, 25)).toEqual(new Uint8Array(3000));
  });

  it('grows once for large values, and is written from the start of the larger buffer', () => {
    const node = makeNode();
    const entries = Array.from({ length: 5 }, (_, i) => ({
      key: key(`k${i}`),
      value: new Uint8Array(2500).fill(i + 1),
      flags: 0,
    }));
    const put = ({ key: name, value, flags }: Entry, i: number): void => {
      node.insertLeaf(i, name, value, flags);
    };
    entries.slice(0, 1).forEach(put);
    const { buffer } = node;
    entries.slice(1).forEach((entry, i) => put(entry, i + 1));
    expect(node.buffer).toBe(buffer);
    node.truncate(2);
    const pages = Math.ceil(node.bytes / PAGE);
    node.seal(9, pages, PAGE);
    expect(node.buffer).toBe(buffer);
    expect(node.image.length).toBe(pages * PAGE);
    expectEntries(node, entries.slice(0, 2));
    expectEntries(read(node.image), entries.slice(0, 2));
  });

  it('is copied where garbage keeps its data apart', () => {
    const node = makeNode();
    const entry = (i: number): Entry => ({
      key: key(`k${i}`),
      value: new Uint8Array(2500).fill(i + 1),
      flags: 0,
    });
    for (let i = 0; i < 5; i++) node.insertLeaf(i, key(`k${i}`), entry(i).value, 0);
    for (let i = 3; i > 0; i--) node.remove(i);
    node.seal(9, Math.ceil(node.bytes / PAGE), PAGE);
    expectEntries(read(node.image), [entry(0), entry(4)]);
  });

  it('copies elements of another node behind its own', () => {
    const left = makeNode();
    const right = makeNode();
    left.insertLeaf(0, key('a'), key('1'), 0);
    for (const [i, name] of ['b', 'c', 'd'].entries()) {
      right.insertLeaf(i, key(name), new Uint8Array(600).fill(i), i === 1 ? 1 : 0);
    }
    left.appendFrom(right.buffer, 0, 1, 3);
    expectEntries(left, [
      { key: key('a'), value: key('1'), flags: 0 },
      { key: key('c'), value: new Uint8Array(600).fill(1), flags: 1 },
      { key: key('d'), value: new Uint8Array(600).fill(2), flags: 0 },
    ]);
  });

  it('names children by key, and keeps them when a key changes', () => {
    const node = makeNode(FLAG_BRANCH);
    node.insertBranch(0, key('m'), { low: 20, high: 0 });
    node.insertBranch(0, key('c'), { low: 10, high: 0 });
    node.replaceKey(1, key('a much longer key'.repeat(10)));
    expect(childLow(node.buffer, elementAt(0, 1))).toBe(20);
    node.replaceKey(1, key('k'));
    node.setChild(0, 11, 0);
    expect([0, 1].map((i) => childLow(node.buffer, elementAt(0, i)))).toEqual([11, 20]);
    expect(node.search(key('k'))).toBe(1);
    expect(node.bytes).toBe(16 + 2 * 16 + 2);
  });
});

describe('split', () => {
  function leafOf(...valueBytes: number[]): Node {
    const node = makeNode();
    valueBytes.forEach((bytes, i) => {
      node.insertLeaf(i, key(`k${i}`), new Uint8Array(bytes), 0);
    });
    return node;
  }

  it('is due from a page on, but never with four elements or fewer', () => {
    // Header 16, and each element 16 + 2 of key.
    expect(leafOf(5000, 5000, 5000, 5000).needsSplit(PAGE)).toBe(false);
    expect(leafOf(100, 100, 100, 100, PAGE - 16 - 5 * 18 - 401).needsSplit(PAGE)).toBe(false);
    expect(leafOf(100, 100, 100, 100, PAGE - 16 - 5 * 18 - 400).needsSplit(PAGE)).toBe(true);
  });

  it.each([
    // 16 + 4 * 118 = 488 fit half a page, five do not.
    [0.5, Array<number>(10).fill(100), 4],
    [1, Array<number>(10).fill(100), 7],
    [0.1, Array<number>(10).fill(100), 2],
    [-3, Array<number>(10).fill(100), 2],
    [9, Array<number>(12).fill(100), 8],
    // Two keys at least stay left, two at least go right.
    [0.5, [5000, 5000, 1, 1, 1], 2],
    [1, [1, 1, 1, 1, 5000, 5000], 3],
  ])('at fill percent %d cuts %j at %i', (fillPercent, sizes, index) => {
    expect(leafOf(...sizes).splitIndex(PAGE, fillPercent)).toBe(index);
  });
});

describe('BufferPool', () => {
  it('hands given buffers out again, within its bounds', () => {
    const pool = new BufferPool(PAGE, 3 * PAGE);
    const one = pool.take(1);
    expect(one.u8.length).toBe(PAGE);
    pool.give(one);
    expect(pool.take(PAGE)).toBe(one);
    const two = pool.take(PAGE + 1);
    expect(two.u8.length).toBe(2 * PAGE);
    pool.give(one);
    pool.give(two);
    const third = pool.take(2 * PAGE);
    expect(third).toBe(two);
    pool.give(pool.take(100 * PAGE));
    expect(pool.take(PAGE)).toBe(one);
  });
});
