// Compares the log's constants with the tables of FORMAT.md's section 'The log'.

import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import * as layout from './layout.ts';

interface Row {
  readonly constant: string;
  readonly number: number;
  /** Bytes of the field, in tables of offsets. */
  readonly bytes: number | undefined;
}

/** Rows of the tables that have a column `log constant`: offset or value, bytes, constant. */
function readRows(text: string): Row[] {
  const rows: Row[] = [];
  let header: string[] = [];
  for (const line of text.split('\n')) {
    const cells = line.split('|').map((cell) => cell.trim());
    if (!line.startsWith('|')) header = [];
    else if (header.length === 0) header = cells;
    const column = (name: string): string | undefined => cells[header.indexOf(name)];
    const constant = /^`([A-Z_]+)`$/.exec(column('log constant') ?? '')?.[1];
    if (constant === undefined) continue;
    const bytes = column('bytes');
    const number = Number(column('offset') ?? column('value'));
    rows.push({ constant, number, bytes: bytes === undefined ? undefined : Number(bytes) });
  }
  return rows;
}

const rows = readRows(readFileSync(new URL('../FORMAT.md', import.meta.url), 'utf8'));

describe("FORMAT.md's log", () => {
  it('has every constant of the layout, once, with its number', () => {
    const told = rows.map(({ constant, number }): [string, number] => [constant, number]);
    expect(told.sort()).toEqual(Object.entries(layout).sort());
  });

  it.each([
    ['SEGMENT', layout.LOG_SECTOR_BYTES],
    ['BLOCK', layout.BLOCK_HEADER_BYTES],
  ])('leaves no gap between the fields of a %s header', (name, end) => {
    const fields = rows.filter((row) => row.bytes !== undefined && row.constant.startsWith(name));
    const ends = fields.map((field) => field.number + field.bytes!);
    expect(fields.map((field) => field.number)).toEqual([0, ...ends.slice(0, -1)]);
    expect(ends.at(-1)).toBe(end);
  });
});
