// Aged databases: old, large, fragmented files for the bundled engine (and bbolt and etcd: the format
// is theirs). Two methods: churn lives a recipe's life for real; synthesize lays the file out so that
// its free spans follow the recipe's histogram, with holes for values, in seconds and little disk.
// Both are seeded. A file that was not finished is removed. Yields to the event loop while it works.

import { setImmediate } from 'node:timers/promises';
import {
  BulkFile,
  Db,
  EngineError,
  nodeVfs,
  Random,
  type SpanList,
  USED_PAGES_MAX,
  type WriteBucket,
  type WriteTx,
} from '../../engine/index.ts';
import {
  ChurnStream,
  countIn,
  layOut,
  pagesIn,
  REVISION_KEY_BYTES,
  wholeFile,
  writeRevision,
  type Recipe,
  type Runs,
  type SpanZone,
} from '../../workloads/index.ts';

export const KEY_BUCKET: Uint8Array = new TextEncoder().encode('key');
const PAGE_BYTES = 4096;

/** etcd's setting for its append-only buckets. */
const ETCD_FILL_PERCENT = 0.9;
const STEPS_A_YIELD = 4096;
/** Stretches of a file that a recipe keeps apart. */
const ZONES = 10;
/** Pages 0 and 1 are the metas. */
const FIRST_PAGE = 2;
/** Share of the disk estimate added for branches, metadata of the file system and rounding. */
const DISK_MARGIN = 1.1;

export interface AgeOptions {
  readonly path: string;
  readonly recipe: Recipe;
  /** Size of the file, about. */
  readonly dbBytes: number;
  readonly seed: number;
  readonly signal: AbortSignal;
  /** Share of the work done, 0 to 1. */
  readonly onProgress: (share: number) => void;
}

export interface AgedDb {
  readonly path: string;
  readonly dbBytes: number;
  readonly allocatedBytes: number;
  readonly pages: number;
  readonly freePages: number;
  readonly freeSpans: number;
}

/** The freelist job: commits of puts at the right edge of KEY_BUCKET, after some that are not counted. */
export interface JobShape {
  readonly valueBytes: number;
  readonly putsPerCommit: number;
  readonly commits: number;
  readonly warmUpCommits: number;
}

/** Disk that synthesize() will take, in bytes. */
export function synthesizedDiskBytes(recipe: Recipe, dbBytes: number): number {
  const { free, used } = wholeFile(recipe.spans);
  const runs = countIn(free) + pagesIn(used) / USED_PAGES_MAX;
  const scale = dbBytes / PAGE_BYTES / (pagesIn(free) + pagesIn(used));
  return Math.ceil((runs * PAGE_BYTES + pagesIn(free) * 8) * scale * DISK_MARGIN);
}

/** Disk that churn() will take, in bytes. */
export function churnedDiskBytes(dbBytes: number): number {
  return Math.ceil(dbBytes * DISK_MARGIN);
}

/** Lays out an aged file. Throws IO, NO_SPACE; an AbortError when `signal` says so. */
export async function synthesize(options: AgeOptions): Promise<AgedDb> {
  const { path, recipe, dbBytes, seed, signal, onProgress } = options;
  const layout = layOut(recipe.spans, Math.floor(dbBytes / PAGE_BYTES), new Random(seed));
  const file = BulkFile.create(path, {
    pageSize: PAGE_BYTES,
    bucket: KEY_BUCKET,
    storeFreelist: storesFreelist(recipe),
  });
  const disk = new BusyDisk(file);
  try {
    const key = new Uint8Array(REVISION_KEY_BYTES);
    let revision = 0;
    for (let i = 0; i < layout.length; i++) {
      const run = layout[i] ?? 0;
      for (let left = run; left > 0; left -= USED_PAGES_MAX) {
        writeRevision(key, revision + 1);
        if (file.addUsed(Math.min(left, USED_PAGES_MAX), key)) revision++;
      }
      if (run < 0) file.addFree(-run);
      if (i % STEPS_A_YIELD === 0) {
        onProgress((0.9 * i) / layout.length);
        await setImmediate();
        signal.throwIfAborted();
        disk.flush();
      }
    }
    await disk.settle();
    file.finish();
  } catch (error) {
    await disk.settle().catch(() => undefined);
    file.abandon();
    nodeVfs.remove(path);
    throw error;
  }
  onProgress(1);
  return describeAged(
    path,
    Uint32Array.from(
      layout.filter((run) => run < 0),
      Math.abs,
    ),
  );
}

/**
 * Keeps one flush of the file under way. Writing pages to the system's memory and from there to disk take
 * about as long; one after the other, the second would be one long sync at the end.
 */
class BusyDisk {
  readonly #file: BulkFile;
  #flushing: Promise<void> | undefined;
  #fault: Error | undefined;

  constructor(file: BulkFile) {
    this.#file = file;
  }

