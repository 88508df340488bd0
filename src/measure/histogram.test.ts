// Latency summaries: quantiles of the values themselves, and a histogram that reads back losslessly
// to three digits.

import { decodeFromCompressedBase64 } from 'hdr-histogram-js';
import { describe, expect, it } from 'vitest';
import { Random } from '../../engine/index.ts';
import { summarizeLatencies } from './histogram.ts';

describe('summarizeLatencies', () => {
  it('takes nearest ranks, whatever the order', () => {
    const values = Array.from({ length: 100 }, (_, i) => (i + 1) * 1000);
    new Random(1).shuffle(values);
    expect(summarizeLatencies(values)).toMatchObject({
      n: 100,
      median: 50_000,
      p90: 90_000,
      max: 100_000,
    });
  });

  it.each([
    [[7], { n: 1, median: 7, p90: 7, max: 7 }],
    [[1, 2], { n: 2, median: 1, p90: 2, max: 2 }],
    [[3, 1, 2], { n: 3, median: 2, p90: 3, max: 3 }],
    [[], { n: 0, median: 0, p90: 0, max: 0 }],
  ])('%j', (values, expected) => {
    expect(summarizeLatencies(values)).toMatchObject(expected);
  });

  it('keeps a histogram that another program can merge', () => {
    const random = new Random(2);
    const values = Array.from({ length: 500 }, () => 1e5 + random.below(1e9));
    const { histogram, median, p90 } = summarizeLatencies(values);
    const read = decodeFromCompressedBase64(histogram, 64);
    expect(read.totalCount).toBe(500);
    expect(Math.abs(read.getValueAtPercentile(50) / median - 1)).toBeLessThan(0.002);
    expect(Math.abs(read.getValueAtPercentile(90) / p90 - 1)).toBeLessThan(0.002);
  });

  it('does not fail on a latency beyond an hour', () => {
    const { max, histogram } = summarizeLatencies([1e6, 5000e9]);
    expect(max).toBe(5000e9);
    expect(decodeFromCompressedBase64(histogram, 64).totalCount).toBe(2);
  });
});
