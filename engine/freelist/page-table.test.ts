import { describe, expect, it } from 'vitest';
import { Random } from '../base/random.ts';
import { PageTable } from './page-table.ts';

describe('PageTable', () => {
  it('sets, replaces, gets and deletes', () => {
    const table = new PageTable();
    expect(table.get(7)).toBe(-1);
    table.set(7, 0);
    table.set(8, 2 ** 32 - 1);
    table.set(7, 3);
    expect([table.get(7), table.get(8), table.size]).toEqual([3, 2 ** 32 - 1, 2]);
    table.delete(9);
    table.delete(7);
    table.delete(7);
    expect([table.get(7), table.get(8), table.size]).toEqual([-1, 2 ** 32 - 1, 1]);
  });

  it('takes page numbers up to the largest there is', () => {
    const table = new PageTable();
    for (const page of [1, 2 ** 31 - 1, 2 ** 31, 2 ** 32 - 2]) table.set(page, page % 1000);
    for (const page of [1, 2 ** 31 - 1, 2 ** 31, 2 ** 32 - 2]) {
      expect(table.get(page)).toBe(page % 1000);
    }
  });

  it('does not grow while it holds what it was made for', () => {
    const table = new PageTable(1000);
    const before = table.memoryBytes;
    for (let page = 1; page <= 1000; page++) table.set(page, page);
    expect(table.memoryBytes).toBe(before);
  });

  // Few distinct pages in a small table: long clusters, wrap-around, deletions in their middle.
  it.each([
    { pages: 10, steps: 20_000 },
    { pages: 60, steps: 40_000 },
    { pages: 5000, steps: 40_000 },
  ])('agrees with a Map over $pages pages', ({ pages, steps }) => {
    const random = new Random(pages);
    const ids = Array.from({ length: pages }, () => 1 + random.below(2 ** 32 - 2));
    const table = new PageTable();
    const model = new Map<number, number>();
    for (let step = 0; step < steps; step++) {
      const page = ids[random.below(pages)]!;
      if (random.below(100) < 52) {
        table.set(page, step);
        model.set(page, step);
      } else {
        table.delete(page);
        model.delete(page);
      }
      if (step % 97 !== 0) continue;
      expect(table.size).toBe(model.size);
      expect(ids.filter((id) => table.get(id) !== (model.get(id) ?? -1))).toEqual([]);
    }
  });
});
