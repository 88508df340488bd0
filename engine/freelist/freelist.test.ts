import { describe, expect, it } from 'vitest';
import { pgid, txid } from '../base/ids.ts';
import { Random } from '../base/random.ts';
import { SpanList } from '../base/span-list.ts';
import { ArrayFreelist } from './array-freelist.ts';
import { createFreelist, FREELIST_KINDS } from './create.ts';
import { freelistContract, freeSpans, spanList } from './freelist.contract.ts';
import type { Freelist } from './freelist.ts';
import { HashmapFreelist } from './hashmap-freelist.ts';

for (const kind of FREELIST_KINDS) {
  freelistContract(kind, () => createFreelist(kind));
  it(`${kind} is made by its name`, () => {
    expect(createFreelist(kind).kind).toBe(kind);
  });
}

function probesOf(freelist: Freelist, pages: number): number {
  const before = freelist.counters.probes;
  freelist.allocate(pages);
  return freelist.counters.probes - before;
}

describe('array', () => {
  it('takes the first run that fits, in address order', () => {
    const freelist = new ArrayFreelist();
    freelist.load(spanList([3, 1], [5, 2], [10, 6], [20, 2]));
    expect(freelist.allocate(2)).toBe(5);
    expect(freelist.allocate(2)).toBe(10);
    expect(freelist.allocate(1)).toBe(3);
    expect(freelist.allocate(1)).toBe(12);
    expect(freelist.allocate(3)).toBe(13);
    expect(freelist.allocate(2)).toBe(20);
    expect(freelist.freeCount).toBe(0);
  });

  it('looks at each id up to the end of the run it finds', () => {
    const freelist = new ArrayFreelist();
    freelist.load(spanList([3, 1], [5, 2], [10, 6]));
    // 3, 5, 6, 10, 11, 12: six ids until three of a row are seen.
    expect(probesOf(freelist, 3)).toBe(6);
    expect(probesOf(freelist, 1)).toBe(1);
    expect(probesOf(freelist, 2)).toBe(2);
  });

  it('looks at all ids when there is no run', () => {
    const freelist = new ArrayFreelist();
    freelist.load(spanList([3, 1], [5, 2], [10, 6]));
    expect(probesOf(freelist, 7)).toBe(9);
    expect(probesOf(new ArrayFreelist(), 1)).toBe(0);
  });

  it('grows when much is released at once, in front of, between and behind its ids', () => {
    const freelist = new ArrayFreelist();
    freelist.load(spanList([5000, 3], [9000, 2]));
    freelist.free(txid(1), pgid(2), 3000);
    freelist.free(txid(1), pgid(5003), 1000);
    freelist.free(txid(1), pgid(9002), 4000);
    freelist.release(txid(1));
    expect(freeSpans(freelist)).toEqual([
      [2, 3000],
      [5000, 1003],
      [9000, 4002],
    ]);
    expect(freelist.freeCount).toBe(8005);
  });
});

describe('hashmap', () => {
  it('finds an exact length with one probe, and fails after one a length', () => {
    const freelist = new HashmapFreelist();
    freelist.load(spanList([3, 1], [5, 2], [10, 6], [20, 2]));
    expect(probesOf(freelist, 6)).toBe(1);
    expect(probesOf(freelist, 3)).toBe(2);
  });

  it('repeats its choices for equal histories', () => {
    const starts = [1, 2].map(() => {
      const freelist = new HashmapFreelist();
      const random = new Random(3);
      freelist.load(spanList(...Array.from({ length: 500 }, (_, i) => [10 * i + 2, 3] as const)));
      return Array.from({ length: 600 }, () => freelist.allocate(random.between(1, 3)));
    });
    expect(starts[0]).toEqual(starts[1]);
  });

  it('serves a million spans over 26 million pages', () => {
    const random = new Random(26);
    const spans = new SpanList(1_000_000);
    let page = 2;
    for (let i = 0; i < 1_000_000; i++) {
      const pages = random.between(1, 16);
      spans.push(page, pages);
      page += pages + random.between(1, 34);
    }
    expect(page).toBeGreaterThan(25_500_000);
    const freelist = new HashmapFreelist();
    freelist.load(spans);
    const free = spans.pages();
    expect(freelist.spanCount).toBe(1_000_000);
    expect(freelist.freeCount).toBe(free);
    const held: { start: number; pages: number }[] = [];
    for (let tx = 1; tx <= 40; tx++) {
      for (let i = 0; i < 100; i++) {
        const pages = random.between(1, 20);
        const start = freelist.allocate(pages);
        if (start !== 0) held.push({ start, pages });
      }
      freelist.commit();
      for (const { start, pages } of held.splice(0, 60))
        freelist.free(txid(tx), pgid(start), pages);
      if (tx % 5 === 0) freelist.release(txid(tx - 1));
    }
    const out = held.reduce((sum, span) => sum + span.pages, 0);
    expect(out).toBeGreaterThan(1000);
    expect(freelist.freeCount + freelist.pendingCount + out).toBe(free);
    expect(freelist.allSpans().pages()).toBe(free - out);
  });
});
