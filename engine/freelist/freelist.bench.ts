// Microbenchmarks of the freelists on aged files: allocation, release, rollback, load, and a whole
// commit's share of them. Spans come from the recipe kubernetes-mix, so runs of 26 pages (a value of
// 100 kB) lie among short ones. Every arm meets the same spans and frees the same runs.
//
// Allocations are given back by an untimed rollback, so the file stays as it is. Release and commit
// wear it: they make a fixed number of runs, and what they free lies all over the file, beside free
// spans as often as not. So nothing a kind is bad at is spared to it: the array moves its ids at
// every merge, the bitmap brings summaries far apart up to date, the hashmap joins spans.

import { assert } from '../base/assert.ts';
import type { BenchCase, BenchRun, BenchSetting } from '../base/bench-case.ts';
import { pgid, txid } from '../base/ids.ts';
import { Random } from '../base/random.ts';
import type { SpanList } from '../base/span-list.ts';
import { createFreelist, FREELIST_KINDS } from './create.ts';
import type { Freelist, FreelistKind } from './freelist.ts';

const RECIPE = 'kubernetes-mix';
const SEED = 20261122;
/** Pages of a small node, of one with a 10 kB value, and of one with a 100 kB value. */
const LENGTHS: readonly number[] = [1, 3, 26];
const ALLOCATIONS = 20;
/** Allocations of one commit. */
const COMMIT: readonly number[] = [...times(14, 1), ...times(4, 3), ...times(2, 26)];
/** Used runs that may be freed are kept of the first so many between two free spans. */
const RUNS_A_GAP = 24;
/** Commits on a small list that compile a kind's code before one is measured a few times only. */
const WARM_UP_COMMITS = 300;
const WARM_UP_FREE_PAGES = 4000;

type Run = readonly [start: number, pages: number];

export function cases(setting: BenchSetting): readonly BenchCase[] {
  // The array takes tens of milliseconds a commit at 8M pages: the more pages, the fewer commits.
  const sizes: readonly (readonly [title: string, freePages: number, commits: number])[] =
    setting.size === 'tiny'
      ? [['tiny', 3000, 5]]
      : [
          ['10k free', 10_000, 500],
          ['1M free', 1_000_000, 100],
          ['8M free', 8_000_000, 12],
        ];
  return sizes.flatMap(([title, freePages, commits]) => {
    const spans = (): SpanList => setting.agedSpans(RECIPE, freePages);
    const tiny = (): SpanList => setting.agedSpans(RECIPE, WARM_UP_FREE_PAGES);
    return [
      ...LENGTHS.flatMap((pages) =>
        arms(
          `freelist: allocate ${pages} ${pages === 1 ? 'page' : 'pages'}, ${title}`,
          ALLOCATIONS,
          (kind) => allocateRun(kind, spans(), times(ALLOCATIONS, pages)),
        ),
      ),
      ...arms(`freelist: roll a commit back, ${title}`, 1, (kind) => rollbackRun(kind, spans())),
      ...arms(`freelist: load, ${title}`, 1, (kind) => loadRun(kind, spans())),
      ...arms(
        `freelist: release a commit's pages, ${title}`,
        1,
        (kind) => releaseRun(warm(kind, tiny()), spans()),
        commits,
      ),
      ...arms(
        `freelist: release and allocate for a commit, ${title}`,
        1,
        (kind) => commitRun(warm(kind, tiny()), spans()),
        commits,
      ),
    ];
  });
}

function arms(
  group: string,
  operations: number,
  prepare: (kind: FreelistKind) => BenchRun,
  runs?: number,
): BenchCase[] {
  return FREELIST_KINDS.map((kind) => ({
    group,
    name: kind,
    operation: operations === 1 ? 'run' : 'allocation',
    operations,
    ...(runs === undefined ? {} : { runs }),
    prepare: () => prepare(kind),
  }));
}

function allocateRun(kind: FreelistKind, spans: SpanList, lengths: readonly number[]): BenchRun {
  const life = new Life(kind, spans);
  return {
    before: () => life.rollback(),
    run: () => life.allocate(lengths),
    verify: () => life.verify(),
  };
}

function rollbackRun(kind: FreelistKind, spans: SpanList): BenchRun {
  const life = new Life(kind, spans);
  return {
    before: () => {
      life.free(COMMIT);
      life.allocate(COMMIT);
    },
    run: () => life.rollback(),
    verify: () => life.verify(),
  };
}

function loadRun(kind: FreelistKind, spans: SpanList): BenchRun {
  const freelist = createFreelist(kind);
  return {
    run: () => {
      freelist.load(spans);
      return freelist.freeCount;
    },
    verify: () => {
      let at = 0;
      freelist.each((start, pages) => {
        const same = spans.starts[at] === start && spans.counts[at] === pages;
        assert(same, `${kind}: span ${at} is not the one that was loaded`);
        at++;
      });
      assert(at === spans.length, `${kind}: ${at} of ${spans.length} spans were loaded`);
    },
  };
}

function releaseRun(kind: FreelistKind, spans: SpanList): BenchRun {
  const life = new Life(kind, spans);
  return {
    before: () => {
      life.allocate(COMMIT);
      life.free(COMMIT);
      life.commit();
    },
    run: () => life.release(),
    verify: () => life.verify(),
  };
}

