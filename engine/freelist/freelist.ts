// Freelist: pages to reuse, and pages that must wait for old readers. A pgid is free, pending or in
// use, never two of them. Does no I/O and takes no locks: only the writer thread calls it.
//
// This class owns what all kinds share: pages pending by the txid that freed them, the pages the
// current transaction allocated (given back on rollback), and the counters. A kind supplies three
// verbs over free spans: take() a run, merge() spans in, and each() in ascending order.
//
// Order of life: free(txid) makes pending; release(upTo) makes free what was pending for a txid no
// reader is older than; commit() forgets the transaction's allocations; rollback() undoes both.

import { assert } from '../base/assert.ts';
import type { Pgid, Txid } from '../base/ids.ts';
import { SpanList } from '../base/span-list.ts';

export type FreelistKind = 'array' | 'hashmap' | 'bitmap';

/** Counts since open; they repeat exactly for equal histories, so they can be gated without noise. */
export interface FreelistCounters {
  allocations: number;
  pagesAllocated: number;
  /** Allocations of two pages and more, and how many of them found a run instead of growing the file. */
  multiPageAllocations: number;
  multiPageAllocationsFromRun: number;
  /** Ids (array), size classes (hashmap), or summaries and words (bitmap) looked at by allocations. */
  probes: number;
}

interface PendingTx {
  readonly txid: Txid;
  readonly spans: SpanList;
}

export abstract class Freelist {
  abstract readonly kind: FreelistKind;
  readonly counters: FreelistCounters = {
    allocations: 0,
    pagesAllocated: 0,
    multiPageAllocations: 0,
    multiPageAllocationsFromRun: 0,
    probes: 0,
  };
  /** Ascending by txid. */
  readonly #pending: PendingTx[] = [];
  readonly #allocated = new SpanList();
  #pendingPages = 0;

  /** Pages free now. Kept, never summed. */
  abstract get freeCount(): number;
  /** Bytes of memory behind the free pages' structures. */
  abstract get memoryBytes(): number;
  /** Replaces all free pages. `spans` are ascending and do not touch each other. Copies. */
  abstract load(spans: SpanList): void;
  /** Calls `visit(start, pages)` for free spans in ascending order. Costs a sort in the hashmap. */
  abstract each(visit: (start: number, pages: number) => void): void;
  /** Takes a run of `pages`; 0 when there is none. */
  protected abstract take(pages: number): number;
  /** Puts spans back; they are ascending, do not touch each other and do not overlap free pages. */
  protected abstract merge(spans: SpanList): void;

  get pendingCount(): number {
    return this.#pendingPages;
  }

  /** First page of a run of `pages` free pages, which now belongs to the caller; 0 if none fits. */
  allocate(pages: number): Pgid {
    const counters = this.counters;
    counters.allocations++;
    counters.pagesAllocated += pages;
    if (pages > 1) counters.multiPageAllocations++;
    const start = this.take(pages);
    if (start !== 0) {
      if (pages > 1) counters.multiPageAllocationsFromRun++;
      this.#allocated.push(start, pages);
    }
    return start as Pgid;
  }

  /** Marks `pages` pages from `start` as freed by `tx`; readers up to `tx` - 1 may still see them. */
  free(tx: Txid, start: Pgid, pages: number): void {
    assert(start > 1, 'pages 0 and 1 hold the metas and are never freed');
    let last = this.#pending.at(-1);
    if (last?.txid !== tx) {
      assert(last === undefined || last.txid < tx, 'transactions free pages in ascending order');
      last = { txid: tx, spans: new SpanList() };
      this.#pending.push(last);
    }
    last.spans.push(start, pages);
    this.#pendingPages += pages;
  }

  /** Makes free all pages that were freed by transactions up to and including `upTo`. */
  release(upTo: Txid): void {
    const spans = new SpanList();
    while (this.#pending.length > 0 && this.#pending[0]!.txid <= upTo) {
      const freed = this.#pending.shift()!.spans;
      for (let i = 0; i < freed.length; i++) spans.push(freed.starts[i]!, freed.counts[i]!);
    }
    if (spans.length === 0) return;
    this.#pendingPages -= spans.pages();
    spans.normalize();
    this.merge(spans);
  }

  /** The transaction's allocations are on disk: nothing to give back any more. */
  commit(): void {
    this.#allocated.clear();
  }

  /** Forgets what `tx` freed and takes back what it allocated. */
  rollback(tx: Txid): void {
    const last = this.#pending.at(-1);
    if (last?.txid === tx) {
      this.#pendingPages -= last.spans.pages();
      this.#pending.pop();
    }
    if (this.#allocated.length === 0) return;
    this.#allocated.normalize();
    this.merge(this.#allocated);
    this.#allocated.clear();
  }

  /** Free and pending spans together, ascending: what a stored freelist must hold. */
  allSpans(): SpanList {
    const spans = new SpanList();
    this.each((start, pages) => {
      spans.push(start, pages);
    });
    for (const pending of this.#pending) {
      const freed = pending.spans;
      for (let i = 0; i < freed.length; i++) spans.push(freed.starts[i]!, freed.counts[i]!);
    }
    spans.normalize();
    return spans;
  }

  /** How many free spans there are of each length. Walks all spans. */
  histogram(): Map<number, number> {
    const spansByPages = new Map<number, number>();
    this.each((_, pages) => {
      spansByPages.set(pages, (spansByPages.get(pages) ?? 0) + 1);
    });
    return spansByPages;
  }
}
