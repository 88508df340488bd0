// latencyFigures(): what a round says of the latencies it has recorded: percentiles of the values themselves,
// by nearest rank, and the histogram they make. No figure of an empty list is a number.

import { summarizeLatencies } from '../../measure/histogram.ts';

export interface LatencyFigures {
  readonly p50Ns: number;
  readonly p99Ns: number;
  readonly maxNs: number;
  /** HDR V2, base64, nanoseconds. */
  readonly histogram: string;
}

export function latencyFigures(latenciesNs: readonly number[]): LatencyFigures {
  const { median, max, histogram } = summarizeLatencies(latenciesNs);
  if (latenciesNs.length === 0) {
    return { p50Ns: Number.NaN, p99Ns: Number.NaN, maxNs: Number.NaN, histogram };
  }
  const sorted = Float64Array.from(latenciesNs).sort();
  const p99Ns = sorted[Math.ceil(0.99 * sorted.length) - 1] ?? max;
  return { p50Ns: median, p99Ns, maxNs: max, histogram };
}
