// Quantiles of small samples of rounds. Pure. Values that are no finite numbers are left out, so
// that one broken round cannot turn a summary into NaN; an empty sample has no quantile and says so
// by null.

import { quantile as librariesQuantile } from 'simple-statistics';

/** The `p` quantile (0 to 1) of the finite values, between two of them their mean; null if none. */
export function quantile(values: readonly number[], p: number): number | null {
  const finite = values.filter((value) => Number.isFinite(value));
  return finite.length === 0 ? null : librariesQuantile(finite, p);
}

export function median(values: readonly number[]): number | null {
  return quantile(values, 0.5);
}
