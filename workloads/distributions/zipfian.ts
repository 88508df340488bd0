// Zipfian choices after Gray et al., "Quickly Generating Billion-Record Synthetic Databases" (SIGMOD
// 1994), as YCSB writes them: item i is drawn about in proportion to 1 / (i + 1) ** theta, theta = 0.99.
// Items 0 and 1 are exact; the rest follow a power curve, the paper's approximation: of 10,000 items the
// third is drawn 18% too often and the tail 3% too seldom. Kept, so that figures compare with YCSB's.
//
// zeta(n) is summed to 1,000 terms and closed by Euler-Maclaurin, which is exact to 1e-12; YCSB sums all n,
// a minute for 1e8 items. Scrambled draws come from 1e10 ranks; YCSB's source has 1e16 ranks with the zeta of
// 1e10 (26.469...), which cannot both be meant: the constant and the ranks that belong to it are used here.
//
// Math.pow may differ in its last bit between versions of V8; one draw in about 1e15 could then differ.

import type { Random } from '../../engine/base/random.ts';

/** YCSB's ZIPFIAN_CONSTANT. */
export const ZIPFIAN_THETA = 0.99;
/** Ranks that scrambled draws start from. */
const SCRAMBLED_RANKS = 1e10;
const SUMMED_TERMS = 1000;
const WORD = 0x1_0000_0000;
/** Low part of the 64-bit prime of FNV: 2 ** 40 + 435. */
const PRIME_LOW = 435;

/** The sum of 1 / i ** theta over i = 1..items, for theta in (0, 1). */
export function zeta(items: number, theta: number): number {
  const summed = Math.min(items, SUMMED_TERMS);
  let sum = 0;
  for (let i = 1; i <= summed; i++) sum += i ** -theta;
  if (items === summed) return sum;
  const rest = 1 - theta;
  return (
    sum +
    (items ** rest - summed ** rest) / rest +
    (items ** -theta - summed ** -theta) / 2 +
    (theta * (summed ** (-theta - 1) - items ** (-theta - 1))) / 12
  );
}

/** Item 0 is the most popular, item 1 the next. Takes one draw. */
export class ZipfianChoice {
  readonly #items: number;
  readonly #zetaOfItems: number;
  readonly #second: number;
  readonly #alpha: number;
  readonly #eta: number;

  constructor(items: number, theta: number = ZIPFIAN_THETA) {
    this.#items = items;
    this.#zetaOfItems = zeta(items, theta);
    this.#second = 1 + 0.5 ** theta;
    this.#alpha = 1 / (1 - theta);
    this.#eta = (1 - (2 / items) ** (1 - theta)) / (1 - zeta(2, theta) / this.#zetaOfItems);
  }

  draw(random: Random): number {
    const unit = random.unit();
    const scaled = unit * this.#zetaOfItems;
    if (scaled < 1) return 0;
    if (scaled < this.#second) return 1;
    const rank = Math.floor(this.#items * (this.#eta * unit - this.#eta + 1) ** this.#alpha);
    // The power rounds up to all items when the draw is next to 1.
    return rank < this.#items ? rank : this.#items - 1;
  }
}

/** As zipfian, but the popular items lie scattered: the rank is hashed (FNV-1a 64) onto the items. */
export class ScrambledZipfianChoice {
  readonly #items: number;
  readonly #ranks = new ZipfianChoice(SCRAMBLED_RANKS);

  constructor(items: number) {
    this.#items = items;
  }

  draw(random: Random): number {
    return scatter(this.#ranks.draw(random), this.#items);
  }
}

/**
 * Zipfian distance back from the newest item: n - 1 is the most popular until `newest` is moved. Items
 * form a ring, as a key space has in which the oldest key makes room for the newest.
 */
export class LatestChoice {
  /** Index of the newest item. */
  newest: number;
  readonly #items: number;
  readonly #distances: ZipfianChoice;

  constructor(items: number) {
    this.#items = items;
    this.newest = items - 1;
    this.#distances = new ZipfianChoice(items);
  }

  draw(random: Random): number {
    const index = this.newest - this.#distances.draw(random);
    return index < 0 ? index + this.#items : index;
  }
}

/**
 * YCSB's Utils.fnvhash64 of `rank` (a safe integer), its absolute value as Java's long, modulo `items`
 * (up to 2 ** 36). The prime is 2 ** 40 + 435, so that a product is a shift and a small one.
 */
export function scatter(rank: number, items: number): number {
  let high = 0xcbf29ce4 | 0;
  let low = 0x84222325 | 0;
  let rest = rank | 0;
  for (let octet = 0; octet < 8; octet++) {
    if (octet === 4) rest = Math.floor(rank / WORD);
    low ^= rest & 0xff;
    rest >>>= 8;
    const unsigned = low >>> 0;
    const product = Math.imul(low, PRIME_LOW);
    const carry = (unsigned * PRIME_LOW - (product >>> 0)) / WORD;
    high = (Math.imul(high, PRIME_LOW) + carry + (low << 8)) | 0;
    low = product;
  }
  if (high < 0) {
    low = -low | 0;
    high = (~high + (low === 0 ? 1 : 0)) | 0;
  }
  const upper = remainder(remainder(high >>> 0, items) * 0x1_0000 + (low >>> 16), items);
  return remainder(upper * 0x1_0000 + (low & 0xffff), items);
}

/** a % b of whole numbers below 2 ** 53: the operator takes ten times as long beyond 31 bits. */
function remainder(a: number, b: number): number {
  const rest = a - Math.floor(a / b) * b;
  // The quotient may have been rounded up to the next whole number, never by more.
  return rest < 0 ? rest + b : rest;
}
