// The contract of freelist.ts as tests. freelist.test.ts runs it against every kind; what one kind
// alone promises (order, probes, scale) is tested there too, outside the contract.

import { describe, expect, it } from 'vitest';
import { SpanList } from '../base/span-list.ts';
import { pgid, txid } from '../base/ids.ts';
import type { Freelist } from './freelist.ts';

export type Span = readonly [start: number, pages: number];

export function spanList(...spans: readonly Span[]): SpanList {
  const list = new SpanList();
  for (const [start, pages] of spans) list.push(start, pages);
  return list;
}

export function spansOf(list: SpanList): Span[] {
  return Array.from({ length: list.length }, (_, i) => [list.starts[i]!, list.counts[i]!] as const);
}

export function freeSpans(freelist: Freelist): Span[] {
  const spans: Span[] = [];
  freelist.each((start, pages) => spans.push([start, pages]));
  return spans;
}

export function freelistContract(name: string, make: () => Freelist): void {
  describe(`${name} keeps the freelist contract`, () => {
    allocationContract(make);
    pendingContract(make);
    rollbackContract(make);
    spansContract(make);
  });
}

function loaded(make: () => Freelist, ...spans: readonly Span[]): Freelist {
  const freelist = make();
  freelist.load(spanList(...spans));
  return freelist;
}

function allocationContract(make: () => Freelist): void {
  it('gives 0 when it is empty', () => {
    const freelist = make();
    expect(freelist.allocate(1)).toBe(0);
    expect(freelist.freeCount).toBe(0);
    expect(freeSpans(freelist)).toEqual([]);
  });

  it('gives 0 when no run is long enough, and loses nothing by it', () => {
    const freelist = loaded(make, [3, 2], [7, 2], [20, 1]);
    expect(freelist.allocate(3)).toBe(0);
    expect(freelist.freeCount).toBe(5);
    expect(freeSpans(freelist)).toEqual([
      [3, 2],
      [7, 2],
      [20, 1],
    ]);
  });

  it('takes an exact run whole and the rest of a longer one stays free', () => {
    const freelist = loaded(make, [3, 4]);
    const first = freelist.allocate(3);
    expect([3, 4]).toContain(first);
    expect(freelist.freeCount).toBe(1);
    const second = freelist.allocate(1);
    expect(new Set([first, first + 1, first + 2, second])).toEqual(new Set([3, 4, 5, 6]));
    expect(freelist.allocate(1)).toBe(0);
  });

  it('gives out every page once and only once', () => {
    const freelist = loaded(make, [2, 10], [50, 1], [70, 7]);
    const seen = new Set<number>();
    for (let start = freelist.allocate(1); start !== 0; start = freelist.allocate(1)) {
      expect(seen.has(start)).toBe(false);
      seen.add(start);
    }
    expect(seen.size).toBe(18);
    expect(freelist.freeCount).toBe(0);
  });

  it('counts allocations, their pages and the runs found', () => {
    const freelist = loaded(make, [10, 3]);
    freelist.allocate(2);
    freelist.allocate(5);
    freelist.allocate(1);
    expect(freelist.counters).toMatchObject({
      allocations: 3,
      pagesAllocated: 8,
      multiPageAllocations: 2,
      multiPageAllocationsFromRun: 1,
    });
  });
}

function pendingContract(make: () => Freelist): void {
  it('keeps freed pages back until they are released', () => {
    const freelist = make();
    freelist.free(txid(5), pgid(12), 2);
    expect(freelist.freeCount).toBe(0);
    expect(freelist.pendingCount).toBe(2);
    expect(freelist.allocate(1)).toBe(0);
    freelist.release(txid(4));
    expect(freelist.allocate(1)).toBe(0);
    freelist.release(txid(5));
    expect(freelist.pendingCount).toBe(0);
    expect(freelist.freeCount).toBe(2);
    expect(freelist.allocate(2)).toBe(12);
  });

  it('releases several transactions at once, up to the one asked for', () => {
    const freelist = loaded(make, [4, 1]);
    freelist.free(txid(1), pgid(5), 1);
    freelist.free(txid(2), pgid(3), 1);
    freelist.free(txid(2), pgid(9), 2);
    freelist.free(txid(3), pgid(6), 1);
    freelist.release(txid(2));
    expect(freeSpans(freelist)).toEqual([
      [3, 3],
      [9, 2],
    ]);
    expect(freelist.pendingCount).toBe(1);
  });

  it('joins a released span with the neighbours on both sides', () => {
    const freelist = loaded(make, [10, 5], [17, 3]);
    freelist.free(txid(1), pgid(15), 2);
    freelist.release(txid(1));
    expect(freeSpans(freelist)).toEqual([[10, 10]]);
    expect(freelist.allocate(10)).toBe(10);
  });

  it('refuses to free a meta page, or for an older transaction', () => {
    const freelist = make();
    expect(() => {
      freelist.free(txid(1), pgid(1), 1);
    }).toThrow(/metas/);
    freelist.free(txid(2), pgid(5), 1);
    expect(() => {
      freelist.free(txid(1), pgid(6), 1);
    }).toThrow(/ascending/);
  });
}

function rollbackContract(make: () => Freelist): void {
  it('takes back what was allocated and forgets what was freed', () => {
    const freelist = loaded(make, [5, 3], [20, 4]);
    freelist.free(txid(1), pgid(40), 1);
    freelist.allocate(2);
    freelist.allocate(3);
    freelist.allocate(1);
    freelist.free(txid(2), pgid(60), 8);
    freelist.rollback(txid(2));
    expect(freelist.pendingCount).toBe(1);
    expect(freelist.freeCount).toBe(7);
    expect(freeSpans(freelist)).toEqual([
      [5, 3],
      [20, 4],
    ]);
  });

  it('takes nothing back after a commit', () => {
    const freelist = loaded(make, [5, 3]);
    freelist.allocate(3);
    freelist.commit();
    freelist.rollback(txid(9));
    expect(freelist.freeCount).toBe(0);
  });
}

function spansContract(make: () => Freelist): void {
  it('lists free and pending pages together, ascending and joined', () => {
    const freelist = loaded(make, [5, 2], [30, 1]);
    freelist.free(txid(1), pgid(31), 1);
    freelist.free(txid(2), pgid(3), 2);
    expect(spansOf(freelist.allSpans())).toEqual([
      [3, 4],
      [30, 2],
    ]);
    expect(freelist.freeCount).toBe(3);
  });

  it('loads what another one lists', () => {
    const spans: Span[] = [
      [2, 1],
      [9, 30],
      [100_000, 2],
      [4_294_967_000, 200],
    ];
    const copy = make();
    copy.load(loaded(make, ...spans).allSpans());
    expect(freeSpans(copy)).toEqual(spans);
    expect(copy.freeCount).toBe(233);
    copy.load(spanList([7, 1]));
    expect(freeSpans(copy)).toEqual([[7, 1]]);
    expect(copy.freeCount).toBe(1);
  });

  it('counts spans by length and tells its memory', () => {
    const freelist = loaded(make, [2, 1], [5, 1], [9, 4]);
    expect(freelist.histogram()).toEqual(
      new Map([
        [1, 2],
        [4, 1],
      ]),
    );
    expect(freelist.memoryBytes).toBeGreaterThan(0);
  });
}