  flush(): void {
    const done = (): void => {
      this.#flushing = undefined;
    };
    this.#flushing ??= this.#file.flush().then(done, (fault: unknown) => {
      this.#fault ??= fault instanceof Error ? fault : new Error(String(fault));
      done();
    });
  }

  /** Waits for what is under way. Rejects with what a flush failed with. */
  async settle(): Promise<void> {
    await this.#flushing;
    if (this.#fault !== undefined) throw this.#fault;
  }
}

/**
 * The free pages are stored, so that opening a 100 GB file does not walk it, except where the pages
 * of the freelist itself, once freed, would be the only long run in the file.
 */
function storesFreelist(recipe: Recipe): boolean {
  return recipe.churn !== undefined;
}

/** Lives the recipe's life at full size, with real values and syncs. */
export async function churn(options: AgeOptions): Promise<AgedDb> {
  const { path, recipe, signal } = options;
  if (recipe.churn === undefined) {
    throw new EngineError(
      'INVALID_ARGUMENT',
      `recipe ${recipe.name} is a layout without a life; use --method synthesize`,
    );
  }
  if (nodeVfs.exists(path)) {
    throw new EngineError('INVALID_ARGUMENT', `${path} exists; remove it or name another file`);
  }
  const db = Db.open(path, { freelist: 'array', fillPercent: ETCD_FILL_PERCENT });
  try {
    await live(db, options);
    signal.throwIfAborted();
    const spans = db.allFreeSpans();
    db.close();
    return describeAged(path, spans.counts.subarray(0, spans.length));
  } catch (error) {
    db.close();
    nodeVfs.remove(path);
    throw error;
  }
}

async function live(db: Db, options: AgeOptions): Promise<void> {
  const { dbBytes, seed, signal, onProgress } = options;
  const life = options.recipe.churn;
  if (life === undefined) return;
  const random = new Random(seed);
  const stream = new ChurnStream(life, random.fork());
  const pool = new Uint8Array(2 * life.values.largest());
  random.fill(pool);
  const key = new Uint8Array(REVISION_KEY_BYTES);
  let compacted = false;
  let finishing = false;
  let { tx, bucket } = begin(db);
  for (;;) {
    const step = stream.next();
    if (step === 'put') {
      writeRevision(key, stream.revision);
      const from = stream.revision % life.values.largest();
      bucket.put(key, pool.subarray(from, from + stream.valueBytes));
      continue;
    }
    if (step === 'delete') {
      writeRevision(key, stream.revision);
      bucket.delete(key);
      continue;
    }
    tx.commit();
    if (step === 'end') return;
    const share = (db.meta.highWater * PAGE_BYTES) / dbBytes;
    if (!compacted && share >= life.compactAtShare) {
      compacted = true;
      stream.compact();
    } else if (!finishing && share >= 1) {
      finishing = true;
      stream.finish();
    }
    onProgress(Math.min(share, 1) * (finishing ? 0.95 : 0.8));
    await setImmediate();
    signal.throwIfAborted();
    ({ tx, bucket } = begin(db));
  }
}

function begin(db: Db): { tx: WriteTx; bucket: WriteBucket } {
  const tx = db.beginWrite();
  return { tx, bucket: tx.ensureBucket(KEY_BUCKET) };
}

function describeAged(path: string, freeRuns: Uint32Array): AgedDb {
  const file = nodeVfs.open(path, { mode: 'read' });
  const dbBytes = file.size();
  const allocatedBytes = file.allocatedBytes();
  file.close();
  return {
    path,
    dbBytes,
    allocatedBytes,
    pages: Math.floor(dbBytes / PAGE_BYTES),
    freePages: freeRuns.reduce((sum, pages) => sum + pages, 0),
    freeSpans: freeRuns.length,
  };
}

/** Lengths of free spans and of the used runs between them, as a recipe keeps them. */
export function runZones(spans: SpanList, pages: number): SpanZone[] {
  const zones = Array.from({ length: ZONES }, () => ({
    free: new Map<number, number>(),
    used: new Map<number, number>(),
  }));
  const count = (kind: 'free' | 'used', start: number, length: number): void => {
    const runs = zones[Math.floor((start / pages) * ZONES)]?.[kind];
    if (length > 0) runs?.set(length, (runs.get(length) ?? 0) + 1);
  };
  let end = FIRST_PAGE;
  for (let i = 0; i < spans.length; i++) {
    const start = spans.starts[i] ?? 0;
    const length = spans.counts[i] ?? 0;
    count('used', end, start - end);
    count('free', start, length);
    end = start + length;
  }
  count('used', end, pages - end);
  const sorted = (runs: Map<number, number>): Runs => [...runs].sort((a, b) => a[0] - b[0]);
  return zones.map(({ free, used }) => ({ free: sorted(free), used: sorted(used) }));
}
