// Every verdict of lease-scale by its rule, its sentences, pictures and tables from made-up rounds.

import { describe, expect, it } from 'vitest';
import type { Round } from '../record/round.ts';
import { leaseScale } from './lease-scale.ts';
import {
  answered,
  cellOf,
  estimatesOf,
  expectCutsComplete,
  hostOf,
  roundOf,
  roundsOf,
  type MadeUpEstimate,
} from './testing/rounds.ts';

const question = leaseScale.build({ mode: 'full', peers: {} });
const SIZES: readonly number[] = [1e3, 1e4, 1e5, 1e6];

interface Made {
  readonly name?: string;
  readonly sessions?: number;
  /** Cost of a tick in microseconds by leases. */
  readonly scan?: (leases: number) => number;
  readonly heap?: (leases: number) => number;
}

/** Ticks as the claim says: scan in proportion, heap flat. */
function ticks(made: Made = {}): Round[] {
  const { name = 'ticks', sessions = 5 } = made;
  const { scan = (leases) => leases * 0.01, heap = () => 0.02 } = made;
  const arm = (cost: (leases: number) => number): Partial<Round> => ({
    figures: { tickUs: cost(1e6), visitedPerTick: 1, keepAlivesPerSecond: 1e6 },
    series: { leases: [...SIZES], tickUs: SIZES.map(cost) },
  });
  const arms = { scan: arm(scan), heap: arm(heap) };
  return roundsOf(cellOf(question, name), { arms, sessions, spread: 0.02 });
}

function lag(lagSecondsMax = 880): Round[] {
  const figures = { lagSecondsMax, lagSecondsMedian: lagSecondsMax / 2 };
  return [roundOf(cellOf(question, 'lag'), 'heap', { figures })];
}

describe('rule of lease-scale', () => {
  const judge = (values: Record<string, MadeUpEstimate>, floor: number | null = 1.1): string =>
    question.rule(
      estimatesOf(
        question.contrasts,
        { scan: [0.9, 1.1], heap: [-0.05, 0.1], gain: [1e5, 1e6], lag: 880, ...values },
        floor,
      ),
    );

  it.each<[string, Record<string, MadeUpEstimate>, string]>([
    ['all hold', {}, 'reproduced'],
    ['the scan grows slower', { scan: [0.5, 0.6] }, 'partly'],
    ['the scan may grow faster', { scan: [1, 1.21] }, 'partly'],
    ['the heap may grow', { heap: [0, 0.2] }, 'partly'],
    ['the gain may be small', { gain: [99, 500] }, 'partly'],
    ['the lag is short of the published one', { lag: 599 }, 'partly'],
    ['the lag is shorter than the cap makes it', { lag: 659 }, 'partly'],
    ['the lag is longer', { lag: 1101 }, 'partly'],
    ['the lag is at a bound', { lag: 660 }, 'reproduced'],
    ['no gain', { gain: [0.9, 1.2] }, 'not-reproduced'],
    ['the heap is dearer', { gain: [0.1, 0.2] }, 'not-reproduced'],
    ['both no gain and 100x are possible', { gain: [1, 100] }, 'not-reproduced'],
    ['the lag was not measured', { lag: null }, 'inconclusive'],
    ['a slope has no interval', { scan: { value: 1 } }, 'inconclusive'],
    ['the gain was not measured', { gain: null }, 'inconclusive'],
  ])('where %s', (_, values, verdict) => {
    expect(judge(values)).toBe(verdict);
  });

  it('needs a floor for partly alone', () => {
    expect(judge({}, null)).toBe('reproduced');
    expect(judge({ gain: [2, 3] }, null)).toBe('inconclusive');
  });

  it('lists all its cuts', () => {
    expectCutsComplete(question);
  });
});

