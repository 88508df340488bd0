// The procedures by name: what run/arm-process.ts can measure an arm with. A new procedure is a module of this
// folder and a line here; a cell names it in its field `procedure`.

import { compactionStall } from './compaction-stall.ts';
import { etcdBeside } from './etcd-beside.ts';
import { etcdCompaction } from './etcd-compaction.ts';
import { freelistJob } from './freelist-job.ts';
import { leaseLag } from './lease-lag.ts';
import { leaseTicks } from './lease-ticks.ts';
import { load } from './load.ts';
import type { Procedure } from './procedure.ts';
import { readCost } from './read-cost.ts';
import { readsBeside } from './reads-beside.ts';
import { shortReads } from './short-reads.ts';

export const PROCEDURES: readonly Procedure[] = [
  load,
  freelistJob,
  readsBeside,
  shortReads,
  compactionStall,
  leaseTicks,
  leaseLag,
  readCost,
  etcdBeside,
  etcdCompaction,
];
