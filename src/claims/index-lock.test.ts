// Every verdict of index-lock by its rule, from synthetic rounds; what a file holds is what was computed.

import { describe, expect, it } from 'vitest';
import { claimSchema, type Claim, type ExperimentRound, type Run } from '../record/schema.ts';
import { seededUnit } from '../stats/testing/unit.ts';
import { indexLock } from './index-lock.ts';
import { indexRound, indexRounds } from './testing/read-rounds.ts';
import { testRun } from './testing/samples.ts';

function judge(experiments: readonly ExperimentRound[], run: Partial<Run> = {}): Claim {
  const claim = indexLock.evaluate({
    ...{ run: testRun(run), samples: [], experiments },
    ...{ unit: seededUnit(1), command: 'kvtune reproduce' },
  });
  expect(claimSchema.parse(JSON.parse(JSON.stringify(claim)))).toEqual(claim);
  expect(JSON.stringify(claim)).not.toMatch(/NaN|Infinity|undefined/);
  return claim;
}

describe('index-lock: reproduced', () => {
  it('where global grows with the keys and optimistic stays short', () => {
    const claim = judge(indexRounds());
    expect(claim.verdict).toBe('reproduced');
    expect(claim.measured).toMatchObject({ rounds: 4, at: { keys: 1e6, arm: 'global' } });
    expect(claim.measured?.value).toBeCloseTo(0.2, 2);
    expect(claim.finding).toMatch(/longest put takes 200 ms with global and 4\.01 ms/);
    expect(claim.finding).toMatch(/to the power of 1\.00 .*shorter here than published/);
    expect(claim.floor).toBeCloseTo(1.02, 6);
  });

  it('judges at 300,000 keys where that is the most', () => {
    const claim = judge(indexRounds({ sizes: [3e4, 1e5, 3e5], replicates: 1 }));
    expect(claim.verdict).toBe('reproduced');
    expect(claim.measured?.at).toEqual({ keys: 3e5, arm: 'global' });
  });

  it('draws puts, their p99 and reads, and lists them with etcd beside', () => {
    const etcd = indexRound('etcd', {
      ...{ role: 'labelled', cell: 'etcd-1000000' },
      ...{ factors: { measured: 'etcd', keys: 1e6 }, settings: { etcd: '3.5.0' } },
      figures: { walkMs: 464, putMaxMs: 70, putP99Us: 48_000 },
    });
    const claim = judge([...indexRounds(), etcd]);
    expect(claim.verdict).toBe('reproduced');
    expect(claim.panels?.map(({ id }) => id)).toEqual(['longest-put', 'put-p99', 'longest-read']);
    expect(claim.rows?.[0]?.rows).toHaveLength(7);
    expect(claim.rows?.[0]?.rows.at(-1)?.slice(0, 3)).toEqual([1e6, 'etcd 3.5.0', 70]);
    expect(claim.limits.join(' ')).toMatch(/etcd 3\.5\.0's own walk over 1,000,000 .* took 464 ms/);
    expect(claim.caveats?.join(' ')).toMatch(/since 3\.4 .*no consensus/);
  });
});

describe('index-lock: partly', () => {
  it.each([
    ['global does not grow', indexRounds({ global: () => 200 }), /not shown to grow in proportion/],
    ['the gain is small', indexRounds({ optimistic: () => 40 }), /not shown to be 10x/],
    [
      'optimistic is slow too',
      indexRounds({ global: (keys) => keys / 200, optimistic: () => 150 }),
      /not shown to stay below 100 ms/,
    ],
  ])('where %s', (_, rounds, why) => {
    const claim = judge(rounds);
    expect(claim.verdict).toBe('partly');
    expect(claim.finding).toMatch(why);
  });
});

describe('index-lock: not reproduced', () => {
  it.each([
    ['nothing is shorter', indexRounds({ optimistic: (keys) => keys / 5000, noise: 1.1 })],
    ['it is longer', indexRounds({ optimistic: (keys) => keys / 500 })],
  ])('where %s', (_, rounds) => {
    expect(judge(rounds).verdict).toBe('not-reproduced');
  });
});

describe('index-lock: inconclusive', () => {
  it.each([
    ['nothing was measured', []],
    ['one block has no interval', indexRounds({ blocks: 1 })],
    ['two sizes make no slope', indexRounds({ sizes: [1e5, 1e6] })],
    ['there are too few keys', indexRounds({ sizes: [1e4, 3e4, 1e5] })],
    // Half as long, but no pair of equal arms says how large the noise is.
    ['the floor is unknown', indexRounds({ optimistic: (keys) => keys / 1e4, replicates: 1 })],
  ])('where %s', (_, rounds) => {
    expect(judge(rounds).verdict).toBe('inconclusive');
  });

  it('where the interval holds both no gain and the one that is asked for', () => {
    const wild = indexRounds({ blocks: 3, optimistic: (keys) => keys / 15_000 }).map((round) => {
      const swing = round.arm === 'optimistic' ? [0.3, 1, 4][round.block] : 1;
      const putMaxMs = (round.figures['putMaxMs'] ?? 0) * (swing ?? 1);
      return { ...round, figures: { ...round.figures, putMaxMs } };
    });
    const claim = judge(wild);
    expect(claim.verdict).toBe('inconclusive');
    expect(claim.finding).toMatch(/too little to decide/);
  });

  it('says so of a run that was interrupted', () => {
    const { warnings } = judge(indexRounds({ blocks: 1 }), { status: 'interrupted' });
    expect(warnings.map(({ code }) => code)).toContain('run-interrupted');
  });
});

describe('index-lock: invalid', () => {
  it('where a round did not run as its arm', () => {
    const wrong = indexRounds().map((round, i) =>
      i === 0 ? { ...round, settings: { indexLock: 'other' } } : round,
    );
    const claim = judge(wrong);
    expect(claim.verdict).toBe('invalid');
    expect(claim.warnings[0]?.code).toBe('settings-mismatch');
    expect(claim.finding).toMatch(/^Not valid as measured/);
  });

  it.each(['wrong-answers', 'refused-puts', 'wrong-compaction'])('where a round has %s', (code) => {
    const warnings = [{ code, message: 'something was wrong' }];
    const wrong = indexRounds().map((round, i) => (i === 0 ? { ...round, warnings } : round));
    expect(judge(wrong).verdict).toBe('invalid');
  });
});

it('ignores rounds of other claims', () => {
  const others = indexRounds().map((round) => ({ ...round, claim: 'other' }));
  expect(judge(others)).toMatchObject({ verdict: 'inconclusive', panels: [], rows: [] });
});
