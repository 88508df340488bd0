// Procedure load: an arm is one store under one load, opened on a clone of what was prepared and measured slice by
// slice. Figures, counts and histograms are named by the workload's lanes; a percentile that a slice has too
// few operations for is left out, and its histogram stands for it. At the end the store is held against what it
// acknowledged in all slices, warm-up included.

import { join } from 'node:path';
import { measureSyncLatency } from '../hardware/sync-latency.ts';
import { loadPlan, type LaneReport, type SliceReport } from '../load/load-plan.ts';
import type { LoadLevels } from '../question/factors.ts';
import { OpenLoad } from '../load/open-load.ts';
import { findTemplate, prepareTemplate } from '../load/template.ts';
import { systemClock } from '../measure/clock.ts';
import type { Scalars, Warning } from '../record/round.ts';
import type {
  ArmOrder,
  CellOrder,
  Closing,
  OpenArm,
  Procedure,
  Slice,
  SliceContext,
  SliceOrder,
} from './procedure.ts';

export const load: Procedure = {
  name: 'load',
  warmUp: { figure: 'operationsPerSecond', slicesMin: 5, slicesMax: 12, sideBySide: true },
  prepare,
  open,
};

/** Long enough to see whether code is still being compiled. */
const WARM_SECONDS_MAX = 0.15;
const PROBE_SECONDS = 0.1;
/** Below this the slowest hundredth is a few operations. */
const P99_OPERATIONS_MIN = 500;
/** The lane of puts, in the workloads that have one. */
const PUT_LANE = 'write';

async function prepare(order: CellOrder, context: SliceContext): Promise<Scalars> {
  const { plan } = loadPlan(order.asked);
  const { keys, leases, dbBytes } = await prepareTemplate(plan, {
    ...{ prepared: order.prepared, seed: order.seed, clock: systemClock, signal: context.signal },
    onProgress: (share) => {
      context.onProgress('preload', share);
    },
  });
  return { preloadedKeys: keys, preloadedLeases: leases, preloadedDbBytes: dbBytes };
}

async function open(order: ArmOrder): Promise<OpenArm> {
  const { asked, prepared, seed } = order;
  const { plan, levels } = loadPlan(asked);
  const template = findTemplate(plan, prepared);
  const folder = join(order.folder, 'store');
  const opened = await OpenLoad.open({ plan, template, folder, seed, clock: systemClock });
  return new LoadArm(opened, levels, order.folder);
}

class LoadArm implements OpenArm {
  readonly #load: OpenLoad;
  readonly #levels: LoadLevels;
  readonly #folder: string;

  constructor(opened: OpenLoad, levels: LoadLevels, folder: string) {
    this.#load = opened;
    this.#levels = levels;
    this.#folder = folder;
  }

  async slice({ warm, seed }: SliceOrder, context: SliceContext): Promise<Slice> {
    const { seconds, operationsMax, probeSync } = this.#levels;
    const { settings } = this.#load;
    const disk = probeSync && !warm ? await this.#probe() : {};
    const report = await this.#load.slice(
      {
        seconds: warm ? Math.min(seconds, WARM_SECONDS_MAX) : seconds,
        operationsMax: warm ? 0 : operationsMax,
        ...{ seed, histograms: !warm },
      },
      {
        signal: context.signal,
        onProgress: (share) => {
          context.onProgress(warm ? 'warm-up' : 'measure', share);
        },
      },
    );
    const { warnings, health, perSecond } = report;
    return {
      ...{ seconds: report.seconds, settings, warnings, health },
      figures: { ...figuresOf(report, settings), ...disk },
      counts: countsOf(report),
      histograms: histogramsOf(report),
      series: perSecond.length === 0 ? {} : { operationsEachSecond: perSecond },
    };
  }

  async close(how: 'verify' | 'kill', context: SliceContext): Promise<Closing> {
    const { settings } = this.#load;
    const warnings: Warning[] = this.#load.warnings.map((message) => ({ code: 'store', message }));
    if (how === 'kill' || context.signal.aborted) {
      await this.#load.kill();
      return { settings, warnings };
    }
    try {
      if (!this.#levels.verify) return { settings, warnings };
      context.onProgress('verify', 0);
      const { ok, entries, faults } = await this.#load.verify(context);
      if (!ok) warnings.push(wrongData(faults));
      return { settings, warnings, counts: { verifiedEntries: entries } };
    } finally {
      await this.#load.close();
    }
  }

  /** Latency of the disk's own syncs, and the puts a second that one sync each would allow. */
  async #probe(): Promise<Record<string, number>> {
    const { samples, meanUs, p50Us } = await measureSyncLatency(
      this.#folder,
      systemClock,
      PROBE_SECONDS,
    );
    if (samples === 0 || meanUs === undefined) return {};
    const boundPerSecond = 1e6 / (meanUs + this.#levels.syncDelayMs * 1e3);
    return { diskSyncUs: meanUs, diskSyncP50Us: p50Us, boundPerSecond };
  }
}

