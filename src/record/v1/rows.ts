// A stored table out of rows and columns: one function a column, so that heads and cells cannot drift apart. What
// the columns are is its callers' to say.

import type { Table } from '../answer.ts';

type Cell = Table['rows'][number][number];

export type ColumnOf<Row> = readonly [title: string, unit: string, of: (row: Row) => Cell];

/** No table where there is no row. */
export function tableOf<Row>(
  caption: string,
  rows: readonly Row[],
  columns: readonly ColumnOf<Row>[],
): Table[] {
  if (rows.length === 0) return [];
  return [
    {
      caption,
      columns: columns.map(([title, unit]) => ({ title, unit })),
      rows: rows.map((row) => columns.map(([, , of]) => of(row))),
    },
  ];
}
