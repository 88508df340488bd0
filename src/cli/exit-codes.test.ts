// The exit codes are a promise to scripts: this test is the second place that holds the numbers.

import { expect, it } from 'vitest';
import { EXIT, EXIT_MEANINGS } from './exit-codes.ts';

it('keeps every number', () => {
  expect(EXIT).toEqual({
    ok: 0,
    internal: 1,
    usage: 2,
    regression: 3,
    inconclusive: 4,
    invalid: 5,
    target: 6,
    hostRefused: 7,
    budget: 8,
    baseline: 9,
    interrupted: 130,
  });
});

it('explains every number once', () => {
  const explained = Object.keys(EXIT_MEANINGS).map(Number);
  expect(explained.sort((a, b) => a - b)).toEqual(Object.values(EXIT).sort((a, b) => a - b));
  expect(new Set(Object.values(EXIT_MEANINGS)).size).toBe(explained.length);
});
