import { expect, it } from 'vitest';
import { median, quantile } from './quantile.ts';

it('takes the middle value, or the mean of the two middle ones', () => {
  expect(median([5, 1, 3])).toBe(3);
  expect(median([4, 1, 3, 2])).toBe(2.5);
});

it('takes the ends', () => {
  expect(quantile([3, 1, 2], 0)).toBe(1);
  expect(quantile([3, 1, 2], 1)).toBe(3);
});

it('leaves out what is no finite number and has no quantile of nothing', () => {
  expect(median([Number.NaN, 2, Number.POSITIVE_INFINITY])).toBe(2);
  expect(median([Number.NaN])).toBeNull();
  expect(median([])).toBeNull();
});
