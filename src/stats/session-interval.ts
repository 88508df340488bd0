// The interval of a mean over sessions: Student's t, made wider because sessions that follow each other
// resemble each other, which the t interval does not allow for. Pure; draws no random numbers.

import { sampleStandardDeviation } from 'simple-statistics';
import { studentQuantile } from './distributions.ts';

/**
 * Factors on the half-width, found by simulation (questions/questions.sim.test.ts): with them a rule that may stop
 * at each of its looks decides wrongly in at most 5% of runs where a session's effect is correlated by 0.3
 * with the next one's; without them in up to 6% (two-sided) and 10% (one-sided).
 */
const WIDENING_TWO_SIDED = 1.15;
const WIDENING_ONE_SIDED = 1.35;

/** From here on Student's quantile hardly changes. */
const MANY_SESSIONS = 100;
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
  const twoSided = WIDENING_TWO_SIDED * quantile(1 - alpha / 2, sessions - 1);
  // An interval of 1 - alpha holds for one-sided tests at `alpha` as well.
  return oneSided
    ? Math.min(twoSided, WIDENING_ONE_SIDED * quantile(1 - alpha, sessions - 1))
    : twoSided;
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
  for (let more = sessions + 1; more <= MANY_SESSIONS; more++) {
    if ((spread * errorsWide(more, kind)) / Math.sqrt(more) <= wanted) return more;
  }
  const many = Math.ceil(((spread * errorsWide(MANY_SESSIONS, kind)) / wanted) ** 2);
  return many <= SESSIONS_MAX ? many : undefined;
}

const quantiles = new Map<string, number>();

/** studentQuantile(), which is asked for the same few again and again. */
function quantile(p: number, degrees: number): number {
  const key = `${String(p)}/${String(degrees)}`;
  const known = quantiles.get(key) ?? studentQuantile(p, degrees);
  quantiles.set(key, known);
  return known;
}
