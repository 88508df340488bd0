// Whether a long slice of a load ran evenly. Rule: the measured time is cut into twelve parts; the mean of the
// last four may differ from that of the first four by a tenth of the whole mean, or by twice its standard
// error where that is more. Less than 1.2 s is too short to tell. Pure.

import { PART_NS } from './load-record.ts';

const PARTS = 12;
const OUTER = 4;
const TOLERANCE = 0.1;

export interface Steadiness {
  readonly steady: boolean;
  /** What was seen, as part of a sentence. */
  readonly seen: string;
}

/**
 * `tenths`: operations ended in each tenth of a second; `seconds` that were measured. Undefined where they are too
 * few to tell.
 */
export function steadinessOf(tenths: Float64Array, seconds: number): Steadiness | undefined {
  const whole = Math.min(tenths.length, Math.floor((seconds * 1e9) / PART_NS + 1e-6));
  if (whole < PARTS) return undefined;
  const parts = Array.from({ length: PARTS }, (_, part) => {
    const from = Math.floor((part * whole) / PARTS);
    const to = Math.floor(((part + 1) * whole) / PARTS);
    return mean(tenths.subarray(from, to));
  });
  const all = mean(parts);
  const first = mean(parts.slice(0, OUTER));
  const last = mean(parts.slice(-OUTER));
  const error = Math.hypot(
    standardError(parts.slice(0, OUTER)),
    standardError(parts.slice(-OUTER)),
  );
  const change = all === 0 ? 0 : (last - first) / all;
  const percent = Math.round(Math.abs(change) * 100);
  return {
    steady: Math.abs(last - first) <= Math.max(TOLERANCE * all, 2 * error),
    seen: `the last third ran ${percent}% ${change < 0 ? 'slower' : 'faster'} than the first`,
  };
}

/** Operations ended in each whole second. */
export function wholeSeconds(tenths: Float64Array, seconds: number): number[] {
  const perSecond = 1e9 / PART_NS;
  return Array.from({ length: Math.floor(seconds + 1e-6) }, (_, second) => {
    const part = tenths.subarray(second * perSecond, (second + 1) * perSecond);
    return part.reduce((sum, count) => sum + count, 0);
  });
}

function mean(values: readonly number[] | Float64Array): number {
  let sum = 0;
  for (const value of values) sum += value;
  return values.length === 0 ? 0 : sum / values.length;
}

function standardError(values: readonly number[]): number {
  const middle = mean(values);
  const squares = values.reduce((sum, value) => sum + (value - middle) ** 2, 0);
  return Math.sqrt(squares / (values.length - 1) / values.length);
}
