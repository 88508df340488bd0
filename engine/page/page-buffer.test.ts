import { describe, expect, it } from 'vitest';
import { ELEMENT_BYTES, FLAG_BRANCH, FLAG_FREELIST, FLAG_LEAF, FLAG_META } from './layout.ts';
import { elementAt, PageBuffer, searchPage, validatePage, writePageHeader } from './page-buffer.ts';

const PAGE = 512;
const PGID = 7;
const BASE = PAGE;

/** A page in the middle of a larger buffer, with the given one-character keys and empty values. */
function pageOf(keys: string, flags: number): PageBuffer {
  const page = new PageBuffer(new ArrayBuffer(3 * PAGE));
  writePageHeader(page, BASE, { pgid: PGID, flags, count: keys.length, overflow: 0 });
  Array.from(keys).forEach((key, i) => {
    const element = elementAt(BASE, i);
    // Data in reverse order: the format leaves their place open.
    const data = BASE + PAGE - 1 - i;
    page.u8[data] = key.charCodeAt(0);
    const word = element >>> 2;
    page.u32[word + (flags === FLAG_LEAF ? 1 : 0)] = data - element;
    page.u32[word + (flags === FLAG_LEAF ? 2 : 1)] = 1;
  });
  return page;
}

function faultOf(page: PageBuffer, pgid = PGID): string | undefined {
  return validatePage(page, BASE, { pgid, pageSize: PAGE, available: PAGE });
}

describe('searchPage', () => {
  it.each([FLAG_LEAF, FLAG_BRANCH])('finds keys and the gaps between them, kind %i', (flags) => {
    const page = pageOf('bdfh', flags);
    const search = (key: string): number => searchPage(page, BASE, Buffer.from(key));
    expect(Array.from('bdfh', search)).toEqual([0, 1, 2, 3]);
    expect(Array.from('aceg', search)).toEqual([~0, ~1, ~2, ~3]);
    expect(['i', 'bb', 'ba', ''].map(search)).toEqual([~4, ~1, ~1, ~0]);
  });
});

describe('validatePage', () => {
  it('accepts sound pages', () => {
    expect(faultOf(pageOf('abc', FLAG_LEAF))).toBeUndefined();
    expect(faultOf(pageOf('abc', FLAG_BRANCH))).toBeUndefined();
    expect(faultOf(pageOf('', FLAG_LEAF))).toBeUndefined();
  });

  it.each([FLAG_META, FLAG_FREELIST, 0, FLAG_LEAF | FLAG_BRANCH])(
    'refuses flags 0x%s where a node should be',
    (flags) => {
      const page = pageOf('abc', FLAG_LEAF);
      writePageHeader(page, BASE, { pgid: PGID, flags, count: 3, overflow: 0 });
      expect(faultOf(page)).toMatch(/page type|freelist page/);
    },
  );

  it('refuses a page that belongs elsewhere', () => {
    expect(faultOf(pageOf('abc', FLAG_LEAF), 8)).toBe('header names page 7');
  });

  it('refuses counts and overflows that cannot be', () => {
    const page = pageOf('', FLAG_LEAF);
    writePageHeader(page, BASE, { pgid: PGID, flags: FLAG_LEAF, count: 500, overflow: 0 });
    expect(faultOf(page)).toMatch(/do not fit/);
    writePageHeader(page, BASE, { pgid: PGID, flags: FLAG_LEAF, count: 0, overflow: 2 ** 32 - 1 });
    expect(faultOf(page)).toMatch(/overflow/);
    expect(faultOf(pageOf('', FLAG_BRANCH))).toMatch(/without elements/);
  });

  it.each([
    ['points outside', 1, PAGE],
    ['points outside', 1, ELEMENT_BYTES],
    ['points outside', 3, PAGE],
    ['empty key', 2, 0],
    ['key of', 2, 40_000],
  ])('refuses an element that %s (word %i is %i)', (message, word, value) => {
    const page = pageOf('abc', FLAG_LEAF);
    // A run of a hundred pages, so that a key may be too long without pointing outside.
    if (value === 40_000) {
      writePageHeader(page, BASE, { pgid: PGID, flags: FLAG_LEAF, count: 3, overflow: 99 });
    }
    page.u32[(elementAt(BASE, 1) >>> 2) + word] = value;
    expect(faultOf(page)).toContain(message);
  });

  it('refuses a child whose number takes more than 32 bits', () => {
    const page = pageOf('abc', FLAG_BRANCH);
    page.u32[(elementAt(BASE, 2) >>> 2) + 3] = 1;
    expect(faultOf(page)).toMatch(/limit/);
  });
});
