// Key choices against their laws, with fixed seeds; each test of fit is shown to refuse another law.

import { describe, expect, it } from 'vitest';
import { Random } from '../../engine/base/random.ts';
import { countBins, fitsBins } from '../testing/goodness-of-fit.ts';
import {
  createKeyChoice,
  HotspotChoice,
  KEY_CHOICE_NAMES,
  UniformChoice,
  type KeyChoice,
} from './key-choice.ts';
import { LatestChoice, scatter, zeta, ZipfianChoice, ZIPFIAN_THETA } from './zipfian.ts';

const SEED = 20261124;
const DRAWS = 200_000;
const ITEMS = 10_000;

function drawn(choice: KeyChoice, draws = DRAWS): number[] {
  const random = new Random(SEED);
  return Array.from({ length: draws }, () => choice.draw(random));
}

/** Bins whose bounds grow by half each: many at the head, where the law is steep. */
const BOUNDS = [1, 2, 3, 5, 8, 12, 18, 27, 41, 61, 92, 138, 207, 310, 465, 698, 1047, 2500, ITEMS];

/** Probability of an item below `bound` by the formula of Gray et al. */
function zipfianBelow(bound: number, theta = ZIPFIAN_THETA): number {
  const all = zeta(ITEMS, theta);
  if (bound === 1) return 1 / all;
  const second = (1 + 0.5 ** theta) / all;
  if (bound === 2) return second;
  const eta = (1 - (2 / ITEMS) ** (1 - theta)) / (1 - zeta(2, theta) / all);
  return Math.max(second, ((bound / ITEMS) ** (1 - theta) - 1 + eta) / eta);
}

function binsOf(below: (bound: number) => number): number[] {
  return BOUNDS.map((bound, i) => below(bound) - (i === 0 ? 0 : below(BOUNDS[i - 1] ?? 0)));
}

const uniformBins = binsOf((bound) => bound / ITEMS);
const zipfianBins = binsOf(zipfianBelow);

describe('uniform', () => {
  it('draws every item alike', () => {
    const counts = countBins(drawn(new UniformChoice(ITEMS)), BOUNDS);
    expect(fitsBins(counts, uniformBins)).toBe(true);
    expect(fitsBins(counts, zipfianBins)).toBe(false);
  });
});

describe('zipfian', () => {
  const counts = countBins(drawn(new ZipfianChoice(ITEMS)), BOUNDS);

  it('follows the published formula, and no other', () => {
    expect(fitsBins(counts, zipfianBins)).toBe(true);
    expect(fitsBins(counts, uniformBins)).toBe(false);
    expect(
      fitsBins(
        counts,
        binsOf((bound) => zipfianBelow(bound, 0.97)),
      ),
    ).toBe(false);
  });

  it('comes within a fifth of the exact law at the head, and 5% behind it', () => {
    for (const [i, bound] of BOUNDS.entries()) {
      const from = i === 0 ? 0 : (BOUNDS[i - 1] ?? 0);
      const exact = (zeta(bound, ZIPFIAN_THETA) - zeta(from, ZIPFIAN_THETA)) / zeta(ITEMS, 0.99);
      const share = (counts[i] ?? 0) / DRAWS;
      expect(Math.abs(share / exact - 1), `ranks ${from} to ${bound}`).toBeLessThan(
        bound > 12 ? 0.05 : 0.2,
      );
    }
  });

  it('works for one item and for two', () => {
    expect(new Set(drawn(new ZipfianChoice(1), 1000))).toEqual(new Set([0]));
    expect(new Set(drawn(new ZipfianChoice(2), 1000))).toEqual(new Set([0, 1]));
  });
});

describe('zeta', () => {
  it('is the sum, and the constant of YCSB', () => {
    let sum = 0;
    for (let i = 1; i <= 100_000; i++) sum += 1 / i ** 0.99;
    expect(zeta(100_000, 0.99)).toBeCloseTo(sum, 9);
    expect(zeta(1e10, 0.99)).toBeCloseTo(26.46902820178302, 6);
  });
});

