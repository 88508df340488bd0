// Counted latencies against the values themselves, and against the library's histogram of the same values.

import { build, decodeFromCompressedBase64, encodeIntoCompressedBase64 } from 'hdr-histogram-js';
import { describe, expect, it } from 'vitest';
import { Random } from '../../engine/index.ts';
import { LATENCY_NS_MAX, LatencyCounts } from './latency-counts.ts';

function valuesOf(seed: number): number[] {
  const random = new Random(seed);
  // Evenly over all magnitudes, edges of buckets among them.
  const values = Array.from({ length: 20_000 }, () => Math.floor(2 ** (random.unit() * 41.5)));
  return [0, 1, 2047, 2048, 2049, 4095, 4096, 2 ** 32 - 1, 2 ** 32, LATENCY_NS_MAX, ...values];
}

describe('LatencyCounts', () => {
  it("makes the library's own histogram of the same values", () => {
    const counts = new LatencyCounts();
    const library = build({
      lowestDiscernibleValue: 1,
      highestTrackableValue: LATENCY_NS_MAX,
      numberOfSignificantValueDigits: 3,
      bitBucketSize: 64,
    });
    for (const value of valuesOf(1)) {
      counts.record(value);
      library.recordValue(value);
    }
    const read = decodeFromCompressedBase64(counts.encode(), 64);
    const expected = decodeFromCompressedBase64(encodeIntoCompressedBase64(library), 64);
    expect(read.totalCount).toBe(expected.totalCount);
    for (const p of [0, 1, 10, 50, 90, 99, 99.9, 100]) {
      expect(read.getValueAtPercentile(p)).toBe(expected.getValueAtPercentile(p));
    }
  });

  it('tells quantiles to three digits', () => {
    const values = valuesOf(2);
    const counts = new LatencyCounts();
    for (const value of values) counts.record(value);
    values.sort((a, b) => a - b);
    for (const share of [0.01, 0.5, 0.9, 0.99, 0.999]) {
      const exact = values[Math.ceil(values.length * share) - 1]!;
      expect(counts.quantile(share) / exact).toBeGreaterThan(0.999);
      expect(counts.quantile(share) / exact).toBeLessThan(1.001);
    }
    expect(counts.quantile(1)).toBe(LATENCY_NS_MAX);
    expect(new LatencyCounts().quantile(0.5)).toBe(0);
  });

  it('adds what another thread counted', () => {
    const one = new LatencyCounts();
    const two = new LatencyCounts();
    for (let i = 1; i <= 100; i++) (i % 3 === 0 ? one : two).record(i * 1000);
    one.add(new LatencyCounts(two.counts, two.max));
    expect(one.total).toBe(100);
    expect(one.max).toBe(100_000);
    expect(Math.round(one.quantile(0.5) / 100)).toBe(500);
  });

  it('takes what is out of bounds for the bound', () => {
    const counts = new LatencyCounts();
    counts.record(-5);
    counts.record(1e15);
    expect(counts.total).toBe(2);
    expect(counts.quantile(0.5)).toBe(0);
    expect(counts.max).toBe(LATENCY_NS_MAX);
  });
});
