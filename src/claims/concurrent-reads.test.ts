// Every verdict of concurrent-reads by its rule, from synthetic rounds; what a file holds is what was computed.

import { describe, expect, it } from 'vitest';
import { claimSchema, type Claim, type ExperimentRound, type Run } from '../record/schema.ts';
import { seededUnit } from '../stats/testing/unit.ts';
import { concurrentReads } from './concurrent-reads.ts';
import { readRound, readRounds } from './testing/read-rounds.ts';
import { testRun } from './testing/samples.ts';

function judge(experiments: readonly ExperimentRound[], run: Partial<Run> = {}): Claim {
  const claim = concurrentReads.evaluate({
    ...{ run: testRun(run), samples: [], experiments },
    ...{ unit: seededUnit(1), command: 'kvtune reproduce' },
  });
  expect(claimSchema.parse(JSON.parse(JSON.stringify(claim)))).toEqual(claim);
  expect(JSON.stringify(claim)).not.toMatch(/NaN|Infinity|undefined/);
  return claim;
}

const codesOf = ({ warnings }: Claim): string[] => warnings.map(({ code }) => code);
const beyond = {
  putsPerSecond: { global: 10, copy: 3000, concurrent: 3500 },
  putP99Us: { global: 1_000_000, copy: 2000, concurrent: 1000 },
};

describe('concurrent-reads: reproduced and exceeded', () => {
  it('is reproduced where both intervals hold what was published', () => {
    const claim = judge(readRounds());
    expect(claim.verdict).toBe('reproduced');
    expect(claim.measured).toMatchObject({
      ...{ rounds: 4, at: { keys: 100_000, candidate: 'copy', baseline: 'global' } },
    });
    expect(claim.measured?.value).toBeCloseTo(1.7, 1);
    expect(claim.floor).toBeCloseTo(1.02, 6);
    expect(claim.finding).toMatch(/^Beside ranges of 100,000 keys .* copy carries 1\.7\dx/);
    expect(codesOf(claim)).not.toContain('not-calibrated');
  });

  it('is exceeded where both lie beyond', () => {
    const claim = judge(readRounds(beyond));
    expect(claim.verdict).toBe('exceeded');
    expect(claim.finding).toMatch(/concurrent, without any lock, carries 350x/);
  });

  it('is judged by copy: what concurrent does has no part in it', () => {
    const slow = { ...beyond.putsPerSecond, concurrent: 5 };
    expect(judge(readRounds({ ...beyond, putsPerSecond: slow })).verdict).toBe('exceeded');
    const fast = { global: 10, copy: 10, concurrent: 3500 };
    const only = { putsPerSecond: fast, putP99Us: { global: 9, copy: 9, concurrent: 1 } };
    expect(judge(readRounds(only)).verdict).toBe('not-reproduced');
  });

  it('says so where nothing was put beside etcd', () => {
    const claim = judge(readRounds({ costUs: null }));
    expect(claim.verdict).toBe('reproduced');
    expect(codesOf(claim)).toContain('not-calibrated');
  });
});

describe('concurrent-reads: partly', () => {
  it.each([
    [
      'the throughput gains less',
      readRounds({ putsPerSecond: { global: 1000, copy: 1300, concurrent: 1300 } }),
      /puts\/s stay below 1\.7x/,
    ],
    [
      'the p99 falls less',
      readRounds({ putP99Us: { global: 1000, copy: 300, concurrent: 300 } }),
      /p99 stays above a tenth/,
    ],
    [
      'puts gain and their p99 does not',
      readRounds({ putP99Us: { global: 1000, copy: 1000, concurrent: 1000 } }),
      /p99 was not shown to fall/,
    ],
    [
      'puts are slower without long reads',
      readRounds({ alonePutsPerSecond: { global: 4000, copy: 3000, concurrent: 4000 } }),
      /puts\/s differ without long reads too/,
    ],
  ])('where %s', (_, rounds, why) => {
    const claim = judge(rounds);
    expect(claim.verdict).toBe('partly');
    expect(claim.finding).toMatch(why);
  });
});

it('is partly there where the p99 falls and puts/s may have gained or not', () => {
  const swinging = readRounds().map((round) => {
    const puts = round.block % 2 === 0 ? 500 : 3500;
    return round.arm === 'copy' && round.figures['putsPerSecond'] !== undefined
      ? { ...round, figures: { ...round.figures, putsPerSecond: puts } }
      : round;
  });
  const claim = judge(swinging);
  expect(claim.verdict).toBe('partly');
  expect(claim.finding).toMatch(/puts\/s were not shown to gain/);
});

describe('concurrent-reads: not reproduced', () => {
  const equal = { global: 1000, copy: 1000, concurrent: 1000 };
  it.each([
    ['nothing gains', readRounds({ putsPerSecond: equal, putP99Us: equal, noise: 1.1 })],
    [
      'both are worse',
      readRounds({
        putsPerSecond: { ...equal, copy: 500 },
        putP99Us: { ...equal, copy: 2000 },
      }),
    ],
  ])('where %s', (_, rounds) => {
    const claim = judge(rounds);
    expect(claim.verdict).toBe('not-reproduced');
    expect(claim.finding).toMatch(/no gain beyond the noise/);
  });
});

