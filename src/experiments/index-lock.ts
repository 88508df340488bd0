// Experiment index-lock: how long puts and reads stand still while the key index is compacted: with one
// lock for the whole walk, as etcd had before 3.4 (global), and in bounded steps between which puts go
// on (optimistic).
//
// The index alone is at stake, so its keys are put into it directly, two revisions each, in random order,
// and not into the file, whose own batches run 1,000 revisions at a time in both arms. Puts, to those
// keys, and the reads of a second thread, of keys that are in the file, take the store's whole path but
// for the disk: nothing is synced. Both keep to a schedule, from which their latency counts.

import { join } from 'node:path';
import {
  KeyState,
  nodeVfs,
  noSyncs,
  Random,
  Store,
  type StoreOptions,
} from '../../engine/index.ts';
import type { Operation, OperationStream, ParameterValues } from '../../workloads/index.ts';
import type { Warning } from '../record/schema.ts';
import type { Mode } from '../runner/plan.ts';
import { findEtcdMvccPeer, runEtcdCompact } from '../targets/etcd-mvcc-peer.ts';
import { preloadStore, RECIPE_CLIENTS, SHORT_CLIENTS } from './beside-round.ts';
import type { Experiment, ExperimentCell, RoundFigures, RoundOrder } from './experiment.ts';
import { latencyFigures } from './latency-figures.ts';
import { factorOf } from './load-round.ts';
import { PutClients, type PutPhase } from './put-clients.ts';
import { phaseOf, withReadingThreads, type PhaseReads } from './reading-thread.ts';

type IndexLock = StoreOptions['indexLock'];

const ARMS: readonly IndexLock[] = ['global', 'optimistic'];
const ETCD = 'etcd';
/** The last decides, the others show the growth. */
const SIZES: readonly number[] = [1e5, 3e5, 1e6];
const QUICK_SIZES: readonly number[] = [3e4, 1e5, 3e5];
const SMALL_SIZES: readonly number[] = [1e4, 3e4];
const LARGE_SIZES: readonly number[] = [3e6, 1e7];
const ETCD_KEYS = 1e6;

/** Of the test that came with etcd PR 9511: keys of 64 B. */
const KEY_BYTES = 64;
const KEY_DIGITS = 10;
const VALUE_BYTES = 64;
/** What a key of two revisions takes, and room to spare. */
const INDEX_BYTES_A_KEY = 300;
const INDEX_BYTES_MIN = 64 * 1024 ** 2;
const WARM_UP_KEYS = 20_000;
const PUTS_PER_SECOND = 5000;
const READS_PER_SECOND = 2000;
/** Keys that the second thread reads; they lie in the file. */
const READ_KEYS: ParameterValues = { keys: 100, valueBytes: 64, standingKeys: 1000 };

const BEFORE = 1;
const DURING = 2;

export const indexLock: Experiment = {
  claim: 'index-lock',
  budgetSeconds: { quick: 17, default: 95, full: 400 },
  cells,
  runRound,
};

function cells(mode: Mode): readonly ExperimentCell[] {
  const quick = mode === 'quick';
  const full = mode === 'full';
  const sizes = quick ? QUICK_SIZES : SIZES;
  const main = sizes.at(-1);
  const deciding = { blocksMin: full ? 6 : 3, blocksMax: full ? 12 : quick ? 3 : 5 };
  const curve = { blocksMin: 2, blocksMax: 4 };
  // The most keys first: where time is short, the stall itself matters more than its growth.
  const decidingCells = sizes.toReversed().map((keys): ExperimentCell => ({
    ...compactCell(keys, 'deciding', quick ? 0.2 : 0.6),
    ...deciding,
    // Smaller sizes show how global grows: a quick run asks no more of them.
    arms: keys === main || !quick ? ARMS : ['global'],
    replicates: keys === main && !quick ? 2 : 1,
  }));
  if (quick) return decidingCells;
  const large = LARGE_SIZES.map((keys): ExperimentCell => ({
    ...compactCell(keys, 'labelled', 0.6),
    ...{ blocksMin: 1, blocksMax: 2 },
  }));
  const small = SMALL_SIZES.map((keys) => ({ ...compactCell(keys, 'curve', 0.6), ...curve }));
  const peer = findEtcdMvccPeer(process.env) !== undefined;
  return [...small, ...decidingCells, ...(full ? large : []), ...(peer ? [etcdCell()] : [])];
}

