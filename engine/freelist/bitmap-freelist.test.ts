// BitmapFreelist is first fit in address order, as the array is: on equal histories both must hand out
// the same pages. The array is simple enough to be the model; runs cross words, chunks and levels.

import { describe, expect, it } from 'vitest';
import { pgid, txid } from '../base/ids.ts';
import { Random } from '../base/random.ts';
import { SpanList } from '../base/span-list.ts';
import { ArrayFreelist } from './array-freelist.ts';
import { BitmapFreelist } from './bitmap-freelist.ts';

const SEED = 20261122;

function randomSpans(random: Random, pages: number, longest: number): SpanList {
  const spans = new SpanList();
  for (let page = 2; page < pages;) {
    page += 1 + random.below(longest);
    const length = 1 + random.below(longest);
    if (page + length < pages) spans.append(page, length);
    page += length;
  }
  return spans;
}

function spansOf(freelist: ArrayFreelist | BitmapFreelist): [number, number][] {
  const spans: [number, number][] = [];
  freelist.each((start, pages) => spans.push([start, pages]));
  return spans;
}

describe('bitmap against array', () => {
  it.each([
    [300, 8],
    [5000, 40],
    [60_000, 700],
    [400_000, 9000],
  ])('%i pages, runs of up to %i', (pages, longest) => {
    const random = new Random(SEED + pages);
    const array = new ArrayFreelist();
    const bitmap = new BitmapFreelist();
    const spans = randomSpans(random, pages, longest);
    array.load(spans);
    bitmap.load(spans);
    const used: [number, number][] = [];
    for (let tx = 1; tx < 60; tx++) {
      const committed = used.length;
      for (let i = random.below(40); i > 0; i--) {
        const wanted = 1 + random.below(random.below(5) === 0 ? 2 * longest : 12);
        const start = bitmap.allocate(wanted);
        expect(start).toBe(array.allocate(wanted));
        if (start !== 0) used.push([start, wanted]);
      }
      if (random.below(4) === 0) {
        // What this transaction took goes back; what earlier ones took stays in use.
        array.rollback(txid(tx));
        bitmap.rollback(txid(tx));
        used.length = committed;
      } else {
        array.commit();
        bitmap.commit();
      }
      random.shuffle(used);
      for (const [start, length] of used.splice(0, random.below(20))) {
        array.free(txid(tx), pgid(start), length);
        bitmap.free(txid(tx), pgid(start), length);
      }
      array.release(txid(tx));
      bitmap.release(txid(tx));
      expect(bitmap.freeCount).toBe(array.freeCount);
      expect(spansOf(bitmap)).toEqual(spansOf(array));
    }
  });

  it('finds a run that crosses chunks and the levels above them', () => {
    for (const length of [513, 4097, 33_000]) {
      const spans = new SpanList();
      spans.append(500, 3);
      spans.append(700, length);
      const bitmap = new BitmapFreelist();
      bitmap.load(spans);
      expect(bitmap.allocate(length + 1)).toBe(0);
      expect(bitmap.allocate(length)).toBe(700);
      expect(bitmap.allocate(3)).toBe(500);
      expect(bitmap.freeCount).toBe(0);
    }
  });
});

describe('bitmap memory', () => {
  it('takes a bit a page and a ninth of it for summaries', () => {
    const bitmap = new BitmapFreelist();
    const spans = new SpanList();
    const pages = 24_400_000;
    for (let page = 2; page < pages; page += 10) spans.append(page, 3);
    bitmap.load(spans);
    expect(bitmap.memoryBytes).toBeLessThan((pages / 8) * 1.12);
  });
});
