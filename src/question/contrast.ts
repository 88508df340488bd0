// How contrasts are made: from a figure of two arms, of one arm, or from a series of an arm. Pure.
// Invariants: a contrast never gives NaN or Infinity; figures that are missing or, on a log scale, not above 0
// leave their slice out; slices are means within a session and never counted as independent.

import { linearRegression, mean } from 'simple-statistics';
import type { Round } from '../record/round.ts';
import type { Contrast, SessionRounds } from './question.ts';

/** A line through fewer sizes tells nothing about its straightness. */
const SIZES_MIN = 3;

type Named = Pick<Contrast, 'id' | 'words' | 'cell'>;

/** Geometric mean over slices of `over`, divided by that of `under`. Cuts default to 1: no difference. */
export function ratioOf(
  about: Named & {
    readonly figure: string;
    readonly over: string;
    readonly under: string;
    readonly cuts?: readonly number[];
    readonly oneSided?: boolean;
    readonly weight?: number;
  },
): Contrast {
  const { id, words, cell, figure, over, under, cuts = [1], oneSided = false, weight = 1 } = about;
  const logs = valuesOf((round) => round.figures[figure], 'log');
  return {
    ...{ id, words, cell, arms: [over, under], unit: 'x', kind: 'ratio', scale: 'log' },
    ...{ cuts, oneSided, weight },
    of: (session) => {
      const [above, below] = [logs(session, over), logs(session, under)];
      if (above.length === 0 || below.length === 0) return undefined;
      return usable(Math.exp(mean(above) - mean(below)), 'log');
    },
    byArm: logs,
  };
}

/** A figure of one arm: its geometric mean over slices on a log scale, its mean on a linear one. */
export function levelOf(
  about: Named & {
    readonly figure: string;
    readonly arm: string;
    readonly unit: string;
    readonly scale?: Contrast['scale'];
    readonly cuts?: readonly number[];
    readonly exact?: boolean;
  },
): Contrast {
  const { id, words, cell, figure, arm, unit, scale = 'log', cuts = [], exact = false } = about;
  const values = valuesOf((round) => round.figures[figure], scale);
  return {
    ...{ id, words, cell, arms: [arm], unit, kind: 'level', scale, cuts, exact },
    of: (session) => meanOf(values(session, arm), scale),
    byArm: values,
  };
}

/**
 * How a cost grows with a size: the slope of log y over log x, 1 where y doubles with x and 0 where it does
 * not move. Least squares over the points of a slice, three sizes at least; mean over slices.
 */
export function slopeOf(
  about: Named & {
    readonly arm: string;
    readonly series: { readonly x: string; readonly y: string };
    readonly cuts: readonly number[];
  },
): Contrast {
  const { id, words, cell, arm, series, cuts } = about;
  const slopes = valuesOf((round) => slopeIn(round, series), 'linear');
  return {
    ...{ id, words, cell, arms: [arm], unit: '', kind: 'level', scale: 'linear', cuts },
    of: (session) => meanOf(slopes(session, arm), 'linear'),
    byArm: slopes,
  };
}

/** Any other number of a session. Without `byArm` its noise floors are unknown. */
export function customOf(
  about: Omit<Contrast, 'byArm'> & { readonly byArm?: Contrast['byArm'] },
): Contrast {
  return { ...about, byArm: about.byArm ?? ((): readonly number[] => []) };
}

/** A value of each slice of an arm, on a scale: its logarithm on a log scale. */
function valuesOf(
  of: (round: Round) => number | undefined,
  scale: Contrast['scale'],
): Contrast['byArm'] {
  return ({ rounds }, arm) =>
    rounds.flatMap((round) => {
      if (round.arm !== arm) return [];
      const value = usable(of(round), scale);
      if (value === undefined) return [];
      return [scale === 'log' ? Math.log(value) : value];
    });
}

function meanOf(values: readonly number[], scale: Contrast['scale']): number | undefined {
  if (values.length === 0) return undefined;
  const middle = mean([...values]);
  return usable(scale === 'log' ? Math.exp(middle) : middle, scale);
}

/** The value itself where it is finite and, on a log scale, above 0. */
function usable(value: number | undefined, scale: Contrast['scale']): number | undefined {
  if (value === undefined || !Number.isFinite(value)) return undefined;
  return scale === 'log' && value <= 0 ? undefined : value;
}

function slopeIn(
  { series }: SessionRounds['rounds'][number],
  { x, y }: { readonly x: string; readonly y: string },
): number | undefined {
  const costs = series[y] ?? [];
  const points = (series[x] ?? []).flatMap((size, index): [number, number][] => {
    const cost = costs[index];
    if (cost === undefined || !(size > 0 && cost > 0 && Number.isFinite(cost))) return [];
    return [[Math.log(size), Math.log(cost)]];
  });
  if (new Set(points.map(([size]) => size)).size < SIZES_MIN) return undefined;
  return linearRegression(points).m;
}