function compactCell(
  keys: number,
  role: ExperimentCell['role'],
  seconds: number,
): Omit<ExperimentCell, 'blocksMin' | 'blocksMax'> {
  return {
    id: `compact-${String(keys)}`,
    title: `${keys.toLocaleString('en-US')} keys compacted`,
    role,
    factors: { measured: 'compact', keys, seconds },
    arms: ARMS,
    roundSeconds: 0.5 + 1.75 * seconds + keys * 2.5e-6,
  };
}

function etcdCell(): ExperimentCell {
  return {
    id: `etcd-${String(ETCD_KEYS)}`,
    title: `etcd's own store, ${ETCD_KEYS.toLocaleString('en-US')} keys compacted`,
    role: 'labelled',
    factors: { measured: 'etcd', keys: ETCD_KEYS },
    arms: [ETCD],
    blocksMin: 1,
    blocksMax: 1,
    roundSeconds: 8,
  };
}

function runRound(order: RoundOrder): Promise<RoundFigures> {
  const { cell, arm } = order;
  if (cell.factors['measured'] === 'etcd') return etcdRound(order);
  const lock = ARMS.find((one) => one === arm);
  if (lock === undefined) throw new Error(`index-lock has no arm ${arm}`);
  return compactRound(order, lock);
}

async function compactRound(
  { cell, seed, folder }: RoundOrder,
  indexLock: IndexLock,
): Promise<RoundFigures> {
  const keys = factorOf(cell, 'keys');
  const seconds = factorOf(cell, 'seconds');
  const indexBytes = Math.max(INDEX_BYTES_MIN, keys * INDEX_BYTES_A_KEY);
  const options = { indexLock, indexBytes, durability: 'none' } as const;
  const store = Store.open(join(folder, 'store'), options, noSyncs(nodeVfs));
  try {
    preloadStore(store, READ_KEYS, seed);
    fillIndex(store, Math.min(keys, WARM_UP_KEYS), seed);
    compact(store);
    store.mvcc.finishCompaction();
    fillIndex(store, keys, seed);
    const clients = new PutClients(store, [new IndexPuts(keys, seed)]);
    const plan = {
      ...{ parameters: READ_KEYS, seed, clients: SHORT_CLIENTS, clientsAll: RECIPE_CLIENTS },
      ...{ readsPerSecond: READS_PER_SECOND, restRatio: 0, phases: [BEFORE, DURING] },
      warmUpReads: 5000,
    };
    const { result, reads } = await withReadingThreads(store.share(), [plan], (enter) => {
      clients.paced(seconds / 4, PUTS_PER_SECOND);
      enter(BEFORE);
      const before = clients.paced(seconds / 2, PUTS_PER_SECOND);
      enter(DURING);
      const revisions = store.mvcc.index.revisions;
      compact(store);
      const { compaction } = store.mvcc;
      const isUnderWay = (): boolean => store.mvcc.compaction !== undefined;
      const during = clients.paced(seconds, PUTS_PER_SECOND, isUnderWay);
      const dropped = revisions + during.puts - store.mvcc.index.revisions;
      const stepMs = (compaction?.indexStepNsMax ?? Number.NaN) / 1e6;
      return { before, during, dropped, stepMs };
    });
    const phases = { before: phaseOf(reads[0], BEFORE), during: phaseOf(reads[0], DURING) };
    return {
      settings: { ...store.settings(), putsPerSecond: PUTS_PER_SECOND, synced: false },
      ...figuresOf(result, phases),
      warnings: warningsOf({ ...result, reads: phases, keys }),
    };
  } finally {
    store.close();
  }
}

interface Phases<One> {
  readonly before: One;
  readonly during: One;
}

function figuresOf(
  { before, during, dropped, stepMs }: Phases<PutPhase> & { dropped: number; stepMs: number },
  reads: Phases<PhaseReads>,
): Pick<RoundFigures, 'figures' | 'histograms'> {
  const [quiet, busy] = [latencyFigures(before.latenciesNs), latencyFigures(during.latenciesNs)];
  return {
    figures: {
      puts: during.puts,
      putP50Us: busy.p50Ns / 1e3,
      putP99Us: busy.p99Ns / 1e3,
      putMaxMs: busy.maxNs / 1e6,
      beforePutP99Us: quiet.p99Ns / 1e3,
      beforePutMaxMs: quiet.maxNs / 1e6,
      readP99Us: reads.during.p99Ns / 1e3,
      readMaxMs: reads.during.maxNs / 1e6,
      beforeReadP99Us: reads.before.p99Ns / 1e3,
      beforeReadMaxMs: reads.before.maxNs / 1e6,
      stepMsMax: stepMs,
      revisionsDropped: dropped,
    },
    histograms: {
      ...{ put: busy.histogram, beforePut: quiet.histogram },
      ...{ read: reads.during.histogram, beforeRead: reads.before.histogram },
    },
  };
}

