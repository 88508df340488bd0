import { expect, it } from 'vitest';
import { noiseFloor } from './noise-floor.ts';

const codes = (pairs: readonly { a: number; b: number }[]): string[] =>
  noiseFloor(pairs).warnings.map((warning) => warning.code);

it('takes the largest distance, whichever of the two was slower', () => {
  const pairs = [1.01, 0.8, 1.1, 1, 1.2].map((a) => ({ a, b: 1 }));
  expect(noiseFloor(pairs).ratio).toBeCloseTo(1.25, 10);
  expect(codes(pairs)).toEqual([]);
});

it('takes the 95th percentile from 20 pairs on', () => {
  const ratios = [...Array.from({ length: 39 }, () => 1.05), 3];
  const nineteen = ratios.slice(-19).map((a) => ({ a, b: 1 }));
  const forty = ratios.map((a) => ({ a, b: 1 }));
  expect(noiseFloor(nineteen).ratio).toBeCloseTo(3, 10);
  expect(noiseFloor(forty).ratio).toBeCloseTo(1.05, 10);
});

it('warns of few pairs', () => {
  expect(codes([{ a: 1.1, b: 1 }])).toEqual(['few-floor-pairs']);
});

it('reads 1 without pairs, and says that this is not quiet', () => {
  expect(noiseFloor([{ a: Number.NaN, b: 1 }])).toMatchObject({ ratio: 1, pairs: 0 });
  expect(codes([])).toEqual(['no-floor']);
});