function wrongData([fault = 'no fault was named']: readonly string[]): Warning {
  return { code: 'wrong-data', message: `the store does not hold what it acknowledged: ${fault}` };
}

function figuresOf(report: SliceReport, settings: Scalars): Record<string, number> {
  const { lanes, latency, seconds } = report;
  const operations = lanes.reduce((sum, lane) => sum + lane.operations, 0);
  if (seconds === 0 || operations === 0) return {};
  const figures: Record<string, number> = {
    operationsPerSecond: operations / seconds,
    p50Us: latency.p50Ns / 1e3,
    maxUs: latency.maxNs / 1e3,
    ...storeFigures(report, settings),
  };
  if (operations >= P99_OPERATIONS_MIN) figures['p99Us'] = latency.p99Ns / 1e3;
  for (const lane of lanes) Object.assign(figures, laneFigures(lane, seconds));
  return figures;
}

function laneFigures(lane: LaneReport, seconds: number): Record<string, number> {
  const { lane: name, operations, latency } = lane;
  if (operations === 0) return {};
  const perSecond = operations / seconds;
  const p50Us = latency.p50Ns / 1e3;
  const p99Us = operations >= P99_OPERATIONS_MIN ? latency.p99Ns / 1e3 : undefined;
  const figures: Record<string, number> = { [`${name}PerSecond`]: perSecond };
  figures[`${name}P50Us`] = p50Us;
  if (p99Us !== undefined) figures[`${name}P99Us`] = p99Us;
  if (name !== PUT_LANE) return figures;
  figures['putsPerSecond'] = perSecond;
  figures['putP50Us'] = p50Us;
  if (p99Us !== undefined) figures['putP99Us'] = p99Us;
  figures['putMaxUs'] = latency.maxNs / 1e3;
  return figures;
}

/** What the store's own counters say of its commits and of its log. */
function storeFigures(
  { grown, seconds }: SliceReport,
  { durability }: Scalars,
): Record<string, number> {
  const { backendCommits = 0, backendCommitNs = 0, requests = 0 } = grown;
  const { walSyncs = 0, walSyncNs = 0 } = grown;
  const figures: Record<string, number> = { commitsPerSecond: backendCommits / seconds };
  if (backendCommits > 0) figures['commitMs'] = backendCommitNs / 1e6 / backendCommits;
  // 'none' syncs its log before a commit of the backend only, for no put's sake.
  if (walSyncs > 0 && durability !== 'none') {
    figures['putsPerSync'] = requests / walSyncs;
    figures['walSyncUs'] = walSyncNs / 1e3 / walSyncs;
  }
  return figures;
}

function countsOf({ lanes, grown }: SliceReport): Record<string, number> {
  const counts: Record<string, number> = { ...grown };
  for (const { lane, operations, errors, entriesRead, bytesRead } of lanes) {
    counts[`${lane}.operations`] = operations;
    for (const [code, count] of Object.entries(errors)) counts[`${lane}.errors.${code}`] = count;
    if (entriesRead > 0) counts[`${lane}.entriesRead`] = entriesRead;
    if (bytesRead > 0) counts[`${lane}.bytesRead`] = bytesRead;
  }
  return counts;
}

/** By lane; `<lane>:service` from the start itself, where that differs from the intended one. */
function histogramsOf({ lanes }: SliceReport): Record<string, string> {
  const histograms: Record<string, string> = {};
  for (const { lane, latency, service } of lanes) {
    if (latency.histogram !== '') histograms[lane] = latency.histogram;
    const own = service?.histogram ?? '';
    if (own !== '') histograms[`${lane}:service`] = own;
  }
  return histograms;
}