/** 'wrong-answers', 'refused-puts' and 'wrong-compaction' void a round. */
function warningsOf(
  about: Phases<PutPhase> & { dropped: number; keys: number; reads: Phases<PhaseReads> },
): Warning[] {
  const { before, during, dropped, keys, reads } = about;
  const warnings: Warning[] = [];
  if (dropped < keys) {
    const message = `the compaction dropped ${String(dropped)} revisions of ${String(keys)} keys`;
    warnings.push({ code: 'wrong-compaction', message });
  }
  const wrong = reads.before.wrong + reads.during.wrong;
  if (wrong > 0) {
    const message = `${String(wrong)} reads did not find their key`;
    warnings.push({ code: 'wrong-answers', message });
  }
  const refused = before.refused + during.refused;
  if (refused > 0) {
    warnings.push({ code: 'refused-puts', message: `${String(refused)} puts were refused` });
  }
  return warnings;
}

function compact(store: Store): void {
  store.submit({ kind: 'compact', revision: store.revision }, (error) => {
    if (error !== undefined) throw error;
  });
  store.flush();
}

/** Two revisions of each key, as two large transactions at the newest revisions would leave them. */
function fillIndex(store: Store, keys: number, seed: number): void {
  const order = Uint32Array.from({ length: keys }, (_, index) => index);
  const random = new Random(seed);
  for (let i = keys - 1; i > 0; i--) {
    const other = random.below(i + 1);
    const index = order[i] ?? 0;
    order[i] = order[other] ?? 0;
    order[other] = index;
  }
  const key = newKey();
  const state = new KeyState();
  const { revision } = store;
  const { index } = store.mvcc;
  for (const main of [revision - 1, revision]) {
    for (let sub = 0; sub < keys; sub++) {
      writeKey(key, order[sub] ?? 0);
      index.put(key, KEY_BYTES, main, sub, state);
    }
  }
}

function newKey(): Uint8Array {
  return new Uint8Array(KEY_BYTES).fill('k'.charCodeAt(0));
}

function writeKey(key: Uint8Array, index: number): void {
  let rest = index;
  for (let digit = KEY_DIGITS - 1; digit >= 0; digit--) {
    key[digit] = 48 + (rest % 10);
    rest = Math.floor(rest / 10);
  }
}

/** Puts to the index's keys, drawn at random. */
class IndexPuts implements OperationStream {
  readonly #random: Random;
  readonly #keys: number;
  readonly #key: Uint8Array = newKey();
  readonly #value: Uint8Array = new Uint8Array(VALUE_BYTES);

  constructor(keys: number, seed: number) {
    this.#random = new Random(seed + 1);
    this.#random.fill(this.#value);
    this.#keys = keys;
  }

  next(operation: Operation): void {
    operation.kind = 'put';
    writeKey(this.#key, this.#random.below(this.#keys));
    operation.key.set(this.#key);
    operation.keyLength = KEY_BYTES;
    operation.value.set(this.#value);
    operation.valueLength = VALUE_BYTES;
  }
}

/**
 * etcd 3.5 on a store of its own, which has the change: its walk locks the index for one key at a time. The
 * file's batches are larger than by default, so that the round ends soon; the index does not see them.
 */
async function etcdRound({ cell, seed, folder }: RoundOrder): Promise<RoundFigures> {
  const peer = findEtcdMvccPeer(process.env);
  if (peer === undefined) throw new Error('the harness around etcd is no longer there');
  const call = { peer, path: join(folder, 'etcd.db'), signal: new AbortController().signal };
  const found = await runEtcdCompact(call, {
    ...{ keys: factorOf(cell, 'keys'), versions: 2, keyBytes: KEY_BYTES, valueBytes: VALUE_BYTES },
    ...{ beforeMs: 300, putRate: PUTS_PER_SECOND, seed },
    ...{ compactionBatchLimit: 10_000, compactionSleepMs: 1 },
  });
  const { before, during, indexMs } = found;
  return {
    settings: { ...found.work, etcd: found.etcd, bbolt: found.bbolt, go: found.go },
    figures: {
      walkMs: indexMs,
      puts: during.count,
      putP50Us: during.p50Ns / 1e3,
      putP99Us: during.p99Ns / 1e3,
      putMaxMs: during.maxNs / 1e6,
      beforePutP99Us: before.p99Ns / 1e3,
      beforePutMaxMs: before.maxNs / 1e6,
    },
    warnings: [],
  };
}
