// What users say of the hashmap freelist, each as a measured row for array, hashmap and bitmap:
// - The file grows: gardener/etcd-druid#1373 and #1374 (after etcd's default went from array to map,
//   database sizes rose while what is in use did not; druid now defaults to the array).
// - Small databases are slower, by about 10%: open-telemetry/opentelemetry-collector-contrib#9003; on
//   deletes without syncs: etcd-io/bbolt#239.
// - Pages come from anywhere: bbolt's own documentation of FreelistMapType ("doesn't guarantee that it
//   offers the smallest page id available"). More write calls a commit, farther apart.
// - Memory: its tables grow with the number of spans; the array's (boltdb/bolt#640, 8 MB copied a
//   commit at 1M free pages; lightningnetwork/lnd#3241) with the number of pages.
//
// Growth, placement and memory are counted, so they repeat exactly. Histories run on a real Db whose
// file lies in memory and whose sync does nothing: a sync would hide what the freelist costs.

import { assert } from '../base/assert.ts';
import type {
  BenchCase,
  BenchCount,
  BenchCounting,
  BenchRun,
  BenchSetting,
} from '../base/bench-case.ts';
import { equalBytes } from '../base/bytes.ts';
import { Random } from '../base/random.ts';
import { SpanList } from '../base/span-list.ts';
import { checkDb } from '../db/check.ts';
import { Db } from '../db/db.ts';
import { MemoryVfs } from '../vfs/memory-vfs.ts';
import type { OpenFlags, VfsFile } from '../vfs/vfs.ts';
import { createFreelist, FREELIST_KINDS } from './create.ts';
import type { FreelistKind } from './freelist.ts';

const GROUP = 'complaint';
const PATH = 'complaint.db';
const PAGE_BYTES = 4096;
const SEED = 20261122;
const KEY_BYTES = 17;
const VALUE_BYTES_MAX = 30_000;
const BUCKET: Uint8Array = new TextEncoder().encode('key');
/** etcd's setting for keys that ascend. */
const FILL_PERCENT = 0.9;
const CACHE_BYTES = 64 * 1024 * 1024;
/** The bitmap may grow a file by so much more than the array does. */
const GROWTH_MAX = 1.05;
/** And may take this share of the hashmap's memory. */
const MEMORY_MAX = 1 / 20;

/** Commits of a small database are timed; see BenchCase.runs. */
export function cases({ size }: BenchSetting): readonly BenchCase[] {
  const sizes = size === 'tiny' ? [60] : [1000, 10_000];
  const puts = 10;
  return sizes.flatMap((pages) =>
    FREELIST_KINDS.map((name) => ({
      group: `${GROUP}: small database, ${pages} pages, ${puts} puts and deletes a commit`,
      name,
      operation: 'commit',
      operations: 1,
      runs: size === 'tiny' ? 5 : 400,
      prepare: () => smallRun(name, pages, puts),
    })),
  );
}

/** What is counted: two lives of bounded data, and memory on several layouts. */
export function countings(setting: BenchSetting): readonly BenchCounting[] {
  return [
    // Superseded revisions go as new ones come, or in batches, as etcd compacts.
    lifeCounting('deletes with each commit', setting, 1),
    lifeCounting('deletes every 50 commits', setting, 50),
    memoryCounting(setting),
  ];
}

function smallRun(kind: FreelistKind, pages: number, puts: number): BenchRun {
  const store = new Store(kind);
  while (store.db.stats().highWater < pages) store.commit(5 * puts, 0);
  return {
    run: () => store.commit(puts, puts),
    verify: () => store.verify(),
  };
}

function lifeCounting(title: string, { size }: BenchSetting, compactEvery: number): BenchCounting {
  const life = size === 'tiny' ? { live: 200, commits: 100 } : { live: 4000, commits: 3000 };
  return {
    group: `${GROUP}: file growth and placement, ${title}`,
    count: () => {
      const all = eachKind((kind) => lived(kind, { ...life, compactEvery }));
      const grown = eachKind((kind) => all[kind].highWater);
      return [
        {
          ...row(`file size after ${life.commits} commits`, 'pages', grown),
          bar: { text: "array's + 5%", most: grown.array * GROWTH_MAX },
        },
        row(
          'write calls a commit',
          'calls',
          eachKind((kind) => all[kind].writes),
        ),
        row(
          'way from one write call to the next',
          'pages',
          eachKind((kind) => all[kind].gapPages),
        ),
      ];
    },
  };
}

interface Lived {
  readonly highWater: number;
  /** Write calls a commit, the meta's left out; mean of the second half of the life. */
  readonly writes: number;
  /** Pages between the end of one write and the start of the next of the same commit, mean. */
  readonly gapPages: number;
}

function lived(
  kind: FreelistKind,
  life: { live: number; commits: number; compactEvery: number },
): Lived {
  const store = new Store(kind);
  const puts = 100;
  store.commit(life.live, 0);
  for (let i = 1; i <= life.commits; i++) {
    if (i === life.commits / 2) store.vfs.forget();
    store.commit(puts, i % life.compactEvery === 0 ? puts * life.compactEvery : 0);
  }
  store.verify();
  const { writes, gapPages, commits } = store.vfs;
  return {
    highWater: store.db.stats().highWater,
    writes: writes / commits,
    gapPages: gapPages / Math.max(1, writes - commits),
  };
}

