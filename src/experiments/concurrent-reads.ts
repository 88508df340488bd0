// Experiment concurrent-reads: what a long read costs the puts beside it, under the lock that etcd had
// before 3.4 (global), with 3.4's copy of the read buffer (copy), and without any lock (concurrent).
//
// Load: the published recipe's (etcd PR 10523) in its workload long-reads. 10 clients put 10 kB to 100 keys
// in a closed loop, 10 read single keys at 10,000/s, and long reads take the whole store. In the recipe a
// long read took 1.858 s and one was begun each second: one was always under way. So it is here in the
// cells that decide; the cells of `share` let it rest. Writes are in the log and synced before they are
// answered. The cells of calibration put this backend beside etcd's own.

import { availableParallelism } from 'node:os';
import { READ_LOCKS, type ReadLock } from '../../engine/index.ts';
import type { ParameterValues } from '../../workloads/index.ts';
import type { Mode } from '../runner/plan.ts';
import { findEtcdMvccPeer } from '../targets/etcd-mvcc-peer.ts';
import { runBesideRound, runReadersRound } from './beside-round.ts';
import type { Experiment, ExperimentCell, RoundFigures, RoundOrder } from './experiment.ts';
import { factorOf } from './load-round.ts';
import { etcdPutsBeside, etcdReadCost, ourReadCost } from './read-calibration.ts';

const ARMS: readonly ReadLock[] = ['global', 'copy', 'concurrent'];
const ETCD_READTX = 'etcd-readtx';
const ETCD_CONCURRENT = 'etcd-concurrent';
const ETCD_SHARED = 'etcd-shared';

/** Keys of the store, which a long read takes all. */
const KEYS = 100_000;
const QUICK_KEYS = 10_000;
const CURVE_KEYS: readonly number[] = [1000, 10_000];
const LARGE_KEYS = 1_000_000;
/** Percent of the time in which a long read is under way, at SHARE_KEYS keys. */
const SHARES: readonly number[] = [10, 40, 80];
const SHARE_KEYS = 10_000;
const READER_KEYS = 10_000;
const READER_THREADS_MAX = 8;
/** Keys that a transaction reads; the first decides. */
const CALIBRATION_READS: readonly number[] = [1000, 1];
/** What 2,000 puts/s leave in the buffer at the end of a batch of 100 ms. */
const PENDING_PUTS = 200;
/** Larger stores than etcd's default quota of 2 GiB are filled. */
const QUOTA_BYTES = 16 * 1024 ** 3;

type Cells = readonly ExperimentCell[];

export const concurrentReads: Experiment = {
  claim: 'concurrent-reads',
  budgetSeconds: { quick: 15, default: 130, full: 500 },
  cells,
  runRound,
};

function cells(mode: Mode): Cells {
  const peer = findEtcdMvccPeer(process.env) !== undefined;
  if (mode === 'quick') {
    const blocks = { blocksMin: 3, blocksMax: 3 };
    return [
      { ...besideCell(QUICK_KEYS, 'deciding'), ...blocks },
      ...(peer ? [calibrationCell(CALIBRATION_READS[0] ?? 1, 'deciding', 1)] : []),
    ];
  }
  const full = mode === 'full';
  const deciding = { blocksMin: full ? 6 : 3, blocksMax: full ? 12 : 5, replicates: 2 };
  const curve = { blocksMin: full ? 3 : 2, blocksMax: full ? 6 : 3 };
  return [
    { ...besideCell(KEYS, 'deciding'), ...deciding },
    ...(peer ? CALIBRATION_READS : []).map((reads, i) =>
      calibrationCell(reads, i === 0 ? 'deciding' : 'curve', full ? 4 : 2 - i),
    ),
    ...CURVE_KEYS.map((keys): ExperimentCell => ({ ...besideCell(keys, 'curve'), ...curve })),
    ...SHARES.map((share): ExperimentCell => ({ ...shareCell(share), ...curve })),
    ...threadCounts().map((threads): ExperimentCell => ({ ...readersCell(threads), ...curve })),
    ...(peer ? [etcdCell(KEYS)] : []),
    ...(full ? [{ ...besideCell(LARGE_KEYS, 'labelled'), blocksMin: 2, blocksMax: 2 }] : []),
  ];
}

/** 1, 2, 4 ... up to the cores, and all of those. */
function threadCounts(): number[] {
  const cores = Math.min(availableParallelism(), READER_THREADS_MAX);
  const counts: number[] = [];
  for (let threads = 1; threads < cores; threads *= 2) counts.push(threads);
  return [...counts, cores];
}

