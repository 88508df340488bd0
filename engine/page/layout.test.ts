import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import * as layout from './layout.ts';

interface Row {
  readonly constant: string;
  readonly number: number;
  /** Bytes of the field, in tables of offsets. */
  readonly bytes: number | undefined;
  readonly table: number;
}

/** The rows of FORMAT.md's tables that name a constant, with its offset or value. */
function readRows(text: string): Row[] {
  const rows: Row[] = [];
  let header: string[] = [];
  let table = 0;
  for (const line of text.split('\n')) {
    if (!line.startsWith('|')) {
      header = [];
      continue;
    }
    const cells = line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim());
    if (header.length === 0) {
      header = cells;
      table++;
      continue;
    }
    const constant = /^`([A-Z_]+)`$/.exec(cells[header.indexOf('constant')] ?? '')?.[1];
    if (constant === undefined) continue;
    const column = header.includes('offset') ? 'offset' : 'value';
    const bytes = header.includes('bytes') ? Number(cells[header.indexOf('bytes')]) : undefined;
    rows.push({ constant, number: Number(cells[header.indexOf(column)]), bytes, table });
  }
  return rows;
}

const rows = readRows(readFileSync(new URL('../FORMAT.md', import.meta.url), 'utf8'));

describe('FORMAT.md', () => {
  it.each(rows)('has $constant at $number as the code does', ({ constant, number }) => {
    expect(Object.entries(layout)).toContainEqual([constant, number]);
  });

  it('names every constant of the layout, once', () => {
    expect(rows.map((row) => row.constant).sort()).toEqual(Object.keys(layout).sort());
  });

  it('leaves no gap between the fields of a structure', () => {
    const fields = rows.filter((row) => row.bytes !== undefined);
    expect(fields.length).toBeGreaterThan(20);
    const ends = fields.slice(1).flatMap((field, i) => {
      const before = fields[i]!;
      return field.table === before.table ? [field.number - before.number - before.bytes!] : [];
    });
    expect(ends.every((gap) => gap === 0)).toBe(true);
  });

  it('has structures that end where the next one begins', () => {
    const end = (constant: string): number => {
      const row = rows.find((candidate) => candidate.constant === constant)!;
      return row.number + row.bytes!;
    };
    expect(end('PAGE_OVERFLOW')).toBe(layout.PAGE_HEADER_BYTES);
    expect(end('META_CHECKSUM')).toBe(layout.META_END);
    expect(end('LEAF_VSIZE')).toBe(layout.ELEMENT_BYTES);
    expect(end('BRANCH_PGID')).toBe(layout.ELEMENT_BYTES);
    expect(end('BUCKET_SEQUENCE')).toBe(layout.BUCKET_HEADER_BYTES);
  });
});
