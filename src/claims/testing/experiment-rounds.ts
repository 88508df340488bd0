// Synthetic rounds of experiments for tests of claims and reports: valid by the schema, with the figures
// that the test chooses. Nothing here is measured; no command reads it.

import type { ExperimentRound } from '../../record/schema.ts';

export function testExperimentRound(over: Partial<ExperimentRound> = {}): ExperimentRound {
  return {
    schemaVersion: 1,
    kind: 'experiment-round',
    claim: 'test-claim',
    cell: 'cell',
    role: 'deciding',
    factors: {},
    block: 0,
    position: 0,
    arm: 'before',
    replicate: 0,
    startedAt: '2026-01-01T00:01:00.000Z',
    seconds: 1,
    settings: {},
    figures: {},
    histograms: {},
    series: {},
    resources: { rssBytesMax: 1e8, userSeconds: 1, systemSeconds: 0 },
    warnings: [],
    ...over,
  };
}

/** Cost of a tick at so many leases in one block, in microseconds. */
export type TickCost = (leases: number, block: number) => number;

export interface LeaseRounds {
  readonly scan?: TickCost;
  readonly heap?: TickCost;
  readonly sizes?: readonly number[];
  readonly blocks?: number;
  readonly replicates?: number;
  /** Ratio between two replicates; their geometric mean stays put. */
  readonly noise?: number;
  /** Longest lag of the published case in seconds; null: not measured. */
  readonly lagSeconds?: number | null;
}

const WOBBLE: readonly number[] = [1, 1.02, 0.98, 1.01];

/** Rounds of lease-scale as the claim says: scan in proportion, heap flat, the lag as the cap makes it. */
export function leaseRounds(about: LeaseRounds = {}): ExperimentRound[] {
  const { sizes = [1e3, 1e4, 1e5, 1e6], blocks = 4, replicates = 2, noise = 1.02 } = about;
  const wobble = (block: number): number => WOBBLE[block % WOBBLE.length] ?? 1;
  const scan: TickCost = about.scan ?? ((leases, block) => leases * 0.01 * wobble(block));
  const heap: TickCost = about.heap ?? ((_, block) => 0.02 * wobble(block + 1));
  const ticks = sizes
    .flatMap((leases) =>
      Array.from({ length: blocks }, (_, block) =>
        Object.entries({ scan, heap }).flatMap(([arm, cost]) =>
          Array.from({ length: replicates }, (__, replicate) =>
            leaseRound(arm, {
              cell: `idle-${String(leases)}`,
              factors: { measured: 'tick', leases, dueEachTick: 0 },
              ...{ block, replicate },
              figures: {
                tickUs: cost(leases, block) * noise ** (replicates === 1 ? 0 : replicate - 0.5),
                ...{ visitedPerTick: arm === 'scan' ? leases : 1, keepAlivesPerSecond: 1e6 },
                ...{ grantsPerSecond: 1e6, bytesPerLease: 50 },
              },
            }),
          ),
        ),
      ),
    )
    .flat();
  const { lagSeconds = 880 } = about;
  if (lagSeconds === null) return ticks;
  const factors = { measured: 'lag', leases: 900_000, ttlSeconds: 20, revokeRate: 1000 };
  const figures = { lagSecondsMax: lagSeconds, lagSecondsMedian: lagSeconds / 2 };
  return [...ticks, leaseRound('heap', { cell: 'lag-1000', factors, figures })];
}

export function leaseRound(arm: string, over: Partial<ExperimentRound>): ExperimentRound {
  return testExperimentRound({
    claim: 'lease-scale',
    arm,
    settings: { leaseExpiry: arm },
    ...over,
  });
}
