// Whether the baselines of concurrent-reads are honest: what one read costs under global and copy, against
// etcd's own ReadTx and ConcurrentReadTx on equal work. Reads of 1,000 keys judge, since the claim is about
// long reads; those of one key stand beside. A dearer baseline voids the claim, a cheaper one is named. Pure.

import type { ExperimentRound, Warning } from '../record/schema.ts';
import { compareArms, figure, levelsOf, roundsWith, type Comparison } from './experiment-rounds.ts';
import { times } from './wording.ts';

/** Ours may cost this many times etcd's. */
const RATIO_MAX = 1.25;
const DECIDING_KEYS = 1000;
/** Each lock with what etcd calls it, and the arm that measured etcd. */
const PAIRS = [
  { lock: 'global', etcd: 'etcd-readtx', called: 'ReadTx' },
  { lock: 'copy', etcd: 'etcd-concurrent', called: 'ConcurrentReadTx' },
] as const;

export interface ReadCost {
  readonly lock: string;
  readonly called: string;
  readonly readKeys: number;
  /** Cost of a read, ours / etcd's. */
  readonly cost: Comparison;
}

export interface ReadCosts {
  readonly costs: readonly ReadCost[];
  readonly faults: readonly Warning[];
  readonly doubts: readonly Warning[];
}

export function readCosts(rounds: readonly ExperimentRound[], unit: () => number): ReadCosts {
  const measured = roundsWith(rounds, { measured: 'calibration' });
  const costs = levelsOf(measured, 'readKeys').flatMap((readKeys) =>
    PAIRS.flatMap(({ lock, etcd, called }) => {
      const own = roundsWith(measured, { readKeys });
      const arms = { baseline: lock, candidate: etcd, metric: figure('transactionUs') };
      const cost = compareArms(own, { ...arms, better: 'lower' }, unit);
      return cost.ratio.value === null ? [] : [{ lock, called, readKeys, cost }];
    }),
  );
  const deciding = costs.filter(({ readKeys }) => readKeys === DECIDING_KEYS);
  const dear = costs.filter(({ cost }) => (cost.ratio.value ?? 0) > RATIO_MAX);
  const isDeciding = ({ readKeys }: ReadCost): boolean => readKeys === DECIDING_KEYS;
  const cheap = deciding.filter(({ cost }) => (cost.ratio.value ?? 1) < 1 / RATIO_MAX);
  return {
    costs,
    faults: dear.filter(isDeciding).map((cost) => ({
      code: 'dishonest-baseline',
      message: `${sentenceOf(cost)} (at most ${String(RATIO_MAX)} allowed)`,
      remedy: "make the engine's reads cheaper before anything is concluded",
    })),
    doubts: [
      ...(deciding.length < PAIRS.length ? [NOT_CALIBRATED] : []),
      ...dear
        .filter((cost) => !isDeciding(cost))
        .map((cost) => ({ code: 'dear-reads', message: sentenceOf(cost) })),
      ...cheap.map((cost) => ({ code: 'cheap-reads', message: sentenceOf(cost) })),
    ],
  };
}

const NOT_CALIBRATED: Warning = {
  code: 'not-calibrated',
  message: "the reads' baselines were not put beside etcd's own: its harness is not built",
  remedy: 'build it with scripts/peers/build.sh, which needs Go',
};

function sentenceOf({ lock, called, readKeys, cost }: ReadCost): string {
  const what = readKeys === 1 ? 'one key' : `${readKeys.toLocaleString('en-US')} keys`;
  return (
    `not within 25%: a read of ${what} costs ${times(cost.ratio.value ?? 0)} what etcd's ${called} ` +
    `does, with ${lock}`
  );
}
