import { describe, expect, it } from 'vitest';
import { ROWS, rowOf, selectRows, verdictOf, type Row, type RowSpec } from './rows.ts';

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

describe('rowOf', () => {
  it('has a ratio above 1 when we are better, for rates and for times', () => {
    const slow = [{ operations: 100, seconds: 2 }];
    const fast = [{ operations: 100, seconds: 1 }];
    for (const name of ['put-random', 'get-random', 'scan', 'open-unsynced']) {
      const better = rowOf(spec(name), { ours: fast, theirs: slow, peerVersion: 'x' });
      expect(better, name).toMatchObject({ ratio: 2, low: null, high: null, pass: true });
      const worse = rowOf(spec(name), { ours: slow, theirs: fast, peerVersion: 'x' });
      expect(worse, name).toMatchObject({ ratio: 0.5, pass: false, peerVersion: 'x' });
    }
  });

  it('has figures in the units it names', () => {
    const samples = [{ operations: 1000, seconds: 0.002 }];
    const figure = (name: string): number =>
      rowOf(spec(name), { ours: samples, theirs: samples, peerVersion: 'x' }).ours;
    expect(figure('put-single')).toBeCloseTo(500_000);
    expect(figure('get-random')).toBeCloseTo(2);
    expect(figure('scan')).toBeCloseTo(2000);
    expect(figure('open-unsynced')).toBeCloseTo(2e-6);
  });

  it('pairs the nth run of one side with the nth of the other', () => {
    const sample = (seconds: number): { operations: number; seconds: number } => ({
      operations: 1,
      seconds,
    });
    // The machine got slower; each pair says that we are twice as fast.
    const found = rowOf(spec('scan'), {
      ours: [1, 10, 100].map(sample),
      theirs: [2, 20, 200].map(sample),
      peerVersion: 'x',
    });
    expect(found).toMatchObject({
      ratio: expect.closeTo(2) as number,
      low: expect.closeTo(2) as number,
      high: expect.closeTo(2) as number,
    });
  });

  it('reads the inside of the freelist in the rows that need the meter, and only there', () => {
    const sample = { operations: 1, seconds: 1 };
    const freelist = { secondsPerCommit: 0.01, probesPerAllocation: 3 };
    for (const one of ROWS) {
      expect(Number.isNaN(one.figure(sample)), one.name).toBe(one.metered);
      expect(one.figure({ ...sample, freelist }), one.name).toBeGreaterThan(0);
    }
  });

  it('reaches the bar at the bar, and is held to nothing without one', () => {
    const at = (ratio: number): Row =>
      rowOf(spec('put-random'), {
        ours: [{ operations: ratio, seconds: 1 }],
        theirs: [{ operations: 1, seconds: 1 }],
        peerVersion: 'x',
      });
    expect(at(1.2).pass).toBe(true);
    expect(at(1.19).pass).toBe(false);
    const freelist = { secondsPerCommit: 1, probesPerAllocation: 3 };
    const same = [{ operations: 1, seconds: 1, freelist }];
    const free = rowOf(spec('probes-array'), { ours: same, theirs: same, peerVersion: 'x' });
    expect(free).toMatchObject({ bar: null, pass: null });
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
