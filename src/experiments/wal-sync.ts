// Experiment wal-sync: puts a second over concurrent writers with a sync of the log for each put, one for all
// that wait, and none; for values of several sizes, on the disk at hand and with 1, 5 and 10 ms added to
// every sync. Arms: each, group, none (which loses acknowledged puts in a crash of the machine).
//
// The disk's own sync latency is measured in the same round, before the load: what one sync a put allows
// follows from it.

import { join } from 'node:path';
import { DURABILITIES } from '../../engine/index.ts';
import { measureSyncLatency } from '../hardware/sync-latency.ts';
import { systemClock } from '../measure/clock.ts';
import type { ExperimentRole } from '../record/schema.ts';
import type { Mode } from '../runner/plan.ts';
import type { Experiment, ExperimentCell, RoundFigures, RoundOrder } from './experiment.ts';
import { factorOf, grownBy, loadFigures, loadOnce, loadWarnings } from './load-round.ts';

const VALUE_BYTES = 256;
const WRITERS = 64;
/** Of the cells that judge a slow disk. */
const SLOW_MS = 5;
const PROBE_SECONDS = 0.15;
const WARM_UP_SECONDS = 0.1;
/** Starting a store and filling it. */
const PREPARE_SECONDS = 0.45;
const KEYS_MIN = 64;

export const walSync: Experiment = {
  claim: 'wal-sync',
  budgetSeconds: { quick: 15, default: 70, full: 300 },
  cells,
  runRound,
};

interface About {
  readonly writers?: number;
  readonly valueBytes?: number;
  readonly syncDelayMs?: number;
  readonly arms?: readonly string[];
  readonly seconds: number;
}

function cells(mode: Mode): readonly ExperimentCell[] {
  const waiting = ['each', 'group'];
  if (mode === 'quick') {
    const about = { seconds: 0.2, arms: waiting };
    const blocks = { blocksMin: 3, blocksMax: 3 };
    return [
      { ...walCell('deciding', about), ...blocks },
      { ...walCell('deciding', { ...about, syncDelayMs: SLOW_MS }), ...blocks },
      { ...walCell('curve', { ...about, writers: 1 }), blocksMin: 1, blocksMax: 1 },
    ];
  }
  const full = mode === 'full';
  const seconds = full ? 1 : 0.4;
  const decide = { replicates: 2, blocksMin: full ? 6 : 3, blocksMax: full ? 10 : 6 };
  const blocks = { blocksMin: full ? 2 : 1, blocksMax: full ? 4 : 3 };
  const curves: readonly About[] = [
    { arms: ['none'], seconds },
    ...[1, 8, 256].map((writers) => ({ writers, seconds })),
    ...[4096, 65_536].map((valueBytes) => ({ valueBytes, seconds })),
    ...[1, SLOW_MS, 10].flatMap((syncDelayMs) => [
      { syncDelayMs, writers: 1, arms: waiting, seconds },
      ...(syncDelayMs === SLOW_MS ? [] : [{ syncDelayMs, arms: waiting, seconds }]),
      // 256 puts of a sync each would outlast the round.
      { syncDelayMs, writers: 256, arms: ['group'], seconds },
    ]),
  ];
  return [
    { ...walCell('deciding', { arms: waiting, seconds }), ...decide },
    { ...walCell('deciding', { syncDelayMs: SLOW_MS, arms: waiting, seconds }), ...decide },
    ...curves.map((about) => ({ ...walCell('curve', about), ...blocks })),
  ];
}

function walCell(
  role: ExperimentRole,
  about: About,
): Omit<ExperimentCell, 'blocksMin' | 'blocksMax'> {
  const { writers = WRITERS, valueBytes = VALUE_BYTES, syncDelayMs = 0, seconds } = about;
  const { arms = DURABILITIES } = about;
  const who = writers === 1 ? '1 writer' : `${String(writers)} writers`;
  const delay = syncDelayMs === 0 ? '' : `, ${String(syncDelayMs)} ms added to a sync`;
  return {
    id: [role, writers, valueBytes, syncDelayMs].join('-'),
    title: `${who} of ${valueBytes.toLocaleString('en-US')} B${delay}`,
    role,
    factors: { writers, valueBytes, syncDelayMs, seconds },
    arms,
    roundSeconds: PREPARE_SECONDS + PROBE_SECONDS + WARM_UP_SECONDS + seconds + syncDelayMs * 0.05,
  };
}

async function runRound({ cell, arm, seed, folder }: RoundOrder): Promise<RoundFigures> {
  const durability = DURABILITIES.find((one) => one === arm);
  if (durability === undefined) throw new Error(`wal-sync has no arm ${arm}`);
  const writers = factorOf(cell, 'writers');
  const syncDelayMs = factorOf(cell, 'syncDelayMs');
  const disk = await measureSyncLatency(folder, systemClock, PROBE_SECONDS);
  const report = await loadOnce({
    folder: join(folder, 'store'),
    workload: 'large-values',
    parameters: {
      keys: Math.max(KEYS_MIN, writers),
      valueBytes: factorOf(cell, 'valueBytes'),
      readShare: 0,
    },
    store: { durability },
    seed,
    clientsByThread: [writers],
    shape: { kind: 'closed' },
    seconds: factorOf(cell, 'seconds'),
    operations: 0,
    warmUpSeconds: WARM_UP_SECONDS,
    syncDelayMs,
    verify: true,
  });
  const put = loadFigures(report);
  const { meanUs: diskSyncUs = Number.NaN, p50Us: diskSyncP50Us } = disk;
  const syncs = grownBy(report, 'walSyncs');
  const shared = {
    putsPerSync: grownBy(report, 'requests') / syncs,
    walSyncUs: grownBy(report, 'walSyncNs') / 1e3 / syncs,
  };
  return {
    settings: report.settings,
    figures: {
      putsPerSecond: put.perSecond,
      ...{ putP50Us: put.p50Us, putP99Us: put.p99Us },
      // 'none' syncs its log before a commit of the backend only, for no put's sake.
      ...(durability === 'none' ? {} : shared),
      ...{ diskSyncUs, diskSyncP50Us, boundPerSecond: 1e6 / (diskSyncUs + syncDelayMs * 1e3) },
    },
    warnings: loadWarnings(report, 'closed loop'),
  };
}
