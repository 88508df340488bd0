// Every verdict of lease-scale by its rule, from synthetic rounds; what a file holds is what was computed.

import { describe, expect, it } from 'vitest';
import { claimSchema, type Claim, type ExperimentRound, type Run } from '../record/schema.ts';
import { seededUnit } from '../stats/testing/unit.ts';
import { leaseScale } from './lease-scale.ts';
import { leaseRound, leaseRounds } from './testing/experiment-rounds.ts';
import { testRun } from './testing/samples.ts';

function judge(experiments: readonly ExperimentRound[], run: Partial<Run> = {}): Claim {
  const claim = leaseScale.evaluate({
    ...{ run: testRun(run), samples: [], experiments },
    ...{ unit: seededUnit(1), command: 'kvtune reproduce' },
  });
  expect(claimSchema.parse(JSON.parse(JSON.stringify(claim)))).toEqual(claim);
  expect(JSON.stringify(claim)).not.toMatch(/NaN|Infinity|undefined/);
  return claim;
}

describe('lease-scale: reproduced', () => {
  it('needs proportion, flatness, a hundredfold gain and the lag', () => {
    const claim = judge(leaseRounds());
    expect(claim.verdict).toBe('reproduced');
    expect(claim.measured).toEqual({
      ...{ value: 880, low: 880, high: 880, rounds: 1 },
      at: { leases: 900_000, ttlSeconds: 20, revokeRate: 1000 },
    });
    expect(claim.finding).toMatch(/power of 1\.00 .* with scan and 0\.00 /);
    expect(claim.finding).toMatch(/lag by up to 880 s/);
    expect(claim.floor).toBeCloseTo(1.02, 6);
  });

  it('draws the cost of each arm with intervals, and lists the figures', () => {
    const claim = judge(leaseRounds());
    const idle = claim.panels?.find((panel) => panel.id === 'idle');
    if (idle?.kind !== 'lines') throw new Error('no picture of idle ticks');
    expect(idle.series.map(({ name, role }) => [name, role])).toEqual([
      ['heap', 'deciding'],
      ['scan', 'deciding'],
    ]);
    const million = idle.series[1]?.points.at(-1);
    expect(million).toMatchObject({ x: 1e6 });
    expect(million?.y).toBeCloseTo(10_000, -3);
    expect(million?.low).toBeLessThan(million?.y ?? 0);
    expect(claim.rows?.map((table) => table.rows.length)).toEqual([8, 2, 1]);
    expect(claim.rows?.[0]?.rows[0]?.slice(0, 2)).toEqual([1000, 'scan']);
    expect(claim.caveats?.join(' ')).toMatch(/PR 9418 by .*Braintree.*PR 9418 were wrong/);
  });
});

describe('lease-scale: partly', () => {
  const partly: readonly (readonly [string, ExperimentRound[], RegExp])[] = [
    [
      'the scan grows faster',
      leaseRounds({ scan: (leases) => (leases * 0.01) ** 1.4 }),
      /scan grew faster than in proportion/,
    ],
    [
      'the scan grows slower',
      leaseRounds({ scan: (leases) => 100 * (leases / 1e3) ** 0.6 }),
      /scan was not shown to grow in proportion/,
    ],
    [
      'the heap grows',
      leaseRounds({ heap: (leases) => 0.001 * (leases / 1e3) ** 0.3 }),
      /heap was not shown to stay flat/,
    ],
    ['the gain is small', leaseRounds({ heap: () => 200 }), /gain was not shown to be 100x/],
    ['the lag is short', leaseRounds({ lagSeconds: 400 }), /lag is not what the cap makes it/],
    ['the lag is long', leaseRounds({ lagSeconds: 1200 }), /lag is not what the cap makes it/],
  ];
  it.each(partly)('where %s', (_, rounds, why) => {
    const claim = judge(rounds);
    expect(claim.verdict).toBe('partly');
    expect(claim.finding).toMatch(why);
  });
});

describe('lease-scale: not reproduced', () => {
  it('where the heap is no cheaper than the noise', () => {
    const claim = judge(leaseRounds({ scan: () => 0.02, heap: () => 0.02, noise: 1.1 }));
    expect(claim.verdict).toBe('not-reproduced');
    expect(claim.finding).toMatch(/no gain beyond the noise/);
  });

  it('where the heap is dearer', () => {
    expect(judge(leaseRounds({ heap: (leases) => leases })).verdict).toBe('not-reproduced');
  });
});

describe('lease-scale: inconclusive', () => {
  it.each([
    ['nothing was measured', []],
    ['one block has no interval', leaseRounds({ blocks: 1 })],
    ['the lag is missing', leaseRounds({ lagSeconds: null })],
    ['a million leases are missing', leaseRounds({ sizes: [1e3, 1e4, 1e5] })],
    ['two sizes make no slope', leaseRounds({ sizes: [1e3, 1e6] })],
    // A small gain beyond an interval, but no pair of equal arms says how large the noise is.
    ['the floor is unknown', leaseRounds({ heap: () => 5000, replicates: 1 })],
  ])('where %s', (_, rounds) => {
    expect(judge(rounds).verdict).toBe('inconclusive');
  });

  it('says so of a run that was interrupted', () => {
    const { warnings } = judge(leaseRounds({ blocks: 1 }), { status: 'interrupted' });
    expect(warnings.map(({ code }) => code)).toContain('run-interrupted');
  });
});

describe('lease-scale: invalid', () => {
  it('where a round did not run as its arm', () => {
    const wrong = leaseRound('scan', {
      cell: 'idle-1000',
      factors: { measured: 'tick', leases: 1000, dueEachTick: 0 },
      settings: { leaseExpiry: 'heap' },
      figures: { tickUs: 10 },
      block: 9,
    });
    const claim = judge([...leaseRounds(), wrong]);
    expect(claim.verdict).toBe('invalid');
    expect(claim.warnings[0]?.code).toBe('settings-mismatch');
    expect(claim.finding).toMatch(/^Not valid as measured/);
  });

  it('where a tick found other leases than it should', () => {
    const [first, ...others] = leaseRounds();
    if (first === undefined) throw new Error('no rounds');
    const warnings = [{ code: 'wrong-expiry', message: '3 came due, 10 should have' }];
    expect(judge([{ ...first, warnings }, ...others]).verdict).toBe('invalid');
  });
});

it('ignores rounds of other claims', () => {
  const others = leaseRounds().map((round) => ({ ...round, claim: 'other' }));
  expect(judge(others).verdict).toBe('inconclusive');
  expect(judge(others).panels).toEqual([]);
});
