// compaction-stall: how long puts and reads stand still while the key index is compacted. A slice goes through all
// sizes, smallest first, in one store whose index grows from one to the next; figures are those of the
// largest size, the longest stalls at each are series.
//
// The index alone is at stake, so its keys are put into it directly, in random order, and not into the file,
// whose own batches run 1,000 revisions at a time under every lock. Puts, to those keys, and the reads of a
// second thread, of keys that are in the file, take the store's whole path but for the disk: nothing is
// synced. Both keep to a schedule, from which their latency counts.

import { join } from 'node:path';
import { nodeVfs, noSyncs, Store } from '../../engine/index.ts';
import { workload, type ParameterValues } from '../../workloads/index.ts';
import { preloadStore } from '../load/preload.ts';
import type { Scalars, Warning } from '../record/round.ts';
import { numberOf, sizesBetween, storeOptionsOf } from './asked.ts';
import { bareArm } from './bare-arm.ts';
import { latencyFigures } from './clients/latency-figures.ts';
import { PutClients, type PutPhase } from './clients/put-clients.ts';
import { phaseOf, type PhaseReads, type ReadingThreads } from './clients/reading-thread.ts';
import { clientWarnings, SHORT_CLIENTS, startReaders } from './clients/recipe.ts';
import { IndexKeys } from './index-keys.ts';
import { NO_WARM_UP, type Procedure, type Slice, type SliceContext } from './procedure.ts';

/** What a key of two revisions takes, and room to spare. */
const INDEX_BYTES_A_KEY = 300;
const INDEX_BYTES_MIN = 64 * 1024 ** 2;
const PUTS_PER_SECOND = 5000;
const READS_PER_SECOND = 2000;
/** Keys that the second thread reads; they lie in the file. */
const READ_KEYS: ParameterValues = { keys: 100, valueBytes: 64, standingKeys: 1000 };
/** Before the first slice, so that its code is compiled. */
const COMPILE_SIZES: readonly number[] = [20_000];
const COMPILE_SECONDS = 0.2;
/** Puts before each size, until they keep to their schedule. */
const LEAD_SECONDS = 0.05;

const BEFORE = 1;
const DURING = 2;

export const compactionStall: Procedure = {
  name: 'compaction-stall',
  warmUp: NO_WARM_UP,
  open: async ({ asked, folder, seed }, context) => {
    const store = storeOptionsOf(asked);
    const seconds = numberOf(asked, 'seconds');
    const [least, most] = [numberOf(asked, 'keysMin'), numberOf(asked, 'keysMax')];
    const sizes = sizesBetween(least, most, numberOf(asked, 'sizes'));
    const warmUp = { store, sizes: COMPILE_SIZES, seconds: COMPILE_SECONDS, seed };
    await sliceOf({ ...warmUp, path: join(folder, 'warm-up') }, context);
    return bareArm((slice, sliceContext) => {
      const path = join(folder, `slice-${slice.index}`);
      return sliceOf({ path, store, sizes, seconds, seed: slice.seed }, sliceContext);
    });
  },
};

interface StallOrder {
  /** Of a store that is made for it. */
  readonly path: string;
  readonly store: ReturnType<typeof storeOptionsOf>;
  readonly sizes: readonly number[];
  /** Of puts from the start of a compaction on, at least. */
  readonly seconds: number;
  readonly seed: number;
}

async function sliceOf(order: StallOrder, context: SliceContext): Promise<Slice> {
  const { path, sizes, seconds, seed } = order;
  const most = Math.max(...sizes);
  const indexBytes = Math.max(INDEX_BYTES_MIN, most * INDEX_BYTES_A_KEY);
  const options = { ...order.store, indexBytes, durability: 'none' } as const;
  const store = Store.open(path, options, noSyncs(nodeVfs));
  try {
    const preload = workload('long-reads', READ_KEYS).preload(seed);
    await preloadStore(store, preload, { signal: context.signal, onProgress: () => undefined });
    store.commit();
    const keys = new IndexKeys(store, most, seed);
    const threads = await startReaders(store.share(), [READERS], READ_KEYS, seed);
    const clients = new PutClients(store, [keys]);
    try {
      const stalls: Stall[] = [];
      for (const [i, size] of sizes.entries()) {
        context.onProgress(`${size} keys`, i / sizes.length);
        keys.grow(size);
        const before = size === most ? seconds / 2 : 0;
        stalls.push(await compactBeside({ store, clients, threads }, { size, before, seconds }));
      }
      await threads.stop();
      return reportOf(stalls, store.settings());
    } finally {
      await threads.kill();
    }
  } finally {
    store.close();
  }
}

