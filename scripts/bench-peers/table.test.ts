import { describe, expect, it } from 'vitest';
import type { BenchResult } from './bench.ts';
import type { Row } from './rows.ts';
import { figureText, renderResult, renderTable, wrap } from './table.ts';

const row: Row = {
  name: 'put-random',
  ours: 68_123,
  peer: 94_012,
  peerVersion: '1.3.6',
  unit: 'puts/s',
  ratio: 0.7246,
  low: 0.61,
  high: 0.86,
  bar: 1.2,
  pass: false,
};
const widest: Row = {
  ...row,
  name: 'freelist-hashmap',
  unit: 'ids/alloc',
  ratio: 12_345,
  low: 11_111,
  high: 22_222,
  pass: true,
};
const baseline = { ratio: 0.5, probes: [727, 727], honest: true } as const;
const result: BenchResult & { notes: readonly string[] } = {
  peers: ['1.3.6'],
  rows: [row],
  checks: [{ name: 'scan: what was read', ok: true, detail: 'checksum 5' }],
  conditions: [{ measurements: ['put-random'], settings: 'pageSize 4096, sync true' }],
  baseline,
  honest: true,
  notes: ['bbolt 1.3.6 is from here'],
};

describe('renderTable', () => {
  it('stands the peers of a row below each other', () => {
    const second = { ...row, peerVersion: '1.5.0', peer: 1e6, ratio: 1.5, pass: true, bar: 1.2 };
    const text = renderTable([row, { ...second, low: null, high: null }]);
    const lines = text.split('\n').map((line) => line.split(/[^ -~]/).slice(1, -1));
    const cells = lines.map((line) => line.map((cell) => cell.trim()).join('|'));
    expect(cells.filter((line) => line.includes('1.'))).toEqual([
      'put-random|68.1k|94.0k|1.3.6|puts/s|0.72 [0.61, 0.86]|1.2|below',
      '|68.1k|1.00M|1.5.0|puts/s|1.50|1.2|reached, one pair',
    ]);
  });

  it('fits into 100 columns with the widest figures', () => {
    const lines = renderTable([row, widest, { ...widest, pass: false, bar: 15 }]).split('\n');
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(100);
    expect(lines.join('\n')).toContain('12.3k [11.1k, 22.2k]');
  });
});

describe('renderResult', () => {
  it('says under which settings, that the work was the same, and that the baseline is honest', () => {
    const text = renderResult(result);
    expect(text).toContain('put-random: pageSize 4096, sync true');
    expect(text).toContain('same work: all 1 checks hold');
    expect(text).toContain('baseline: honest: the array arm spends 0.50 times');
    expect(text).toContain('bbolt 1.3.6 is from here\n');
    expect(Math.max(...text.split('\n').map((line) => line.length))).toBeLessThanOrEqual(100);
  });

  it('names what differs', () => {
    const failed = { name: 'scan: what was read', ok: false, detail: 'checksum 5 against 6' };
    const text = renderResult({
      ...result,
      checks: [...result.checks, failed],
      honest: false,
      baseline: { ...baseline, ratio: 2, honest: false },
    });
    expect(text).toContain('same work: NO, 1 of 2 checks fail:');
    expect(text).toContain('- scan: what was read: checksum 5 against 6');
    expect(text).toContain('baseline: NOT honest: the array arm spends 2.00 times');
  });

  it('is silent on a baseline that was not measured', () => {
    expect(renderResult({ ...result, honest: null, baseline: null })).not.toContain('baseline');
  });
});

describe('figureText', () => {
  it.each([
    [0.0289, '0.0289'],
    [0.5, '0.500'],
    [57.66, '57.7'],
    [727.2, '727'],
    [1999.6, '2000'],
    [9999, '9999'],
    [68_123, '68.1k'],
    [504_000, '504k'],
    [1_230_000, '1.23M'],
  ])('writes %d as %s', (value, text) => {
    expect(figureText(value)).toBe(text);
  });
});

describe('wrap', () => {
  it('breaks at blanks and indents what follows', () => {
    const lines = wrap('word '.repeat(50).trim()).split('\n');
    expect(lines).toHaveLength(3);
    expect(lines.every((line) => line.length <= 100)).toBe(true);
    expect(lines.slice(1).every((line) => line.startsWith('    word'))).toBe(true);
    expect(lines.join('').split('word')).toHaveLength(51);
  });

  it('fills a line to its 100th column', () => {
    const fitting = `${'x'.repeat(49)} ${'y'.repeat(50)}`;
    expect(wrap(fitting)).toBe(fitting);
    expect(wrap(`${fitting}y`).split('\n')).toHaveLength(2);
  });
});
