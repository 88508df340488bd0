// Every verdict of wal-sync by its rule, from synthetic rounds; its pictures, tables and bar.

import { describe, expect, it } from 'vitest';
import { claimSchema, type Claim, type ExperimentRound, type Run } from '../record/schema.ts';
import { seededUnit } from '../stats/testing/unit.ts';
import { testExperimentRound } from './testing/experiment-rounds.ts';
import { testHost, testRun } from './testing/samples.ts';
import { walSync } from './wal-sync.ts';

function judge(experiments: readonly ExperimentRound[], run: Partial<Run> = {}): Claim {
  const claim = walSync.evaluate({
    ...{ run: testRun(run), samples: [], experiments },
    ...{ unit: seededUnit(1), command: 'kvtune reproduce' },
  });
  expect(claimSchema.parse(JSON.parse(JSON.stringify(claim)))).toEqual(claim);
  expect(JSON.stringify(claim)).not.toMatch(/NaN|Infinity|undefined/);
  return claim;
}

const WOBBLE = [1, 1.02, 0.98];
const DISK_SYNC_US = 200;

interface About {
  readonly syncDelayMs?: number;
  readonly writers?: number;
  readonly valueBytes?: number;
  readonly role?: ExperimentRound['role'];
  /** Puts a second of group / each. */
  readonly gain?: number;
  /** Puts a second of each, as a part of one put a sync. */
  readonly ofBound?: number;
  readonly blocks?: number;
  readonly replicates?: number;
  /** Ratio between replicates. */
  readonly noise?: number;
  readonly arms?: readonly string[];
}

function walRounds(about: About = {}): ExperimentRound[] {
  const { syncDelayMs = 0, writers = 64, valueBytes = 256, role = 'deciding' } = about;
  const { gain = 10, ofBound = 0.95, blocks = 3, replicates = 2 } = about;
  const { arms = ['each', 'group'], noise = 1.02 } = about;
  const bound = 1e6 / (DISK_SYNC_US + syncDelayMs * 1e3);
  const rates = new Map([
    ['each', bound * ofBound],
    ['group', bound * ofBound * gain],
    ['none', 90_000],
  ]);
  return Array.from({ length: blocks }, (_, block) =>
    arms.flatMap((arm) =>
      Array.from({ length: replicates }, (__, replicate) => {
        const off = noise ** (replicates === 1 ? 0 : replicate - 0.5);
        const wobble = arm === 'group' ? (WOBBLE[block % 3] ?? 1) : 1;
        return testExperimentRound({
          ...{ claim: 'wal-sync', role, arm, block, replicate },
          cell: `${String(writers)}-${String(valueBytes)}-${String(syncDelayMs)}`,
          factors: { writers, valueBytes, syncDelayMs },
          settings: { durability: arm },
          figures: {
            putsPerSecond: (rates.get(arm) ?? 0) * off * wobble,
            ...{ boundPerSecond: bound, diskSyncUs: DISK_SYNC_US, putP50Us: 900, putP99Us: 2000 },
            ...(arm === 'none' ? {} : { putsPerSync: arm === 'each' ? 1 : 50, walSyncUs: 210 }),
          },
        });
      }),
    ),
  ).flat();
}

const own = (about: About = {}): ExperimentRound[] => walRounds(about);
const slow = (about: About = {}): ExperimentRound[] =>
  walRounds({ gain: 55, ofBound: 0.99, ...about, syncDelayMs: 5 });

/** Every other block a hundred times slower. */
const spread = (round: ExperimentRound): ExperimentRound =>
  round.arm === 'group' && round.block === 1
    ? { ...round, figures: { ...round.figures, putsPerSecond: 100 } }
    : round;

