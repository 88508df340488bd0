// SizeList: value sizes drawn from weighted classes, uniform within a class, both ends included. Pure;
// the caller owns the random stream.

import type { Random } from '../../engine/base/random.ts';

export interface SizeClass {
  /** Share of the draws, relative to the other classes. */
  readonly weight: number;
  readonly bytesMin: number;
  readonly bytesMax: number;
}

export class SizeList {
  readonly classes: readonly SizeClass[];
  readonly #weights: number;

  constructor(classes: readonly SizeClass[]) {
    this.classes = classes;
    this.#weights = classes.reduce((sum, sizeClass) => sum + sizeClass.weight, 0);
  }

  /** One size in bytes. Takes two draws. */
  draw(random: Random): number {
    let at = random.unit() * this.#weights;
    for (const sizeClass of this.classes) {
      at -= sizeClass.weight;
      if (at < 0) return random.between(sizeClass.bytesMin, sizeClass.bytesMax);
    }
    return this.largest();
  }

  largest(): number {
    return Math.max(...this.classes.map((sizeClass) => sizeClass.bytesMax));
  }

  mean(): number {
    const sum = this.classes.reduce(
      (total, { weight, bytesMin, bytesMax }) => total + (weight * (bytesMin + bytesMax)) / 2,
      0,
    );
    return sum / this.#weights;
  }
}