type CellAbout = Omit<ExperimentCell, 'blocksMin' | 'blocksMax'>;

function besideCell(keys: number, role: ExperimentCell['role']): CellAbout {
  return {
    id: `beside-${String(keys)}`,
    title: `puts beside ranges of ${keys.toLocaleString('en-US')} keys`,
    role,
    factors: { measured: 'beside', keys, sharePercent: 100 },
    arms: ARMS,
    roundSeconds: 1.1 + keys * 22e-6,
  };
}

function shareCell(sharePercent: number): CellAbout {
  return {
    ...besideCell(SHARE_KEYS, 'curve'),
    id: `share-${String(sharePercent)}`,
    title: `puts, a long read under way ${String(sharePercent)}% of the time`,
    factors: { measured: 'share', keys: SHARE_KEYS, sharePercent },
    arms: ['global', 'copy'],
  };
}

function readersCell(threads: number): CellAbout {
  return {
    id: `readers-${String(threads)}`,
    title: `short reads of ${String(threads)} ${threads === 1 ? 'thread' : 'threads'}`,
    role: 'curve',
    factors: { measured: 'readers', threads, keys: READER_KEYS },
    arms: ARMS,
    roundSeconds: 1.4,
  };
}

function calibrationCell(
  readKeys: number,
  role: ExperimentCell['role'],
  blocks: number,
): ExperimentCell {
  return {
    id: `calibration-${String(readKeys)}`,
    title: `a read of ${readKeys.toLocaleString('en-US')} ${readKeys === 1 ? 'key' : 'keys'}, ours and etcd's`,
    role,
    factors: { measured: 'calibration', readKeys, pendingPuts: PENDING_PUTS },
    arms: ['global', 'copy', ETCD_READTX, ETCD_CONCURRENT],
    blocksMin: blocks,
    blocksMax: 2 * blocks,
    roundSeconds: 1,
  };
}

function etcdCell(keys: number): ExperimentCell {
  return {
    id: `etcd-${String(keys)}`,
    title: `etcd's own store beside ranges of ${keys.toLocaleString('en-US')} keys`,
    role: 'labelled',
    factors: { measured: 'etcd', keys },
    arms: [ETCD_SHARED, ETCD_CONCURRENT],
    blocksMin: 1,
    blocksMax: 2,
    roundSeconds: 4,
  };
}

function runRound({ cell, arm, seed, folder }: RoundOrder): RoundFigures | Promise<RoundFigures> {
  const measured = cell.factors['measured'];
  if (measured === 'calibration') {
    const [readKeys, pendingPuts] = [factorOf(cell, 'readKeys'), factorOf(cell, 'pendingPuts')];
    const cost = { folder, readKeys, pendingPuts, seed };
    if (arm === ETCD_READTX) return etcdReadCost(cost, 'readtx', peerPath());
    if (arm === ETCD_CONCURRENT) return etcdReadCost(cost, 'concurrent', peerPath());
    return ourReadCost(cost, readLockOf(arm));
  }
  if (measured === 'etcd') {
    const beside = { folder, keys: factorOf(cell, 'keys'), seconds: 1, seed };
    return etcdPutsBeside(beside, arm === ETCD_SHARED ? 'shared' : 'concurrent', peerPath());
  }
  const store = { readLock: readLockOf(arm), quotaBytes: QUOTA_BYTES };
  const standingKeys = factorOf(cell, 'keys');
  const parameters: ParameterValues = { standingKeys };
  const round = { folder, store, parameters, seed, warmUpSeconds: 0.1 };
  if (measured === 'readers') {
    return runReadersRound({ ...round, threads: factorOf(cell, 'threads'), seconds: 0.6 });
  }
  return runBesideRound({
    ...round,
    aloneSeconds: 0.3,
    besideSeconds: standingKeys < KEYS ? 0.4 : 0.8,
    longShare: factorOf(cell, 'sharePercent') / 100,
  });
}

function readLockOf(arm: string): ReadLock {
  const found = READ_LOCKS.find((one) => one === arm);
  if (found === undefined) throw new Error(`concurrent-reads has no arm ${arm}`);
  return found;
}

function peerPath(): string {
  const peer = findEtcdMvccPeer(process.env);
  if (peer === undefined) throw new Error('the harness around etcd is no longer there');
  return peer;
}
