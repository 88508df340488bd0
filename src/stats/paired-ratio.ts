// The effect of an arm: a ratio of two arms measured beside each other, with its interval. Pure.
// Invariants: value, low and high are finite and above 0, or null where the rounds cannot tell;
// they are never NaN or Infinity, which JSON would turn into null behind the reader's back. The
// unit of replication is the pair (one block of rounds), never a commit inside a round.

import { mean } from 'simple-statistics';
import type { Warning } from '../record/schema.ts';
import { meanBounds, meanMethod } from './mean-interval.ts';

const FEW_ROUNDS = 5;
/** Log ratios this close are equal up to rounding. */
const ROUNDING = 1e-12;

/** One block: the geometric mean of each arm's replicates in it. */
export interface Pair {
  readonly a: number;
  readonly b: number;
}

export interface RatioInterval {
  readonly value: number;
  readonly low: number;
  readonly high: number;
}

export interface PairedRatio {
  /** Geometric mean of a / b; null without a usable pair. */
  readonly value: number | null;
  /** Null, as is `high`, where there is no interval: fewer than two pairs, or no bound in sight. */
  readonly low: number | null;
  readonly high: number | null;
  /** Pairs used. */
  readonly rounds: number;
  readonly method: string;
  readonly warnings: readonly Warning[];
}

/** Ratio a / b with its 1 - alpha interval. The order of pairs and the seed decide the draws. */
export function pairedRatio(
  pairs: readonly Pair[],
  options: { readonly alpha: number; readonly unit: () => number },
): PairedRatio {
  const logs = logRatios(pairs);
  const rounds = logs.length;
  const warnings = warningsOf(logs, pairs.length - rounds);
  if (rounds === 0) {
    return { value: null, low: null, high: null, rounds, method: 'no usable pair', warnings };
  }
  const center = mean(logs);
  const value = Math.exp(center);
  const method = methodOf(rounds);
  if (rounds === 1) return { value, low: null, high: null, rounds, method, warnings };

  const bounds = meanBounds(logs, options);
  const low = Math.exp(bounds.low);
  const high = Math.exp(bounds.high);
  if (low > 0 && Number.isFinite(high)) return { value, low, high, rounds, method, warnings };
  warnings.push({
    code: 'unbounded-interval',
    message: `${String(rounds)} rounds differ so much that their interval has no bound`,
    remedy: 'measure more rounds on a quieter machine',
  });
  return { value, low: null, high: null, rounds, method, warnings };
}

/** Natural logs of a / b, without the pairs in which a figure is not above 0 and finite. */
export function logRatios(pairs: readonly Pair[]): number[] {
  return pairs
    .filter(({ a, b }) => a > 0 && b > 0)
    .map(({ a, b }) => Math.log(a / b))
    .filter((log) => Number.isFinite(log));
}

/** The ratio with its interval, or null where there is none. */
export function intervalOf(ratio: PairedRatio): RatioInterval | null {
  const { value, low, high } = ratio;
  return value === null || low === null || high === null ? null : { value, low, high };
}

function methodOf(rounds: number): string {
  return rounds === 1 ? 'one pair of rounds, no interval' : meanMethod(rounds, 'paired log ratios');
}

function warningsOf(logs: readonly number[], dropped: number): Warning[] {
  const warnings: Warning[] = [];
  if (dropped > 0) {
    warnings.push({
      code: 'unusable-pairs',
      message: `${String(dropped)} pairs left out: a figure was zero, negative or not a number`,
    });
  }
  if (logs.length < 2) {
    warnings.push({
      code: 'no-interval',
      message: `${logs.length === 0 ? 'no round' : 'one round'}: no interval can be drawn`,
      remedy: 'measure two rounds at least',
    });
  } else if (Math.max(...logs) - Math.min(...logs) < ROUNDING) {
    warnings.push({
      code: 'zero-variance',
      message: `all ${String(logs.length)} rounds gave the same ratio: the interval has no width`,
      remedy: 'check the timer and that the rounds are independent',
    });
  } else if (logs.length < FEW_ROUNDS) {
    warnings.push({
      code: 'few-rounds',
      message:
        `${String(logs.length)} rounds: the interval takes log ratios for normal, which so few ` +
        'cannot show',
      remedy: 'raise the budget or run with --full',
    });
  }
  return warnings;
}
