// What one read transaction costs, here and in etcd's own backend (scripts/peers/etcd-mvcc/reads.go), on
// equal work: so many keys of a length are committed, so many more puts wait in the buffer, and a
// transaction begins, looks up keys next to each other by their revisions at a place drawn anew, and
// ends. No key index, no decoding, no writer beside. Each is timed alone; the figure is the median over
// blocks of a block's mean. And etcd's own puts beside long ranges (beside.go), under 3.3's lock and 3.4's.

import { join } from 'node:path';
import { leaseId, Random, Store, type ReadLock } from '../../engine/index.ts';
import { systemClock } from '../measure/clock.ts';
import { median } from '../stats/quantile.ts';
import {
  EtcdWork,
  runEtcdBeside,
  runEtcdReads,
  type EtcdPeerCall,
} from '../targets/etcd-mvcc-peer.ts';
import type { RoundFigures } from './experiment.ts';

export interface ReadCost {
  readonly folder: string;
  /** Keys that one transaction looks up. */
  readonly readKeys: number;
  /** Puts in the buffer meanwhile. */
  readonly pendingPuts: number;
  readonly seed: number;
}

/** Keys and values of etcd issue 9384: 256 B, 1 kB. */
const KEY_BYTES = 256;
const VALUE_BYTES = 1024;
const KEYS = 20_000;
const BLOCKS = 7;
/** Key look-ups of a block, in as many transactions as that makes. */
const BLOCK_READS = 40_000;
const BLOCK_TRANSACTIONS_MAX = 2000;
/**
 * Look-ups, and transactions at most, before the clock runs: code that is compiled on the way is measured
 * as itself until 30,000 transactions have run, at twice to four times its cost. Go needs none.
 */
const WARM_UP_READS = 120_000;
const WARM_UP_TRANSACTIONS_MAX = 60_000;
const BACKEND_NEVER_MS = 3_600_000;
const PUTS_NEVER = 1e8;
const NO_LEASE = leaseId(0n);

function repetitionsOf({ readKeys }: ReadCost): number {
  return Math.max(1, Math.min(BLOCK_TRANSACTIONS_MAX, Math.round(BLOCK_READS / readKeys)));
}

/** This store's backend under one of its read locks. */
export function ourReadCost(cost: ReadCost, readLock: ReadLock): RoundFigures {
  const { folder, readKeys, pendingPuts, seed } = cost;
  const store = Store.open(join(folder, 'store'), {
    ...{ readLock, batchLimit: PUTS_NEVER, batchIntervalMs: BACKEND_NEVER_MS },
  });
  try {
    fill(store, cost);
    const { backend } = store.mvcc.reader;
    const draw = new Random(seed + 2);
    const places = KEYS - pendingPuts - readKeys + 1;
    let bytes = 0;
    let reads = 0;
    const transaction = (): void => {
      // The key of index i has revision i + 2: a new store is at revision 1.
      const first = pendingPuts + draw.below(places) + 2;
      const last = first + readKeys;
      backend.begin();
      for (let main = first; main < last; main++) {
        if (!backend.find(main, 0)) throw new Error(`revision ${main} is not there`);
        bytes += backend.length;
      }
      reads += readKeys;
      backend.end();
    };
    meanNs(Math.min(WARM_UP_TRANSACTIONS_MAX, Math.ceil(WARM_UP_READS / readKeys)), transaction);
    const transactions = repetitionsOf(cost);
    const means = Array.from({ length: BLOCKS }, () => meanNs(transactions, transaction));
    return {
      settings: { ...store.settings(), keys: KEYS, keyBytes: KEY_BYTES, valueBytes: VALUE_BYTES },
      figures: {
        ...costFigures(median(means) ?? Number.NaN, readKeys),
        bytesPerKey: bytes / reads,
      },
      series: { blockUsPerTransaction: means.map((ns) => ns / 1e3) },
      warnings: [],
    };
  } finally {
    store.close();
  }
}

/** etcd's, with the copy of the buffer that a read makes after a put, or without any copy. */
export async function etcdReadCost(
  cost: ReadCost,
  mode: 'readtx' | 'concurrent',
  peer: string,
): Promise<RoundFigures> {
  const { readKeys, pendingPuts, seed } = cost;
  const found = await runEtcdReads(callOf(peer, cost.folder), {
    ...{ level: 'backend', mode, keys: KEYS, keyBytes: KEY_BYTES, valueBytes: VALUE_BYTES },
    ...{ pending: pendingPuts, readsPerTx: readKeys, repetitions: repetitionsOf(cost) },
    ...{ blocks: BLOCKS, seed },
  });
  return {
    settings: { ...found.work, etcd: found.etcd, bbolt: found.bbolt, go: found.go, mode },
    figures: {
      ...costFigures(found.nsPerTransaction, readKeys),
      bytesPerKey: found.bytesRead / found.keysRead,
    },
    series: { blockUsPerTransaction: found.blockNsPerTransaction.map((ns) => ns / 1e3) },
    warnings: [],
  };
}

export interface EtcdBeside {
  readonly folder: string;
  /** Keys of the store, all of them read by each long range. */
  readonly keys: number;
  readonly seconds: number;
  readonly seed: number;
}

/** One client that puts in a closed loop beside a range of all keys, in etcd's own store. */
export async function etcdPutsBeside(
  { folder, keys, seconds, seed }: EtcdBeside,
  mode: 'shared' | 'concurrent',
  peer: string,
): Promise<RoundFigures> {
  const found = await runEtcdBeside(callOf(peer, folder), {
    ...{ mode, keys, keyBytes: KEY_BYTES, valueBytes: VALUE_BYTES, rangeKeys: keys },
    ...{ seconds, seed },
  });
  return {
    settings: { ...found.work, etcd: found.etcd, bbolt: found.bbolt, go: found.go, mode },
    figures: {
      puts: found.latency.count,
      putsPerSecond: found.putsPerSecond,
      putP50Us: found.latency.p50Ns / 1e3,
      putP99Us: found.latency.p99Ns / 1e3,
      putMaxUs: found.latency.maxNs / 1e3,
      longReads: found.range.count,
      longReadMs: found.range.p50Ns / 1e6,
    },
    warnings: [],
  };
}

function callOf(peer: string, folder: string): EtcdPeerCall {
  return { peer, path: join(folder, 'etcd.db'), signal: new AbortController().signal };
}

/** The puts that the harness makes, through the store's keys but not its log, as there. */
function fill(store: Store, { pendingPuts, seed }: ReadCost): void {
  const bytes = { keyBytes: KEY_BYTES, valueBytes: VALUE_BYTES };
  const work = new EtcdWork({ keys: KEYS, preload: KEYS, puts: pendingPuts, ...bytes, seed });
  const { mvcc } = store;
  const put = (): void => {
    const { index, value } = work.next();
    const key = Buffer.from(work.key(index), 'latin1');
    mvcc.begin();
    mvcc.put(key, key.length, { u8: value, start: 0, length: value.length }, NO_LEASE);
    mvcc.end();
  };
  for (let i = 0; i < KEYS; i++) put();
  store.commit();
  for (let i = 0; i < pendingPuts; i++) put();
}

function meanNs(times: number, work: () => void): number {
  let sum = 0;
  for (let i = 0; i < times; i++) {
    const started = systemClock.nowNs();
    work();
    sum += systemClock.nowNs() - started;
  }
  return sum / times;
}

function costFigures(ns: number, readKeys: number): Record<string, number> {
  return { transactionUs: ns / 1e3, nsPerKey: ns / readKeys };
}
