import { afterEach, describe, expect, it, vi } from 'vitest';
import { createPageCache, PageCache } from './page-cache.ts';

const PAGE = 512;
const FRAMES = 16;

function make(): { cache: PageCache; other: PageCache } {
  const share = createPageCache({ pageSize: PAGE, cacheBytes: FRAMES * PAGE, filePages: 1000 });
  return { cache: new PageCache(share, true), other: new PageCache(share, true) };
}

function page(byte: number): Uint8Array {
  return new Uint8Array(PAGE).fill(byte);
}

/** Loads a page as a reader does; it stays pinned. */
function load(cache: PageCache, pgid: number): number {
  const frame = cache.claim(pgid);
  expect(frame).toBeGreaterThanOrEqual(0);
  cache.frames.u8.fill(pgid & 0xff, cache.base(frame), cache.base(frame) + PAGE);
  expect(cache.publish(frame, pgid)).toBe(true);
  return frame;
}

function byteOf(cache: PageCache, frame: number): number {
  return cache.frames.u8[cache.base(frame)]!;
}

/** The byte a page is filled with in the cache; -1 when it is not cached. */
function cached(cache: PageCache, pgid: number): number {
  const frame = cache.pin(pgid);
  if (frame < 0) return -1;
  cache.unpin(frame);
  return byteOf(cache, frame);
}

afterEach(() => {
  vi.restoreAllMocks();
});