/** Memory of the free pages alone, right after they were loaded. */
function memoryCounting({ size, agedSpans }: BenchSetting): BenchCounting {
  const freePages = size === 'tiny' ? 40_000 : 8_000_000;
  const layouts: readonly (readonly [title: string, spans: () => SpanList])[] = [
    ['recipe kubernetes-mix', () => agedSpans('kubernetes-mix', freePages)],
    ['recipe small-values', () => agedSpans('small-values', freePages)],
    ['recipe worst-case', () => agedSpans('worst-case', freePages)],
    ['single pages, every other one', () => evenSpans(freePages, 1, 1)],
    ['runs of 1,000 pages', () => evenSpans(freePages, 1000, 100)],
  ];
  return {
    group: `${GROUP}: memory of ${freePages} free pages`,
    count: () =>
      layouts.map(([title, make]) => {
        const spans = make();
        const bytes = eachKind((kind) => {
          const freelist = createFreelist(kind);
          freelist.load(spans);
          return freelist.memoryBytes;
        });
        const bar = { text: "1/20 of the hashmap's", most: bytes.hashmap * MEMORY_MAX };
        return { ...row(`${title}: ${spans.length} spans`, 'bytes', bytes), bar };
      }),
  };
}

/** Free runs of one length with used ones of another between them. */
function evenSpans(freePages: number, free: number, used: number): SpanList {
  const spans = new SpanList(freePages / free);
  for (let i = 0; i < freePages / free; i++) spans.push(2 + i * (free + used), free);
  return spans;
}

function row(
  name: string,
  unit: string,
  figures: Readonly<Record<FreelistKind, number>>,
): BenchCount {
  return { name, unit, ...figures, bar: undefined };
}

function eachKind<T>(make: (kind: FreelistKind) => T): Record<FreelistKind, T> {
  return { array: make('array'), hashmap: make('hashmap'), bitmap: make('bitmap') };
}

/** A store of revisions: puts at its right edge, deletes anywhere. Sizes are those of kubernetes-mix. */
class Store {
  readonly vfs = new PlacementVfs();
  readonly db: Db;
  readonly #random = new Random(SEED);
  /** Revisions that are not deleted, in no order. */
  readonly #live: number[] = [];
  readonly #value = new Uint8Array(VALUE_BYTES_MAX).fill(0x76);
  #last = 0;

  constructor(kind: FreelistKind) {
    const options = { freelist: kind, fillPercent: FILL_PERCENT, cacheBytes: CACHE_BYTES };
    this.db = Db.open(PATH, options, this.vfs);
  }

  /** One transaction. Returns how many revisions there are after it. */
  commit(puts: number, deletes: number): number {
    const random = this.#random;
    this.db.write((tx) => {
      const bucket = tx.ensureBucket(BUCKET);
      for (let i = 0; i < puts; i++) {
        const large = random.below(10) === 0;
        const bytes = large ? random.between(10_000, VALUE_BYTES_MAX) : random.between(300, 1200);
        bucket.put(keyOf(++this.#last), this.#value.subarray(0, bytes));
        this.#live.push(this.#last);
      }
      for (let i = 0; i < deletes; i++) {
        const at = random.below(this.#live.length);
        bucket.delete(keyOf(this.#live[at]!));
        this.#live[at] = this.#live.at(-1)!;
        this.#live.pop();
      }
    });
    return this.#live.length;
  }

  /** The file is whole, and holds the revisions it should. */
  verify(): void {
    const { faults } = checkDb(this.vfs, PATH, this.db);
    assert(faults.length === 0, `page ${faults[0]?.pgid ?? 0}: ${faults[0]?.fault ?? ''}`);
    this.db.read((tx) => {
      const cursor = tx.bucket(BUCKET)!.cursor();
      const ascending = Float64Array.from(this.#live).sort();
      let there = cursor.first();
      for (const revision of ascending) {
        assert(there && equalBytes(cursor.key(), keyOf(revision)), `revision ${revision} is gone`);
        there = cursor.next();
      }
      assert(!there, 'a deleted revision is still there');
    });
  }
}

/** Memory files that are never synced, and that note where each commit writes. */
class PlacementVfs extends MemoryVfs {
  commits = 0;
  /** Write calls of all commits, their metas left out. */
  writes = 0;
  /** Pages between the end of a write and the start of the next of the same commit. */
  gapPages = 0;
  #end = -1;

  override open(path: string, flags: OpenFlags): VfsFile {
    const file = super.open(path, flags);
    const write = file.write.bind(file);
    const writev = file.writev.bind(file);
    file.write = (source, offset, length, position) => {
      this.#note(position, length);
      write(source, offset, length, position);
    };
    file.writev = (sources, position) => {
      this.#note(
        position,
        sources.reduce((sum, source) => sum + source.length, 0),
      );
      writev(sources, position);
    };
    // A memory file copies what is written after a sync, which no disk does: far writes would pay.
    file.sync = () => undefined;
    return file;
  }

  /** Starts counting anew. */
  forget(): void {
    this.commits = 0;
    this.writes = 0;
    this.gapPages = 0;
  }

  #note(position: number, bytes: number): void {
    if (position < 2 * PAGE_BYTES) {
      this.commits++;
      this.#end = -1;
      return;
    }
    this.writes++;
    if (this.#end >= 0) this.gapPages += (position - this.#end) / PAGE_BYTES;
    this.#end = position + bytes;
  }
}

function keyOf(revision: number): Uint8Array {
  const key = new Uint8Array(KEY_BYTES);
  new DataView(key.buffer).setUint32(4, revision);
  return key;
}
