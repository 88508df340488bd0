// The catalogue: every workload there is, and workload(), which settles one's parameters. Recipes for ageing
// a file are another list (ageing/recipe.ts), and so is the freelist claim's job.

import { EngineError } from '../../engine/base/errors.ts';
import type { ParameterValues } from '../parameters.ts';
import type { ParameterizedWorkload, Workload } from '../workload.ts';
import { KEY_CHURN } from './key-churn.ts';
import { KUBERNETES } from './kubernetes.ts';
import { LARGE_VALUES } from './large-values.ts';
import { LONG_READS } from './long-reads.ts';
import { MASS_LEASES } from './mass-leases.ts';
import { READ_HEAVY } from './read-heavy.ts';

export const WORKLOADS: readonly Workload[] = [
  LARGE_VALUES,
  KEY_CHURN,
  MASS_LEASES,
  READ_HEAVY,
  LONG_READS,
  KUBERNETES,
];

/** The workload of that id. Throws one INVALID_ARGUMENT that names every fault of the parameters. */
export function workload(id: string, given: ParameterValues = {}): ParameterizedWorkload {
  const found = WORKLOADS.find((one) => one.id === id);
  if (found === undefined) {
    const ids = WORKLOADS.map((one) => one.id).join(', ');
    throw new EngineError('INVALID_ARGUMENT', `there is no workload '${id}'; there are ${ids}`);
  }
  const parameters = found.resolve(given);
  return {
    id,
    lanes: found.lanes,
    prefix: found.prefix,
    parameters,
    slots: found.slots(parameters),
    clientsMax: found.clientsMax(parameters),
    nominalRate: found.nominalRate(parameters),
    rateShare: (client, clients) => found.rateShare(parameters, client, clients),
    preload: (seed) => found.preload(parameters, seed),
    stream: (options) => found.stream(parameters, options),
  };
}
