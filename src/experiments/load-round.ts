// A load within a round of an experiment: runs it, takes rate and latencies of chosen lanes, and turns what
// speaks against it into warnings. Percentiles of several lanes are those of the merged histogram, never
// means of percentiles. Warnings are worded without figures, so that equal ones of many rounds add up.

import { decodeFromCompressedBase64 } from 'hdr-histogram-js';
import type { LoadPlan, LoadReport } from '../drivers/load-plan.ts';
import { runLoad } from '../drivers/load.ts';
import { systemClock } from '../measure/clock.ts';
import type { Warning } from '../record/schema.ts';
import type { ExperimentCell } from './experiment.ts';

export interface LoadFigures {
  readonly operations: number;
  readonly perSecond: number;
  readonly p50Us: number;
  readonly p99Us: number;
  readonly maxUs: number;
}

/** Operations that were due and never started, as a part of all: below this they are the end's raggedness. */
const SKIPPED_SHARE = 0.01;
/** A load is taken for unsteady only where it was long enough to tell (drivers/load/steadiness.ts). */
const STEADY_SECONDS_MIN = 1.2;

/** Runs the plan to its end: a round that is stopped is stopped with its process. */
export function loadOnce(plan: LoadPlan): Promise<LoadReport> {
  return runLoad(plan, { clock: systemClock, signal: new AbortController().signal });
}

/**
 * Of all lanes, or of those named. Where those carried out nothing within the time no figure is a number:
 * a round then stands without them, and with a warning.
 */
export function loadFigures(report: LoadReport, lanes?: readonly string[]): LoadFigures {
  const own = report.lanes.filter(
    ({ lane, operations }) => operations > 0 && (lanes?.includes(lane) ?? true),
  );
  const [first, ...others] = own.map(({ latency }) => decodeFromCompressedBase64(latency));
  if (first === undefined) {
    const none = Number.NaN;
    return { operations: 0, perSecond: none, p50Us: none, p99Us: none, maxUs: none };
  }
  for (const other of others) first.add(other);
  const operations = own.reduce((sum, lane) => sum + lane.operations, 0);
  return {
    operations,
    perSecond: operations / report.seconds,
    p50Us: first.getValueAtPercentile(50) / 1e3,
    p99Us: first.getValueAtPercentile(99) / 1e3,
    maxUs: first.maxValue / 1e3,
  };
}

/**
 * Why a load's figures are not the store's, or weak; `what` names the load where a round has several.
 * 'wrong-data' and 'generator' void a round (claims/load-rounds.ts), the others do not.
 */
export function loadWarnings(report: LoadReport, what: string): Warning[] {
  const { verification, health, lanes } = report;
  const found: Warning[] = [];
  const warn = (code: string, message: string, remedy?: string): void => {
    found.push({
      code,
      message: `${what}: ${message}`,
      ...(remedy === undefined ? {} : { remedy }),
    });
  };
  if (verification?.ok === false) {
    const [fault = 'no fault was named'] = verification.faults;
    warn('wrong-data', `the store is not as it must be: ${fault}`);
  }
  if (health.bottleneck) {
    const remedy = 'measure on a machine with more cores, and nothing beside it';
    warn('generator', 'the load generator set the figures, not the store', remedy);
  }
  const operations = lanes.reduce((sum, lane) => sum + lane.operations, 0);
  if (health.skipped > SKIPPED_SHARE * operations) {
    warn('skipped', 'the store did not keep up with the rate offered', 'ask for a lower rate');
  }
  if (!report.steady && report.seconds >= STEADY_SECONDS_MIN) {
    warn('not-steady', 'the rate changed while it was measured', 'measure longer rounds');
  }
  const errors = lanes.flatMap(({ lane, errors: counts }) =>
    Object.keys(counts).map((code) => `${lane}: ${code}`),
  );
  if (errors.length > 0) warn('load-errors', `operations were refused (${errors.join(', ')})`);
  const known = ['generator', 'skipped', 'not-steady', 'errors'];
  return [...found, ...report.warnings.filter(({ code }) => !known.includes(code))];
}

/** What changed in the store while it was measured; NaN where it does not say. */
export function grownBy({ during }: LoadReport, counter: string): number {
  return during[counter] ?? Number.NaN;
}

/** A numeric factor of a cell. */
export function factorOf({ id, factors }: ExperimentCell, name: string): number {
  const level = factors[name];
  if (typeof level !== 'number') throw new Error(`cell ${id} has no factor ${name}`);
  return level;
}