describe('PageCache', () => {
  it('finds what was loaded, from any thread that attached', () => {
    const { cache, other } = make();
    expect(cached(cache, 5)).toBe(-1);
    const frame = load(cache, 5);
    expect(other.pin(5)).toBe(frame);
    expect(cache.pinnedFrames()).toBe(1);
    other.unpin(frame);
    cache.unpin(frame);
    expect(cache.pinnedFrames()).toBe(0);
    expect(cached(other, 5)).toBe(5);
  });

  it('evicts pages that nobody pins, and only those', () => {
    const { cache } = make();
    const held = load(cache, 200);
    for (let pgid = 2; pgid < 100; pgid++) cache.unpin(load(cache, pgid));
    expect(byteOf(cache, held)).toBe(200);
    expect(cached(cache, 200)).toBe(200);
    const left = Array.from({ length: 98 }, (_, i) => cached(cache, i + 2)).filter((b) => b >= 0);
    expect(left).toHaveLength(FRAMES - 1);
    expect(cached(cache, 99)).toBe(99);
  });

  it('gives a page that was used a second chance', () => {
    const { cache } = make();
    for (let pgid = 2; pgid < 2 + FRAMES; pgid++) cache.unpin(load(cache, pgid));
    cache.unpin(load(cache, 100));
    // The hand went round once and cleared every mark; page 10 earns a new one.
    expect(cached(cache, 10)).toBe(10);
    for (let pgid = 101; pgid < 101 + FRAMES - 2; pgid++) cache.unpin(load(cache, pgid));
    expect(cached(cache, 10)).toBe(10);
  });

  it('has no frame to give while all are pinned', () => {
    const { cache } = make();
    const frames = Array.from({ length: FRAMES }, (_, i) => load(cache, i + 2));
    expect(cache.claim(50)).toBe(-1);
    cache.unpin(frames[3]!);
    expect(cache.claim(50)).toBe(frames[3]);
    expect(cached(cache, 5)).toBe(-1);
    cache.abandon(frames[3]!);
    expect(cache.pinnedFrames()).toBe(FRAMES - 1);
  });

  it('keeps the first of two loads of a page', () => {
    const { cache, other } = make();
    const mine = cache.claim(9);
    const theirs = other.claim(9);
    expect(mine).not.toBe(theirs);
    expect(other.publish(theirs, 9)).toBe(true);
    expect(cache.publish(mine, 9)).toBe(false);
    expect(cache.pin(9)).toBe(theirs);
    other.unpin(theirs);
    cache.unpin(theirs);
    expect(cache.pinnedFrames()).toBe(0);
  });

  it('shows a page only once it was filled', () => {
    const { cache, other } = make();
    const frame = cache.claim(9);
    expect(other.pin(9)).toBe(-1);
    cache.publish(frame, 9);
    expect(other.pin(9)).toBe(frame);
  });

  it('takes new bytes of a page, and forgets it', () => {
    const { cache } = make();
    cache.put(9, page(1), 0);
    expect(cached(cache, 9)).toBe(1);
    cache.put(9, page(2), 0);
    expect(cached(cache, 9)).toBe(2);
    cache.drop(9);
    expect(cached(cache, 9)).toBe(-1);
    cache.drop(9);
    cache.drop(999_999);
    expect(cache.pinnedFrames()).toBe(0);
  });

  it('gives a page the frame of the one it replaces, unless that is pinned', () => {
    const { cache } = make();
    cache.put(9, page(1), 0);
    const frame = cache.pin(9);
    cache.unpin(frame);
    cache.put(10, page(2), 9);
    expect([cached(cache, 9), cached(cache, 10)]).toEqual([-1, 2]);
    expect(cache.pin(10)).toBe(frame);
    cache.put(11, page(3), 10);
    expect(byteOf(cache, frame)).toBe(2);
    expect(cached(cache, 11)).toBe(3);
    cache.unpin(frame);
    expect(cache.pinnedFrames()).toBe(0);
  });

  it('leaves the bytes of a pinned page alone when the page gets new ones', () => {
    const { cache } = make();
    cache.put(9, page(1), 0);
    const old = cache.pin(9);
    cache.put(9, page(2), 0);
    expect(byteOf(cache, old)).toBe(1);
    expect(cached(cache, 9)).toBe(2);
    cache.unpin(old);
    // The frame of the old bytes can be reused without harm to the new ones.
    for (let pgid = 20; pgid < 20 + 2 * FRAMES; pgid++) {
      cached(cache, 9);
      cache.unpin(load(cache, pgid));
    }
    expect(cached(cache, 9)).not.toBe(1);
  });

  it('does not cache pages beyond the reach of its table', () => {
    const { cache } = make();
    const beyond = 1024 * 1024 + 7;
    expect(cache.pin(beyond)).toBe(-1);
    expect(cache.claim(beyond)).toBe(-1);
    cache.put(beyond, page(1), 0);
    cache.drop(beyond);
    expect(cache.pinnedFrames()).toBe(0);
  });

  it('frees the frames that a dead thread had pinned or claimed, and serves their pages anew', () => {
    const { cache, other } = make();
    const pinned = load(other, 5);
    const claimed = other.claim(6);
    const published = load(cache, 7);
    cache.unpin(published);
    cache.forgetPins();
    expect(cache.pinnedFrames()).toBe(0);
    // Nobody can tell what is in the dead thread's frames; what others loaded stays.
    expect(cached(cache, 5)).toBe(-1);
    expect(cached(cache, 6)).toBe(-1);
    expect(cached(cache, 7)).toBe(7);
    const frames = Array.from({ length: FRAMES }, (_, i) => load(cache, i + 100));
    expect(new Set(frames).size).toBe(FRAMES);
    expect(frames).toEqual(expect.arrayContaining([pinned, claimed]) as number[]);
  });

  // A thread killed while it takes a frame over leaves the old page's entry behind.
  it('caches a page again whose entry names a frame that holds another one', () => {
    const { cache, other } = make();
    const frame = load(cache, 9);
    cache.unpin(frame);
    type Exchange = (array: unknown, index: number, from: unknown, to: unknown) => never;
    const exchange = Atomics.compareExchange.bind(Atomics) as Exchange;
    vi.spyOn(Atomics, 'compareExchange').mockImplementation((array, index, from, to) => {
      // The thread dies when it is about to clear the old page's entry.
      if (Number(from) === frame + 1 && Number(to) === 0) throw new Error('killed');
      return exchange(array, index, from, to);
    });
    const victim = (): void => {
      for (;;) other.claim(50);
    };
    expect(victim).toThrow('killed');
    vi.restoreAllMocks();
    cache.forgetPins();
    for (let pgid = 60; pgid < 60 + FRAMES; pgid++) cache.unpin(load(cache, pgid));
    expect(cached(cache, 9)).toBe(-1);
    cache.unpin(load(cache, 9));
    expect(cached(cache, 9)).toBe(9);
    expect(cache.pinnedFrames()).toBe(0);
  });

  // drop() unlinks the page, then clears the frame: in between, another thread may refill the frame.
  it('does not disown a page that moved into a frame being dropped', () => {
    const { cache, other } = make();
    const frames = Array.from({ length: FRAMES }, (_, i) => load(cache, i + 2));
    cache.unpin(frames[4]!);
    type Exchange = (array: unknown, index: number, value: unknown) => never;
    const exchange = Atomics.exchange.bind(Atomics) as Exchange;
    const spy = vi.spyOn(Atomics, 'exchange').mockImplementationOnce((array, index, value) => {
      const before = exchange(array, index, value);
      other.unpin(load(other, 77));
      return before;
    });
    cache.drop(6);
    expect(spy).toHaveBeenCalled();
    expect(cached(cache, 6)).toBe(-1);
    expect(cached(cache, 77)).toBe(77);
  });
});
