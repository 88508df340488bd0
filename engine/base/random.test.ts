// Random's streams are part of every result that names a seed: the pinned values must never change (they were
// computed by a second implementation, from the published description of sfc32).

import { describe, expect, it } from 'vitest';
import { Random } from './random.ts';

function draws(seed: number, count: number): number[] {
  const random = new Random(seed);
  return Array.from({ length: count }, () => random.uint32());
}

/** Pearson's statistic of `counts` against equal shares. */
function chiSquare(counts: readonly number[]): number {
  const expected = counts.reduce((sum, count) => sum + count, 0) / counts.length;
  return counts.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
}

function histogram(bins: number, count: number, draw: () => number): number[] {
  const counts = new Array<number>(bins).fill(0);
  for (let i = 0; i < count; i++) {
    const bin = draw();
    counts[bin] = (counts[bin] ?? Number.NaN) + 1;
  }
  return counts;
}

// 255 degrees of freedom: mean 255, standard deviation 22.6; these bounds are 5 deviations away.
const CHI_SQUARE_255 = { low: 142, high: 368 };

describe('Random', () => {
  it('gives the pinned stream for a seed', () => {
    expect(draws(1, 5)).toEqual([
      573_063_952, 3_268_221_502, 703_077_755, 2_308_299_391, 1_950_625_580,
    ]);
    expect(draws(-7, 3)).toEqual([1_149_692_457, 356_514_057, 3_130_038_802]);
    expect(draws(Number.MAX_SAFE_INTEGER, 3)).toEqual([4_251_970_214, 283_121_339, 3_233_253_927]);
  });

  it('gives other streams for other seeds, also above 32 bits', () => {
    const first = new Set([0, 1, 2, 2 ** 32, 2 ** 32 + 1, -1].map((seed) => draws(seed, 1)[0]));
    expect(first.size).toBe(6);
  });

  it('draws every byte of a word, and every cell of [0, 1), equally often', () => {
    const random = new Random(11);
    const inBounds = (statistic: number): void => {
      expect(statistic).toBeGreaterThan(CHI_SQUARE_255.low);
      expect(statistic).toBeLessThan(CHI_SQUARE_255.high);
    };
    for (const shift of [0, 8, 16, 24]) {
      inBounds(chiSquare(histogram(256, 100_000, () => (random.uint32() >>> shift) & 255)));
    }
    inBounds(chiSquare(histogram(256, 100_000, () => Math.floor(random.unit() * 256))));
    inBounds(chiSquare(histogram(256, 100_000, () => random.below(256))));
  });

  it('keeps unit, below and between inside their bounds and reaches the ends', () => {
    const random = new Random(5);
    const below = new Set<number>();
    const between = new Set<number>();
    for (let i = 0; i < 2_000; i++) {
      const unit = random.unit();
      expect(unit >= 0 && unit < 1).toBe(true);
      below.add(random.below(7));
      between.add(random.between(-3, 3));
    }
    const sorted = (values: Set<number>): number[] => [...values].sort((a, b) => a - b);
    expect(sorted(below)).toEqual([0, 1, 2, 3, 4, 5, 6]);
    expect(sorted(between)).toEqual([-3, -2, -1, 0, 1, 2, 3]);
    expect(random.below(1)).toBe(0);
    expect(random.between(4, 4)).toBe(4);
    expect(Number.isInteger(random.below(2 ** 32))).toBe(true);
  });

  it('shuffles to permutations, each equally often', () => {
    const random = new Random(21);
    const items = Array.from({ length: 100 }, (_, i) => i);
    const shuffled = [...items];
    random.shuffle(shuffled);
    expect(shuffled).not.toEqual(items);
    expect([...shuffled].sort((a, b) => a - b)).toEqual(items);
    const counts = new Map<string, number>();
    for (let i = 0; i < 24_000; i++) {
      const four = ['a', 'b', 'c', 'd'];
      random.shuffle(four);
      const word = four.join('');
      counts.set(word, (counts.get(word) ?? 0) + 1);
    }
    expect(counts.size).toBe(24);
    // 23 degrees of freedom: mean 23, standard deviation 6.8.
    expect(chiSquare([...counts.values()])).toBeLessThan(23 + 5 * 6.8);
    random.shuffle([]);
  });

  it('fills every byte, whatever the length, from the same stream as uint32', () => {
    for (let length = 0; length < 10; length++) {
      const words = Uint32Array.from(draws(9, 3));
      const expected = new Uint8Array(words.buffer).subarray(0, length);
      const target = new Uint8Array(length);
      new Random(9).fill(target);
      expect(target).toEqual(Uint8Array.from(expected));
    }
  });

  it('forks a stream that neither repeats nor follows its parent', () => {
    const parent = new Random(1);
    const child = parent.fork();
    const ours = new Set(Array.from({ length: 1_000 }, () => parent.uint32()));
    const theirs = Array.from({ length: 1_000 }, () => child.uint32());
    expect(theirs.filter((word) => ours.has(word)).length).toBeLessThan(3);
    const again = new Random(1).fork();
    expect(again.uint32()).toBe(theirs[0]);
  });
});
