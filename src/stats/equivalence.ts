// Equivalence of two arms by two one-sided tests (TOST), read off an interval. Pure. For a test at
// level alpha the caller passes the interval at 1 - 2 * alpha: 90% for 5%.

export type Equivalence = 'equivalent' | 'different' | 'inconclusive';

/** Ratio bounds of practical equality, symmetric on a log scale: 1 / 1.25 to 1.25. */
export const EQUIVALENCE_BOUNDS: readonly [number, number] = [0.8, 1.25];

/** A straddled bound decides nothing, and neither does an interval that is not there. */
export function equivalence(
  interval: { readonly low: number | null; readonly high: number | null },
  [lowest, highest]: readonly [number, number] = EQUIVALENCE_BOUNDS,
): Equivalence {
  const { low, high } = interval;
  if (low === null || high === null) return 'inconclusive';
  if (low >= lowest && high <= highest) return 'equivalent';
  return low > highest || high < lowest ? 'different' : 'inconclusive';
}
