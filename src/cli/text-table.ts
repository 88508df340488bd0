// Tables of what a command lists, as text: a head, a rule, and rows that stand under it.
// It prints nothing itself: what goes where is output.ts's.

import Table from 'cli-table3';

/** A width wraps its column's words; without one it is as wide as its longest cell. */
type Column = readonly [head: string, align: 'left' | 'right', width?: number];

export function textTable(
  columns: readonly Column[],
  rows: readonly (readonly (string | number)[])[],
): string {
  const widths = columns.flatMap(([, , width]) => width ?? []);
  const table = new Table({
    head: columns.map(([head]) => head),
    colAligns: columns.map(([, align]) => align),
    ...(widths.length === 0 ? {} : { colWidths: widths, wordWrap: true }),
    style: { head: [], border: [], compact: true },
  });
  table.push(...rows.map((row) => [...row]));
  return table.toString();
}
