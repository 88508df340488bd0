import { describe, expect, it } from 'vitest';
import { readOptions, USAGE, UsageError } from './options.ts';
import { ROWS } from './rows.ts';
import { FULL, QUICK } from './scale.ts';

describe('readOptions', () => {
  it('measures all rows in full by default', () => {
    const options = readOptions([]);
    expect(options.rows).toEqual(ROWS);
    expect(options.scale).toEqual(FULL);
    expect(options).toMatchObject({ quick: false, strict: false, json: false });
  });

  it('takes rows, pairs, size and commits', () => {
    const flags = ['--rows', 'scan,put-single', '--pairs', '7', '--size', '0.5', '--commits', '9'];
    const { rows, scale } = readOptions(flags);
    expect(rows.map((row) => row.name)).toEqual(['put-single', 'scan']);
    expect(scale).toEqual({ ...FULL, pairs: 7, agedBytes: 5e8, agedCommits: 9 });
  });

  it('lets a flag replace what --quick says', () => {
    expect(readOptions(['--quick']).scale).toEqual(QUICK);
    expect(readOptions(['--quick', '--size', '4']).scale).toEqual({ ...QUICK, agedBytes: 4e9 });
  });

  it.each([
    [['--rows', 'scan,skan'], 'there is no row skan; there are put-sequential'],
    [['--pairs', '0'], "--pairs is a number above 0, not '0'"],
    [['--pairs', '1.5'], '--pairs is a whole number, not 1.5'],
    [['--size', 'big'], "--size is a number above 0, not 'big'"],
    [['--quick', '--strict'], 'leave out --quick'],
    [['--wrong'], '--wrong'],
    [['scan'], 'scan'],
  ])('refuses %j', (args, message) => {
    expect(() => readOptions(args)).toThrow(UsageError);
    expect(() => readOptions(args)).toThrow(message);
  });

  it('names each row in its help', () => {
    for (const { name } of ROWS) expect(USAGE).toContain(name);
  });
});
