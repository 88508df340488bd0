import { describe, expect, it } from 'vitest';
import { bootstrapMean } from './bootstrap.ts';
import { seededNormal, seededUnit } from './testing/unit.ts';

const alpha = 0.05;

/** Share of `cases` simulated samples of size `n` whose interval holds the true mean. */
function coverage(n: number, cases: number, mean: number, draw: () => number): number {
  const unit = seededUnit(7);
  let covered = 0;
  for (let index = 0; index < cases; index++) {
    const values = Array.from({ length: n }, draw);
    const { low, high } = bootstrapMean(values, { alpha, unit, resamples: 4_000 });
    if (low <= mean && mean <= high) covered++;
  }
  return covered / cases;
}

describe('bootstrapMean', () => {
  it.each([10, 20])('covers the mean of %i normal values in about 95 percent of cases', (n) => {
    const normal = seededNormal(seededUnit(n));
    const share = coverage(n, 300, 2, () => 2 + 0.3 * normal());
    expect(share).toBeGreaterThanOrEqual(0.9);
    expect(share).toBeLessThanOrEqual(0.99);
  });

  it('covers the mean of skewed values too', () => {
    const unit = seededUnit(3);
    const share = coverage(30, 300, 1, () => -Math.log(1 - unit()));
    expect(share).toBeGreaterThanOrEqual(0.9);
    expect(share).toBeLessThanOrEqual(0.99);
  });

  it('leans towards the long tail', () => {
    const values = [1, 1, 1, 1.1, 1.1, 1.2, 1.2, 1.3, 1.5, 4];
    const center = values.reduce((sum, value) => sum + value, 0) / values.length;
    const { low, high } = bootstrapMean(values, { alpha, unit: seededUnit(1) });
    expect(high - center).toBeGreaterThan(center - low);
  });

  it('repeats with the seed', () => {
    const values = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10];
    const once = bootstrapMean(values, { alpha, unit: seededUnit(5) });
    expect(bootstrapMean(values, { alpha, unit: seededUnit(5) })).toEqual(once);
    expect(bootstrapMean(values, { alpha, unit: seededUnit(6) })).not.toEqual(once);
  });

  it('has no width without variance and refuses a single value', () => {
    expect(bootstrapMean([2, 2, 2], { alpha, unit: seededUnit(1) })).toEqual({ low: 2, high: 2 });
    expect(() => bootstrapMean([2], { alpha, unit: seededUnit(1) })).toThrow(RangeError);
  });
});
