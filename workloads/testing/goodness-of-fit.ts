// Goodness of fit for tests of generators: chi-square for draws that fall into bins, Kolmogorov-Smirnov for
// draws along a line. Draws come from fixed seeds, so an answer is the same on every machine; critical
// values are those of 1 false alarm in 200 (chi-square, table of simple-statistics) and in 1,000.

import { chiSquaredDistributionTable } from 'simple-statistics';

/** Critical values of chi-square by degrees of freedom, 1 to 30, at 0.005. */
const CHI_SQUARE_MAX = new Map(
  Object.entries(chiSquaredDistributionTable).map(([freedom, row]) => [
    Number(freedom),
    row[0.005],
  ]),
);
/** sqrt(n) times the largest distance, 0.001 quantile of the limit law. */
const KOLMOGOROV_MAX = 1.9495;

/**
 * Whether `counts` come from bins of these probabilities. Bins less one is 1 to 30, the table's rows; each
 * bin expects 5 draws at least.
 */
export function fitsBins(counts: readonly number[], probabilities: readonly number[]): boolean {
  const draws = counts.reduce((sum, count) => sum + count, 0);
  const total = probabilities.reduce((sum, probability) => sum + probability, 0);
  if (counts.length !== probabilities.length) throw new Error('a bin has no probability');
  if (Math.abs(total - 1) > 1e-9) throw new Error(`probabilities add up to ${total}`);
  let statistic = 0;
  for (const [i, count] of counts.entries()) {
    const expected = draws * (probabilities[i] ?? 0);
    if (expected < 5) throw new Error(`bin ${i} expects ${expected} draws only`);
    statistic += (count - expected) ** 2 / expected;
  }
  const limit = CHI_SQUARE_MAX.get(counts.length - 1);
  if (limit === undefined) throw new Error(`no critical value for ${counts.length} bins`);
  return statistic < limit;
}

/** Whether `draws` come from the continuous law with that cumulative distribution. */
export function fitsLaw(draws: readonly number[], cumulative: (x: number) => number): boolean {
  const sorted = draws.toSorted((a, b) => a - b);
  let distance = 0;
  for (const [i, x] of sorted.entries()) {
    const at = cumulative(x);
    distance = Math.max(distance, at - i / sorted.length, (i + 1) / sorted.length - at);
  }
  return distance * Math.sqrt(sorted.length) < KOLMOGOROV_MAX;
}

/** How many of `draws` fall below each bound and not below the one before; the last bound is above all. */
export function countBins(draws: readonly number[], bounds: readonly number[]): number[] {
  const counts = bounds.map(() => 0);
  for (const draw of draws) {
    const bin = bounds.findIndex((bound) => draw < bound);
    if (bin === -1) throw new Error(`draw ${draw} lies above the last bin`);
    counts[bin] = (counts[bin] ?? 0) + 1;
  }
  return counts;
}
