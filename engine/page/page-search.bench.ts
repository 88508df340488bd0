// Microbenchmarks of searchPage(), the inner loop of every read: a leaf of 14 entries with values of
// 256 bytes, a leaf full of small values, and a branch page. Keys are 17 bytes long and alike in their
// first 4, as etcd's are, so that the comparison has to look behind the first word.

import { assert } from '../base/assert.ts';
import type { BenchCase, BenchRun, BenchSetting } from '../base/bench-case.ts';
import { Random } from '../base/random.ts';
import { BufferPool } from '../btree/buffer-pool.ts';
import { Node } from '../btree/node.ts';
import { FLAG_BRANCH, FLAG_LEAF } from './layout.ts';
import { searchPage } from './page-buffer.ts';

const GROUP = 'page search';
const PAGE_BYTES = 4096;
const KEY_BYTES = 17;
const SEED = 20261122;

export function cases({ size }: BenchSetting): readonly BenchCase[] {
  const searches = size === 'tiny' ? 50 : 10_000;
  const pages: readonly [name: string, kind: Node['kind'], valueBytes: number][] = [
    ['leaf, values of 256 B', FLAG_LEAF, 256],
    ['leaf, values of 8 B', FLAG_LEAF, 8],
    ['branch', FLAG_BRANCH, 0],
  ];
  return pages.map(([name, kind, valueBytes]) => ({
    group: GROUP,
    name,
    operation: 'search',
    operations: searches,
    prepare: () => searchRun(kind, valueBytes, searches),
  }));
}

function searchRun(kind: Node['kind'], valueBytes: number, searches: number): BenchRun {
  const { buffer, count } = fullPage(kind, valueBytes);
  const random = new Random(SEED);
  // Every other key is absent: it belongs between two that are there.
  const wanted = Array.from({ length: searches }, () => random.below(2 * count));
  const keys = wanted.map(keyOf);
  let sum = 0;
  return {
    run: () => {
      sum = 0;
      for (const key of keys) sum += searchPage(buffer, 0, key);
      return sum;
    },
    verify: () => {
      const answers = wanted.map((n) => (n % 2 === 0 ? n / 2 : ~((n + 1) / 2)));
      const right = answers.every((answer, i) => searchPage(buffer, 0, keys[i]!) === answer);
      assert(right, 'every key is found where it was put');
      const expected = answers.reduce((total, answer) => total + answer, 0);
      assert(sum === expected, `the searches add up to ${sum} instead of ${expected}`);
    },
  };
}

/** A page filled with the even keys, as the tree would write it. */
function fullPage(kind: Node['kind'], valueBytes: number): Node {
  const pool = new BufferPool(PAGE_BYTES, 0);
  const node = new Node({ id: 0, kind, parent: undefined, pool, capacity: PAGE_BYTES });
  const value = new Uint8Array(valueBytes);
  const last = (): boolean => node.bytes + 16 + KEY_BYTES + valueBytes > PAGE_BYTES;
  for (let i = 0; !last(); i++) {
    if (kind === FLAG_LEAF) node.insertLeaf(i, keyOf(2 * i), value, 0);
    else node.insertBranch(i, keyOf(2 * i), { low: i + 2, high: 0 });
  }
  node.seal(2, 1, PAGE_BYTES);
  return node;
}

/** 17 bytes that ascend with `n`: big-endian in bytes 4 to 8. */
function keyOf(n: number): Uint8Array {
  const key = new Uint8Array(KEY_BYTES);
  new DataView(key.buffer).setUint32(4, n);
  return key;
}
