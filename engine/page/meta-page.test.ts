import { describe, expect, it } from 'vitest';
import { pgid, txid } from '../base/ids.ts';
import {
  META_CHECKSUM,
  META_END,
  META_FREELIST,
  META_HIGH_WATER,
  META_MAGIC,
  META_PAGE_SIZE,
  META_ROOT,
  META_TXID,
  META_VERSION,
} from './layout.ts';
import { decodeMeta, encodeMeta, fnv1a64, type Meta } from './meta-page.ts';

const META: Meta = {
  pageSize: 4096,
  root: pgid(77),
  sequence: 2 ** 40 + 1,
  freelist: pgid(99),
  highWater: pgid(2 ** 32 - 2),
  txid: txid(2 ** 52 + 3),
};

function encoded(meta: Meta = META): Uint8Array {
  const page = new Uint8Array(4096);
  encodeMeta(meta, page);
  return page;
}

/** A meta with one field changed and the checksum made right again. */
function changed(change: (view: DataView) => void): Uint8Array {
  const page = encoded();
  const view = new DataView(page.buffer);
  change(view);
  view.setBigUint64(META_CHECKSUM, fnv1a64(page, META_MAGIC, META_CHECKSUM), true);
  return page;
}

describe('fnv1a64', () => {
  // Test vectors of the algorithm's authors.
  it.each([
    ['', 0xcbf29ce484222325n],
    ['a', 0xaf63dc4c8601ec8cn],
    ['foobar', 0x85944171f73967e8n],
  ])('hashes %o', (text, hash) => {
    expect(fnv1a64(Buffer.from(text), 0, text.length)).toBe(hash);
  });
});

describe('meta page', () => {
  it('reads what it wrote', () => {
    expect(decodeMeta(encoded())).toEqual(META);
    expect(decodeMeta(encoded().subarray(0, META_END))).toEqual(META);
  });

  it('says that no freelist is stored', () => {
    const page = encoded({ ...META, freelist: undefined });
    expect(page.subarray(META_FREELIST, META_FREELIST + 8).every((byte) => byte === 255)).toBe(
      true,
    );
    expect(decodeMeta(page)).toEqual({ ...META, freelist: undefined });
  });

  it('is numbered by its txid', () => {
    expect(encoded({ ...META, txid: txid(8) })[0]).toBe(0);
    expect(encoded({ ...META, txid: txid(9) })[0]).toBe(1);
  });

  it('finds each flipped byte behind the header', () => {
    for (let at = META_MAGIC; at < META_END; at++) {
      const page = encoded();
      page[at] = page[at]! ^ 0x10;
      expect(decodeMeta(page)).toHaveProperty('fault');
    }
  });

  it('tells files of another kind from damaged ones', () => {
    expect(decodeMeta(new Uint8Array(4096))).toEqual({ fault: 'wrong magic', recognised: false });
    expect(decodeMeta(new Uint8Array(79))).toEqual({ fault: 'cut short', recognised: false });
    const version = changed((view) => view.setUint32(META_VERSION, 1, true));
    expect(decodeMeta(version)).toEqual({ fault: 'format version 1', recognised: true });
  });

  it.each([
    ['page size', (view: DataView) => view.setUint32(META_PAGE_SIZE, 4095, true)],
    ['page size', (view: DataView) => view.setUint32(META_PAGE_SIZE, 256, true)],
    ['page size', (view: DataView) => view.setUint32(META_PAGE_SIZE, 131_072, true)],
    ['root', (view: DataView) => view.setUint32(META_ROOT, 1, true)],
    ['root', (view: DataView) => view.setBigUint64(META_ROOT, 2n ** 63n, true)],
    ['freelist', (view: DataView) => view.setUint32(META_FREELIST, 0, true)],
    ['out of range', (view: DataView) => view.setBigUint64(META_HIGH_WATER, 2n ** 32n, true)],
    ['out of range', (view: DataView) => view.setBigUint64(META_TXID, 2n ** 60n, true)],
  ])('refuses a wrong %s even with a right checksum', (fault, change) => {
    expect(decodeMeta(changed(change))).toEqual({
      fault: expect.stringContaining(fault) as string,
      recognised: true,
    });
  });
});
