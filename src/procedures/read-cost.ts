// read-cost: what one read transaction costs, here and in etcd's own backend (scripts/peers/etcd-mvcc/reads.go), on
// equal work: so many keys of a length are committed, so many more puts wait in the buffer, and a transaction
// begins, looks up keys next to each other by their revisions at a place drawn anew, and ends. No key index,
// no decoding, no writer beside. Each is timed alone; the figure is the median over blocks of a block's mean.
// etcd's harness makes its store anew in each slice; ours is filled when the arm opens.

import { join } from 'node:path';
import { leaseId, Random, READ_LOCKS, Store } from '../../engine/index.ts';
import { systemClock } from '../measure/clock.ts';
import type { Scalars } from '../record/round.ts';
import { median } from '../stats/quantile.ts';
import { EtcdWork, runEtcdReads } from '../targets/etcd-mvcc-peer.ts';
import { choiceOf, numberOf, storeOptionsOf } from './asked.ts';
import { bareArm } from './bare-arm.ts';
import { etcdCall, etcdSettings, KEY_BYTES, VALUE_BYTES } from './etcd-peer.ts';
import {
  NO_WARM_UP,
  type ArmOrder,
  type Closing,
  type OpenArm,
  type Procedure,
  type Slice,
  type SliceOrder,
} from './procedure.ts';

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

export const readCost: Procedure = {
  name: 'read-cost',
  warmUp: NO_WARM_UP,
  open: (order) =>
    Promise.resolve(order.target === 'etcd-mvcc' ? etcdArm(order) : new OurArm(order)),
};

interface ReadCost {
  /** Keys that one transaction looks up. */
  readonly readKeys: number;
  /** Puts in the buffer meanwhile. */
  readonly pendingPuts: number;
}

function costOf(asked: Scalars): ReadCost {
  return { readKeys: numberOf(asked, 'readKeys'), pendingPuts: numberOf(asked, 'pendingPuts') };
}

function repetitionsOf({ readKeys }: ReadCost): number {
  return Math.max(1, Math.min(BLOCK_TRANSACTIONS_MAX, Math.round(BLOCK_READS / readKeys)));
}

/** This store's backend under one of its read locks. */
class OurArm implements OpenArm {
  readonly #store: Store;
  readonly #cost: ReadCost;
  #bytes = 0;
  #reads = 0;

  constructor({ asked, folder, seed }: ArmOrder) {
    this.#cost = costOf(asked);
    choiceOf(asked, 'readLock', READ_LOCKS);
    this.#store = Store.open(join(folder, 'store'), {
      ...storeOptionsOf(asked),
      ...{ batchLimit: PUTS_NEVER, batchIntervalMs: BACKEND_NEVER_MS },
    });
    const { readKeys, pendingPuts } = this.#cost;
    fill(this.#store, pendingPuts, seed);
    const transactions = Math.min(WARM_UP_TRANSACTIONS_MAX, Math.ceil(WARM_UP_READS / readKeys));
    this.#meanNs(transactions, new Random(seed));
  }

  slice({ seed }: SliceOrder): Promise<Slice> {
    const started = systemClock.nowNs();
    this.#bytes = 0;
    this.#reads = 0;
    const draw = new Random(seed);
    const transactions = repetitionsOf(this.#cost);
    const means = Array.from({ length: BLOCKS }, () => this.#meanNs(transactions, draw));
    return Promise.resolve({
      seconds: (systemClock.nowNs() - started) / 1e9,
      settings: this.#settings(),
      figures: {
        ...costFigures(median(means) ?? Number.NaN, this.#cost),
        bytesPerKey: this.#bytes / this.#reads,
      },
      series: { blockUsPerTransaction: means.map((ns) => ns / 1e3) },
      warnings: [],
    });
  }

  close(): Promise<Closing> {
    const settings = this.#settings();
    this.#store.close();
    return Promise.resolve({ settings, warnings: [] });
  }

  #settings(): Scalars {
    const work = { keys: KEYS, keyBytes: KEY_BYTES, valueBytes: VALUE_BYTES };
    return { ...this.#store.settings(), ...work };
  }

  /** Mean over so many transactions, each timed by itself. */
  #meanNs(times: number, draw: Random): number {
    const { readKeys, pendingPuts } = this.#cost;
    const places = KEYS - pendingPuts - readKeys + 1;
    let sum = 0;
    for (let i = 0; i < times; i++) {
      // The key of index i has revision i + 2: a new store is at revision 1.
      const first = pendingPuts + draw.below(places) + 2;
      const started = systemClock.nowNs();
      this.#transaction(first, first + readKeys);
      sum += systemClock.nowNs() - started;
    }
    return sum / times;
  }

  #transaction(first: number, last: number): void {
    const { backend } = this.#store.mvcc.reader;
    backend.begin();
    for (let main = first; main < last; main++) {
      if (!backend.find(main, 0)) throw new Error(`revision ${main} is not there`);
      this.#bytes += backend.length;
    }
    this.#reads += last - first;
    backend.end();
  }
}

/** etcd's, with the copy of the buffer that a read makes after a put, or without any copy. */
function etcdArm({ asked, folder }: ArmOrder): OpenArm {
  const cost = costOf(asked);
  const mode = choiceOf(asked, 'transaction', ['readtx', 'concurrent']);
  return bareArm(async (slice, context) => {
    const found = await runEtcdReads(etcdCall(folder, slice, context), {
      ...{ level: 'backend', mode, keys: KEYS, keyBytes: KEY_BYTES, valueBytes: VALUE_BYTES },
      ...{ pending: cost.pendingPuts, readsPerTx: cost.readKeys },
      ...{ repetitions: repetitionsOf(cost), blocks: BLOCKS, seed: slice.seed },
    });
    return {
      seconds: found.cost.seconds,
      settings: { ...etcdSettings(found), transaction: mode },
      figures: {
        ...costFigures(found.nsPerTransaction, cost),
        bytesPerKey: found.bytesRead / found.keysRead,
      },
      series: { blockUsPerTransaction: found.blockNsPerTransaction.map((ns) => ns / 1e3) },
      warnings: [],
    };
  });
}

/** The puts that the harness makes, through the store's keys but not its log, as there. */
function fill(store: Store, pendingPuts: number, seed: number): void {
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

function costFigures(ns: number, { readKeys }: ReadCost): Record<string, number> {
  return { transactionUs: ns / 1e3, nsPerKey: ns / readKeys };
}
