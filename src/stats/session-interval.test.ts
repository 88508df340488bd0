import { describe, expect, it } from 'vitest';
import { errorsWide, halfWidth, sessionsFor, standardError } from './session-interval.ts';

it('is Student t where it is not widened', () => {
  // 1, 2, 3: standard deviation 1; t of two degrees at 97.5% is 4.3027.
  expect(halfWidth([1, 2, 3], 0.05)).toBeCloseTo(4.3027 / Math.sqrt(3), 4);
  expect(standardError([1, 2, 3])).toBeCloseTo(1 / Math.sqrt(3), 12);
  expect([halfWidth([1], 0.05), standardError([])]).toEqual([null, null]);
});

describe('errorsWide', () => {
  it('is wider than Student t, and wider still for less error', () => {
    const wide = errorsWide(5, { alpha: 0.05, oneSided: false });
    expect(wide).toBeGreaterThan(2.7764);
    expect(wide).toBeLessThan(1.2 * 2.7764);
    expect(errorsWide(5, { alpha: 0.01, oneSided: false })).toBeGreaterThan(wide);
  });

  it('is never wider for two one-sided tests at the same error', () => {
    for (const sessions of [3, 5, 8, 12, 16]) {
      const [one, two] = [true, false].map((oneSided) =>
        errorsWide(sessions, { alpha: 0.0125, oneSided }),
      );
      expect(one).toBeLessThanOrEqual(two!);
      if (sessions <= 5) expect(one).toBeLessThan(two!);
    }
  });
});

describe('sessionsFor', () => {
  const kind = { alpha: 0.01, oneSided: false };

  it('counts the sessions until a half-width is small enough', () => {
    const halfAt = (sessions: number): number =>
      (0.02 * errorsWide(sessions, kind)) / Math.sqrt(sessions);
    const about = { ...kind, half: halfAt(4), sessions: 4 };
    expect(sessionsFor(halfAt(4), about)).toBe(4);
    expect(sessionsFor(halfAt(9) * 1.0001, about)).toBe(9);
    expect(sessionsFor(halfAt(9) * 0.9999, about)).toBe(10);
  });

  it('does not count for ever', () => {
    const many = sessionsFor(0.01, { ...kind, half: 0.5, sessions: 4 });
    expect(many).toBeGreaterThan(100);
    expect(many).toBeLessThan(10_000);
    expect(sessionsFor(1e-9, { ...kind, half: 1, sessions: 4 })).toBeUndefined();
  });
});
