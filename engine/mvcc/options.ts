// Switches of the multi-version store: each with meaning, unit, default and cost. What the Db below has
// of its own stands in db/options.ts.

export const READ_LOCKS = ['global', 'copy', 'concurrent'] as const;
export type ReadLock = (typeof READ_LOCKS)[number];

export const INDEX_LOCKS = ['global', 'optimistic'] as const;
export type IndexLock = (typeof INDEX_LOCKS)[number];
