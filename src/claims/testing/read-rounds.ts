// Synthetic rounds of concurrent-reads and index-lock for tests of their claims: as the claims say, with
// what a test changes. Nothing here is measured.

import type { ExperimentRound } from '../../record/schema.ts';
import { testExperimentRound } from './experiment-rounds.ts';

const WOBBLE: readonly number[] = [1, 1.02, 0.98, 1.01];

function wobble(block: number): number {
  return WOBBLE[block % WOBBLE.length] ?? 1;
}

/** A figure by arm. */
export type ByArm = Readonly<Record<string, number>>;

export interface ReadRounds {
  readonly blocks?: number;
  readonly replicates?: number;
  /** Ratio between two replicates. */
  readonly noise?: number;
  readonly keys?: number;
  readonly putsPerSecond?: ByArm;
  readonly putP99Us?: ByArm;
  readonly alonePutsPerSecond?: ByArm;
  /** Cost of a read of 1,000 keys in microseconds, ours and etcd's; null: not measured. */
  readonly costUs?: ByArm | null;
}

const AS_PUBLISHED: Record<'putsPerSecond' | 'putP99Us' | 'alonePutsPerSecond' | 'costUs', ByArm> =
  {
    putsPerSecond: { global: 1000, copy: 1700, concurrent: 2000 },
    putP99Us: { global: 100_000, copy: 10_000, concurrent: 5000 },
    alonePutsPerSecond: { global: 4000, copy: 4000, concurrent: 4100 },
    costUs: { global: 400, copy: 500, 'etcd-readtx': 420, 'etcd-concurrent': 600 },
  };

/** Rounds of the deciding cell, and of its calibration. */
export function readRounds(about: ReadRounds = {}): ExperimentRound[] {
  const { blocks = 4, replicates = 2, noise = 1.02, keys = 100_000 } = about;
  const { putsPerSecond, putP99Us, alonePutsPerSecond } = { ...AS_PUBLISHED, ...about };
  const { costUs = AS_PUBLISHED.costUs } = about;
  const rounds = Array.from({ length: blocks }, (_, block) =>
    ['global', 'copy', 'concurrent'].flatMap((arm, at) =>
      Array.from({ length: replicates }, (__, replicate) => {
        const own = wobble(block + at) * noise ** (replicates === 1 ? 0 : replicate - 0.5);
        return readRound(arm, {
          ...{ cell: `beside-${String(keys)}`, block, replicate },
          factors: { measured: 'beside', keys, sharePercent: 100 },
          figures: {
            putsPerSecond: (putsPerSecond[arm] ?? 1) * own,
            putP99Us: (putP99Us[arm] ?? 1) * own,
            alonePutsPerSecond: (alonePutsPerSecond[arm] ?? 1) * own,
            ...{ longReads: 9, longReadMs: 60, shortReadsPerSecond: 9000 },
          },
        });
      }),
    ),
  ).flat();
  if (costUs === null) return rounds;
  const costs = [0, 1].flatMap((block) =>
    Object.entries(costUs).map(([arm, cost]) =>
      readRound(arm, {
        ...{ cell: 'calibration-1000', block },
        factors: { measured: 'calibration', readKeys: 1000, pendingPuts: 200 },
        figures: { transactionUs: cost * wobble(block) },
      }),
    ),
  );
  return [...rounds, ...costs];
}

export function readRound(arm: string, over: Partial<ExperimentRound>): ExperimentRound {
  const settings: ExperimentRound['settings'] = arm.startsWith('etcd')
    ? { etcd: '3.5.0' }
    : { readLock: arm };
  return testExperimentRound({ claim: 'concurrent-reads', arm, settings, ...over });
}

export interface IndexRounds {
  readonly sizes?: readonly number[];
  readonly blocks?: number;
  readonly replicates?: number;
  readonly noise?: number;
  /** Longest put in milliseconds by keys. */
  readonly global?: (keys: number) => number;
  readonly optimistic?: (keys: number) => number;
}

/** Rounds of index-lock as the claim says: global in proportion, optimistic short. */
export function indexRounds(about: IndexRounds = {}): ExperimentRound[] {
  const { sizes = [1e5, 3e5, 1e6], blocks = 4, replicates = 2, noise = 1.02 } = about;
  const { global = (keys) => keys / 5000, optimistic = () => 4 } = about;
  return sizes.flatMap((keys) =>
    Array.from({ length: blocks }, (_, block) =>
      Object.entries({ global, optimistic }).flatMap(([arm, longest], at) =>
        Array.from({ length: replicates }, (__, replicate) => {
          const own = wobble(block + at) * noise ** (replicates === 1 ? 0 : replicate - 0.5);
          return indexRound(arm, {
            ...{ cell: `compact-${String(keys)}`, block, replicate },
            factors: { measured: 'compact', keys, seconds: 0.6 },
            figures: {
              putMaxMs: longest(keys) * own,
              putP99Us: longest(keys) * 900 * own,
              ...{ readMaxMs: 1, beforePutMaxMs: 1, beforePutP99Us: 200, stepMsMax: 3 },
            },
          });
        }),
      ),
    ).flat(),
  );
}

export function indexRound(arm: string, over: Partial<ExperimentRound>): ExperimentRound {
  return testExperimentRound({ claim: 'index-lock', arm, settings: { indexLock: arm }, ...over });
}
