// Every verdict of batch-sweep by its rule, from synthetic rounds; maps, marks and tables from the grids.

import { describe, expect, it } from 'vitest';
import { claimSchema, type Claim, type ExperimentRound, type Run } from '../record/schema.ts';
import { seededUnit } from '../stats/testing/unit.ts';
import { batchSweep } from './batch-sweep.ts';
import { testExperimentRound } from './testing/experiment-rounds.ts';
import { testHost, testRun } from './testing/samples.ts';

const DEFAULT = '100ms/10000';
const PROPOSAL = '10ms/1000';

function judge(experiments: readonly ExperimentRound[], run: Partial<Run> = {}): Claim {
  const claim = batchSweep.evaluate({
    ...{ run: testRun(run), samples: [], experiments },
    ...{ unit: seededUnit(1), command: 'kvtune reproduce' },
  });
  expect(claimSchema.parse(JSON.parse(JSON.stringify(claim)))).toEqual(claim);
  expect(JSON.stringify(claim)).not.toMatch(/NaN|Infinity|undefined/);
  return claim;
}

function batchRound(arm: string, over: Partial<ExperimentRound> = {}): ExperimentRound {
  const [interval, limit] = arm.split('ms/').map(Number);
  return testExperimentRound({
    ...{ claim: 'batch-sweep', cell: 'decide', arm },
    factors: { syncDelayMs: 0, offeredPerSecond: 10_000 },
    settings: { batchIntervalMs: interval ?? 0, batchLimit: limit ?? 0 },
    ...over,
  });
}

interface About {
  /** Default / proposal, by block. */
  readonly p99?: readonly number[];
  /** Proposal / default, by block. */
  readonly throughput?: readonly number[];
  readonly replicates?: number;
  /** Ratio between replicates. */
  readonly noise?: number;
}

function deciding(about: About = {}): ExperimentRound[] {
  const { p99 = [2, 2.1, 1.9, 2], throughput = [1, 1.01, 0.99, 1] } = about;
  const { replicates = 2, noise = 1.02 } = about;
  return p99.flatMap((gain, block) =>
    Array.from({ length: replicates }, (_, replicate) => {
      const off = noise ** (replicates === 1 ? 0 : replicate - 0.5);
      const puts = 50_000 * (throughput[block] ?? 1);
      const at = { block, replicate };
      const figures = { putP50Us: 300, putMaxUs: 9000 };
      return [
        batchRound(DEFAULT, {
          ...at,
          figures: { ...figures, putP99Us: 1000 * gain * off, putsPerSecond: 50_000 * off },
        }),
        batchRound(PROPOSAL, {
          ...at,
          figures: { ...figures, putP99Us: 1000 * off, putsPerSecond: puts * off },
        }),
      ];
    }).flat(),
  );
}

/** p99 in us and puts/s by arm. */
function gridAt(
  syncDelayMs: number,
  figures: Readonly<Record<string, readonly [number, number]>>,
): ExperimentRound[] {
  return Object.entries(figures).map(([arm, [putP99Us, putsPerSecond]]) =>
    batchRound(arm, {
      ...{ cell: `grid-${String(syncDelayMs)}`, role: 'curve' },
      factors: { syncDelayMs, offeredPerSecond: 1000 },
      figures: { putP99Us, putsPerSecond },
    }),
  );
}

const GRID = {
  '10ms/1000': [5000, 9000],
  '10ms/10000': [4000, 9500],
  '100ms/1000': [7000, 10_000],
  '100ms/10000': [8000, 10_000],
  // The lowest p99 of all, bought with a fifth of the throughput.
  '1ms/1000': [1000, 8000],
  '1ms/10000': [1100, 8000],
} as const;

describe('batch-sweep: reproduced', () => {
  it('needs a lower p99 and throughput that is kept', () => {
    const claim = judge(deciding());
    expect(claim.verdict).toBe('reproduced');
    expect(claim.measured?.value).toBeCloseTo(2, 1);
    expect(claim.measured?.at).toEqual({ syncDelayMs: 0, offeredPerSecond: 10_000 });
    expect(claim.floor).toBeCloseTo(1.02, 6);
    expect(claim.finding).toMatch(/p99 at 10,000 puts\/s offered is 2\.00x .* is better here/);
    expect(claim.published.words).toBe('nothing measured');
  });

  it('allows a loss that the noise floor of throughput covers', () => {
    const about = { throughput: [0.93, 0.94, 0.92, 0.93] };
    expect(judge(deciding({ ...about, noise: 1.1 })).verdict).toBe('reproduced');
    expect(judge(deciding(about)).verdict).toBe('partly');
  });
});

describe('batch-sweep: partly', () => {
  it('where throughput is lost', () => {
    const claim = judge(deciding({ throughput: [0.8, 0.81, 0.79, 0.8] }));
    expect(claim.verdict).toBe('partly');
    expect(claim.finding).toMatch(/lower p99, but throughput is lower/);
  });

  it('where throughput may be lost', () => {
    const claim = judge(deciding({ throughput: [1.2, 0.8, 1.1, 0.9] }));
    expect(claim.verdict).toBe('partly');
    expect(claim.finding).toMatch(/not shown to be kept/);
  });
});

