// Whether an arm is warm: its figure no longer moves in one direction from slice to slice. Rule, on the logarithms of
// the last four warm slices: the later two are within 10% of the earlier two, or the last three neither rise
// nor fall throughout. So the noise of a disk keeps no arm waiting for long, while code that is still being
// compiled, which speeds up slice by slice, does. Bounded by the procedure's largest number of slices. Pure.

import type { WarmUp } from '../procedures/procedure.ts';

const SLICES = 4;
const WITHIN = Math.log(1.1);

/** How long to wait, and for which figure to be steady; undefined: for none. */
type Waiting = Pick<WarmUp, 'slicesMin' | 'slicesMax'> & Partial<Pick<WarmUp, 'figure'>>;

/** 'never': the largest number of slices has passed and the figure still moves. */
export type Warmth = 'cold' | 'steady' | 'never';

/** `figures`: the procedure's figure in each warm slice so far; undefined where a slice had none. */
export function warmthOf(warmUp: Waiting, figures: readonly (number | undefined)[]): Warmth {
  const { figure, slicesMin, slicesMax } = warmUp;
  if (figure === undefined) return figures.length >= slicesMin ? 'steady' : 'cold';
  if (figures.length >= slicesMin && isSteady(figures.slice(-SLICES))) return 'steady';
  return figures.length >= slicesMax ? 'never' : 'cold';
}

function isSteady(last: readonly (number | undefined)[]): boolean {
  const logs = last.map((value) => Math.log(value ?? Number.NaN));
  const [first, second, third, fourth] = logs;
  if (first === undefined || second === undefined || third === undefined) return false;
  if (fourth === undefined || !logs.every((value) => Number.isFinite(value))) return false;
  if (Math.abs(third + fourth - first - second) / 2 <= WITHIN) return true;
  return third - second > 0 !== fourth - third > 0;
}
