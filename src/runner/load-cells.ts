// From what a command run, ab or sweep was asked for to the cells that are measured. Everything follows from
// the plan as run.json holds it, so that a run is gone on with from its folder alone. Pure.

import { EngineError } from '../../engine/index.ts';
import { workload, type ParameterizedWorkload } from '../../workloads/index.ts';
import { checkPlan } from '../drivers/load/plan-check.ts';
import type { ArmLoad, ExperimentCell } from '../experiments/experiment.ts';
import type { LoadRun, LoadSetting } from '../record/load-schema.ts';
import type { Scalar } from '../record/schema.ts';

/** A setting of the load that stands among the store's: what is added to each of its syncs. */
export const SYNC_DELAY = 'syncDelayMs';
/** Factors of a sweep that are the load's own. */
export const LOAD_FACTORS = ['clients', 'rate'] as const;
/** Process, profile of its thread, open, attach, verify. */
const ROUND_SECONDS_BASE = 1.5;
/** Entries preloaded a second, on 2 cores of a virtual machine. */
const PRELOAD_PER_SECOND = 40_000;

/** Clients of each thread. Clients that all others outpace have the first thread, where there are two. */
export function splitClients(
  settled: Pick<ParameterizedWorkload, 'rateShare' | 'clientsMax'>,
  clients: number,
  threads: number,
): number[] {
  const slow = slowClients(settled, clients);
  if (slow > 0 && threads > 1) return [slow, ...evenly(clients - slow, threads - 1)];
  return evenly(clients, threads);
}

/**
 * How many clients, from the first on, are slower than all behind them; 0: clients are alike. Throws
 * INVALID_ARGUMENT where there are more than the workload takes, before it counts to that.
 */
export function slowClients(
  { rateShare, clientsMax }: Pick<ParameterizedWorkload, 'rateShare' | 'clientsMax'>,
  clients: number,
): number {
  if (clients < 1 || clients > clientsMax) {
    const bound = clients < 1 ? 'needs 1 or more' : `takes ${clientsMax} at most`;
    const message = `there are ${clients} clients, and this workload ${bound}`;
    throw new EngineError('INVALID_ARGUMENT', message);
  }
  const first = rateShare(0, clients);
  let slow = 1;
  while (slow < clients && rateShare(slow, clients) === first) slow++;
  for (let client = slow; client < clients; client++) {
    if (rateShare(client, clients) <= first) return 0;
  }
  return slow === clients ? 0 : slow;
}

function evenly(clients: number, threads: number): number[] {
  const most = Math.min(clients, threads);
  return Array.from({ length: most }, (_, i) => Math.floor((clients + most - 1 - i) / most));
}

/** The cells of a plan, with what is loaded in each by arm. */
export function loadCells(plan: LoadRun): ExperimentCell[] {
  if (plan.command !== 'sweep') return [cellOf(plan, {})];
  let levels: Record<string, Scalar>[] = [{}];
  for (const factor of plan.factors ?? []) {
    levels = levels.flatMap((others) =>
      factor.levels.map((level) => ({ ...others, [factor.name]: level })),
    );
  }
  return levels.map((factors) => cellOf(plan, factors));
}

function cellOf(plan: LoadRun, factors: Readonly<Record<string, Scalar>>): ExperimentCell {
  const named = Object.entries(factors).map(([name, level]) => `${name}=${String(level)}`);
  const loads = plan.arms.map(({ name, settings }) => {
    return [name, armLoad(plan, settings, factors)] as const;
  });
  return {
    id: named.length === 0 ? plan.workload : named.join(','),
    title: named.length === 0 ? plan.workload : named.join(', '),
    role: 'deciding',
    factors,
    arms: plan.arms.map(({ name }) => name),
    // Equal arms beside each other are the noise floor.
    replicates: plan.command === 'ab' ? 2 : 1,
    blocksMin: plan.repeat,
    blocksMax: plan.repeat,
    roundSeconds: roundSeconds(plan, factors),
    loads: Object.fromEntries(loads),
  };
}

function armLoad(
  plan: LoadRun,
  settings: readonly LoadSetting[],
  factors: Readonly<Record<string, Scalar>>,
): ArmLoad {
  const of = (what: 'config' | 'parameter'): Record<string, Scalar> => {
    const names = (plan.factors ?? []).filter((factor) => factor.what === what);
    return Object.fromEntries(names.map(({ name }) => [name, factors[name] ?? '']));
  };
  const given = settings.filter(({ origin }) => origin !== 'default');
  const config: Record<string, Scalar> = {
    ...Object.fromEntries(given.map(({ name, value }) => [name, value])),
    ...of('config'),
  };
  const { [SYNC_DELAY]: syncDelayMs = 0, ...store } = config;
  const parameters = {
    ...plan.parameters,
    ...(of('parameter') as Record<string, number | string>),
  };
  const { rate, clients } = factors;
  const { shape, clientsByThread } = plan;
  return {
    ...{ workload: plan.workload, parameters, syncDelayMs: Number(syncDelayMs), verify: true },
    // Names and values were checked when the plan was made.
    store: store,
    clientsByThread:
      typeof clients === 'number'
        ? splitClients(workload(plan.workload, parameters), clients, clientsByThread.length)
        : clientsByThread,
    shape:
      typeof rate === 'number' && shape.kind === 'open' ? { ...shape, ratePerSecond: rate } : shape,
    ...{ seconds: plan.seconds, operations: plan.operations, warmUpSeconds: plan.warmUpSeconds },
  };
}

function roundSeconds(plan: LoadRun, factors: Readonly<Record<string, Scalar>>): number {
  const parameters = Object.fromEntries(
    Object.entries(plan.parameters).map(([name, value]) => [name, factors[name] ?? value]),
  ) as Record<string, number | string>;
  const { leases, keys } = workload(plan.workload, parameters).preload(0);
  const loading = (leases + keys) / PRELOAD_PER_SECOND;
  return ROUND_SECONDS_BASE + loading + plan.warmUpSeconds + plan.seconds;
}

/** Throws INVALID_ARGUMENT for a plan of which some cell could not be measured. */
export function checkLoads(plan: LoadRun): void {
  for (const { loads = {} } of loadCells(plan)) {
    for (const load of Object.values(loads)) checkPlan({ ...load, folder: '', seed: 0 });
  }
}
