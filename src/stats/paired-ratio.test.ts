import { describe, expect, it } from 'vitest';
import { intervalOf, pairedRatio } from './paired-ratio.ts';
import type { PairedRatio } from './paired-ratio.ts';
import { seededNormal, seededUnit } from './testing/unit.ts';

const alpha = 0.05;

function ratioOf(ratios: readonly number[], seed = 1): PairedRatio {
  return pairedRatio(
    ratios.map((a) => ({ a, b: 1 })),
    { alpha, unit: seededUnit(seed) },
  );
}

function codes(ratio: PairedRatio): string[] {
  return ratio.warnings.map((warning) => warning.code);
}

describe('pairedRatio', () => {
  it('gives the t interval of the log ratios for few rounds', () => {
    // Logs 0, 1, 2: mean 1, standard error 1 / sqrt(3), t(0.975, 2) = 4.30265.
    const ratio = ratioOf([1, Math.E, Math.E ** 2]);
    const half = 4.30265 / Math.sqrt(3);
    expect(ratio.value).toBeCloseTo(Math.E, 10);
    expect(Math.log(ratio.low ?? 0)).toBeCloseTo(1 - half, 4);
    expect(Math.log(ratio.high ?? 0)).toBeCloseTo(1 + half, 4);
    expect(ratio.method).toContain('Student t');
    expect(codes(ratio)).toEqual(['few-rounds']);
  });

  it('is the same reciprocal for exchanged arms', () => {
    const pairs = [8, 10, 12, 9].map((a) => ({ a, b: 2 }));
    const there = pairedRatio(pairs, { alpha, unit: seededUnit(1) });
    const back = pairedRatio(
      pairs.map(({ a, b }) => ({ a: b, b: a })),
      { alpha, unit: seededUnit(1) },
    );
    expect((there.value ?? 0) * (back.value ?? 0)).toBeCloseTo(1, 10);
    expect((there.low ?? 0) * (back.high ?? 0)).toBeCloseTo(1, 10);
  });

  it('bootstraps from ten rounds on, close to t for normal logs', () => {
    const normal = seededNormal(seededUnit(11));
    const ratios = Array.from({ length: 12 }, () => 3 * Math.exp(0.1 * normal()));
    const nine = ratioOf(ratios.slice(0, 9));
    const twelve = ratioOf(ratios);
    expect(nine.method).toContain('Student t');
    expect(twelve.method).toContain('BCa bootstrap of 12 paired log ratios, 10000 resamples');
    expect(twelve.warnings).toEqual([]);
    const width = (ratio: PairedRatio): number => Math.log((ratio.high ?? 0) / (ratio.low ?? 1));
    expect(width(twelve) / width(nine)).toBeGreaterThan(0.6);
    expect(width(twelve) / width(nine)).toBeLessThan(1.3);
  });

  it.each([3, 5, 10])(
    'covers the true ratio with %i rounds in about 95 percent of cases',
    (rounds) => {
      const normal = seededNormal(seededUnit(100 + rounds));
      let covered = 0;
      for (let index = 0; index < 300; index++) {
        const ratios = Array.from({ length: rounds }, () => 14 * Math.exp(0.2 * normal()));
        const { low, high } = ratioOf(ratios, index);
        if ((low ?? 99) <= 14 && 14 <= (high ?? 0)) covered++;
      }
      expect(covered / 300).toBeGreaterThanOrEqual(0.9);
      expect(covered / 300).toBeLessThanOrEqual(0.99);
    },
  );

  it('gives one round its value and no interval', () => {
    const ratio = ratioOf([3]);
    expect(ratio.value).toBeCloseTo(3, 12);
    expect([ratio.low, ratio.high, ratio.rounds]).toEqual([null, null, 1]);
    expect(codes(ratio)).toEqual(['no-interval']);
    expect(intervalOf(ratio)).toBeNull();
  });

  it('gives no round no value', () => {
    const ratio = ratioOf([]);
    expect([ratio.value, ratio.low, ratio.high, ratio.rounds]).toEqual([null, null, null, 0]);
  });

  it('says that rounds without variance leave no width', () => {
    const ratio = ratioOf([2, 2, 2]);
    expect(ratio.low).toBeCloseTo(2, 10);
    expect(ratio.high).toBeCloseTo(2, 10);
    expect(codes(ratio)).toEqual(['zero-variance']);
  });

  it('leaves out figures that are no ratio and says how many', () => {
    const ratio = pairedRatio(
      [
        { a: 2, b: 1 },
        { a: 3, b: 1 },
        { a: Number.NaN, b: 1 },
        { a: 0, b: 1 },
        { a: 1, b: 0 },
        { a: -1, b: -1 },
      ],
      { alpha, unit: seededUnit(1) },
    );
    expect(ratio.rounds).toBe(2);
    expect(codes(ratio)).toEqual(['unusable-pairs', 'few-rounds']);
    expect(ratio.warnings[0]?.message).toContain('4 pairs');
  });

  it('never yields Infinity, however far rounds lie apart', () => {
    const ratio = ratioOf([1e-200, 1e200]);
    expect([ratio.low, ratio.high]).toEqual([null, null]);
    expect(codes(ratio)).toContain('unbounded-interval');
    expect(JSON.parse(JSON.stringify(ratio))).toEqual(ratio);
  });
});
