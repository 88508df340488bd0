import { expect, it } from 'vitest';
import { count, gigabytes, list, seconds, times, timesWithin } from './wording.ts';

it('keeps three significant digits', () => {
  expect([23.69, 14, 1.004, 0.34, 123.4, 1234, 0].map(times)).toEqual([
    '23.7x',
    '14.0x',
    '1.00x',
    '0.340x',
    '123x',
    '1,230x',
    '0x',
  ]);
  expect([4974, 0.00012].map(seconds)).toEqual(['4,970 s', '0.00012 s']);
});

it('writes sizes, counts, lists and intervals out', () => {
  expect([100e9, 2e9, 1.5e9].map(gigabytes)).toEqual(['100 GB', '2 GB', '1.5 GB']);
  expect([8_100_000, 25_000, 500].map(count)).toEqual(['8.10 million', '25,000', '500']);
  expect([['a'], ['a', 'b'], ['a', 'b', 'c'], []].map(list)).toEqual([
    'a',
    'a and b',
    'a, b and c',
    '',
  ]);
  expect(timesWithin({ value: 14, low: 13.1, high: 15.2 }, 3, '95%')).toBe(
    '14.0x (95% interval 13.1x to 15.2x, 3 rounds)',
  );
});
