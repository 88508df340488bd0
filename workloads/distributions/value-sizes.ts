// Value sizes in bytes: fixed and lognormal, beside the weighted classes of size-list.ts. Whole numbers
// within known bounds, so that buffers are sized once. Pure; the caller owns the random stream.

import { assert } from '../../engine/base/assert.ts';
import type { Random } from '../../engine/base/random.ts';

export interface ValueSizes {
  /** One size in bytes, at most largest(). */
  draw(random: Random): number;
  largest(): number;
}

export class FixedSize implements ValueSizes {
  readonly #bytes: number;

  constructor(bytes: number) {
    this.#bytes = bytes;
  }

  draw(): number {
    return this.#bytes;
  }

  largest(): number {
    return this.#bytes;
  }
}

export interface LognormalShape {
  readonly bytesMedian: number;
  /** Standard deviation of the natural logarithm of the size. */
  readonly sigma: number;
  readonly bytesMin: number;
  readonly bytesMax: number;
}

/** Draws before the median is taken instead; bounds that leave out 9 draws in 10 get here 1 time in 37,000. */
const DRAWS_MAX = 100;

/**
 * exp(normal) around the median, drawn again (Box-Muller) until it lies within the bounds: truncated, so
 * that no size at the bounds is more frequent than its neighbours.
 */
export class LognormalSize implements ValueSizes {
  readonly #shape: LognormalShape;
  readonly #mu: number;

  constructor(shape: LognormalShape) {
    const { bytesMin, bytesMedian, bytesMax } = shape;
    assert(bytesMin <= bytesMedian && bytesMedian <= bytesMax, 'the median lies within the bounds');
    this.#shape = shape;
    this.#mu = Math.log(bytesMedian);
  }

  /** Takes two draws, or more where the bounds cut. */
  draw(random: Random): number {
    const { sigma, bytesMin, bytesMax, bytesMedian } = this.#shape;
    for (let i = 0; i < DRAWS_MAX; i++) {
      const radius = Math.sqrt(-2 * Math.log(1 - random.unit()));
      const normal = radius * Math.cos(2 * Math.PI * random.unit());
      const bytes = Math.round(Math.exp(this.#mu + sigma * normal));
      if (bytes >= bytesMin && bytes <= bytesMax) return bytes;
    }
    return bytesMedian;
  }

  largest(): number {
    return this.#shape.bytesMax;
  }
}
