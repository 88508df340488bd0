import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Random } from '../base/random.ts';
import { bytesOf } from '../../scripts/simulation/model.ts';
import { ELEMENT_BYTES, FLAG_BRANCH, FLAG_LEAF, PAGE_HEADER_BYTES } from './layout.ts';
import {
  childHigh,
  elementAt,
  keyLength,
  keyStart,
  PageBuffer,
  pageCount,
  pageFlags,
  pageOverflow,
  searchPage,
  validatePage,
  valueLength,
  valueStart,
  writePageHeader,
} from './page-buffer.ts';

const PAGE = 1024;
const PGID = 9;
/** Pages lie in frames of a larger buffer: nothing may depend on their starting at 0. */
const BASE: number = 3 * PAGE;

const key = fc.string({ unit: fc.constantFrom('a', 'b', '\u0000', '\u00ff'), maxLength: 7 });
const keys = fc
  .uniqueArray(
    key.filter((text) => text.length > 0),
    { maxLength: 25 },
  )
  .map((texts) => texts.sort((a, b) => (a < b ? -1 : 1)));
const kind = fc.constantFrom(FLAG_LEAF, FLAG_BRANCH);

/** A page of these keys whose data lie in a random order, with gaps, as the format allows. */
function pageOf(texts: readonly string[], flags: number, random: Random): PageBuffer {
  const page = new PageBuffer(new ArrayBuffer(5 * PAGE));
  random.fill(page.u8);
  writePageHeader(page, BASE, { pgid: PGID, flags, count: texts.length, overflow: 0 });
  const order = texts.map((_, index) => index);
  random.shuffle(order);
  let data = elementAt(BASE, texts.length);
  // A gap of up to 3 bytes, a key and a value of up to 5 bytes for each element; the rest lies in front.
  const needed = texts.reduce((sum, text) => sum + text.length + 8, 0);
  data += random.below(BASE + PAGE - data - needed);
  for (const index of order) {
    data += random.below(4);
    const bytes = bytesOf(texts[index]!);
    const element = elementAt(BASE, index);
    const valueBytes = flags === FLAG_LEAF ? random.below(6) : 0;
    const words =
      flags === FLAG_LEAF
        ? [0, data - element, bytes.length, valueBytes]
        : [data - element, bytes.length, 2 + index, 0];
    page.u32.set(words, element / 4);
    page.u8.set(bytes, data);
    data += bytes.length + valueBytes;
  }
  expect(data).toBeLessThanOrEqual(BASE + PAGE);
  return page;
}

function faultOf(page: PageBuffer, available = PAGE): string | undefined {
  return validatePage(page, BASE, { pgid: PGID, pageSize: PAGE, available });
}

describe('searchPage', () => {
  it('finds what a look at every key finds, wherever the data lie', () => {
    fc.assert(
      fc.property(keys, kind, key, fc.nat(), (texts, flags, sought, seed) => {
        const page = pageOf(texts, flags, new Random(seed));
        for (const text of [sought, ...texts, ...texts.map((one) => `${one}\u0000`)]) {
          const above = texts.findIndex((one) => one >= text);
          const place = above < 0 ? texts.length : above;
          const expected = texts[place] === text ? place : ~place;
          expect(searchPage(page, BASE, bytesOf(text))).toBe(expected);
        }
      }),
      { numRuns: 300, seed: 20261122 },
    );
  });
});

describe('validatePage', () => {
  it('accepts every sound page', () => {
    fc.assert(
      fc.property(keys, kind, fc.nat(), (texts, flags, seed) => {
        fc.pre(flags === FLAG_LEAF || texts.length > 0);
        expect(faultOf(pageOf(texts, flags, new Random(seed)))).toBeUndefined();
      }),
      { numRuns: 300, seed: 20261122 },
    );
  });

  it('lets nothing pass whose reading would leave the page, whatever the bytes say', () => {
    const word = fc.oneof(
      fc.constantFrom(0, 1, 2, 16, 0xffff, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff),
      fc.nat({ max: 1100 }),
      fc.nat({ max: 0xffff_ffff }),
    );
    const edits = fc.array(fc.tuple(fc.nat({ max: 60 }), word), { minLength: 1, maxLength: 4 });
    let accepted = 0;
    let refused = 0;
    fc.assert(
      fc.property(keys, kind, edits, fc.nat(), (texts, flags, changes, seed) => {
        const page = pageOf(texts, flags, new Random(seed));
        for (const [at, value] of changes) page.u32[BASE / 4 + at] = value;
        if (faultOf(page) !== undefined) {
          refused++;
          return;
        }
        accepted++;
        expectWithin(page);
      }),
      { numRuns: 3000, seed: 20261122 },
    );
    expect(accepted).toBeGreaterThan(300);
    expect(refused).toBeGreaterThan(300);
  });

  it('says something of noise, and never throws', () => {
    fc.assert(
      fc.property(fc.nat(), kind, fc.nat({ max: PAGE }), (seed, flags, available) => {
        const page = new PageBuffer(new ArrayBuffer(5 * PAGE));
        new Random(seed).fill(page.u8);
        expect(faultOf(page)).toBeDefined();
        // With a header that passes, the elements are the noise.
        writePageHeader(page, BASE, { pgid: PGID, flags, count: 1 + (seed % 60), overflow: 0 });
        expect(faultOf(page)).toBeDefined();
        expect(() => faultOf(page, Math.max(PAGE_HEADER_BYTES, available))).not.toThrow();
      }),
      { numRuns: 500, seed: 20261122 },
    );
  });
});

/** All that a reader of an accepted page touches lies within its bytes. */
function expectWithin(page: PageBuffer): void {
  const flags = pageFlags(page, BASE);
  const end = BASE + (pageOverflow(page, BASE) + 1) * PAGE;
  const count = pageCount(page, BASE);
  const elementsEnd = BASE + PAGE_HEADER_BYTES + ELEMENT_BYTES * count;
  expect([FLAG_LEAF, FLAG_BRANCH]).toContain(flags);
  expect(elementsEnd).toBeLessThanOrEqual(end);
  let bytes = 0;
  // Of a node of several pages, validatePage() sees the elements that are in the buffer.
  const seen = Math.min(count, (PAGE - PAGE_HEADER_BYTES) / ELEMENT_BYTES);
  for (let i = 0; i < seen; i++) {
    const element = elementAt(BASE, i);
    const start = keyStart(page, element, flags);
    const length = keyLength(page, element, flags);
    expect(length).toBeGreaterThan(0);
    expect(start).toBeGreaterThanOrEqual(elementsEnd);
    expect(start + length).toBeLessThanOrEqual(end);
    bytes += length;
    if (flags === FLAG_LEAF) {
      expect(valueStart(page, element) + valueLength(page, element)).toBeLessThanOrEqual(end);
      bytes += valueLength(page, element);
    } else {
      expect(childHigh(page, element)).toBe(0);
    }
  }
  expect(bytes).toBeLessThanOrEqual(end - elementsEnd);
}
