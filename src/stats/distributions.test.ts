import { describe, expect, it } from 'vitest';
import { normalCdf, normalQuantile, studentQuantile } from './distributions.ts';

describe('studentQuantile', () => {
  // Printed in every table of Student's t.
  it.each([
    [0.975, 1, 12.7062],
    [0.95, 1, 6.31375],
    [0.975, 2, 4.30265],
    [0.95, 2, 2.91999],
    [0.975, 3, 3.18245],
    [0.975, 4, 2.77645],
    [0.995, 5, 4.03214],
    [0.975, 9, 2.26216],
    [0.95, 10, 1.81246],
    [0.975, 30, 2.04227],
    [0.975, 120, 1.97993],
    [0.9, 7, 1.41492],
  ])('p %f with %i degrees is %f', (p, degrees, expected) => {
    expect(studentQuantile(p, degrees)).toBeCloseTo(expected, 4);
  });

  it('is odd about one half', () => {
    expect(studentQuantile(0.5, 4)).toBe(0);
    expect(studentQuantile(0.025, 4)).toBeCloseTo(-studentQuantile(0.975, 4), 10);
  });

  it('nears the normal quantile with many degrees', () => {
    expect(studentQuantile(0.975, 20_000)).toBeCloseTo(normalQuantile(0.975), 3);
  });

  it.each([
    [0, 3],
    [1, 3],
    [Number.NaN, 3],
    [0.9, 0],
    [0.9, 2.5],
  ])('refuses p %f with %f degrees', (p, degrees) => {
    expect(() => studentQuantile(p, degrees)).toThrow(RangeError);
  });
});

describe('normal', () => {
  it.each([
    [0.975, 1.959964],
    [0.95, 1.644854],
    [0.5, 0],
    [0.01, -2.326348],
    [0.00005, -3.890592],
  ])('quantile of %f is %f', (p, z) => {
    expect(normalQuantile(p)).toBeCloseTo(z, 3);
    expect(normalCdf(z)).toBeCloseTo(p, 6);
  });

  it('refuses probabilities outside (0, 1)', () => {
    expect(() => normalQuantile(0)).toThrow(RangeError);
    expect(() => normalQuantile(1)).toThrow(RangeError);
  });
});
