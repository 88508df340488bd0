import { expect, it } from 'vitest';
import { growthOf, type SizeCost } from './growth.ts';
import { seededUnit } from './testing/unit.ts';

const options = { alpha: 0.05, unit: seededUnit(1) };
const SIZES = [1e3, 1e4, 1e5, 1e6];

/** A block a slope: cost = size ^ slope. */
function points(slopes: readonly number[], sizes: readonly number[] = SIZES): SizeCost[] {
  return slopes.flatMap((slope, block) =>
    sizes.map((size) => ({ block, size, cost: 0.01 * size ** slope })),
  );
}

it.each([
  [[1, 1.02, 0.98], 1],
  [[0, 0.01, -0.01], 0],
  [[-0.5, -0.51, -0.49], -0.5],
])('finds the slopes %j', (slopes, mean) => {
  const { slope, low, high, blocks } = growthOf(points(slopes), options);
  expect(slope).toBeCloseTo(mean, 9);
  expect(blocks).toBe(3);
  // Student's t with two degrees of freedom: 4.303 standard errors.
  const half = (4.3027 * (Math.max(...slopes) - mean)) / Math.sqrt(3);
  expect(low).toBeCloseTo(mean - half, 4);
  expect(high).toBeCloseTo(mean + half, 4);
});

it('gives no interval for one block, and no slope for two sizes', () => {
  expect(growthOf(points([1]), options)).toMatchObject({ low: null, high: null, blocks: 1 });
  expect(growthOf(points([1, 1], [1e3, 1e6]), options)).toMatchObject({ slope: null, blocks: 0 });
  expect(growthOf([], options).slope).toBeNull();
});

it('leaves out costs that are no figures', () => {
  const broken = points([1, 1]).map((point) => ({
    ...point,
    cost: point.size === 1e6 ? Number.NaN : point.cost,
  }));
  expect(growthOf(broken, options).slope).toBeCloseTo(1, 9);
});
