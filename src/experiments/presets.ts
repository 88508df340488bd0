// Experiment presets: all published optimisations together against none of them, on each workload family, in
// a closed loop: a family is a workload with sizes that a round can prepare in part of a second. Arms are
// the engine's presets: baseline, optimized. Stores are fresh and small, so that what only shows in large
// and old ones (the freelist) is not in it.

import { join } from 'node:path';
import { PRESETS } from '../../engine/index.ts';
import type { ParameterValues } from '../../workloads/index.ts';
import type { Mode } from '../runner/plan.ts';
import type { Experiment, ExperimentCell, RoundFigures, RoundOrder } from './experiment.ts';
import { factorOf, loadFigures, loadOnce, loadWarnings } from './load-round.ts';

interface Family {
  readonly workload: string;
  readonly title: string;
  readonly parameters: ParameterValues;
  readonly clientsByThread: readonly number[];
}

const FAMILIES: readonly Family[] = [
  {
    workload: 'large-values',
    title: 'large values: 200 of 100 kB, half reads, half overwrites',
    parameters: { keys: 200 },
    clientsByThread: [16],
  },
  {
    workload: 'key-churn',
    title: 'key churn: 5,000 keys of 1 kB overwritten, replaced, compacted',
    // A compaction some times a second: client 0 does a 64th of the operations.
    parameters: { keys: 5000, compactEvery: 100, retainRevisions: 2000 },
    clientsByThread: [64],
  },
  {
    workload: 'mass-leases',
    title: 'mass leases: 20,000 with a key each, renewed and replaced',
    parameters: { leases: 20_000 },
    clientsByThread: [64],
  },
  {
    workload: 'read-heavy',
    title: 'read-heavy: 10,000 keys of 1 kB, 95% point reads',
    parameters: { keys: 10_000 },
    clientsByThread: [64],
  },
  {
    workload: 'long-reads',
    title: 'long reads: 2 clients read 10,000 keys of 1 kB beside 20 others',
    parameters: { standingKeys: 10_000 },
    // The long ones have a thread of their own.
    clientsByThread: [2, 20],
  },
  {
    workload: 'kubernetes',
    title: 'kubernetes: a cluster of 100 nodes and 3,000 pods',
    parameters: { nodes: 100 },
    clientsByThread: [64],
  },
];

const ARMS = ['baseline', 'optimized'] as const;
const WARM_UP_SECONDS = 0.1;
/** Starting a store, filling it, and looking at it afterwards. */
const PREPARE_SECONDS = 0.55;
const SECONDS: Readonly<Record<Mode, number>> = { quick: 0.3, default: 0.35, full: 1.5 };
const BLOCKS: Readonly<Record<Mode, readonly [min: number, max: number, replicates: number]>> = {
  quick: [1, 1, 1],
  default: [3, 5, 2],
  full: [6, 10, 2],
};

export const presets: Experiment = {
  claim: 'presets',
  budgetSeconds: { quick: 15, default: 75, full: 400 },
  cells,
  runRound,
};

function cells(mode: Mode): readonly ExperimentCell[] {
  const [blocksMin, blocksMax, replicates] = BLOCKS[mode];
  const seconds = SECONDS[mode];
  return FAMILIES.map(({ workload, title, clientsByThread }) => ({
    id: workload,
    title,
    role: 'deciding',
    factors: {
      ...{ workload, seconds },
      clients: clientsByThread.reduce((sum, clients) => sum + clients, 0),
    },
    arms: ARMS,
    ...{ replicates, blocksMin, blocksMax },
    roundSeconds: PREPARE_SECONDS + WARM_UP_SECONDS + seconds,
  }));
}

async function runRound({ cell, arm, seed, folder }: RoundOrder): Promise<RoundFigures> {
  const preset = ARMS.find((one) => one === arm);
  if (preset === undefined) throw new Error(`presets has no arm ${arm}`);
  const name = cell.factors['workload'];
  const family = FAMILIES.find(({ workload }) => workload === name);
  if (family === undefined) throw new Error(`presets has no family ${String(name)}`);
  const report = await loadOnce({
    folder: join(folder, 'store'),
    workload: family.workload,
    parameters: family.parameters,
    store: PRESETS[preset],
    seed,
    clientsByThread: family.clientsByThread,
    shape: { kind: 'closed' },
    seconds: factorOf(cell, 'seconds'),
    operations: 0,
    warmUpSeconds: WARM_UP_SECONDS,
    syncDelayMs: 0,
    verify: true,
  });
  const all = loadFigures(report);
  const lanes = report.lanes
    .filter(({ operations }) => operations > 0)
    .map(({ lane }) => [`${lane}P99Us`, loadFigures(report, [lane]).p99Us] as const);
  return {
    settings: report.settings,
    figures: {
      operationsPerSecond: all.perSecond,
      ...{ p50Us: all.p50Us, p99Us: all.p99Us },
      ...Object.fromEntries(lanes),
    },
    warnings: loadWarnings(report, 'closed loop'),
  };
}
