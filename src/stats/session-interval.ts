// The interval of a mean over sessions: Student's t, made wider because sessions that follow each other
// resemble each other, which the t interval does not allow for. Pure; draws no random numbers.

import { sampleStandardDeviation } from 'simple-statistics';
import { studentQuantile } from './distributions.ts';

/**
 * Factors on the half-width, found by simulation (judge/sequential.sim.test.ts): with them a rule that may stop
 * at each of its looks decides wrongly in at most 5% of runs where a session's effect is correlated by 0.3
 * with the next one's; without them in up to 6% (two-sided) and 10% (one-sided).
 */
const WIDENING_TWO_SIDED = 1.1;
const WIDENING_ONE_SIDED = 1.3;

const SESSIONS_MAX = 10_000;

export interface IntervalKind {
  /** Error that the interval accepts. */
  readonly alpha: number;
  /** Two one-sided tests at `alpha` each, in place of one interval of 1 - alpha. */
  readonly oneSided: boolean;
}

/** Standard error of the mean; null below two values. */
export function standardError(values: readonly number[]): number | null {
  const count = values.length;
  return count < 2 ? null : sampleStandardDeviation([...values]) / Math.sqrt(count);
}

/** Half-width of the interval of a mean over so many sessions, two at least, in standard errors. */
export function errorsWide(sessions: number, { alpha, oneSided }: IntervalKind): number {
  return oneSided
    ? WIDENING_ONE_SIDED * quantile(1 - alpha, sessions - 1)
    : WIDENING_TWO_SIDED * quantile(1 - alpha / 2, sessions - 1);
}

/** Half-width of Student's 1 - alpha interval of the mean, not widened; null below two values. */
export function halfWidth(values: readonly number[], alpha: number): number | null {
  const error = standardError(values);
  return error === null ? null : error * quantile(1 - alpha / 2, values.length - 1);
}

/** Sessions after which a half-width is expected to be at most `wanted`, which is above 0. */
export function sessionsFor(
  wanted: number,
  { half, sessions, ...kind }: IntervalKind & { readonly half: number; readonly sessions: number },
): number | undefined {
  if (half <= wanted) return sessions;
  const spread = (half * Math.sqrt(sessions)) / errorsWide(sessions, kind);
  for (let more = sessions + 1; more <= SESSIONS_MAX; more++) {
    if ((spread * errorsWide(more, kind)) / Math.sqrt(more) <= wanted) return more;
  }
  return undefined;
}

const quantiles = new Map<string, number>();

/** studentQuantile(), which is asked for the same few again and again. */
function quantile(p: number, degrees: number): number {
  const key = `${String(p)}/${String(degrees)}`;
  const known = quantiles.get(key) ?? studentQuantile(p, degrees);
  quantiles.set(key, known);
  return known;
}
