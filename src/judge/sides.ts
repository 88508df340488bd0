// Where an estimate lies: beyond its own noise floor, or within a margin. Pure. Given estimates without width,
// each says what would be true of such values, as a question's rule has to.

import type { Estimate } from '../record/answer.ts';
import { equivalence } from '../stats/equivalence.ts';

type Interval = Pick<Estimate, 'low' | 'high'>;
type Floors = Pick<Estimate, 'floorWithin' | 'floorBetween'>;

/**
 * Noise of equal arms as a ratio >= 1: within sessions; between them, which is the wider, where an arm has one
 * slice a session. Undefined: unknown.
 */
export function floorOf(estimate: Floors | undefined): number | undefined {
  return estimate?.floorWithin ?? estimate?.floorBetween ?? undefined;
}

/** Of a ratio: 'above' the noise around 1, 'below', 'neither'; 'unknown' without an interval or a floor to tell. */
export type Side = 'above' | 'below' | 'neither' | 'unknown';

export function sideOf(estimate: (Interval & Floors) | undefined): Side {
  const { low = null, high = null } = estimate ?? {};
  if (low === null || high === null) return 'unknown';
  const floor = floorOf(estimate);
  const least = floor ?? 1;
  if (low <= least && high >= 1 / least) return 'neither';
  if (floor === undefined) return 'unknown';
  return low > least ? 'above' : 'below';
}

/**
 * A ratio, above 1 the better, against a margin: 'alike' is shown by an interval wholly within it, 'better' and
 * 'worse' by one that is not and lies beyond 1, of a value that is no finer than the noise floor.
 */
export function againstMargin(
  estimate: (Interval & Floors & Pick<Estimate, 'value'>) | undefined,
  margin: number,
): 'better' | 'worse' | 'alike' | 'inconclusive' {
  if (estimate === undefined) return 'inconclusive';
  if (equivalence(estimate, [1 / margin, margin]) === 'equivalent') return 'alike';
  const { value, low, high } = estimate;
  const floor = floorOf(estimate);
  if (value === null || low === null || high === null || floor === undefined) return 'inconclusive';
  if (low > 1 && value > floor) return 'better';
  return high < 1 && value < 1 / floor ? 'worse' : 'inconclusive';
}
