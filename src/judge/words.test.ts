import { expect, it } from 'vitest';
import type { Estimate } from '../record/answer.ts';
import {
  couldSee,
  count,
  fileSize,
  gigabytes,
  list,
  seconds,
  times,
  timesWithin,
} from './words.ts';

const estimate = (over: Partial<Estimate>): Estimate => ({
  ...{ id: 'gain', words: 'gain', unit: 'x', kind: 'ratio', cell: 'a/b', deciding: true },
  ...{ value: 14, low: 13.1, high: 15.2, sessions: 3, slices: 12, alpha: 0.0125 },
  ...{ floorWithin: 1.01, floorBetween: 1.02, smallestVisible: 1.08 },
  ...over,
});

it('keeps three significant digits', () => {
  expect([23.69, 14, 1.004, 0.34, 123.4, 1234, 0].map(times)).toEqual([
    ...['23.7x', '14.0x', '1.00x', '0.340x', '123x', '1,230x', '0x'],
  ]);
  expect([4974, 0.00012].map(seconds)).toEqual(['4,970 s', '0.00012 s']);
});

it('writes sizes, counts and lists out', () => {
  expect([100e9, 2e9, 1.5e9].map(gigabytes)).toEqual(['100 GB', '2 GB', '1.5 GB']);
  expect([106e6, 100e9].map(fileSize)).toEqual(['106 MB', '100 GB']);
  expect([8_100_000, 25_000, 500].map(count)).toEqual(['8.10 million', '25,000', '500']);
  expect([['a'], ['a', 'b'], ['a', 'b', 'c'], []].map(list)).toEqual([
    ...['a', 'a and b', 'a, b and c', ''],
  ]);
});

it('writes an estimate with what it rests on', () => {
  expect(timesWithin(estimate({}))).toBe('14.0x (interval 13.1x to 15.2x, 3 sessions)');
  expect(timesWithin(estimate({ low: null, high: null, sessions: 1 }))).toBe(
    '14.0x (no interval, 1 session)',
  );
  expect(timesWithin(estimate({ low: 14, high: 14 }))).toBe('14.0x (exact)');
  expect(timesWithin(estimate({ value: null }))).toBe('not measured');
});

it('says what could have been seen', () => {
  const said = (over: Partial<Estimate>): string => couldSee(estimate(over));
  expect(said({})).toBe('smallest difference that could be seen: 8.00%');
  expect(said({ smallestVisible: 3 })).toBe('smallest difference that could be seen: 3.00x');
  expect(said({ smallestVisible: 0.1, kind: 'level' })).toContain('0.100');
  expect(said({ smallestVisible: null })).toContain('too few sessions');
});
