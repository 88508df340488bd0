import { describe, expect, it } from 'vitest';
import { roundsOf } from '../../src/questions/testing/rounds.ts';
import { cellOf } from './cells.ts';
import { OURS } from './context.ts';
import {
  honesty,
  ROWS,
  rowOf,
  selectRows,
  verdictOf,
  type Baseline,
  type Row,
  type RowSpec,
} from './rows.ts';
import { QUICK } from './scale.ts';

const METER = '1.3.6 metered';
const SIDES = {
  peers: [{ version: '1.3.6', plain: 'plain', metered: 'metered' }],
  etcds: [{ version: '3.5', program: 'etcd' }],
  scale: QUICK,
} as const;

function spec(name: string): RowSpec {
  return ROWS.find((row) => row.name === name)!;
}

const row: Row = {
  name: 'scan',
  ours: 1,
  peer: 1,
  peerVersion: '1.3.6',
  unit: 'ns/entry',
  ratio: 1,
  low: 0.9,
  high: 1.1,
  bar: 1,
  pass: true,
};

describe('the table of rows', () => {
  it('holds the bars that were set before anything was measured', () => {
    const bars = ROWS.flatMap(({ name, bar }) => (bar === null ? [] : [[name, bar]]));
    expect(Object.fromEntries(bars)).toEqual({
      'put-sequential': 1,
      'put-random': 1.2,
      'put-single': 1,
      'get-random': 1,
      scan: 0.7,
      'open-unsynced': 1,
      'aged-array': 0.8,
      'freelist-array': 0.8,
      'aged-hashmap': 1,
      'aged-bitmap': 1.1,
      'mvcc-put-sequential': 1,
      'mvcc-put-random': 1,
      'read-global-1': 0.8,
      'read-global-1000': 0.8,
      'read-copy-1': 0.8,
      'read-copy-1000': 0.8,
    });
  });

  it('keeps its own order when rows are chosen, and names what it does not have', () => {
    const { rows, unknown } = selectRows(['scan', 'put-single', 'skan']);
    expect(rows.map((one) => one.name)).toEqual(['put-single', 'scan']);
    expect(unknown).toEqual(['skan']);
  });
});

/** A row of rounds in which both sides have these figures, session by session. */
function rowFrom(
  name: string,
  ours: readonly number[],
  theirs: readonly number[],
): Row | undefined {
  const of = spec(name);
  const cell = cellOf(of.measurement, SIDES, { metered: of.metered, checked: false });
  const arm = of.metered ? METER : (cell.arms[1]?.name ?? '');
  const says =
    (values: readonly number[]) =>
    (session: number): { figures: Record<string, number> } => ({
      figures: { [of.figure]: values[session] ?? 0 },
    });
  const arms = { [OURS]: says(ours), [arm]: says(theirs) };
  const rounds = roundsOf(cell, { arms, sessions: ours.length, spread: 0 });
  return rowOf(of, rounds, { cell: cell.id, arm, peerVersion: 'x' });
}

describe('rowOf', () => {
  it('has a ratio above 1 when we are better, for rates and for times', () => {
    for (const { name, better } of ROWS) {
      const [good, bad] = better === 'higher' ? [2, 1] : [1, 2];
      const won = { ratio: 2, low: null, high: null, peerVersion: 'x' };
      expect(rowFrom(name, [good], [bad]), name).toMatchObject(won);
      expect(rowFrom(name, [bad], [good]), name).toMatchObject({ ratio: 0.5 });
    }
  });

  it('has figures in the units it names', () => {
    const figure = (name: string, value: number): number | undefined =>
      rowFrom(name, [value], [value])?.ours;
    expect(figure('put-single', 500_000)).toBeCloseTo(500_000);
    expect(figure('get-random', 2e-6)).toBeCloseTo(2);
    expect(figure('scan', 2e-6)).toBeCloseTo(2000);
    expect(figure('open-unsynced', 2)).toBeCloseTo(2);
    expect(figure('freelist-array', 0.002)).toBeCloseTo(2);
    expect(figure('read-copy-1', 3)).toBeCloseTo(3);
  });

  it('compares the sides within a session', () => {
    // The machine got slower; each session says that we are twice as fast.
    const found = rowFrom('scan', [1, 10, 100], [2, 20, 200]);
    expect(found).toMatchObject({
      ratio: expect.closeTo(2) as number,
      low: expect.closeTo(2) as number,
      high: expect.closeTo(2) as number,
    });
  });

  it('is not there where a side has no figure', () => {
    expect(rowFrom('freelist-array', [1], [0])).toBeUndefined();
  });

  it('reaches the bar at the bar, and is held to nothing without one', () => {
    expect(rowFrom('put-random', [1.2], [1])?.pass).toBe(true);
    expect(rowFrom('put-random', [1.19], [1])?.pass).toBe(false);
    expect(rowFrom('probes-array', [3], [3])).toMatchObject({ bar: null, pass: null });
  });
});

describe('honesty', () => {
  function found(cost: number, probes: number): Baseline | undefined {
    const cell = cellOf('aged-array', SIDES, { metered: true, checked: false });
    const figures = (seconds: number, looks: number): { figures: Record<string, number> } => ({
      figures: { freelistSecondsPerCommit: seconds, probesPerAllocation: looks },
    });
    const arms = { [OURS]: figures(cost, probes), [METER]: figures(1, 100) };
    const rounds = roundsOf(cell, { arms, sessions: 2, spread: 0 });
    return honesty(rounds, { cell: cell.id, arm: METER, peerVersion: '1.3.6' });
  }

  it.each([
    [1.24, 100, true],
    [1.26, 100, false],
    [0.5, 100.9, true],
    [0.5, 102, false],
    [0.5, 98, false],
  ])('at %d times the cost and %d probes to 100: %s', (cost, probes, honest) => {
    expect(found(cost, probes)).toEqual({
      ratio: expect.closeTo(cost) as number,
      probes: [expect.closeTo(probes), expect.closeTo(100)],
      honest,
    });
  });

  it('is unknown where the array was not measured', () => {
    expect(honesty([], { cell: 'none', arm: METER, peerVersion: '' })).toBeUndefined();
  });
});

describe('verdictOf', () => {
  it.each([
    ['reached', { ratio: 1.2, low: 1, high: 1.4 }],
    ['reached, unsure', { ratio: 1.2, low: 0.99, high: 1.4 }],
    ['below', { ratio: 0.9, low: 0.8, high: 0.99, pass: false }],
    ['below, unsure', { ratio: 0.9, low: 0.8, high: 1, pass: false }],
    ['reached, one pair', { ratio: 1, low: null, high: null }],
    ['', { bar: null, pass: null }],
  ] as const)('says %j', (words, part) => {
    expect(verdictOf({ ...row, ...part })).toBe(words);
  });
});
