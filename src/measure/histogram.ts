// Histogram: latencies in nanoseconds, kept lossless enough to merge later: HDR, three digits, with
// the standard V2 encoding. Exact order statistics are computed from the raw values while they are few.

import { build, encodeIntoCompressedBase64, type Histogram } from 'hdr-histogram-js';

const HIGHEST_NS = 3600e9;

export interface LatencySummary {
  readonly n: number;
  readonly median: number;
  readonly p90: number;
  readonly max: number;
  readonly histogram: string;
}

/** Summarises latencies in nanoseconds; quantiles are of the values themselves (nearest rank). */
export function summarizeLatencies(latenciesNs: readonly number[]): LatencySummary {
  const histogram: Histogram = build({
    lowestDiscernibleValue: 1,
    highestTrackableValue: HIGHEST_NS,
    numberOfSignificantValueDigits: 3,
    bitBucketSize: 64,
  });
  for (const latency of latenciesNs) histogram.recordValue(Math.min(latency, HIGHEST_NS));
  const sorted = [...latenciesNs].sort((a, b) => a - b);
  const rank = (p: number): number => sorted[Math.max(0, Math.ceil(p * sorted.length) - 1)] ?? 0;
  return {
    n: sorted.length,
    median: rank(0.5),
    p90: rank(0.9),
    max: sorted.at(-1) ?? 0,
    histogram: encodeIntoCompressedBase64(histogram),
  };
}
