import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { pgid, txid } from '../base/ids.ts';
import { createFreelist, FREELIST_KINDS } from './create.ts';
import { freeSpans, spanList, spansOf, type Span } from './freelist.contract.ts';
import type { Freelist } from './freelist.ts';
import { HashmapFreelist } from './hashmap-freelist.ts';

/** A freelist without cleverness: sets of pages. */
interface Model {
  readonly free: Set<number>;
  readonly pending: { txid: number; pages: Set<number> }[];
  /** Runs in use, as they were handed out. */
  readonly used: Span[];
}

type Command =
  | { readonly kind: 'allocate'; readonly pages: number }
  | { readonly kind: 'free'; readonly pick: number }
  | { readonly kind: 'commit'; readonly lag: number }
  | { readonly kind: 'rollback' };

const commands: fc.Arbitrary<Command[]> = fc.array(
  fc.oneof(
    {
      weight: 5,
      arbitrary: fc.record({
        kind: fc.constant('allocate' as const),
        pages: fc.integer({ min: 1, max: 9 }),
      }),
    },
    { weight: 5, arbitrary: fc.record({ kind: fc.constant('free' as const), pick: fc.nat() }) },
    {
      weight: 2,
      arbitrary: fc.record({
        kind: fc.constant('commit' as const),
        lag: fc.integer({ min: 0, max: 3 }),
      }),
    },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('rollback' as const) }) },
  ),
  { minLength: 1, maxLength: 120 },
);

/** Gaps and lengths of the free spans at the start. */
const layout = fc.array(fc.tuple(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 1, max: 7 })), {
  maxLength: 30,
});

function pagesOf([start, pages]: Span): number[] {
  return Array.from({ length: pages }, (_, i) => start + i);
}

function runsOf(pages: Iterable<number>): Span[] {
  const runs: [number, number][] = [];
  for (const page of [...pages].sort((a, b) => a - b)) {
    const last = runs.at(-1);
    if (last !== undefined && last[0] + last[1] === page) last[1]++;
    else runs.push([page, 1]);
  }
  return runs;
}

function expectSame(freelist: Freelist, model: Model): void {
  const pending = model.pending.flatMap((tx) => [...tx.pages]);
  expect(freelist.freeCount).toBe(model.free.size);
  expect(freelist.pendingCount).toBe(pending.length);
  const runs = runsOf(model.free);
  expect(freeSpans(freelist)).toEqual(runs);
  // Neighbours are joined in the structure itself, not only where spans are listed.
  if (freelist instanceof HashmapFreelist) expect(freelist.spanCount).toBe(runs.length);
  expect(spansOf(freelist.allSpans())).toEqual(runsOf([...model.free, ...pending]));
}

describe.each(FREELIST_KINDS)('%s against sets of pages', (kind) => {
  it('agrees after any history', () => {
    fc.assert(
      fc.property(layout, commands, (gaps, history) => {
        const freelist = createFreelist(kind);
        const model: Model = { free: new Set(), pending: [], used: [] };
        let page = 2;
        const spans = gaps.map(([gap, pages]): Span => {
          const start = page + gap;
          page = start + pages;
          return [start, pages];
        });
        freelist.load(spanList(...spans));
        for (const span of spans) for (const free of pagesOf(span)) model.free.add(free);
        new History(freelist, model, page + 1).run(history);
      }),
      { numRuns: 150, seed: 20261122 },
    );
  });
});

class History {
  readonly #freelist: Freelist;
  readonly #model: Model;
  #highWater: number;
  #txid = 1;
  #allocated: { readonly span: Span; readonly grown: boolean }[] = [];
  #freed: Span[] = [];

  constructor(freelist: Freelist, model: Model, highWater: number) {
    this.#freelist = freelist;
    this.#model = model;
    this.#highWater = highWater;
  }

  run(history: readonly Command[]): void {
    for (const command of history) {
      if (command.kind === 'allocate') this.#allocate(command.pages);
      else if (command.kind === 'free') this.#free(command.pick);
      else if (command.kind === 'commit') this.#commit(command.lag);
      else this.#rollback();
      expectSame(this.#freelist, this.#model);
    }
  }

  #allocate(pages: number): void {
    const { free } = this.#model;
    const start = this.#freelist.allocate(pages);
    if (start === 0) {
      expect(runsOf(free).every((run) => run[1] < pages)).toBe(true);
      // As the database does: the file grows.
      this.#allocated.push({ span: [this.#highWater, pages], grown: true });
      this.#highWater += pages;
      return;
    }
    for (const page of pagesOf([start, pages])) expect(free.delete(page)).toBe(true);
    this.#allocated.push({ span: [start, pages], grown: false });
  }

  /** Frees a run that an earlier transaction allocated. */
  #free(pick: number): void {
    const { used, pending } = this.#model;
    if (used.length === 0) return;
    const [span] = used.splice(pick % used.length, 1);
    this.#freelist.free(txid(this.#txid), pgid(span![0]), span![1]);
    if (pending.at(-1)?.txid !== this.#txid) pending.push({ txid: this.#txid, pages: new Set() });
    for (const page of pagesOf(span!)) pending.at(-1)!.pages.add(page);
    this.#freed.push(span!);
  }

  #commit(lag: number): void {
    const { used, pending, free } = this.#model;
    this.#freelist.commit();
    used.push(...this.#allocated.splice(0).map(({ span }) => span));
    this.#freed = [];
    const upTo = this.#txid - lag;
    this.#txid++;
    this.#freelist.release(txid(upTo));
    while (pending.length > 0 && pending[0]!.txid <= upTo) {
      for (const page of pending.shift()!.pages) free.add(page);
    }
  }

  #rollback(): void {
    const { used, pending, free } = this.#model;
    this.#freelist.rollback(txid(this.#txid));
    used.push(...this.#freed.splice(0));
    if (pending.at(-1)?.txid === this.#txid) pending.pop();
    for (const { span, grown } of this.#allocated.splice(0)) {
      // Pages behind the old end of the file are nobody's: the file never grew.
      if (!grown) for (const page of pagesOf(span)) free.add(page);
    }
  }
}
