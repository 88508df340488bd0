// BboltPeer: real bbolt, driven by the Go harness of scripts/peers, as a target to hold the bundled engine against:
// the freelist job on the same file, which it leaves byte-identical. Three programs: bbolt 1.3.6 with a meter in
// its freelist, 1.3.6 as it is, and the newest that could be built. Optional: where one was not built, callers
// say so.

import { z } from 'zod';
import type { FreelistKind } from '../../engine/index.ts';
import { numbers } from '../record/basic-schema.ts';
import type { JobShape } from './aged-db.ts';
import { askPeer, besidePeer, findPeer, flagsOf, type Environment } from './peer-process.ts';

const passSchema = z.object({
  commitSeconds: z.array(z.number()),
  ...numbers('completionSeconds spillSeconds allocateSeconds freeSeconds releaseSeconds'),
  ...numbers('countSeconds writeAtSeconds syncSeconds allocations multiPageAllocations'),
  ...numbers('multiPageAllocationsFromRun pagesAllocated probes fileGrowthBytes'),
});
const jobSchema = z.object({
  bbolt: z.string(),
  freelist: z.string(),
  noFreelistSync: z.boolean(),
  noGrowSync: z.boolean(),
  noSync: z.boolean(),
  pageSize: z.number(),
  passes: z.array(passSchema),
});
const versionSchema = z.object({ bbolt: z.string(), source: z.string(), metered: z.boolean() });

export type BboltPass = z.infer<typeof passSchema>;

export interface BboltJob {
  readonly version: string;
  /** As read back from the open database. */
  readonly settings: {
    readonly freelist: string;
    readonly syncFreelist: boolean;
    readonly growSync: boolean;
    readonly sync: boolean;
    readonly pageSize: number;
  };
  readonly passes: readonly BboltPass[];
}

export type BboltVersion = z.infer<typeof versionSchema>;

/** Path of the built harness; undefined where there is none. */
export function findBboltPeer(env: Environment): string | undefined {
  return findPeer('bboltpeer', 'KVTUNE_BBOLTPEER', env);
}

/** The programs that build.sh leaves beside the metered one; undefined where one is not there. */
export function besideBboltPeer(peer: string): {
  readonly plain: string | undefined;
  readonly newest: string | undefined;
} {
  const [plain, newest] = ['bboltpeer-plain', 'bboltpeer-newest'];
  return { plain: besidePeer(peer, plain), newest: besidePeer(peer, newest) };
}

/** Which bbolt a program holds. */
export function bboltVersion(peer: string, signal: AbortSignal): Promise<BboltVersion> {
  return askPeer(peer, ['version'], { signal, schema: versionSchema });
}

/** Runs the job on `path` with bbolt, `rounds` times from the same bytes. */
export async function runBboltJob(
  peer: string,
  job: { path: string; freelist: FreelistKind; shape: JobShape; rounds: number; seed: number },
  signal: AbortSignal,
): Promise<BboltJob> {
  const { path, freelist, rounds, seed } = job;
  const { valueBytes, putsPerCommit, commits, warmUpCommits } = job.shape;
  const shape = { valueBytes, putsPerCommit, commits, warmUpCommits };
  const flags = flagsOf({ freelist, ...shape, rounds, seed });
  const found = await askPeer(peer, ['job', path, ...flags], { signal, schema: jobSchema });
  const settings = {
    freelist: found.freelist,
    syncFreelist: !found.noFreelistSync,
    growSync: !found.noGrowSync,
    sync: !found.noSync,
    pageSize: found.pageSize,
  };
  return { version: found.bbolt, settings, passes: found.passes };
}
