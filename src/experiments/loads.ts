// Experiment load: rounds of the commands run, ab and sweep: one load on one store. What is loaded stands in
// the cell, by arm, so that a round's process needs nothing else. No claim belongs to it.

import { join } from 'node:path';
import { decodeFromCompressedBase64 } from 'hdr-histogram-js';
import type { LoadReport } from '../drivers/load-plan.ts';
import { runLoad, type LoadProgress } from '../drivers/load.ts';
import { systemClock } from '../measure/clock.ts';
import {
  LOAD_CLAIM,
  loadFigureNames,
  OPERATIONS_PER_SECOND,
  serviceHistogram,
  type LoadRound,
} from '../record/load-schema.ts';
import type { Experiment, RoundFigures, RoundOrder } from './experiment.ts';

export const loads: Experiment = {
  claim: LOAD_CLAIM,
  budgetSeconds: { quick: 0, default: 0, full: 0 },
  cells: () => [],
  runRound: (order) => runLoadRound(order, { signal: new AbortController().signal }),
};

/** Runs a round here; an aborted one says so, and holds what was measured until then. */
export async function runLoadRound(
  { cell, arm, seed, folder }: RoundOrder,
  options: {
    readonly signal: AbortSignal;
    readonly onProgress?: (progress: LoadProgress) => void;
  },
): Promise<RoundFigures> {
  const load = cell.loads?.[arm];
  if (load === undefined) throw new Error(`cell ${cell.id} has no load for ${arm}`);
  const plan = { ...load, folder: join(folder, 'store'), seed };
  return roundOf(await runLoad(plan, { clock: systemClock, ...options }));
}

/** A report in the form in which rounds are recorded. Lanes in which nothing ended have no figures. */
function roundOf(report: LoadReport): RoundFigures {
  const { lanes, settings, warnings, verification, perSecond } = report;
  const used = lanes.filter(({ operations }) => operations > 0);
  const figures: Record<string, number> = {};
  const histograms: Record<string, string> = {};
  for (const { lane, latency, service, perSecond: rate } of used) {
    const read = decodeFromCompressedBase64(latency);
    const names = loadFigureNames(lane);
    figures[names.perSecond] = rate;
    figures[names.p50] = read.getValueAtPercentile(50) / 1e3;
    figures[names.p99] = read.getValueAtPercentile(99) / 1e3;
    histograms[lane] = latency;
    histograms[serviceHistogram(lane)] = service;
  }
  figures[OPERATIONS_PER_SECOND] = used.reduce((sum, lane) => sum + lane.perSecond, 0);
  return {
    ...{ settings, figures, histograms, warnings },
    series: { operationsEachSecond: perSecond },
    load: {
      ...loadOf(report),
      ...(verification === undefined
        ? {}
        : { verification: { ...verification, faults: [...verification.faults] } }),
    },
  };
}

function loadOf(report: LoadReport): LoadRound {
  const { seconds, preloadSeconds, lanes, steady, health, during, interrupted } = report;
  const { cpuShares, busyShares, ownShares } = health;
  return {
    ...{ seconds, preloadSeconds, steady, during: { ...during }, interrupted },
    health: {
      ...health,
      ...{ cpuShares: [...cpuShares], busyShares: [...busyShares], ownShares: [...ownShares] },
    },
    lanes: lanes.map(({ lane, operations, errors, perSecond, entriesRead, bytesRead }) => ({
      ...{ lane, operations, errors: { ...errors }, perSecond, entriesRead, bytesRead },
    })),
  };
}