describe('wal-sync: by its rule', () => {
  it('is reproduced with both gains and both bounds', () => {
    const claim = judge([...own(), ...slow()]);
    expect(claim.verdict).toBe('reproduced');
    expect(claim.measured?.value).toBeCloseTo(10, 0);
    expect(claim.measured?.at).toEqual({ writers: 64, valueBytes: 256, syncDelayMs: 0 });
    expect(claim.finding).toMatch(/10\.0x .* own sync latency, where each gets 95\.0% of one put/);
    expect(claim.finding).toMatch(/55\.0x .* with 5 ms added/);
    expect(claim.published.words).toBe('no figure');
  });

  const partly: readonly (readonly [string, ExperimentRound[], RegExp])[] = [
    ['the gain is small', [...own({ gain: 3 }), ...slow()], /5\.00x on the disk as it is/],
    ['the slow gain is small', [...own(), ...slow({ gain: 12 })], /20\.0x with 5 ms added/],
    [
      'each is slower than a sync makes it',
      [...own({ ofBound: 0.6 }), ...slow()],
      /within 25% of what one sync a put allows on the disk as it is/,
    ],
    [
      'each is faster than a sync allows',
      [...own(), ...slow({ ofBound: 1.4 })],
      /within 25% of what one sync a put allows with 5 ms added/,
    ],
  ];
  it.each(partly)('is partly so where %s', (_, rounds, why) => {
    const claim = judge(rounds);
    expect(claim.verdict).toBe('partly');
    expect(claim.finding).toMatch(why);
  });

  it('is not reproduced where one gain is none', () => {
    expect(judge([...own({ gain: 1 }), ...slow()]).verdict).toBe('not-reproduced');
    expect(judge([...own(), ...slow({ gain: 0.5 })]).verdict).toBe('not-reproduced');
  });

  it.each([
    ['nothing was measured', []],
    ['the slow cell is missing', own()],
    ['one block has no interval', [...own({ blocks: 1 }), ...slow()]],
    ['the cells are not the deciding ones', [...own({ role: 'curve' }), ...slow()]],
    ['the noise reaches the gain asked for', [...own({ gain: 1, noise: 6 }), ...slow()]],
    ['blocks lie too far apart', [...own().map(spread), ...slow()]],
    ['the floor is unknown and the gain small', [...own({ gain: 3, replicates: 1 }), ...slow()]],
  ])('is inconclusive where %s', (_, rounds) => {
    expect(judge(rounds).verdict).toBe('inconclusive');
  });

  it('is invalid where a round did not run as its arm, or lost data, or without a disk', () => {
    const [first, ...others] = [...own(), ...slow()];
    if (first === undefined) throw new Error('no rounds');
    const wrong = { ...first, settings: { durability: 'none' } };
    expect(judge([wrong, ...others]).verdict).toBe('invalid');
    const warnings = [{ code: 'wrong-data', message: 'a key is missing' }];
    expect(judge([{ ...first, warnings }, ...others]).verdict).toBe('invalid');
    expect(judge([first, ...others], { host: testHost('tmpfs') }).verdict).toBe('invalid');
  });
});

describe('wal-sync: pictures and tables', () => {
  const curve = { role: 'curve', blocks: 1, replicates: 1 } as const;
  const arms = ['each', 'group', 'none'];
  const rounds = [
    ...[...own({ arms }), ...slow()],
    ...[1, 256].flatMap((writers) => [
      ...own({ ...curve, writers, arms }),
      ...slow({ ...curve, writers }),
    ]),
    ...own({ ...curve, valueBytes: 65_536, gain: 2, arms }),
  ];

  it('draws puts over writers beside what one put a sync allows, none as unsafe', () => {
    const { panels = [] } = judge(rounds);
    expect(panels.map(({ id }) => id)).toEqual([
      ...['writers-0ms', 'writers-5ms', 'bytes', 'shared'],
    ]);
    const [real] = panels;
    if (real?.kind !== 'lines') throw new Error('no lines');
    expect(real.series.map(({ name }) => name)).toEqual(['each', 'group', 'none (unsafe)']);
    expect(real.series[0]?.points.map(({ x }) => x)).toEqual([1, 64, 256]);
    expect(real.references).toEqual([{ y: 5000, label: 'one put a sync: 5,000 puts/s' }]);
    const shared = panels.at(-1);
    if (shared?.kind !== 'lines') throw new Error('no lines');
    expect(shared.series.map(({ name }) => name)).toEqual(['as it is', '+5 ms']);
  });

  it('holds the log to its bar in figures, and lists every cell', () => {
    const [bar, figures] = judge(rounds).rows ?? [];
    // 10 x 95% of one put a sync are a fifth of 50 puts a sync.
    expect(bar?.rows.map((row) => row.slice(2))).toEqual([
      [20, 'met'],
      [0.6, 'missed'],
    ]);
    expect(bar?.rows[1]?.[1]).toBeCloseTo(0.19, 2);
    expect(figures?.rows).toHaveLength(18);
    expect(figures?.rows[0]?.slice(0, 4)).toEqual([0, 256, 1, 'each']);
  });

  it('says what one writer, no sync and large values make of it', () => {
    const { limits } = judge(rounds);
    expect(limits[0]).toMatch(/One writer gains nothing by its nature/);
    expect(limits[1]).toMatch(/without any sync reach 90,000 puts\/s against 47,4\d\d with group/);
    expect(limits[2]).toMatch(/64 KiB the gain is 2\.00x, against (9\.\d\d|10\.0)x with 256 B/);
  });
});

it('ignores rounds of other claims', () => {
  const others = own().map((round) => ({ ...round, claim: 'other' }));
  expect(judge(others)).toMatchObject({ verdict: 'inconclusive', panels: [], rows: [] });
});
