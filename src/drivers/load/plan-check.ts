// checkPlan(): what can be said of a plan by looking at it. One INVALID_ARGUMENT that names every fault; what
// the folder holds is seen when it is opened.

import { EngineError, resolveStoreOptions } from '../../../engine/index.ts';
import { ARRIVAL_NAMES, workload, type ParameterizedWorkload } from '../../../workloads/index.ts';
import type { LoadPlan } from '../load-plan.ts';

const THREADS_MAX = 64;
const SECONDS_MAX = 7 * 86_400;
const OPERATIONS_MAX = 2 ** 31 - 1;
const RATE_MAX = 1e8;
const DELAY_MS_MAX = 10_000;

/** Returns the plan's workload. */
export function checkPlan(plan: LoadPlan): ParameterizedWorkload {
  const settled = workload(plan.workload, plan.parameters);
  resolveStoreOptions(plan.store);
  const faults = [...clientFaults(plan, settled), ...shapeFaults(plan), ...boundFaults(plan)];
  if (faults.length > 0) throw new EngineError('INVALID_ARGUMENT', faults.join('; '));
  return settled;
}

function clientFaults(
  { clientsByThread }: LoadPlan,
  { clientsMax }: ParameterizedWorkload,
): string[] {
  const faults: string[] = [];
  const { length } = clientsByThread;
  if (length < 1 || length > THREADS_MAX) {
    faults.push(`there are ${length} generating threads, and can be 1 to ${THREADS_MAX}`);
  }
  const wrong = clientsByThread.find((clients) => !Number.isInteger(clients) || clients < 1);
  if (wrong !== undefined) faults.push(`a thread has ${wrong} clients, and needs 1 or more`);
  const clients = clientsByThread.reduce((sum, count) => sum + count, 0);
  if (clients > clientsMax) {
    faults.push(`there are ${clients} clients, and this workload takes ${clientsMax} at most`);
  }
  return faults;
}

function shapeFaults({ shape }: LoadPlan): string[] {
  if (shape.kind === 'closed') return [];
  const { arrival, ratePerSecond } = shape;
  const faults: string[] = [];
  if (!ARRIVAL_NAMES.includes(arrival)) {
    faults.push(`arrival '${arrival}' is not ${ARRIVAL_NAMES.join(', ')}`);
  }
  if (!(ratePerSecond > 0 && ratePerSecond <= RATE_MAX)) {
    faults.push(`ratePerSecond ${ratePerSecond} is not over 0 and up to ${RATE_MAX}`);
  }
  return faults;
}

function boundFaults(plan: LoadPlan): string[] {
  const { seconds, operations, warmUpSeconds, syncDelayMs, seed } = plan;
  const faults: string[] = [];
  if (!(seconds > 0 && seconds <= SECONDS_MAX)) {
    faults.push(`seconds ${seconds} is not over 0 and up to ${SECONDS_MAX}`);
  }
  if (!Number.isInteger(operations) || operations < 0 || operations > OPERATIONS_MAX) {
    faults.push(`operations ${operations} is no whole number from 0 to ${OPERATIONS_MAX}`);
  }
  if (!(warmUpSeconds >= 0 && warmUpSeconds <= SECONDS_MAX)) {
    faults.push(`warmUpSeconds ${warmUpSeconds} is not from 0 to ${SECONDS_MAX}`);
  }
  if (!(syncDelayMs >= 0 && syncDelayMs <= DELAY_MS_MAX)) {
    faults.push(`syncDelayMs ${syncDelayMs} is not from 0 to ${DELAY_MS_MAX}`);
  }
  if (!Number.isSafeInteger(seed) || seed < 0) faults.push(`seed ${seed} is no whole number >= 0`);
  return faults;
}