describe('scrambled zipfian', () => {
  it('has as hot items as zipfian of 1e10 ranks, and scatters them', () => {
    const counts = new Map<number, number>();
    for (const item of drawn(createKeyChoice('scrambled-zipfian', ITEMS))) {
      counts.set(item, (counts.get(item) ?? 0) + 1);
    }
    const all = zeta(1e10, ZIPFIAN_THETA);
    const hot = [scatter(0, ITEMS), scatter(1, ITEMS)];
    // Each item also gets its part of the long tail, which a hash spreads evenly.
    const head = zeta(2, ZIPFIAN_THETA) / all;
    const law = [1 / all + (1 - head) / ITEMS, 0.5 ** ZIPFIAN_THETA / all + (1 - head) / ITEMS];
    const rest = 1 - (law[0] ?? 0) - (law[1] ?? 0);
    const found = hot.map((item) => counts.get(item) ?? 0);
    const others = DRAWS - found.reduce((sum, count) => sum + count, 0);
    expect(fitsBins([...found, others], [...law, rest])).toBe(true);
    expect(fitsBins([others, ...found], [...law, rest])).toBe(false);
    expect(Math.abs((hot[0] ?? 0) - (hot[1] ?? 0))).toBeGreaterThan(100);
  });

  it('hashes as FNV-1a 64 does, with the absolute value of a signed word', () => {
    const hash = (rank: bigint): bigint => {
      let value = 0xcbf29ce484222325n;
      for (let i = 0n; i < 8n; i++) {
        value = BigInt.asUintN(64, (value ^ ((rank >> (8n * i)) & 0xffn)) * 0x100000001b3n);
      }
      const signed = BigInt.asIntN(64, value);
      return signed < 0n ? -signed : signed;
    };
    const random = new Random(SEED);
    for (let i = 0; i < 2000; i++) {
      const rank = i < 10 ? i : random.below(2 ** 32) * 1000;
      for (const items of [1, 7, ITEMS, 2 ** 36 - 5]) {
        expect(scatter(rank, items)).toBe(Number(hash(BigInt(rank)) % BigInt(items)));
      }
    }
  });
});

describe('latest', () => {
  it('draws zipfian distances back from the newest, round the ring', () => {
    const choice = new LatestChoice(ITEMS);
    const distances = (newest: number): number[] => {
      choice.newest = newest;
      return drawn(choice).map((item) => (newest - item + ITEMS) % ITEMS);
    };
    for (const newest of [ITEMS - 1, 17]) {
      const counts = countBins(distances(newest), BOUNDS);
      expect(fitsBins(counts, zipfianBins)).toBe(true);
      expect(fitsBins(counts, uniformBins)).toBe(false);
    }
  });
});

describe('hotspot', () => {
  it('gives the hot items their share, and is even among them', () => {
    const bounds = [500, 1000, 1500, 2000, 4000, 6000, 8000, ITEMS];
    const law = [0.2, 0.2, 0.2, 0.2, 0.05, 0.05, 0.05, 0.05];
    const counts = countBins(drawn(new HotspotChoice(ITEMS, 0.2, 0.8)), bounds);
    expect(fitsBins(counts, law)).toBe(true);
    const wrong = countBins(drawn(new HotspotChoice(ITEMS, 0.2, 0.78)), bounds);
    expect(fitsBins(wrong, law)).toBe(false);
  });

  it('draws inside where all items are hot', () => {
    expect(new Set(drawn(new HotspotChoice(1, 0.2, 0.8), 1000))).toEqual(new Set([0]));
  });
});

describe('every choice', () => {
  it.each(KEY_CHOICE_NAMES)('%s stays inside and repeats by seed', (name) => {
    for (const items of [1, 2, 3, 1000]) {
      const once = drawn(createKeyChoice(name, items), 5000);
      expect(Math.min(...once)).toBeGreaterThanOrEqual(0);
      expect(Math.max(...once)).toBeLessThan(items);
      expect(drawn(createKeyChoice(name, items), 5000)).toEqual(once);
    }
  });

  it('sequential goes round', () => {
    expect(drawn(createKeyChoice('sequential', 3), 7)).toEqual([0, 1, 2, 0, 1, 2, 0]);
  });
});
