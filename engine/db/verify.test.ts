import { describe, expect, it } from 'vitest';
import { pgid, txid } from '../base/ids.ts';
import { ArrayFreelist } from '../freelist/array-freelist.ts';
import { spanList } from '../freelist/freelist.contract.ts';
import { verifyFreePages } from './verify.ts';

const PAGE = 1024;

/** Pages 4, 5 and 9 free, 7 pending. */
function freelist(): ArrayFreelist {
  const list = new ArrayFreelist();
  list.load(spanList([4, 2], [9, 1]));
  list.free(txid(1), pgid(7), 1);
  return list;
}

function verify(
  list: ArrayFreelist,
  highWater: number,
  ...written: [number, number][]
): () => void {
  const nodes = written.map(([page, pages]) => ({ pgid: page, image: { length: pages * PAGE } }));
  return () => {
    verifyFreePages(list, { highWater, pageSize: PAGE, written: nodes });
  };
}

describe('verifyFreePages', () => {
  it('is content with free pages that nobody wrote', () => {
    expect(verify(freelist(), 10)).not.toThrow();
    expect(verify(freelist(), 12, [10, 2], [2, 2], [8, 1], [6, 1])).not.toThrow();
    expect(verify(new ArrayFreelist(), 2)).not.toThrow();
  });

  it('finds a page that was written although it is free or pending', () => {
    expect(verify(freelist(), 10, [3, 2])).toThrow(/page 3 was written/);
    expect(verify(freelist(), 10, [8, 1], [5, 1])).toThrow(/page 5 was written/);
    expect(verify(freelist(), 10, [6, 2])).toThrow(/page 6 was written/);
  });

  it('finds pages that are free twice, or beyond the end', () => {
    const twice = freelist();
    twice.free(txid(2), pgid(9), 1);
    expect(verify(twice, 10)).toThrow(/page 9 is free or pending twice/);
    expect(verify(freelist(), 9)).toThrow(/page 9 is free but was never used/);
  });
});
