// The A/A floor: how far two rounds of one and the same arm lie apart on this machine. Pure.
// Invariant: the floor is a finite ratio >= 1, and no verdict is finer than it. A floor without
// pairs behind it reads 1, is marked by `pairs` 0 and a warning, and must not be taken for quiet.

import type { Warning } from '../record/schema.ts';
import { logRatios } from './paired-ratio.ts';
import type { Pair } from './paired-ratio.ts';
import { quantile } from './quantile.ts';

/** From this many pairs on a quantile replaces the largest, which only grows with the pairs. */
const QUANTILE_PAIRS_MIN = 20;
const FEW_PAIRS = 5;

export interface NoiseFloor {
  readonly ratio: number;
  readonly pairs: number;
  readonly warnings: readonly Warning[];
}

/** Largest a / b or b / a of the equal arms, or its 95th percentile from 20 pairs on. */
export function noiseFloor(pairsOfEqualArms: readonly Pair[]): NoiseFloor {
  const distances = logRatios(pairsOfEqualArms).map((log) => Math.abs(log));
  const pairs = distances.length;
  if (pairs === 0) {
    const message = 'no arm ran twice in a block: the noise floor is unknown';
    return {
      ratio: 1,
      pairs,
      warnings: [{ code: 'no-floor', message, remedy: 'run each arm twice a block' }],
    };
  }
  const share = pairs < QUANTILE_PAIRS_MIN ? 1 : 0.95;
  const ratio = Math.exp(quantile(distances, share) ?? 0);
  if (pairs >= FEW_PAIRS) return { ratio, pairs, warnings: [] };
  const message = `the noise floor rests on ${String(pairs)} pairs of equal arms`;
  return {
    ratio,
    pairs,
    warnings: [{ code: 'few-floor-pairs', message, remedy: 'measure more rounds' }],
  };
}
