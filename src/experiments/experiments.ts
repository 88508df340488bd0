// The experiments that kvtune can run, in the order in which a run measures them. Adding one means a
// module beside this file, a line here, and a claim of the same id in claims/ that judges it.

import type { Experiment } from './experiment.ts';
import { leaseScale } from './lease-scale.ts';

export const EXPERIMENTS: readonly Experiment[] = [leaseScale];

export function experimentOf(claim: string): Experiment | undefined {
  return EXPERIMENTS.find((experiment) => experiment.claim === claim);
}
