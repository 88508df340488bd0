import { describe, expect, it } from 'vitest';
import { levelOf, ratioOf } from '../question/contrast.ts';
import {
  describe as estimate,
  estimateOf,
  projected,
  sessionsToSee,
  sessionValues,
} from './estimate.ts';
import { gainIn, madeUpRounds } from './testing/made-up.ts';

const gain = gainIn('made-up/main');
const options = { alpha: 0.0125, deciding: true, sessionsMin: 3 };

describe('estimateOf', () => {
  it('is a geometric mean over sessions with an interval and floors', () => {
    const found = estimateOf(gain, sessionValues(gain, madeUpRounds(5)), options);
    expect(found).toMatchObject({ sessions: 5, slices: 40, alpha: 0.0125, deciding: true });
    expect(found.value).toBeCloseTo(2, 2);
    expect(found.low).toBeLessThan(2);
    expect(found.high).toBeGreaterThan(2);
    expect(found.low! * found.high!).toBeCloseTo(found.value! ** 2, 9);
    expect(found.smallestVisible).toBeCloseTo(found.high! / found.value!, 9);
    expect(found.floorWithin).toBeGreaterThan(1);
    // Slices scatter by a tenth of what sessions do.
    expect(found.floorWithin).toBeLessThan(1.003);
    expect(found.floorBetween).toBeGreaterThan(found.floorWithin!);
  });

  it('has no interval below its least number of sessions, and nothing without any', () => {
    const two = estimateOf(gain, sessionValues(gain, madeUpRounds(2)), options);
    expect(two).toMatchObject({ sessions: 2, low: null, high: null, smallestVisible: null });
    expect(two.value).toBeCloseTo(2, 1);
    const none = estimateOf(gain, [], options);
    expect(none).toMatchObject({ value: null, low: null, sessions: 0, floorWithin: null });
  });

  it('leaves out sessions that lack an arm', () => {
    const rounds = madeUpRounds(4).filter(({ session, arm }) => session !== 1 || arm === 'a');
    expect(sessionValues(gain, rounds).map(({ session }) => session)).toEqual([0, 2, 3]);
  });

  it('knows no floor within sessions of one slice', () => {
    const single = madeUpRounds(4).filter(({ replicate }) => replicate === 0);
    const found = estimateOf(gain, sessionValues(gain, single), options);
    expect(found.floorWithin).toBeNull();
    expect(found.floorBetween).toBeGreaterThan(1);
  });

  it('takes one session of what repeats exactly', () => {
    const level = levelOf({
      ...{ id: 'lag', words: 'lag', cell: 'made-up/main', exact: true },
      ...{ figure: 'operationsPerSecond', arm: 'a', unit: 's', scale: 'linear' },
    });
    const rounds = madeUpRounds(1);
    const found = estimateOf(level, sessionValues(level, rounds), { ...options, sessionsMin: 1 });
    expect(found.low).toBe(found.value);
    expect(found).toMatchObject({ alpha: 0, smallestVisible: 0, high: found.value });
  });

  it('has no ends where they are out of sight', () => {
    const wild = madeUpRounds(3, { spread: 300 });
    const found = estimateOf(gain, sessionValues(gain, wild), options);
    expect(found).toMatchObject({ low: null, high: null, sessions: 3 });
  });
});

it('describes at the error it is given, for pictures', () => {
  const rounds = madeUpRounds(3);
  const [narrow, wide] = [0.05, 0.01].map((alpha) => estimate(gain, rounds, alpha));
  expect(narrow!.deciding).toBe(false);
  expect(wide!.high).toBeGreaterThan(narrow!.high!);
  const none = ratioOf({ ...gain, figure: 'none', over: 'b', under: 'a' });
  expect(estimate(none, rounds, 0.05).value).toBeNull();
});

it('projects to more sessions, and says how many would see a difference', () => {
  const values = sessionValues(gain, madeUpRounds(4, { spread: 0.05 }));
  const now = estimateOf(gain, values, options);
  const later = projected(gain, now, { values, sessions: 16, errors: 1 });
  expect(later.value).toBeGreaterThan(now.value!);
  expect(later.smallestVisible).toBeLessThan(now.smallestVisible!);
  const needed = sessionsToSee(gain, now, later.smallestVisible! * 1.0001);
  expect(needed).toBe(16);
  expect(sessionsToSee(gain, now, 10)).toBe(4);
  const none = estimateOf(gain, [], options);
  expect(sessionsToSee(gain, none, 1.1)).toBeUndefined();
  expect(projected(gain, none, { values: [], sessions: 9, errors: 2 })).toEqual(none);
});
