// Microbenchmarks of Node, a page under edit: inserting in place at its end and anywhere, giving an
// entry a new value, copying a page to edit it, and cutting one that is too large, as Tree does. Keys
// have 17 bytes and values 256, so a page holds 14 entries.

import { assert } from '../base/assert.ts';
import type { BenchCase, BenchRun, BenchSetting } from '../base/bench-case.ts';
import { equalBytes } from '../base/bytes.ts';
import { Random } from '../base/random.ts';
import { FLAG_LEAF } from '../page/layout.ts';
import { copyOut, elementAt, valueLength, valueStart } from '../page/page-buffer.ts';
import { BufferPool } from './buffer-pool.ts';
import { Node } from './node.ts';

const GROUP = 'node';
const PAGE_BYTES = 4096;
const VALUE_BYTES = 256;
/** Entries of a page that is full. */
const ENTRIES = 14;
/** bbolt's default, which cuts a node in the middle. */
const FILL_PERCENT = 0.5;
const POOL_BYTES = 64 * 1024 * 1024;
const SEED = 20261122;

const KEYS: readonly Uint8Array[] = Array.from({ length: ENTRIES + 1 }, (_, i) => keyOf(i));
const VALUE: Uint8Array = new Uint8Array(VALUE_BYTES).fill(1);
const OTHER_VALUE: Uint8Array = new Uint8Array(VALUE_BYTES).fill(2);

export function cases({ size }: BenchSetting): readonly BenchCase[] {
  const nodes = size === 'tiny' ? 2 : 200;
  const entries = nodes * ENTRIES;
  const ascending = Array.from({ length: ENTRIES }, (_, i) => i);
  const shuffled = [...ascending];
  new Random(SEED).shuffle(shuffled);
  return [
    one('insert, ascending', 'insert', entries, () => insertRun(nodes, ascending)),
    one('insert, any order', 'insert', entries, () => insertRun(nodes, shuffled)),
    one('overwrite', 'overwrite', entries, () => overwriteRun(nodes)),
    one('copy a page', 'page', nodes, () => copyRun(nodes)),
    one('split', 'split', nodes, () => splitRun(nodes)),
  ];
}

function one(
  name: string,
  operation: string,
  operations: number,
  prepare: () => BenchRun,
): BenchCase {
  return { group: GROUP, name, operation, operations, prepare };
}

/** Fills empty nodes in the given order of keys, each place searched for first. */
function insertRun(nodes: number, order: readonly number[]): BenchRun {
  const batch = new Batch(nodes);
  return {
    before: () => batch.renew(PAGE_BYTES),
    run: () => {
      for (const node of batch.nodes) for (const i of order) insert(node, i);
      return batch.bytes();
    },
    verify: () => {
      for (const node of batch.nodes) assertHolds(node, 0, ENTRIES);
    },
  };
}

function overwriteRun(nodes: number): BenchRun {
  const batch = new Batch(nodes);
  batch.renew(PAGE_BYTES);
  for (const node of batch.nodes) for (let i = 0; i < ENTRIES; i++) insert(node, i);
  let turn = 0;
  return {
    run: () => {
      const value = turn++ % 2 === 0 ? OTHER_VALUE : VALUE;
      for (const node of batch.nodes) {
        for (let i = 0; i < ENTRIES; i++) node.replaceValue(node.search(KEYS[i]!), value, 0);
      }
      return batch.bytes() + turn;
    },
    verify: () => {
      const value = turn % 2 === 0 ? VALUE : OTHER_VALUE;
      for (const node of batch.nodes) {
        assertHolds(node, 0, ENTRIES);
        for (let i = 0; i < ENTRIES; i++) assert(equalBytes(valueAt(node, i), value), `value ${i}`);
      }
    },
  };
}

function copyRun(nodes: number): BenchRun {
  const batch = new Batch(nodes);
  const page = sealed(ENTRIES, PAGE_BYTES);
  return {
    before: () => batch.renew(PAGE_BYTES),
    run: () => {
      for (const node of batch.nodes) node.copyFrom(page.buffer, 0, PAGE_BYTES);
      return batch.bytes();
    },
    verify: () => {
      for (const node of batch.nodes) assertHolds(node, 0, ENTRIES);
    },
  };
}

/** Cuts nodes of one entry too many, as Tree does: what is right of the cut moves to a new node. */
function splitRun(nodes: number): BenchRun {
  const left = new Batch(nodes);
  const right = new Batch(nodes);
  const page = sealed(ENTRIES + 1, 2 * PAGE_BYTES);
  return {
    before: () => {
      left.renew(2 * PAGE_BYTES);
      right.renew(PAGE_BYTES);
      for (const node of left.nodes) node.copyFrom(page.buffer, 0, 2 * PAGE_BYTES);
    },
    run: () => {
      for (let i = 0; i < nodes; i++) {
        const node = left.nodes[i]!;
        const cut = node.splitIndex(PAGE_BYTES, FILL_PERCENT);
        right.nodes[i]!.appendFrom(node.buffer, 0, cut, node.count);
        node.truncate(cut);
      }
      return left.bytes() + right.bytes();
    },
    verify: () => {
      for (let i = 0; i < nodes; i++) {
        const cut = left.nodes[i]!.count;
        assert(cut > 1 && cut < ENTRIES, `the cut at ${cut} leaves both sides entries`);
        assertHolds(left.nodes[i]!, 0, cut);
        assertHolds(right.nodes[i]!, cut, ENTRIES + 1);
      }
    },
  };
}

/** Nodes from one pool, as a transaction has them: what the last one gave back is used again. */
class Batch {
  nodes: readonly Node[] = [];
  readonly #count: number;
  readonly #pool = new BufferPool(PAGE_BYTES, POOL_BYTES);

  constructor(count: number) {
    this.#count = count;
  }

  /** Replaces all nodes by empty ones of that capacity. */
  renew(capacity: number): void {
    const pool = this.#pool;
    for (const node of this.nodes) node.dispose();
    this.nodes = Array.from(
      { length: this.#count },
      (_, id) => new Node({ id, kind: FLAG_LEAF, parent: undefined, pool, capacity }),
    );
  }

  bytes(): number {
    return this.nodes.reduce((sum, node) => sum + node.bytes, 0);
  }
}

function insert(node: Node, i: number): void {
  node.insertLeaf(~node.search(KEYS[i]!), KEYS[i]!, VALUE, 0);
}

function sealed(entries: number, bytes: number): Node {
  const batch = new Batch(1);
  batch.renew(bytes);
  const node = batch.nodes[0]!;
  for (let i = 0; i < entries; i++) insert(node, i);
  node.seal(2, bytes / PAGE_BYTES, PAGE_BYTES);
  return node;
}

/** The node holds keys [from, to), in order, each with a value. */
function assertHolds(node: Node, from: number, to: number): void {
  assert(node.count === to - from, `${node.count} entries where ${to - from} should be`);
  assert(node.bytes === 16 + (to - from) * (16 + KEYS[0]!.length + VALUE_BYTES), 'sizes add up');
  for (let i = from; i < to; i++) assert(equalBytes(node.key(i - from), KEYS[i]!), `key ${i}`);
}

function valueAt(node: Node, index: number): Uint8Array {
  const element = elementAt(0, index);
  return copyOut(node.buffer, valueStart(node.buffer, element), valueLength(node.buffer, element));
}

function keyOf(n: number): Uint8Array {
  const key = new Uint8Array(17);
  new DataView(key.buffer).setUint32(4, n);
  return key;
}