describe('concurrent-reads: inconclusive', () => {
  it.each([
    ['nothing was measured', []],
    ['one block has no interval', readRounds({ blocks: 1 })],
    // A gain of a third, but no pair of equal arms says how large the noise is.
    [
      'the floor is unknown',
      readRounds({
        ...{ replicates: 1, putsPerSecond: { global: 3, copy: 4, concurrent: 4 } },
        putP99Us: { global: 4, copy: 3, concurrent: 3 },
      }),
    ],
  ])('where %s', (_, rounds) => {
    expect(judge(rounds).verdict).toBe('inconclusive');
  });

  it('where the interval holds both no gain and the published one', () => {
    const wild = readRounds({ blocks: 2 }).map((round) => ({
      ...round,
      figures: {
        ...round.figures,
        putsPerSecond: (round.figures['putsPerSecond'] ?? 0) * (round.block === 0 ? 1 : 1.5),
        ...(round.arm === 'copy' && round.block === 0 ? { putsPerSecond: 900, putP99Us: 2e5 } : {}),
      },
    }));
    expect(judge(wild).verdict).toBe('inconclusive');
  });
});

describe('concurrent-reads: invalid', () => {
  it.each([
    ['global', { global: 540, copy: 500, 'etcd-readtx': 420, 'etcd-concurrent': 600 }],
    ['copy', { global: 400, copy: 800, 'etcd-readtx': 420, 'etcd-concurrent': 600 }],
  ])("where a read with %s costs over 1.25 times etcd's", (lock, costUs) => {
    const claim = judge(readRounds({ costUs }));
    expect(claim.verdict).toBe('invalid');
    expect(claim.warnings[0]).toMatchObject({ code: 'dishonest-baseline' });
    expect(claim.warnings[0]?.message).toContain(`with ${lock}`);
    expect(claim.finding).toMatch(/^Not valid as measured/);
  });

  it("names baselines that are cheaper than etcd's, and point reads that are dearer", () => {
    const costUs = { global: 100, copy: 500, 'etcd-readtx': 420, 'etcd-concurrent': 600 };
    const points = ['global', 'etcd-readtx'].map((arm, at) =>
      readRound(arm, {
        cell: 'calibration-1',
        factors: { measured: 'calibration', readKeys: 1, pendingPuts: 200 },
        figures: { transactionUs: 2 - at },
      }),
    );
    const claim = judge([...readRounds({ costUs }), ...points]);
    expect(claim.verdict).toBe('reproduced');
    expect(codesOf(claim)).toEqual(expect.arrayContaining(['cheap-reads', 'dear-reads']));
    const table = claim.rows?.find(({ caption }) => caption.startsWith('Calibration'));
    expect(table?.rows.map((row) => row.slice(0, 2))).toEqual([
      ...[
        [1, 'global'],
        [1000, 'global'],
        [1000, 'copy'],
      ],
    ]);
  });

  it('where a round did not run as its arm, answered wrongly, or had no disk', () => {
    const wrongArm = readRounds().map((round, i) =>
      i === 0 ? { ...round, settings: { readLock: 'other' } } : round,
    );
    expect(judge(wrongArm).warnings[0]?.code).toBe('settings-mismatch');
    const warnings = [{ code: 'wrong-answers', message: '3 reads found less' }];
    const wrong = readRounds().map((round, i) => (i === 0 ? { ...round, warnings } : round));
    expect(judge(wrong)).toMatchObject({ verdict: 'invalid' });
    const { host } = testRun();
    const workDir = { ...host.workDir, fileSystem: 'tmpfs' };
    expect(judge(readRounds(), { host: { ...host, workDir } }).verdict).toBe('invalid');
  });
});

describe('concurrent-reads: what stands beside', () => {
  it('draws both panels, the gain over shares, and the threads that read', () => {
    const curve = (measured: string, factors: Record<string, number>, gain: number) =>
      ['global', 'copy'].map((arm, at) =>
        readRound(arm, {
          ...{ role: 'curve' as const, cell: `${measured}-${JSON.stringify(factors)}` },
          factors: { measured, ...factors },
          figures: { putsPerSecond: 1000 * gain ** at, readsPerSecond: 5e5 * gain },
        }),
      );
    const claim = judge([
      ...readRounds(),
      ...curve('share', { keys: 10_000, sharePercent: 20 }, 1.25),
      ...curve('share', { keys: 10_000, sharePercent: 40 }, 1.66),
      ...curve('readers', { threads: 1, keys: 10_000 }, 1),
      ...curve('readers', { threads: 2, keys: 10_000 }, 1.8),
    ]);
    expect(claim.panels?.map(({ id }) => id)).toEqual([
      'beside',
      'alone',
      'p99',
      'share',
      'readers',
    ]);
    const share = claim.panels?.[3];
    if (share?.kind !== 'lines') throw new Error('no picture of shares');
    expect(share.series.map(({ name }) => name)).toEqual(['copy / global', '1 / (1 - share)']);
    expect(share.series[0]?.points[1]?.y).toBeCloseTo(1.66, 6);
    expect(share.series[1]?.points[1]?.y).toBeCloseTo(1 / 0.6, 6);
    expect(claim.limits.join(' ')).toMatch(/1\.25x at 20% and 1\.66x at 40%/);
    expect(claim.limits.join(' ')).toMatch(
      /2 threads read .* 1\.80x with global and 1\.80x with copy/,
    );
    // 60 ms of every second.
    expect(claim.limits.join(' ')).toMatch(/takes 60\.\d ms .* 6\.\d% .* about 1\.06x in puts/);
    expect(claim.caveats?.join(' ')).toMatch(/since 3\.4 .*consensus, network and gRPC are not/);
  });

  it('ignores rounds of other claims', () => {
    const others = readRounds().map((round) => ({ ...round, claim: 'other' }));
    expect(judge(others)).toMatchObject({ verdict: 'inconclusive', panels: [], rows: [] });
  });
});
