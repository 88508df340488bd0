// Sizes against their laws, with fixed seeds; the test of fit is shown to refuse another law.

import { cumulativeStdNormalProbability } from 'simple-statistics';
import { expect, it } from 'vitest';
import { Random } from '../../engine/base/random.ts';
import { fitsLaw } from '../testing/goodness-of-fit.ts';
import { FixedSize, LognormalSize, type LognormalShape } from './value-sizes.ts';

const DRAWS = 50_000;
const shape: LognormalShape = {
  bytesMedian: 100_000,
  sigma: 0.7,
  bytesMin: 20_000,
  bytesMax: 400_000,
};

function drawn(of: LognormalShape): number[] {
  const sizes = new LognormalSize(of);
  const random = new Random(20261124);
  return Array.from({ length: DRAWS }, () => sizes.draw(random));
}

function truncated({ bytesMedian, sigma, bytesMin, bytesMax }: LognormalShape) {
  const normal = (bytes: number): number =>
    cumulativeStdNormalProbability(Math.log(bytes / bytesMedian) / sigma);
  const low = normal(bytesMin);
  return (bytes: number): number => (normal(bytes) - low) / (normal(bytesMax) - low);
}

it('draws lognormal sizes, cut at the bounds', () => {
  const sizes = drawn(shape);
  expect(fitsLaw(sizes, truncated(shape))).toBe(true);
  expect(fitsLaw(sizes, truncated({ ...shape, sigma: 0.72 }))).toBe(false);
  expect(fitsLaw(sizes, truncated({ ...shape, bytesMedian: 103_000 }))).toBe(false);
  expect(fitsLaw(sizes, truncated({ ...shape, bytesMax: 1e9 }))).toBe(false);
});

it('keeps to its bounds, in whole bytes', () => {
  const sizes = drawn(shape);
  expect(sizes.every((bytes) => Number.isInteger(bytes))).toBe(true);
  expect(Math.min(...sizes)).toBeGreaterThanOrEqual(shape.bytesMin);
  expect(Math.max(...sizes)).toBeLessThanOrEqual(shape.bytesMax);
  expect(new LognormalSize(shape).largest()).toBe(400_000);
});

it('gives the median where next to nothing lies within the bounds', () => {
  const tight = new LognormalSize({ bytesMedian: 1e6, sigma: 5, bytesMin: 1e6, bytesMax: 1e6 });
  expect(tight.draw(new Random(1))).toBe(1e6);
});

it('refuses bounds without the median', () => {
  expect(() => new LognormalSize({ ...shape, bytesMin: 200_000 })).toThrow('the median lies');
});

it('draws fixed sizes', () => {
  expect(new FixedSize(77).draw()).toBe(77);
  expect(new FixedSize(77).largest()).toBe(77);
});
