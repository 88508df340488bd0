// mergedPercentileUs(): a percentile of what several slices recorded together. Percentiles of slices must not be
// averaged: where a slice has too few operations for one, all slices of a session give it. Pure.

import { decodeFromCompressedBase64 } from 'hdr-histogram-js';

/**
 * In microseconds, of histograms of nanoseconds in HDR V2 encoding, base64, as rounds hold them; `percentile`:
 * 0 to 100. Undefined where nothing was recorded.
 */
export function mergedPercentileUs(
  histograms: readonly string[],
  percentile: number,
): number | undefined {
  const [first, ...others] = histograms.map((text) => decodeFromCompressedBase64(text, 64));
  if (first === undefined) return undefined;
  for (const other of others) first.add(other);
  return first.totalCount === 0 ? undefined : first.getValueAtPercentile(percentile) / 1e3;
}
