import { expect, it } from 'vitest';
import { againstMargin, floorOf, sideOf } from './sides.ts';

const at = (low: number | null, high: number | null, floor: number | null = 1.02) => ({
  ...{ low, high, floorWithin: floor, floorBetween: null },
  value: low === null || high === null ? null : Math.sqrt(low * high),
});

it.each([
  [at(1.03, 1.2), 'above'],
  [at(0.8, 0.97), 'below'],
  [at(1.01, 1.2), 'neither'],
  [at(0.9, 1.2), 'neither'],
  [at(0.97, 0.99), 'neither'],
  [at(1.1, 1.2, null), 'unknown'],
  [at(0.9, 1.2, null), 'neither'],
  [at(null, null), 'unknown'],
  [undefined, 'unknown'],
])('%o lies %s', (estimate, side) => {
  expect(sideOf(estimate)).toBe(side);
});

it('takes the floor between sessions where there is none within', () => {
  expect(floorOf({ floorWithin: null, floorBetween: 1.1 })).toBe(1.1);
  expect(floorOf({ floorWithin: 1.05, floorBetween: 1.1 })).toBe(1.05);
  expect(floorOf(undefined)).toBeUndefined();
});

it.each([
  [at(0.97, 1.04), 'alike'],
  // Beyond the noise, but nothing to act upon.
  [at(1.03, 1.04), 'alike'],
  [at(1.03, 1.2), 'better'],
  [at(0.8, 0.97), 'worse'],
  [at(0.9, 1.04), 'inconclusive'],
  [at(1.01, 1.2), 'better'],
  [at(0.83, 0.99), 'worse'],
  // No verdict is finer than the noise floor.
  [at(1.001, 1.08, 1.05), 'inconclusive'],
  [at(1.1, 1.2, 1.3), 'inconclusive'],
  [at(1.1, 1.2, null), 'inconclusive'],
  [at(null, null), 'inconclusive'],
  [undefined, 'inconclusive'],
])('%o against a margin of 5%%: %s', (estimate, verdict) => {
  expect(againstMargin(estimate, 1.05)).toBe(verdict);
});
