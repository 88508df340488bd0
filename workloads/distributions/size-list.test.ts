// Sizes drawn from a list: shares of classes and means follow the weights. Seeded, so the bounds
// (five standard errors) hold on every machine or on none.

import { expect, it } from 'vitest';
import { Random } from '../../engine/base/random.ts';
import { SizeList } from './size-list.ts';

const DRAWS = 200_000;
const SEED = 20261122;

const classes = [
  { weight: 90, bytesMin: 300, bytesMax: 1200 },
  { weight: 7, bytesMin: 5000, bytesMax: 5000 },
  { weight: 3, bytesMin: 10_000, bytesMax: 30_000 },
] as const;

function draw(count: number, seed: number): number[] {
  const sizes = new SizeList(classes);
  const random = new Random(seed);
  return Array.from({ length: count }, () => sizes.draw(random));
}

it('draws each class as often as its weight says, and nothing outside', () => {
  const drawn = draw(DRAWS, SEED);
  let counted = 0;
  for (const { weight, bytesMin, bytesMax } of classes) {
    const inside = drawn.filter((bytes) => bytes >= bytesMin && bytes <= bytesMax).length;
    const share = weight / 100;
    const standardError = Math.sqrt((share * (1 - share)) / DRAWS);
    expect(Math.abs(inside / DRAWS - share)).toBeLessThan(5 * standardError);
    counted += inside;
  }
  expect(counted).toBe(DRAWS);
});

it('has the mean it says', () => {
  const drawn = draw(DRAWS, SEED);
  const mean = drawn.reduce((sum, bytes) => sum + bytes, 0) / DRAWS;
  const variance = drawn.reduce((sum, bytes) => sum + (bytes - mean) ** 2, 0) / DRAWS;
  const expected = 0.9 * 750 + 0.07 * 5000 + 0.03 * 20_000;
  expect(new SizeList(classes).mean()).toBeCloseTo(expected, 9);
  expect(Math.abs(mean - expected)).toBeLessThan(5 * Math.sqrt(variance / DRAWS));
});

it('is uniform within a class, both ends included', () => {
  const sizes = new SizeList([{ weight: 1, bytesMin: 10, bytesMax: 19 }]);
  const random = new Random(SEED);
  const counts = new Map<number, number>();
  for (let i = 0; i < 100_000; i++) {
    const bytes = sizes.draw(random);
    counts.set(bytes, (counts.get(bytes) ?? 0) + 1);
  }
  expect([...counts.keys()].sort((a, b) => a - b)).toEqual([
    10, 11, 12, 13, 14, 15, 16, 17, 18, 19,
  ]);
  const chiSquare = [...counts.values()].reduce((sum, n) => sum + (n - 10_000) ** 2 / 10_000, 0);
  // 0.999 quantile of chi-square with 9 degrees of freedom.
  expect(chiSquare).toBeLessThan(27.88);
});

it('knows its largest size, and repeats by seed', () => {
  expect(new SizeList(classes).largest()).toBe(30_000);
  expect(draw(1000, 7)).toEqual(draw(1000, 7));
  expect(draw(1000, 7)).not.toEqual(draw(1000, 8));
});
