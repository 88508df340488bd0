import { describe, expect, it } from 'vitest';
import type { Round } from '../record/round.ts';
import { customOf, levelOf, ratioOf, slopeOf } from './contrast.ts';
import type { SessionRounds } from './question.ts';

type Said = Partial<Pick<Round, 'figures' | 'series'>>;

/** Slices of two arms in one session; only what contrasts read. */
function session(arms: Readonly<Record<string, readonly Said[]>>): SessionRounds {
  const rounds = Object.entries(arms).flatMap(([arm, slices]) =>
    slices.map(({ figures = {}, series = {} }) => ({ arm, figures, series }) as unknown as Round),
  );
  return { session: 0, rounds };
}

const figures = (...values: number[]): Said[] => values.map((us) => ({ figures: { us } }));
const about = { id: 'a', words: 'a / b', cell: 'q/c' };

describe('ratioOf', () => {
  const ratio = ratioOf({ ...about, figure: 'us', over: 'a', under: 'b' });

  it('divides geometric means over slices', () => {
    expect(ratio.of(session({ a: figures(2, 8), b: figures(1, 4, 2) }))).toBeCloseTo(2, 12);
    expect(ratio).toMatchObject({ arms: ['a', 'b'], scale: 'log', kind: 'ratio', cuts: [1] });
  });

  it('gives each slice of an arm as a logarithm, in order', () => {
    const logs = ratio.byArm(session({ a: figures(1, Math.E), b: figures(5) }), 'a');
    expect(logs).toEqual([0, 1]);
  });

  it('leaves out what has no logarithm, and is undefined without an arm', () => {
    expect(ratio.of(session({ a: figures(0, 6, Number.NaN, -1), b: figures(3) }))).toBeCloseTo(2);
    expect(ratio.of(session({ a: figures(6), b: figures(0) }))).toBeUndefined();
    expect(ratio.of(session({ a: figures(6) }))).toBeUndefined();
    expect(ratio.of(session({ a: [{}], b: figures(1) }))).toBeUndefined();
  });
});

describe('levelOf', () => {
  it('is a geometric mean on a log scale and a mean on a linear one', () => {
    const level = { ...about, figure: 'us', arm: 'a', unit: 'us' };
    const slices = session({ a: figures(2, 8), b: figures(100) });
    expect(levelOf(level).of(slices)).toBeCloseTo(4, 12);
    expect(levelOf({ ...level, scale: 'linear' }).of(slices)).toBe(5);
    expect(levelOf({ ...level, scale: 'linear' }).of(session({ a: figures(0, -2) }))).toBe(-1);
    expect(levelOf(level).of(session({}))).toBeUndefined();
  });
});

describe('slopeOf', () => {
  const slope = slopeOf({ ...about, arm: 'a', series: { x: 'keys', y: 'ms' }, cuts: [0.8] });
  const grown = (power: number, keys = [10, 100, 1000]): Said => ({
    series: { keys, ms: keys.map((size) => 3 * size ** power) },
  });

  it('is the power by which y grows with x, a mean over slices', () => {
    expect(slope.of(session({ a: [grown(1)] }))).toBeCloseTo(1, 12);
    expect(slope.of(session({ a: [grown(0), grown(0.5)] }))).toBeCloseTo(0.25, 12);
    expect(slope.byArm(session({ a: [grown(0), grown(0.5)] }), 'a')[1]).toBeCloseTo(0.5, 12);
  });

  it('needs three sizes with a cost', () => {
    expect(slope.of(session({ a: [grown(1, [10, 100])] }))).toBeUndefined();
    const gap = { series: { keys: [1, 10, 100], ms: [1, 0, 100] } };
    expect(slope.of(session({ a: [gap] }))).toBeUndefined();
    expect(slope.of(session({ a: [{}] }))).toBeUndefined();
  });
});

it('customOf knows no slices unless told', () => {
  const custom = customOf({
    ...{ ...about, arms: ['a'], unit: '', kind: 'level', scale: 'linear', cuts: [] },
    of: ({ rounds }) => rounds.length,
  });
  expect(custom.of(session({ a: figures(1, 2) }))).toBe(2);
  expect(custom.byArm(session({ a: figures(1, 2) }), 'a')).toEqual([]);
});
