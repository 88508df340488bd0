import { describe, expect, it } from 'vitest';
import { Random } from '../../engine/index.ts';
import { LatencyCounts } from '../measure/latency-counts.ts';
import { mergedPercentileUs } from './merged-percentile.ts';

describe('mergedPercentileUs', () => {
  it('is that of all values, not a mean of percentiles', () => {
    const random = new Random(1);
    const all: number[] = [];
    // One slice in four is ten times as slow.
    const histograms = [1, 1, 1, 10].map((factor) => {
      const counts = new LatencyCounts();
      for (let i = 0; i < 300; i++) {
        const value = factor * (1e5 + random.below(1e6));
        counts.record(value);
        all.push(value);
      }
      return counts.encode();
    });
    all.sort((a, b) => a - b);
    for (const percentile of [50, 90, 99]) {
      const exact = all[Math.ceil((percentile / 100) * all.length) - 1]! / 1e3;
      expect(mergedPercentileUs(histograms, percentile)! / exact).toBeCloseTo(1, 2);
    }
  });

  it('is none of nothing', () => {
    expect(mergedPercentileUs([], 99)).toBeUndefined();
    expect(mergedPercentileUs([new LatencyCounts().encode()], 99)).toBeUndefined();
  });
});
