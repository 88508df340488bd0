// Whether an arm is warm: its figure no longer moves from slice to slice. Rule, on the logarithms of the last three
// warm slices: all within 5% of each other, or neither rising nor falling throughout and first and last
// within 10%. So noise alone keeps an arm waiting for few slices, while code that is still being
// compiled, which speeds up slice by slice, does. Bounded by the procedure's largest number of slices. Pure.

import type { WarmUp } from '../procedures/procedure.ts';

const SLICES = 3;
const WITHIN = Math.log(1.05);
const ENDS_WITHIN = Math.log(1.1);

/** 'never': the largest number of slices has passed and the figure still moves. */
export type Warmth = 'cold' | 'steady' | 'never';

/** `figures`: the procedure's figure in each warm slice so far; undefined where a slice had none. */
export function warmthOf(warmUp: WarmUp, figures: readonly (number | undefined)[]): Warmth {
  const { figure, slicesMin, slicesMax } = warmUp;
  if (figure === undefined) return figures.length >= slicesMin ? 'steady' : 'cold';
  if (figures.length >= slicesMin && isSteady(figures.slice(-SLICES))) return 'steady';
  return figures.length >= slicesMax ? 'never' : 'cold';
}

function isSteady(last: readonly (number | undefined)[]): boolean {
  const logs = last.map((value) => Math.log(value ?? Number.NaN));
  const [first, middle, end] = logs;
  if (first === undefined || middle === undefined || end === undefined) return false;
  if (!logs.every((value) => Number.isFinite(value))) return false;
  if (Math.max(...logs) - Math.min(...logs) <= WITHIN) return true;
  const turns = middle - first > 0 !== end - middle > 0;
  return turns && Math.abs(end - first) <= ENDS_WITHIN;
}
