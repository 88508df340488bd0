import fc from 'fast-check';
import { expect, it } from 'vitest';
import { SpanList } from '../base/span-list.ts';
import { MemoryVfs } from '../vfs/memory-vfs.ts';
import { freelistBytes, readFreelist, writeFreelist } from './freelist-page.ts';

/** Gaps and lengths of free spans; the long ones need the count that does not fit the page header. */
const layout = fc.array(
  fc.record({
    gap: fc.integer({ min: 1, max: 9 }),
    pages: fc.oneof(
      { weight: 9, arbitrary: fc.integer({ min: 1, max: 40 }) },
      { weight: 1, arbitrary: fc.integer({ min: 30_000, max: 70_000 }) },
    ),
  }),
  { maxLength: 40 },
);

it('a stored freelist is read as it was written, and as long as it was said to be', () => {
  const pageSizes = fc.constantFrom(512, 1024, 4096, 65_536);
  let escaped = 0;
  fc.assert(
    fc.property(layout, pageSizes, fc.boolean(), (parts, pageSize, spare) => {
      const spans = new SpanList();
      let page = 2;
      for (const { gap, pages: length } of parts) {
        spans.push(page + gap, length);
        page += gap + length;
      }
      const pages = Math.ceil(freelistBytes(spans.pages()) / pageSize) + (spare ? 1 : 0);
      const at = { pgid: page + 1, pages, pageSize };
      const file = new MemoryVfs().open('free.db', { mode: 'create' });
      writeFreelist(file, spans, at);
      expect(file.size()).toBe((at.pgid + pages) * pageSize);
      const highWater = at.pgid + pages;
      const read = readFreelist(file, { pgid: at.pgid, pageSize, highWater });
      expect(read.pages).toBe(pages);
      expect(read.spans.length).toBe(spans.length);
      for (let i = 0; i < spans.length; i++) {
        expect(read.spans.starts[i]).toBe(spans.starts[i]);
        expect(read.spans.counts[i]).toBe(spans.counts[i]);
      }
      if (spans.pages() >= 0xffff) escaped++;
    }),
    { numRuns: 60, seed: 20261122 },
  );
  expect(escaped).toBeGreaterThan(5);
});
