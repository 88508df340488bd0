// Key choices: which of n items an operation touches, as an index in [0, n). Names, constants and formulas
// are YCSB's (Cooper et al., "Benchmarking Cloud Serving Systems with YCSB", SoCC 2010); the zipfian ones
// stand in zipfian.ts. A choice allocates nothing per draw and owns no chance: the caller hands in the
// stream, so equal streams give equal draws.

import { assert } from '../../engine/base/assert.ts';
import type { Random } from '../../engine/base/random.ts';
import { LatestChoice, ScrambledZipfianChoice, ZipfianChoice } from './zipfian.ts';

export interface KeyChoice {
  /** An index in [0, n). */
  draw(random: Random): number;
}

export const KEY_CHOICE_NAMES = [
  'uniform',
  'zipfian',
  'scrambled-zipfian',
  'latest',
  'hotspot',
  'sequential',
] as const;

export type KeyChoiceName = (typeof KEY_CHOICE_NAMES)[number];

/** Share of the items that are hot, and share of the draws they get: YCSB's defaults. */
const HOT_ITEM_SHARE = 0.2;
const HOT_DRAW_SHARE = 0.8;

/** The choice of that name over `items` items, with YCSB's constants. Cost: up to 1,000 powers. */
export function createKeyChoice(name: KeyChoiceName, items: number): KeyChoice {
  switch (name) {
    case 'uniform':
      return new UniformChoice(items);
    case 'zipfian':
      return new ZipfianChoice(items);
    case 'scrambled-zipfian':
      return new ScrambledZipfianChoice(items);
    case 'latest':
      return new LatestChoice(items);
    case 'hotspot':
      return new HotspotChoice(items, HOT_ITEM_SHARE, HOT_DRAW_SHARE);
    case 'sequential':
      return new SequentialChoice(items);
  }
}

/** Every item alike. */
export class UniformChoice implements KeyChoice {
  readonly #items: number;

  constructor(items: number) {
    this.#items = items;
  }

  draw(random: Random): number {
    return random.below(this.#items);
  }
}

/** 0, 1, 2 and so on, from the start again after the last. Draws no chance. */
class SequentialChoice implements KeyChoice {
  readonly #items: number;
  #next = 0;

  constructor(items: number) {
    this.#items = items;
  }

  draw(): number {
    const index = this.#next;
    this.#next = index + 1 === this.#items ? 0 : index + 1;
    return index;
  }
}

/**
 * The first `hotItemShare` of the items get `hotDrawShare` of the draws, evenly; the others share the
 * rest evenly. Takes two draws.
 */
export class HotspotChoice implements KeyChoice {
  readonly #items: number;
  readonly #hotItems: number;
  readonly #hotDrawShare: number;

  constructor(items: number, hotItemShare: number, hotDrawShare: number) {
    assert(hotItemShare >= 0 && hotItemShare <= 1, 'the hot items are a share of all');
    this.#items = items;
    this.#hotItems = Math.max(1, Math.floor(items * hotItemShare));
    // Where every item is hot there is nothing cold to draw.
    this.#hotDrawShare = this.#hotItems === items ? 1 : hotDrawShare;
  }

  draw(random: Random): number {
    if (random.unit() < this.#hotDrawShare) return random.below(this.#hotItems);
    return this.#hotItems + random.below(this.#items - this.#hotItems);
  }
}
