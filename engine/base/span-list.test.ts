import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SpanList } from './span-list.ts';

function spans(list: SpanList): [number, number][] {
  return Array.from({ length: list.length }, (_, i) => [list.starts[i]!, list.counts[i]!]);
}

describe('SpanList', () => {
  it('grows, counts its pages and can be emptied', () => {
    const list = new SpanList(1);
    for (let i = 0; i < 100; i++) list.push(10 * i, 3);
    expect(list.length).toBe(100);
    expect(list.pages()).toBe(300);
    list.clear();
    expect(list.pages()).toBe(0);
    expect(spans(list)).toEqual([]);
  });

  it('joins an appended span with the last one where they touch', () => {
    const list = new SpanList();
    list.append(5, 2);
    list.append(7, 1);
    list.append(9, 4);
    expect(spans(list)).toEqual([
      [5, 3],
      [9, 4],
    ]);
  });

  it('normalizes spans of millions of pages and page numbers beyond 31 bits', () => {
    const list = new SpanList();
    list.push(2 ** 32 - 100, 50);
    list.push(5, 26_000_000);
    list.push(26_000_005, 1);
    list.push(3, 2);
    list.normalize();
    expect(spans(list)).toEqual([
      [3, 26_000_003],
      [2 ** 32 - 100, 50],
    ]);
  });

  it('normalizes any order of spans to the ascending, joined one', () => {
    const gaps = fc.array(
      fc.record({
        gap: fc.nat({ max: 3 }),
        pages: fc.integer({ min: 1, max: 2 ** 21 + 5 }),
        rank: fc.nat(),
      }),
      { maxLength: 60 },
    );
    fc.assert(
      fc.property(gaps, (parts) => {
        let page = 2;
        const ascending: [number, number][] = [];
        const pieces = parts.map(({ gap, pages, rank }) => {
          const start = page + gap;
          const last = ascending.at(-1);
          if (gap === 0 && last !== undefined) last[1] += pages;
          else ascending.push([start, pages]);
          page = start + pages;
          return { start, pages, rank };
        });
        const list = new SpanList();
        pieces.sort((a, b) => a.rank - b.rank);
        for (const { start, pages } of pieces) list.push(start, pages);
        list.normalize();
        expect(spans(list)).toEqual(ascending);
      }),
      { seed: 20261122 },
    );
  });
});
