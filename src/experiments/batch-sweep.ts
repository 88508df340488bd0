// Experiment batch-sweep: what batch limit and batch interval of the backend make of puts, on disks of
// several sync latencies: the one at hand, and with 1, 5 and 10 ms added to every sync. Arms are settings.
//
// A round loads two fresh stores in turn: with clients that put as fast as they are answered (throughput),
// and at a fixed rate below that (latency from the intended start). The rate is one for all settings of a
// cell, and lower on slower disks. No consensus is in the path.

import { join } from 'node:path';
import type { LoadPlan } from '../drivers/load-plan.ts';
import type { Mode } from '../runner/plan.ts';
import type { Experiment, ExperimentCell, RoundFigures, RoundOrder } from './experiment.ts';
import { factorOf, grownBy, loadFigures, loadOnce, loadWarnings } from './load-round.ts';

interface BatchSetting {
  readonly intervalMs: number;
  readonly limit: number;
}

/** etcd's default, and what PR 10283 talked of as a better one. */
const DEFAULT: BatchSetting = { intervalMs: 100, limit: 10_000 };
const PROPOSAL: BatchSetting = { intervalMs: 10, limit: 1000 };

const CLIENTS = 64;
const VALUE_BYTES = 256;
const KEYS = 4000;
const WARM_UP_SECONDS = 0.15;
/** Starting a store and filling it, twice a round. */
const PREPARE_SECONDS = 0.9;
/** Puts a second offered by milliseconds added to a sync: below what every setting can take there. */
const OFFERED: Readonly<Record<number, number>> = { 0: 10_000, 1: 5000, 5: 2000, 10: 1000 };

const BLOCKS: Readonly<Record<Mode, readonly [min: number, max: number]>> = {
  quick: [3, 3],
  default: [4, 6],
  full: [8, 12],
};

export const batchSweep: Experiment = {
  claim: 'batch-sweep',
  budgetSeconds: { quick: 17, default: 105, full: 900 },
  cells,
  runRound,
};

function cells(mode: Mode): readonly ExperimentCell[] {
  const [blocksMin, blocksMax] = BLOCKS[mode];
  const decide: ExperimentCell = {
    ...batchCell('decide', 0, [DEFAULT, PROPOSAL], mode === 'quick' ? [0.15, 0.3] : [0.35, 0.9]),
    title: 'default against proposal, syncs as the disk has them',
    role: 'deciding',
    ...{ replicates: mode === 'quick' ? 1 : 2, blocksMin, blocksMax },
  };
  if (mode === 'quick') {
    const small = batchCell('grid-0', 0, grid([10, 100], [1000, 10_000]), [0.1, 0.15]);
    return [decide, { ...small, blocksMin: 1, blocksMax: 1 }];
  }
  const full = mode === 'full';
  const blocks = full ? { blocksMin: 2, blocksMax: 4 } : { blocksMin: 1, blocksMax: 2 };
  const limits = full ? [100, 1000, 10_000, 100_000] : [100, 1000, 10_000];
  const slow = grid(full ? [1, 10, 100, 1000] : [10, 100], limits);
  // The time measured holds one commit of the longest interval.
  const slowSeconds = full ? 1.1 : 0.4;
  return [
    decide,
    { ...batchCell('grid-0', 0, grid([1, 10, 100, 1000], limits), [0.25, 1.1]), ...blocks },
    ...[1, 5, 10].map((delay) => ({
      ...batchCell(`grid-${String(delay)}`, delay, slow, [0.25, slowSeconds]),
      ...blocks,
    })),
  ];
}

function batchCell(
  id: string,
  syncDelayMs: number,
  settings: readonly BatchSetting[],
  [closedSeconds, openSeconds]: readonly [number, number],
): Omit<ExperimentCell, 'blocksMin' | 'blocksMax'> {
  const added =
    syncDelayMs === 0 ? 'syncs as the disk has them' : `${String(syncDelayMs)} ms added to a sync`;
  return {
    id,
    title: `${String(settings.length)} settings, ${added}`,
    role: 'curve',
    factors: {
      syncDelayMs,
      offeredPerSecond: OFFERED[syncDelayMs] ?? 1000,
      ...{ clients: CLIENTS, keys: KEYS, valueBytes: VALUE_BYTES, closedSeconds, openSeconds },
    },
    arms: settings.map(armOf),
    roundSeconds: PREPARE_SECONDS + 2 * WARM_UP_SECONDS + closedSeconds + openSeconds,
  };
}

function grid(intervals: readonly number[], limits: readonly number[]): BatchSetting[] {
  return intervals.flatMap((intervalMs) => limits.map((limit) => ({ intervalMs, limit })));
}

/** What the claim knows an arm by: '100ms/10000'. */
function armOf({ intervalMs, limit }: BatchSetting): string {
  return `${String(intervalMs)}ms/${String(limit)}`;
}

function settingOf(arm: string): BatchSetting {
  const [, intervalMs, limit] = /^(\d+)ms\/(\d+)$/.exec(arm) ?? [];
  if (intervalMs === undefined || limit === undefined) {
    throw new Error(`batch-sweep has no arm ${arm}`);
  }
  return { intervalMs: Number(intervalMs), limit: Number(limit) };
}

async function runRound({ cell, arm, seed, folder }: RoundOrder): Promise<RoundFigures> {
  const { intervalMs, limit } = settingOf(arm);
  const offered = factorOf(cell, 'offeredPerSecond');
  const plan = (what: 'closed' | 'open', seconds: number): LoadPlan => ({
    folder: join(folder, what),
    workload: 'large-values',
    parameters: {
      ...{ keys: factorOf(cell, 'keys'), valueBytes: factorOf(cell, 'valueBytes') },
      readShare: 0,
    },
    store: { batchIntervalMs: intervalMs, batchLimit: limit },
    seed,
    clientsByThread: [factorOf(cell, 'clients')],
    shape:
      what === 'closed'
        ? { kind: 'closed' }
        : { kind: 'open', arrival: 'poisson', ratePerSecond: offered },
    seconds,
    operations: 0,
    warmUpSeconds: WARM_UP_SECONDS,
    syncDelayMs: factorOf(cell, 'syncDelayMs'),
    verify: true,
  });
  const closed = await loadOnce(plan('closed', factorOf(cell, 'closedSeconds')));
  const open = await loadOnce(plan('open', factorOf(cell, 'openSeconds')));
  const put = loadFigures(open);
  const commits = grownBy(open, 'backendCommits');
  return {
    settings: open.settings,
    figures: {
      putsPerSecond: loadFigures(closed).perSecond,
      ...{ putP50Us: put.p50Us, putP99Us: put.p99Us, putMaxUs: put.maxUs },
      ...{ takenPerSecond: put.perSecond, commitsPerSecond: commits / open.seconds },
      // Without a commit within the time there is no time of one.
      ...(commits > 0 ? { commitMs: grownBy(open, 'backendCommitNs') / 1e6 / commits } : {}),
      commitMsMax: open.stats.backendCommitNsMax / 1e6,
    },
    warnings: [...loadWarnings(closed, 'closed loop'), ...loadWarnings(open, 'open loop')],
  };
}
