// SpanHistogram: how a file is fragmented, by numbers: its free spans and the used runs between them,
// zone by zone in address order, since the order matters to whoever searches from the front: a file
// that lived has long used runs where first fit packed it, and short free spans before long ones.
// What a recipe keeps of its own churn run, and what synthesized files follow.

/** Run lengths as [pages, how many], ascending. */
export type Runs = readonly (readonly [number, number])[];

/** Runs that start in one stretch of the file. */
export interface SpanZone {
  readonly free: Runs;
  readonly used: Runs;
}

export interface SpanHistogram {
  /** Where it comes from: the command that made the file, or the rule it was written down by. */
  readonly source: string;
  readonly seed: number;
  readonly dbBytes: number;
  readonly freePages: number;
  /** In address order; each covers an equal share of the file it was taken from. */
  readonly zones: readonly SpanZone[];
}

/** All zones together. */
export function wholeFile(histogram: SpanHistogram): SpanZone {
  return {
    free: joined(histogram.zones.map((zone) => zone.free)),
    used: joined(histogram.zones.map((zone) => zone.used)),
  };
}

/** Pages in all runs. */
export function pagesIn(runs: Runs): number {
  return runs.reduce((sum, [pages, count]) => sum + pages * count, 0);
}

/** Number of runs. */
export function countIn(runs: Runs): number {
  return runs.reduce((sum, [, count]) => sum + count, 0);
}

function joined(parts: readonly Runs[]): Runs {
  const counts = new Map<number, number>();
  for (const [pages, count] of parts.flat()) counts.set(pages, (counts.get(pages) ?? 0) + count);
  return [...counts].sort((a, b) => a[0] - b[0]);
}
