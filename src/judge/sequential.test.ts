import { describe, expect, it } from 'vitest';
import type { SessionValue } from './estimate.ts';
import { decide, shareOf, type Sequential } from './sequential.ts';
import { sideOf } from './sides.ts';
import { simulated } from './testing/simulation.ts';

/** Sessions whose value is `middle`, give or take; equal arms hardly differ within them. */
function sessions(count: number, ratio: number, spread = 0.01): SessionValue[] {
  const scatter = [1, -1, 0.6, -0.6, 0.2, -0.2, 0.8, -0.8];
  return Array.from({ length: count }, (_, session) => {
    const split = (scatter[session % 8] ?? 0) * 1e-4;
    const arms = [0, 1].map((arm) => ({ mean: split * (arm + 1), split }));
    const value = Math.log(ratio) + (scatter[session % 8] ?? 0) * spread;
    return { session, value, slices: 8, arms };
  });
}

const band: Sequential = {
  ...{ alpha: 0.05, looks: [3, 5, 8], contrasts: [simulated('gain', { cuts: [1, 16, 36] })] },
  rule: (found) => {
    const { low = null, high = null } = found.get('gain') ?? {};
    if (low === null || high === null) return 'inconclusive';
    if (low > 36) return 'exceeded';
    if (high >= 16) return 'reproduced';
    return sideOf(found.get('gain')) === 'above' ? 'partly' : 'not-reproduced';
  },
};

const at = (values: SessionValue[], final = false): ReturnType<typeof decide> =>
  decide(band, new Map([['gain', values]]), final);

describe('decide', () => {
  it('needs the first look before it says anything', () => {
    expect(at([])).toMatchObject({ verdict: 'inconclusive', settled: false, looks: 0 });
    const two = at(sessions(2, 24));
    expect(two).toMatchObject({ verdict: 'inconclusive', settled: false, looks: 0 });
    expect(two.needs).toEqual([{ cell: 'gain', arms: ['a', 'b'], sessions: 1 }]);
    // Nor does the end of the budget make two sessions enough.
    expect(at(sessions(2, 24), true).verdict).toBe('inconclusive');
  });

  it('settles where the whole interval says the same', () => {
    expect(at(sessions(3, 24))).toMatchObject({
      ...{ verdict: 'reproduced', settled: true, looks: 1, needs: [] },
    });
    expect(at(sessions(3, 10))).toMatchObject({ verdict: 'partly', settled: true });
    expect(at(sessions(3, 40))).toMatchObject({ verdict: 'exceeded', settled: true });
  });

  it('goes on to the next look while a cut lies inside', () => {
    const open = at(sessions(3, 16));
    expect(open).toMatchObject({ verdict: 'reproduced', settled: false, looks: 1 });
    expect(open.needs).toEqual([{ cell: 'gain', arms: ['a', 'b'], sessions: 2 }]);
  });

  it('looks at nothing between looks, and at all of it in the end', () => {
    const [look, between] = [at(sessions(3, 16)), at(sessions(4, 16))];
    expect(between.estimates).toEqual(look.estimates);
    expect(between.needs[0]?.sessions).toBe(1);
    const end = at(sessions(4, 16), true);
    expect(end.estimates.get('gain')?.sessions).toBe(4);
    expect(end.looks).toBe(2);
  });

  it('ends at the last look', () => {
    const last = at(sessions(8, 16, 0.05));
    expect(last).toMatchObject({ verdict: 'reproduced', looks: 3, needs: [] });
    expect(at(sessions(9, 16, 0.05)).estimates.get('gain')?.sessions).toBe(8);
  });

  it('stops where the last look would say the same anyhow', () => {
    // The interval reaches 1, and will: not shown at three sessions, foregone at five.
    expect(at(sessions(3, 1, 0.05))).toMatchObject({ settled: false, looks: 1 });
    expect(at(sessions(5, 1, 0.05))).toMatchObject({ verdict: 'not-reproduced', settled: true });
  });

  it('gives up what would stay inconclusive, without calling it settled', () => {
    const margin: Sequential = {
      ...{ ...band, contrasts: [simulated('gain', { cuts: [0.95, 1.05] })] },
      rule: (found) => {
        const { low = null, high = null } = found.get('gain') ?? {};
        return low !== null && high !== null && low > 0.95 && high < 1.05
          ? 'alike'
          : 'inconclusive';
      },
    };
    const noisy = decide(margin, new Map([['gain', sessions(5, 1, 0.3)]]), false);
    expect(noisy).toMatchObject({ verdict: 'inconclusive', settled: false, needs: [] });
    expect(noisy.looks).toBe(2);
  });
});