describe('batch-sweep: not reproduced', () => {
  it('where p99 is higher', () => {
    const claim = judge(deciding({ p99: [0.5, 0.52, 0.48, 0.5] }));
    expect(claim.verdict).toBe('not-reproduced');
    expect(claim.finding).toMatch(/p99 is higher with the proposal/);
  });

  it('where there is no difference, and no room for one', () => {
    const claim = judge(deciding({ p99: [1, 1.02, 0.98, 1.01], noise: 1.05 }));
    expect(claim.verdict).toBe('not-reproduced');
    expect(claim.finding).toMatch(/no difference is shown .*none of 1\.25x is possible/);
  });
});

describe('batch-sweep: inconclusive', () => {
  it.each([
    ['nothing was measured', []],
    ['one block has no interval', deciding({ p99: [2] })],
    ['no equal arms tell the noise', deciding({ replicates: 1 })],
    ['blocks differ too much', deciding({ p99: [0.7, 3, 1, 2] })],
    ['a gain is within the noise', deciding({ noise: 2.5 })],
    [
      'the noise is larger than what would be excluded',
      deciding({ p99: [1, 1, 1.01], noise: 1.4 }),
    ],
    ['there is only a grid', gridAt(0, GRID)],
  ])('where %s', (_, rounds) => {
    expect(judge(rounds).verdict).toBe('inconclusive');
  });
});

describe('batch-sweep: invalid', () => {
  const [first, ...others] = deciding();
  if (first === undefined) throw new Error('no rounds');

  it('where a round did not run as its arm', () => {
    const wrong = { ...first, settings: { batchIntervalMs: 100, batchLimit: 1000 } };
    const claim = judge([wrong, ...others]);
    expect(claim.verdict).toBe('invalid');
    expect(claim.warnings[0]?.code).toBe('settings-mismatch');
    expect(claim.finding).toMatch(/^Not valid as measured/);
  });

  it('where a store was not as it must be', () => {
    const warnings = [{ code: 'wrong-data', message: 'a key is missing' }];
    expect(judge([{ ...first, warnings }, ...others]).verdict).toBe('invalid');
  });

  it('where the generator set the figures of many rounds, not of few', () => {
    const warnings = [{ code: 'generator', message: 'late' }];
    const spoil = (rounds: readonly ExperimentRound[], many: number): ExperimentRound[] =>
      rounds.map((round, index) =>
        index < many ? { ...round, warnings, figures: { putP99Us: 1, putsPerSecond: 1 } } : round,
      );
    expect(judge(spoil(deciding(), 5)).verdict).toBe('invalid');
    const few = judge(spoil(deciding(), 2));
    expect(few.verdict).toBe('reproduced');
    expect(few.warnings.map(({ code }) => code)).toContain('generator');
  });

  it('where the work folder is no disk', () => {
    expect(judge(deciding(), { host: testHost('tmpfs') }).verdict).toBe('invalid');
  });
});

describe('the grids', () => {
  const rounds = [...deciding(), ...gridAt(0, GRID), ...gridAt(5, GRID)];

  it('become two maps a sync latency, with default, proposal and best framed', () => {
    const { panels = [] } = judge(rounds);
    expect(panels.map(({ id }) => id)).toEqual([
      ...['default-and-proposal-p99', 'default-and-proposal-throughput'],
      ...['throughput-0ms', 'p99-0ms', 'throughput-5ms', 'p99-5ms'],
    ]);
    const map = panels.find(({ id }) => id === 'p99-5ms');
    if (map?.kind !== 'heat') throw new Error('no map');
    expect(map.cells).toHaveLength(6);
    expect(map.cells[0]).toMatchObject({ x: 1000, y: 10, low: null, high: null });
    expect(map.cells[0]?.value).toBeCloseTo(5, 9);
    expect(map.marks.map(({ x, y }) => [y, x])).toEqual([
      ...[
        [10, 1000],
        [100, 10_000],
      ],
      [10, 10_000],
    ]);
    expect(map.marks.at(-1)?.label).toMatch(/^best: 10 ms, 10,000/);
  });

  it('draw default and proposal over the latency from the deciding cell and the slower grids', () => {
    const line = judge(rounds).panels?.[0];
    if (line?.kind !== 'lines') throw new Error('no lines');
    expect(line.series.map(({ name }) => name)).toEqual([
      ...['default: 100 ms, 10,000', 'proposal: 10 ms, 1,000'],
    ]);
    expect(line.series[1]?.points.map(({ x, y }) => [x, Math.round(y * 10) / 10])).toEqual([
      ...[
        [0, 1],
        [5, 5],
      ],
    ]);
  });

  it('are listed, and named where they hold and where not, without judging', () => {
    const claim = judge(rounds);
    expect(claim.verdict).toBe('reproduced');
    expect(claim.rows?.map((table) => table.rows.length)).toEqual([2, 12]);
    expect(claim.rows?.[1]?.rows[0]?.slice(0, 5)).toEqual([0, 1, 1000, 8000, 1000]);
    expect(claim.limits).toHaveLength(2);
    expect(claim.limits[1]).toMatch(
      /5 ms added to each sync put p99 is 8 ms with the default and 5 ms with the proposal/,
    );
  });

  it('are not drawn from a single line of settings', () => {
    const line = { '10ms/1000': [1, 1], '10ms/10000': [1, 1] } as const;
    expect(judge([...deciding(), ...gridAt(0, line)]).panels).toEqual([]);
  });
});

it('ignores rounds of other claims', () => {
  const others = deciding().map((round) => ({ ...round, claim: 'other' }));
  expect(judge(others)).toMatchObject({ verdict: 'inconclusive', panels: [], rows: [] });
});
