// Whether the baselines of concurrent-reads are honest: what one read costs under global and copy, against
// etcd's own ReadTx and ConcurrentReadTx on equal work. Reads of 1,000 keys void the claim where ours cost
// over 1.25 times etcd's, since the claim is about long reads; those of one key stand beside. Pure.

import type { Table } from '../record/answer.ts';
import type { Round, Warning } from '../record/round.ts';
import type { Arm, Cell } from '../question/question.ts';
import { count, times } from '../judge/words.ts';
import { geometricMean, tableOf, valueOf } from './cell-figures.ts';
import { slicesOf } from './claim-question.ts';

/** Ours may cost this many times etcd's. */
const RATIO_MAX = 1.25;
const DECIDING_KEYS = 1000;
/** What 2,000 puts/s leave in the buffer at the end of a batch of 100 ms. */
const PENDING_PUTS = 200;
/** Each lock with what etcd calls it, and the transaction that measures etcd's. */
const PAIRS = [
  { lock: 'global', called: 'ReadTx', transaction: 'readtx' },
  { lock: 'copy', called: 'ConcurrentReadTx', transaction: 'concurrent' },
] as const;

const cellOf = (readKeys: number): string => `concurrent-reads/cost-${String(readKeys)}`;
const etcdArm = (transaction: string): string => `etcd-${transaction}`;

/** A cell for each number of keys that a transaction reads. */
export function costCells(readKeys: readonly number[]): Cell[] {
  return readKeys.map((keys) => ({
    id: cellOf(keys),
    title: `a read of ${keysText(keys)}, ours and etcd's`,
    ...{ role: 'curve', procedure: 'read-cost', slices: 2, sessions: 1 },
    calibrates: keys === DECIDING_KEYS,
    factors: { readKeys: keys, pendingPuts: PENDING_PUTS },
    arms: PAIRS.flatMap(({ lock, transaction }): Arm[] => [
      { name: lock, target: 'engine', settings: { readLock: lock } },
      { name: etcdArm(transaction), target: 'etcd-mvcc', settings: { transaction } },
    ]),
    ...{ prepareSeconds: 0, openSeconds: 1.5, sliceSeconds: 0.6, diskBytes: 400e6 },
    memoryBytes: 1e9,
  }));
}

interface ReadCost {
  readonly lock: string;
  readonly called: string;
  readonly readKeys: number;
  /** Cost of a read, ours / etcd's. */
  readonly ratio: number;
  readonly slices: number;
}

function costsOf(rounds: readonly Round[]): ReadCost[] {
  return [DECIDING_KEYS, 1].flatMap((readKeys) =>
    PAIRS.flatMap(({ lock, called, transaction }) => {
      const [ours, etcds] = [lock, etcdArm(transaction)].map((arm) =>
        slicesOf(rounds, cellOf(readKeys), arm).flatMap(
          (round) => valueOf(round, 'transactionUs') ?? [],
        ),
      );
      const [over, under] = [geometricMean(ours ?? []), geometricMean(etcds ?? [])];
      if (over === undefined || under === undefined) return [];
      return [{ lock, called, readKeys, ratio: over / under, slices: ours?.length ?? 0 }];
    }),
  );
}

export function costFaults(rounds: readonly Round[]): Warning[] {
  return costsOf(rounds)
    .filter(({ readKeys, ratio }) => readKeys === DECIDING_KEYS && ratio > RATIO_MAX)
    .map((cost) => ({
      code: 'dishonest-baseline',
      message: `${sentenceOf(cost)} (at most ${String(RATIO_MAX)} allowed)`,
      remedy: "make the engine's reads cheaper before anything is concluded",
    }));
}

export function costCaveats(rounds: readonly Round[]): string[] {
  const costs = costsOf(rounds);
  const deciding = costs.filter(({ readKeys }) => readKeys === DECIDING_KEYS);
  const off = costs.filter(({ readKeys, ratio }) =>
    readKeys === DECIDING_KEYS ? ratio < 1 / RATIO_MAX : ratio > RATIO_MAX,
  );
  return [
    ...(deciding.length < PAIRS.length ? [NOT_CALIBRATED] : []),
    ...off.map((cost) => `Not within 25%: ${sentenceOf(cost)}.`),
  ];
}

const NOT_CALIBRATED =
  "The read locks were not compared with etcd's own: scripts/peers/build.sh, which needs Go, builds what " +
  'that takes.';

function sentenceOf({ lock, called, readKeys, ratio }: ReadCost): string {
  return `a read of ${keysText(readKeys)} with ${lock} costs ${times(ratio)} what etcd's ${called} does`;
}

function keysText(keys: number): string {
  return keys === 1 ? 'one key' : `${count(keys)} keys`;
}

export function costTable(rounds: readonly Round[]): Table[] {
  return tableOf(
    "Calibration: cost of one read transaction, ours over etcd's, 200 puts in the buffer, no writer beside",
    costsOf(rounds),
    [
      { title: 'Keys read', of: ({ readKeys }) => readKeys },
      { title: 'Lock', of: ({ lock }) => lock },
      { title: "etcd's", of: ({ called }) => called },
      { title: "Ours / etcd's", unit: 'x', of: ({ ratio }) => ratio },
      { title: 'Slices', of: ({ slices }) => slices },
    ],
  );
}