function commitRun(kind: FreelistKind, spans: SpanList): BenchRun {
  const life = new Life(kind, spans);
  return {
    run: () => {
      const released = life.release();
      life.free(COMMIT);
      const sum = life.allocate(COMMIT);
      life.commit();
      return released + sum;
    },
    verify: () => life.verify(),
  };
}

/** Lets a small list of the kind live, so that its code is compiled; returns the kind. */
function warm(kind: FreelistKind, spans: SpanList): FreelistKind {
  const { run } = commitRun(kind, spans);
  for (let i = 0; i < WARM_UP_COMMITS; i++) run();
  return kind;
}

/** A freelist in use: transactions that free used runs all over the file and allocate new ones. */
class Life {
  readonly #freelist: Freelist;
  readonly #random = new Random(SEED);
  /** First pages of used runs that may be freed, by their length, in no order. */
  readonly #used = new Map<number, number[]>();
  #highWater: number;
  #txid = 1;
  /** Free and pending pages there must be once the open transaction is rolled back. */
  #freePages: number;
  /** What the open transaction allocated, and what it freed. */
  #taken: Run[] = [];
  #freed: Run[] = [];
  /** How much of the allocated the list did not have: the file grew by it. */
  #grownPages = 0;

  constructor(kind: FreelistKind, spans: SpanList) {
    this.#freelist = createFreelist(kind);
    this.#freelist.load(spans);
    this.#freePages = spans.pages();
    const last = spans.length - 1;
    this.#highWater = spans.starts[last]! + spans.counts[last]!;
    for (const pages of LENGTHS) this.#used.set(pages, []);
    // Lengths in turn, or the longest that fits, from right behind the free span before them.
    for (let i = 0; i < last; i++) {
      const end = spans.starts[i + 1]!;
      let start = spans.starts[i]! + spans.counts[i]!;
      for (let n = 0; n < RUNS_A_GAP && start < end; n++) {
        const turn = LENGTHS[(i + n) % LENGTHS.length]!;
        const pages = LENGTHS.findLast((length) => length <= Math.min(turn, end - start))!;
        this.#used.get(pages)!.push(start);
        start += pages;
      }
    }
  }

  /** Allocates runs of these lengths, as the database does; returns the sum of their first pages. */
  allocate(lengths: readonly number[]): number {
    let sum = 0;
    for (const pages of lengths) {
      let start: number = this.#freelist.allocate(pages);
      if (start === 0) {
        start = this.#highWater;
        this.#highWater += pages;
        this.#grownPages += pages;
      }
      this.#taken.push([start, pages]);
      sum += start;
    }
    return sum;
  }

  /** Frees used runs of these lengths, drawn from the whole file. */
  free(lengths: readonly number[]): void {
    for (const pages of lengths) {
      const used = this.#used.get(pages)!;
      assert(used.length > 0, `no used run of ${pages} pages is left`);
      const at = this.#random.below(used.length);
      const start = used[at]!;
      used[at] = used.at(-1)!;
      used.pop();
      this.#freelist.free(txid(this.#txid), pgid(start), pages);
      this.#freed.push([start, pages]);
    }
  }

  commit(): void {
    this.#freelist.commit();
    this.#freePages += pagesOf(this.#freed) - pagesOf(this.#taken) + this.#grownPages;
    this.#begin(this.#taken);
  }

  /** Makes free what earlier transactions freed; returns how many pages are free now. */
  release(): number {
    this.#freelist.release(txid(this.#txid - 1));
    return this.#freelist.freeCount;
  }

  rollback(): number {
    this.#freelist.rollback(txid(this.#txid));
    this.#highWater -= this.#grownPages;
    this.#begin(this.#freed);
    return this.#freelist.freeCount;
  }

  /** All pages are accounted for, and no run in use is free. */
  verify(): void {
    this.rollback();
    const { kind, freeCount, pendingCount } = this.#freelist;
    const listed = this.#freelist.allSpans();
    const expected = this.#freePages;
    assert(
      listed.pages() === expected && freeCount + pendingCount === expected,
      `${kind}: ${freeCount} free and ${pendingCount} pending pages where ${expected} should be`,
    );
    for (const [pages, starts] of this.#used) {
      const ascending = Float64Array.from(starts).sort();
      let at = 0;
      for (const start of ascending) {
        while (at < listed.length && listed.starts[at]! + listed.counts[at]! <= start) at++;
        const apart = at === listed.length || listed.starts[at]! >= start + pages;
        assert(apart, `${kind}: page ${start} is both free and in use`);
      }
    }
  }

  /** Ends the transaction; `back` are runs that can be freed again, or for the first time. */
  #begin(back: readonly Run[]): void {
    for (const [start, pages] of back) this.#used.get(pages)!.push(start);
    this.#txid++;
    this.#taken = [];
    this.#freed = [];
    this.#grownPages = 0;
  }
}

function pagesOf(runs: readonly Run[]): number {
  return runs.reduce((sum, [, pages]) => sum + pages, 0);
}

function times(count: number, pages: number): number[] {
  return Array.from({ length: count }, () => pages);
}
