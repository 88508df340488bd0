// Microbenchmarks of the meta page: its FNV-1a checksum over 56 bytes, and the whole page as each
// commit encodes it and each open decodes it. They stand beside syncs of tens of microseconds and
// more: the figures say whether bigint is still fast enough for them.

import { assert } from '../base/assert.ts';
import type { BenchCase, BenchRun, BenchSetting } from '../base/bench-case.ts';
import { pgid, txid } from '../base/ids.ts';
import { META_CHECKSUM, META_MAGIC } from './layout.ts';
import { decodeMeta, encodeMeta, fnv1a64, type Meta } from './meta-page.ts';

const GROUP = 'meta page';
const PAGE_BYTES = 4096;
/** FNV-1a 64 of the one byte 'a', from the authors' test vectors. */
const FNV_OF_A = 0xaf63dc4c8601ec8cn;

export function cases({ size }: BenchSetting): readonly BenchCase[] {
  const operations = size === 'tiny' ? 3 : 500;
  const runs: readonly (readonly [name: string, prepare: () => BenchRun])[] = [
    ['checksum, FNV-1a 64', () => checksumRun(operations)],
    ['encode', () => encodeRun(operations)],
    ['decode', () => decodeRun(operations)],
  ];
  return runs.map(([name, prepare]) => ({
    group: GROUP,
    name,
    operation: 'page',
    operations,
    prepare,
  }));
}

function checksumRun(operations: number): BenchRun {
  const page = new Uint8Array(PAGE_BYTES);
  encodeMeta(metaOf(1), page);
  const stored = new DataView(page.buffer).getBigUint64(META_CHECKSUM, true);
  let sum = 0n;
  return {
    run: () => {
      sum = 0n;
      for (let i = 0; i < operations; i++) sum += fnv1a64(page, META_MAGIC, META_CHECKSUM);
      return Number(sum & 0xffffn);
    },
    verify: () => {
      const letter = Uint8Array.of(0x61);
      assert(fnv1a64(letter, 0, 1) === FNV_OF_A, "the hash of 'a' is the published one");
      assert(sum === stored * BigInt(operations), 'each checksum is the one the page holds');
    },
  };
}

function encodeRun(operations: number): BenchRun {
  const metas = Array.from({ length: operations }, (_, i) => metaOf(i));
  const page = new Uint8Array(PAGE_BYTES);
  return {
    run: () => {
      for (const meta of metas) encodeMeta(meta, page);
      return page[META_CHECKSUM]!;
    },
    verify: () => {
      assertTxid(page, operations - 1);
    },
  };
}

function decodeRun(operations: number): BenchRun {
  const pages = Array.from({ length: operations }, (_, i) => {
    const page = new Uint8Array(PAGE_BYTES);
    encodeMeta(metaOf(i), page);
    return page;
  });
  let sum = 0;
  return {
    run: () => {
      sum = 0;
      for (const page of pages) {
        const decoded = decodeMeta(page);
        if (!('fault' in decoded)) sum += decoded.txid;
      }
      return sum;
    },
    verify: () => {
      const expected = (operations * (operations - 1)) / 2;
      assert(sum === expected, `the txids add up to ${sum} instead of ${expected}`);
    },
  };
}

function assertTxid(page: Uint8Array, expected: number): void {
  const decoded = decodeMeta(page);
  assert(!('fault' in decoded) && decoded.txid === expected, `the page is meta ${expected}`);
}

function metaOf(id: number): Meta {
  return {
    pageSize: PAGE_BYTES,
    root: pgid(3 + id),
    sequence: 0,
    freelist: undefined,
    highWater: pgid(24_000_000),
    txid: txid(id),
  };
}
