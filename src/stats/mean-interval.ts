// The interval of a mean over few rounds: Student's t, and from ten rounds on a bootstrap, which takes no
// distribution for granted. Pure; one place for both, so that ratios and slopes are judged alike.

import { mean, sampleStandardDeviation } from 'simple-statistics';
import { bootstrapMean, RESAMPLES } from './bootstrap.ts';
import { studentQuantile } from './distributions.ts';

/** From this many values on the bootstrap replaces Student's t. */
const BOOTSTRAP_VALUES_MIN = 10;

export interface IntervalOptions {
  readonly alpha: number;
  readonly unit: () => number;
}

/** Ends of the 1 - alpha interval of the mean; needs two values at least. */
export function meanBounds(
  values: readonly number[],
  options: IntervalOptions,
): { low: number; high: number } {
  if (values.length >= BOOTSTRAP_VALUES_MIN) return bootstrapMean(values, options);
  const center = mean([...values]);
  const error = sampleStandardDeviation([...values]) / Math.sqrt(values.length);
  const half = studentQuantile(1 - options.alpha / 2, values.length - 1) * error;
  return { low: center - half, high: center + half };
}

/** How meanBounds() came to its ends: 'Student t on 3 paired log ratios'. */
export function meanMethod(count: number, what: string): string {
  return count < BOOTSTRAP_VALUES_MIN
    ? `Student t on ${String(count)} ${what}`
    : `BCa bootstrap of ${String(count)} ${what}, ${String(RESAMPLES)} resamples, ` +
        'percentiles widened for small samples';
}
