// Arrivals: intended start of each operation of an open load, in nanoseconds from the start of the run.
// Offsets never fall; next() allocates nothing and knows no clock. Latency counted from these offsets
// holds the wait of an operation that a slow one before it delayed, which is what a user feels.

import type { Random } from '../../engine/base/random.ts';

export interface Arrivals {
  /** The next intended start, in nanoseconds from the start of the run; a fraction may follow. */
  next(): number;
}

export const ARRIVAL_NAMES = ['poisson', 'constant'] as const;

export type ArrivalName = (typeof ARRIVAL_NAMES)[number];

const NS_PER_SECOND = 1e9;

/**
 * Independent users: gaps are exponential with mean 1 / rate. Streams of several clients add up to one
 * Poisson stream of the summed rate.
 */
export class PoissonArrivals implements Arrivals {
  readonly #gapNs: number;
  readonly #random: Random;
  #at = 0;

  constructor(ratePerSecond: number, random: Random) {
    this.#gapNs = NS_PER_SECOND / ratePerSecond;
    this.#random = random;
  }

  next(): number {
    this.#at -= Math.log(1 - this.#random.unit()) * this.#gapNs;
    return this.#at;
  }
}

/**
 * A metronome: equal gaps, without drift. `phase` in [0, 1) shifts it by that part of a gap, so that
 * clients take turns: client i of n has phase i / n.
 */
export class ConstantArrivals implements Arrivals {
  readonly #gapNs: number;
  readonly #phase: number;
  #count = 0;

  constructor(ratePerSecond: number, phase = 0) {
    this.#gapNs = NS_PER_SECOND / ratePerSecond;
    this.#phase = phase;
  }

  next(): number {
    return (this.#count++ + this.#phase) * this.#gapNs;
  }
}

/** Client `client` of `clients` that together start `ratePerSecond` operations a second. */
export function createArrivals(
  name: ArrivalName,
  ratePerSecond: number,
  random: Random,
  { client, clients }: { readonly client: number; readonly clients: number },
): Arrivals {
  const rate = ratePerSecond / clients;
  if (name === 'poisson') return new PoissonArrivals(rate, random);
  return new ConstantArrivals(rate, client / clients);
}
