// The experiments that kvtune can run, in the order in which a run measures them. Adding one means a
// module beside this file, a line here, and a claim of the same id in claims/ that judges it.

import { batchSweep } from './batch-sweep.ts';
import { concurrentReads } from './concurrent-reads.ts';
import type { Experiment } from './experiment.ts';
import { indexLock } from './index-lock.ts';
import { leaseScale } from './lease-scale.ts';
import { presets } from './presets.ts';
import { walSync } from './wal-sync.ts';

export const EXPERIMENTS: readonly Experiment[] = [
  concurrentReads,
  indexLock,
  leaseScale,
  batchSweep,
  walSync,
  presets,
];

export function experimentOf(claim: string): Experiment | undefined {
  return EXPERIMENTS.find((experiment) => experiment.claim === claim);
}