describe('what lease-scale says', () => {
  it('of proportion, flatness, a hundredfold gain and the lag', () => {
    const answer = answered(question, [...ticks(), ...lag()]);
    expect(answer.verdict).toBe('reproduced');
    expect(answer.finding).toMatch(/to the power of 1\.\d+ .* with scan and -?0\.0\d .* with heap/);
    expect(answer.finding).toMatch(/lag by up to 880 s, where the cap alone makes it 880 s/);
    expect(answer.measured).toMatchObject({
      unit: 's',
      sessions: 1,
      at: { leaseRevokeRate: 1000 },
    });
    expect(answer.measured?.low).toBe(answer.measured?.high);
    expect(answer.measured?.value).toBeCloseTo(880, 6);
    expect(answer.caveats.join(' ')).toMatch(/PR 9418 by .*Braintree.*PR 9418 were wrong/);
    expect(answer.limits.join(' ')).toMatch(
      /A scan of 1\.00 million leases takes 0\.010\d s.*At 1,000 leases the gain is 5\d\dx/,
    );
  });

  it.each<[string, Round[], RegExp]>([
    [
      'the scan grows faster',
      [...ticks({ scan: (leases) => (leases * 0.01) ** 1.4 }), ...lag()],
      /scan grew faster than in proportion/,
    ],
    [
      'the scan grows slower',
      [...ticks({ scan: (leases) => 100 * (leases / 1e3) ** 0.6 }), ...lag()],
      /scan was not shown to grow in proportion/,
    ],
    [
      'the heap grows',
      [...ticks({ heap: (leases) => 0.001 * (leases / 1e3) ** 0.3 }), ...lag()],
      /heap was not shown to stay flat/,
    ],
    [
      'the gain is small',
      [...ticks({ heap: () => 200 }), ...lag()],
      /gain was not shown to be 100x/,
    ],
    ['the lag is short', [...ticks(), ...lag(400)], /lag is not what the cap makes it/],
  ])('partly, where %s', (_, rounds, why) => {
    const answer = answered(question, rounds);
    expect(answer.verdict).toBe('partly');
    expect(answer.finding).toMatch(why);
  });

  it('of no gain', () => {
    const answer = answered(question, [...ticks({ scan: () => 0.02 }), ...lag()]);
    expect(answer.verdict).toBe('not-reproduced');
    expect(answer.finding).toMatch(/no gain beyond the noise/);
  });

  it('of too little', () => {
    expect(answered(question, lag()).verdict).toBe('inconclusive');
    expect(answered(question, [...ticks({ sessions: 2 }), ...lag()]).verdict).toBe('inconclusive');
  });

  it('as pictures and tables', () => {
    const rates = cellOf(question, 'lag-rates');
    const rounds = [
      ...[...ticks(), ...ticks({ name: 'ticks-due' }), ...lag()],
      ...rates.arms.map(({ name }) =>
        roundOf(rates, name, { figures: { lagSecondsMax: 100, lagSecondsMedian: 50 } }),
      ),
    ];
    const answer = answered(question, rounds);
    const drawn = answer.panels.map((panel) =>
      panel.kind === 'lines'
        ? [panel.id, ...panel.series.map(({ name, points }) => `${name} ${String(points.length)}`)]
        : [],
    );
    expect(drawn).toEqual([
      ['idle', 'scan 4', 'heap 4'],
      ['due', 'scan 4', 'heap 4'],
      ['lag', 'longest 6', 'median 6'],
    ]);
    expect(answer.tables.map(({ rows }) => rows.length)).toEqual([8, 4, 6]);
    expect(answer.tables[2]?.rows[0]).toEqual([900_000, 'heap', 1000, 880, 440, 880, 1]);
  });
});

describe('what makes lease-scale invalid', () => {
  it.each(['leases-due', 'wrong-expiry'])('%s', (code) => {
    const [first, ...others] = ticks();
    if (first === undefined) throw new Error('no rounds');
    const warnings = [{ code, message: '3 came due, 10 should have' }];
    const answer = answered(question, [{ ...first, warnings }, ...others, ...lag()]);
    expect(answer.verdict).toBe('invalid');
  });

  it('a round that ran as another arm, and not a file system in memory', () => {
    const wrong = ticks().map((round) =>
      round.arm === 'scan' ? { ...round, settings: { leaseExpiry: 'heap' } } : round,
    );
    expect(answered(question, [...wrong, ...lag()]).verdict).toBe('invalid');
    const run = { host: hostOf('tmpfs') };
    expect(answered(question, [...ticks(), ...lag()], { run }).verdict).toBe('reproduced');
  });
});
