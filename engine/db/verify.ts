// Verify: costly self-checks of an open database after a transaction, run under ENGINE_VERIFY=1. They
// compare what the writer holds in memory with itself; the file is checkDb()'s business. A finding is
// a bug of the engine, hence an assertion.

import { assert } from '../base/assert.ts';
import type { Freelist } from '../freelist/freelist.ts';

/** A node that the transaction wrote. */
interface Written {
  readonly pgid: number;
  readonly image: { readonly length: number };
}

/**
 * Asserts that free and pending pages are distinct, lie between the metas and `highWater`, add up to
 * the counts kept, and that no page just written is among them. Costs a walk of all free spans.
 */
export function verifyFreePages(
  freelist: Freelist,
  state: { highWater: number; pageSize: number; written: readonly Written[] },
): void {
  const spans = freelist.allSpans();
  assert(
    spans.pages() === freelist.freeCount + freelist.pendingCount,
    `${freelist.freeCount} free and ${freelist.pendingCount} pending pages are ${spans.pages()}`,
  );
  let end = 2;
  for (let i = 0; i < spans.length; i++) {
    const start = spans.starts[i]!;
    assert(start >= end, `page ${start} is free or pending twice, or holds a meta`);
    end = start + spans.counts[i]!;
  }
  assert(end <= Math.max(2, state.highWater), `page ${end - 1} is free but was never used`);
  let span = 0;
  for (const { pgid, image } of state.written.toSorted((a, b) => a.pgid - b.pgid)) {
    while (span < spans.length && spans.starts[span]! + spans.counts[span]! <= pgid) span++;
    const overlaps =
      span < spans.length && spans.starts[span]! < pgid + image.length / state.pageSize;
    assert(!overlaps, `page ${pgid} was written although it is free`);
  }
}
