// BboltPeer: real bbolt, driven by the Go harness of scripts/peers, as a target to hold the bundled engine against:
// the freelist job on the same file, which it leaves byte-identical. Three programs: bbolt 1.3.6 with a meter in
// its freelist, 1.3.6 as it is, and the newest that could be built. Optional: where one was not built, callers
// say so.

import { execFile } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { nodeVfs, type FreelistKind } from '../../engine/index.ts';
import type { JobShape } from './aged-db.ts';

/** From the compiled file to the checkout's root. */
const BUILT = fileURLToPath(new URL('../../../scripts/peers/bin/bboltpeer', import.meta.url));
const OUTPUT_BYTES_MAX = 64 * 1024 * 1024;

const passSchema = z.object({
  completionSeconds: z.number(),
  commitSeconds: z.array(z.number()),
  spillSeconds: z.number(),
  allocateSeconds: z.number(),
  freeSeconds: z.number(),
  releaseSeconds: z.number(),
  countSeconds: z.number(),
  writeAtSeconds: z.number(),
  syncSeconds: z.number(),
  allocations: z.number(),
  multiPageAllocations: z.number(),
  multiPageAllocationsFromRun: z.number(),
  pagesAllocated: z.number(),
  probes: z.number(),
  fileGrowthBytes: z.number(),
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

/** Names of the programs beside the metered one. */
const PLAIN = 'bboltpeer-plain';
const NEWEST = 'bboltpeer-newest';

/** Path of the built harness; undefined where there is none. */
export function findBboltPeer(
  env: Readonly<Record<string, string | undefined>>,
): string | undefined {
  const path = env['KVTUNE_BBOLTPEER'] ?? BUILT;
  return nodeVfs.exists(path) ? path : undefined;
}

/** The programs that build.sh leaves beside the metered one; undefined where one is not there. */
export function besideBboltPeer(peer: string): {
  readonly plain: string | undefined;
  readonly newest: string | undefined;
} {
  const find = (name: string): string | undefined => {
    const path = join(dirname(peer), name);
    return nodeVfs.exists(path) ? path : undefined;
  };
  return { plain: find(PLAIN), newest: find(NEWEST) };
}

/** Which bbolt a program holds. */
export async function bboltVersion(peer: string, signal: AbortSignal): Promise<BboltVersion> {
  return versionSchema.parse(JSON.parse(await run(peer, ['version'], signal)));
}

/** Runs the job on `path` with bbolt, `rounds` times from the same bytes. */
export async function runBboltJob(
  peer: string,
  job: { path: string; freelist: FreelistKind; shape: JobShape; rounds: number; seed: number },
  signal: AbortSignal,
): Promise<BboltJob> {
  const { shape } = job;
  const text = await run(
    peer,
    [
      'job',
      job.path,
      ...['--freelist', job.freelist, '--value-bytes', String(shape.valueBytes)],
      ...['--puts-per-commit', String(shape.putsPerCommit), '--commits', String(shape.commits)],
      ...['--warm-up-commits', String(shape.warmUpCommits), '--rounds', String(job.rounds)],
      ...['--seed', String(job.seed)],
    ],
    signal,
  );
  const parsed = jobSchema.parse(JSON.parse(text));
  const { bbolt: version, passes, freelist, pageSize } = parsed;
  const settings = {
    freelist,
    syncFreelist: !parsed.noFreelistSync,
    growSync: !parsed.noGrowSync,
    sync: !parsed.noSync,
    pageSize,
  };
  return { version, settings, passes };
}

function run(peer: string, args: readonly string[], signal: AbortSignal): Promise<string> {
  return new Promise((resolve, reject) => {
    execFile(peer, args, { signal, maxBuffer: OUTPUT_BYTES_MAX }, (error, stdout, stderr) => {
      if (error === null) resolve(stdout);
      else reject(error.name === 'AbortError' ? error : new Error(stderr.trim() || error.message));
    });
  });
}