const READERS = {
  ...{ clients: SHORT_CLIENTS, readsPerSecond: READS_PER_SECOND, restRatio: 0 },
  ...{ phases: [BEFORE, DURING], warmUpReads: 5000 },
};

interface Phases<One> {
  readonly before: One;
  readonly during: One;
}

/** What one compaction was like; of most sizes only what went on during it. */
interface Stall {
  readonly size: number;
  readonly puts: Phases<PutPhase>;
  readonly reads: { readonly before: PhaseReads | undefined; readonly during: PhaseReads };
  readonly dropped: number;
  readonly stepMsMax: number;
}

interface Running {
  readonly store: Store;
  readonly clients: PutClients;
  readonly threads: ReadingThreads;
}

async function compactBeside(
  { store, clients, threads }: Running,
  about: { readonly size: number; readonly before: number; readonly seconds: number },
): Promise<Stall> {
  const { mvcc } = store;
  clients.paced(LEAD_SECONDS, PUTS_PER_SECOND);
  if (about.before > 0) threads.enter(BEFORE);
  const before = clients.paced(about.before, PUTS_PER_SECOND);
  threads.enter(DURING);
  const revisions = mvcc.index.revisions;
  store.submit({ kind: 'compact', revision: store.revision }, (error) => {
    if (error !== undefined) throw error;
  });
  store.flush();
  const { compaction } = mvcc;
  const during = clients.paced(about.seconds, PUTS_PER_SECOND, () => mvcc.compaction !== undefined);
  const dropped = revisions + during.puts - mvcc.index.revisions;
  const [reads] = await threads.rest();
  return {
    size: about.size,
    puts: { before, during },
    reads: {
      before: about.before > 0 ? phaseOf(reads, BEFORE) : undefined,
      during: phaseOf(reads, DURING),
    },
    dropped,
    stepMsMax: (compaction?.indexStepNsMax ?? Number.NaN) / 1e6,
  };
}

function reportOf(stalls: readonly Stall[], settings: Scalars): Slice {
  const largest = stalls.at(-1);
  if (largest === undefined) throw new Error('a slice has at least one size');
  const longest = stalls.map(({ puts, reads, stepMsMax }) => ({
    putMaxMs: latencyFigures(puts.during.latenciesNs).maxNs / 1e6,
    readMaxMs: reads.during.maxNs / 1e6,
    stepMsMax,
  }));
  return {
    seconds: stalls.reduce((sum, { puts }) => sum + puts.before.seconds + puts.during.seconds, 0),
    settings: { ...settings, putsPerSecond: PUTS_PER_SECOND, synced: false },
    ...figuresOf(largest),
    series: {
      keys: stalls.map(({ size }) => size),
      putMaxMs: longest.map(({ putMaxMs }) => putMaxMs),
      readMaxMs: longest.map(({ readMaxMs }) => readMaxMs),
      stepMsMax: longest.map(({ stepMsMax }) => stepMsMax),
    },
    warnings: stalls.flatMap(warningsOf),
  };
}

function figuresOf({
  puts,
  reads,
  dropped,
  stepMsMax,
}: Stall): Pick<Slice, 'figures' | 'histograms'> {
  const quiet = latencyFigures(puts.before.latenciesNs);
  const busy = latencyFigures(puts.during.latenciesNs);
  const { before, during } = reads;
  return {
    figures: {
      puts: puts.during.puts,
      putP50Us: busy.p50Ns / 1e3,
      putP99Us: busy.p99Ns / 1e3,
      putMaxMs: busy.maxNs / 1e6,
      beforePutP99Us: quiet.p99Ns / 1e3,
      beforePutMaxMs: quiet.maxNs / 1e6,
      readP99Us: during.p99Ns / 1e3,
      readMaxMs: during.maxNs / 1e6,
      ...(before === undefined
        ? {}
        : { beforeReadP99Us: before.p99Ns / 1e3, beforeReadMaxMs: before.maxNs / 1e6 }),
      stepMsMax,
      revisionsDropped: dropped,
    },
    histograms: {
      ...{ put: busy.histogram, beforePut: quiet.histogram, read: during.histogram },
      ...(before === undefined ? {} : { beforeRead: before.histogram }),
    },
  };
}

/** 'wrong-answers', 'refused-puts' and 'wrong-compaction' void a slice. */
function warningsOf({ size, puts, reads, dropped }: Stall): Warning[] {
  const message = `the compaction dropped ${dropped} revisions of ${size} keys`;
  const read = reads.before === undefined ? [reads.during] : [reads.before, reads.during];
  return [
    ...(dropped < size ? [{ code: 'wrong-compaction', message }] : []),
    ...clientWarnings(read, [puts.before, puts.during]),
  ];
}
