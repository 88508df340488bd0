// Examples of each unit, both ways, and the errors for wrong ones.

import { describe, expect, it } from 'vitest';
import {
  formatBytes,
  formatCount,
  formatDurationNs,
  formatRate,
  LevelError,
  parseBytes,
  parseCount,
  parseDurationNs,
  parseRate,
} from './units.ts';

function refusal(action: () => unknown): LevelError {
  try {
    action();
  } catch (error) {
    if (error instanceof LevelError) return error;
    throw error;
  }
  throw new Error('nothing was refused');
}

it.each([
  ['100GB', 100e9],
  ['1MiB', 1_048_576],
  ['1.1GB', 1_100_000_000],
  ['0.5KiB', 512],
  ['4096B', 4096],
  ['2 TB', 2e12],
  ['0', 0],
  ['0GB', 0],
])('reads the size %s', (text, bytes) => {
  expect(parseBytes(text)).toBe(bytes);
});

it.each([
  ['100ms', 100e6],
  ['10m', 600e9],
  ['1.5s', 1.5e9],
  ['250us', 250_000],
  ['7ns', 7],
  ['2h', 7200e9],
  ['0', 0],
])('reads the duration %s', (text, ns) => {
  expect(parseDurationNs(text)).toBe(ns);
});

it('reads rates and counts', () => {
  expect(parseRate('5k/s')).toBe(5000);
  expect(parseRate('0.25M/s')).toBe(250_000);
  expect(parseCount('1M')).toBe(1e6);
  expect(parseCount('500')).toBe(500);
  expect(parseCount('2.5k')).toBe(2500);
});

describe('refuses', () => {
  it.each([
    [parseBytes, '100', 'has no unit', 'KiB'],
    [parseBytes, '100gb', "has the unit 'gb'", 'GB'],
    [parseBytes, '100MB/s', "has the unit 'MB/s'", 'MB'],
    [parseBytes, '0.3B', 'no whole number', 'B'],
    [parseBytes, '99999TiB', 'too large', 'TiB'],
    [parseBytes, '-1MB', 'not a number', 'MB'],
    [parseBytes, '', 'not a number', 'MB'],
    [parseDurationNs, '10', 'has no unit', 'ms'],
    [parseDurationNs, '10min', "has the unit 'min'", 'm'],
    [parseRate, '5k', "has the unit 'k'", 'k/s'],
    [parseRate, '5', 'has no unit', '/s'],
    [parseCount, '5K', "has the unit 'K'", 'none, k, M, G'],
    [parseCount, '1.5', 'no whole number', 'none'],
    [parseCount, '1e6', 'not a number', 'none'],
  ])('%o of %s', (parse, text, why, unit) => {
    const error = refusal(() => parse(text));
    expect(error.message).toContain(why);
    expect(error.message).toContain(`'${text}'`);
    expect(error.hint).toContain(unit);
  });
});

it('formats the shortest exact text', () => {
  expect([0, 4097, 1500, 1536, 1_048_576, 100e9].map(formatBytes)).toEqual([
    '0B',
    '4097B',
    '1.5kB',
    '1536B',
    '1MiB',
    '100GB',
  ]);
  expect([0, 1.5e6, 60e9, 90e9, 5400e9].map(formatDurationNs)).toEqual([
    '0ns',
    '1.5ms',
    '1m',
    '90s',
    '90m',
  ]);
  expect([0, 5000, 5001].map(formatRate)).toEqual(['0/s', '5k/s', '5001/s']);
  expect([0, 1e6, 1234].map(formatCount)).toEqual(['0', '1M', '1234']);
});

it('formats nothing that it could not read back', () => {
  for (const value of [-1, 0.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53]) {
    expect(() => formatBytes(value)).toThrow(RangeError);
  }
});
