// Ratio: the geometric mean of a figure over rounds, with its 95% interval, as kvtune's judge draws intervals over
// sessions. Pure. Rounds whose figure is not above 0 and finite are left out.

import { errorsWide, standardError } from '../../src/stats/session-interval.ts';

export interface Ratio {
  /** Null without a usable round. */
  readonly value: number | null;
  /** Null, as is `high`, below two of them, and where no bound is in sight. */
  readonly low: number | null;
  readonly high: number | null;
}

const ALPHA = 0.05;

export function ratioOver(rounds: readonly number[]): Ratio {
  const logs = rounds.filter((one) => one > 0 && Number.isFinite(one)).map(Math.log);
  const { length } = logs;
  if (length === 0) return { value: null, low: null, high: null };
  const middle = logs.reduce((sum, log) => sum + log, 0) / length;
  const value = Math.exp(middle);
  const error = standardError(logs);
  if (error === null) return { value, low: null, high: null };
  const half = error * errorsWide(length, { alpha: ALPHA, oneSided: false });
  const [low, high] = [Math.exp(middle - half), Math.exp(middle + half)];
  return low > 0 && Number.isFinite(high) ? { value, low, high } : { value, low: null, high: null };
}
