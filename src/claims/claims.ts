// The claims that kvtune can measure, in the order of a report. Adding one means a module beside
// this file and a line here; one that is measured by an experiment carries the experiment's id.

import { batchSweep } from './batch-sweep.ts';
import { capacity50x } from './capacity-50x.ts';
import type { ClaimModule } from './claim.ts';
import { concurrentReads } from './concurrent-reads.ts';
import { freelist24x } from './freelist-24x.ts';
import { indexLock } from './index-lock.ts';
import { leaseScale } from './lease-scale.ts';
import { presets } from './presets.ts';
import { walSync } from './wal-sync.ts';

export const CLAIMS: readonly ClaimModule[] = [
  freelist24x,
  capacity50x,
  concurrentReads,
  indexLock,
  leaseScale,
  batchSweep,
  walSync,
  presets,
];

/** Those that rest on the cells of aged files; older runs measured these alone. */
export const FREELIST_CLAIM_IDS: readonly string[] = [freelist24x.id, capacity50x.id];

export const CLAIM_IDS: readonly string[] = CLAIMS.map((claim) => claim.id);
