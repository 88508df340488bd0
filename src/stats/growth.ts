// How a cost grows with a size: the slope of log cost over log size, 1 where it doubles with the size, 0
// where it does not move. One slope a block, least squares over the sizes that the block holds; blocks
// are what is replicated. Pure.

import { linearRegression, mean } from 'simple-statistics';
import { meanBounds, meanMethod, type IntervalOptions } from './mean-interval.ts';

export interface SizeCost {
  readonly block: number;
  readonly size: number;
  readonly cost: number;
}

export interface Growth {
  /** Null without a block that holds enough sizes. */
  readonly slope: number | null;
  /** Null, as is `high`, below two such blocks. */
  readonly low: number | null;
  readonly high: number | null;
  readonly blocks: number;
  readonly method: string;
}

/** A line through fewer sizes tells nothing about its straightness. */
const SIZES_MIN = 3;

/** Mean slope over blocks with its interval; points that are not above 0 and finite are left out. */
export function growthOf(points: readonly SizeCost[], options: IntervalOptions): Growth {
  const blocks = new Map<number, [number, number][]>();
  for (const { block, size, cost } of points) {
    if (!(size > 0 && cost > 0 && Number.isFinite(cost))) continue;
    const own = blocks.get(block) ?? [];
    own.push([Math.log(size), Math.log(cost)]);
    blocks.set(block, own);
  }
  const slopes = [...blocks.values()]
    .filter((own) => new Set(own.map(([size]) => size)).size >= SIZES_MIN)
    .map((own) => linearRegression(own).m);
  const count = slopes.length;
  if (count === 0) {
    return { slope: null, low: null, high: null, blocks: 0, method: 'no block with three sizes' };
  }
  const slope = mean(slopes);
  if (count === 1) return { slope, low: null, high: null, blocks: 1, method: 'one slope' };
  const method = meanMethod(count, 'slopes of log cost over log size, one a block');
  return { slope, ...meanBounds(slopes, options), blocks: count, method };
}