describe('several contrasts', () => {
  const [one, two] = [simulated('one', { cuts: [1] }), simulated('two', { cuts: [1] })];
  const both: Sequential = {
    ...{ ...band, contrasts: [one, two] },
    rule: (found) => {
      const sides = ['one', 'two'].map((id) => sideOf(found.get(id)));
      if (sides.includes('unknown')) return 'inconclusive';
      return sides.every((side) => side === 'above') ? 'reproduced' : 'partly';
    },
  };
  const of = (question: Sequential, first: SessionValue[], second: SessionValue[]) =>
    decide(
      question,
      new Map([
        ['one', first],
        ['two', second],
      ]),
      false,
    );

  it('share the error', () => {
    expect(shareOf(both, one)).toBeCloseTo(0.05 / 6, 12);
    const weighed = { ...both, contrasts: [one, { ...two, weight: 3 }] };
    expect(shareOf(weighed, one)).toBeCloseTo(0.05 / 12, 12);
    expect(shareOf(weighed, weighed.contrasts[1] ?? one)).toBeCloseTo(0.05 / 4, 12);
    const exact = { ...both, contrasts: [one, { ...two, exact: true }] };
    expect(shareOf(exact, one)).toBeCloseTo(0.05 / 3, 12);
    const supported = { ...both, contrasts: [one, { ...two, supporting: true }] };
    expect(shareOf(supported, one)).toBeCloseTo(0.05 / 3, 12);
  });

  it('go on with the open one alone', () => {
    const found = of(both, sessions(3, 2), sessions(3, 1));
    expect(found).toMatchObject({ settled: false, looks: 1 });
    expect(found.needs).toEqual([{ cell: 'two', arms: ['a', 'b'], sessions: 2 }]);
  });

  it('first bring each to its first look', () => {
    const found = of(both, sessions(3, 1), sessions(1, 1));
    expect(found.looks).toBe(0);
    expect(found.needs).toEqual([{ cell: 'two', arms: ['a', 'b'], sessions: 2 }]);
  });

  it('of one cell make one need with all their arms', () => {
    const shared = { ...two, cell: 'one', arms: ['a', 'c'] };
    const found = of({ ...both, contrasts: [one, shared] }, sessions(3, 1), sessions(2, 1));
    expect(found.needs).toEqual([{ cell: 'one', arms: ['a', 'c'], sessions: 1 }]);
    const later = of({ ...both, contrasts: [one, shared] }, sessions(3, 1), sessions(3, 1));
    expect(later.needs).toEqual([{ cell: 'one', arms: ['a', 'b', 'c'], sessions: 2 }]);
  });

  it('wait for no supporting one, and hand it on as it stands', () => {
    const question: Sequential = {
      ...{ ...both, contrasts: [one, { ...two, supporting: true }] },
      rule: (found) => (sideOf(found.get('one')) === 'above' ? 'reproduced' : 'inconclusive'),
    };
    const found = of(question, sessions(3, 2), []);
    expect(found).toMatchObject({ verdict: 'reproduced', settled: true, looks: 1 });
    expect(found.estimates.get('two')).toMatchObject({ deciding: false, value: null });
    expect(of(question, sessions(2, 2), []).needs.map(({ cell }) => cell)).toEqual(['one']);
    const described = of(question, sessions(3, 2), sessions(4, 1)).estimates.get('two');
    expect(described).toMatchObject({ sessions: 4, alpha: 0.05 });
  });

  it('take an exact one from a single session', () => {
    const question = { ...both, contrasts: [one, { ...two, exact: true }] };
    expect(of(question, sessions(3, 2), sessions(1, 2))).toMatchObject({
      ...{ verdict: 'reproduced', settled: true },
    });
    expect(of(question, sessions(3, 2), []).needs).toEqual([
      { cell: 'two', arms: ['a', 'b'], sessions: 1 },
    ]);
  });
});
