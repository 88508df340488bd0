// BboltPeer: real bbolt 1.3.6, driven by the Go harness of scripts/peers, as a target to hold the
// bundled engine against: the same job on the same file, which it leaves byte-identical. Optional:
// where the harness was not built, callers say 'not measured'.

import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { nodeVfs, type FreelistKind } from '../../engine/index.ts';
import type { JobShape } from '../drivers/freelist-driver.ts';

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
const jobSchema = z.object({ bbolt: z.string(), passes: z.array(passSchema) });
const checkSchema = z.object({ ok: z.boolean(), faults: z.array(z.string()) });

export type BboltPass = z.infer<typeof passSchema>;

export interface BboltJob {
  readonly version: string;
  readonly passes: readonly BboltPass[];
}

/** Path of the built harness; undefined where there is none. */
export function findBboltPeer(
  env: Readonly<Record<string, string | undefined>>,
): string | undefined {
  const path = env['KVTUNE_BBOLTPEER'] ?? BUILT;
  return nodeVfs.exists(path) ? path : undefined;
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
  return { version: parsed.bbolt, passes: parsed.passes };
}

/** bbolt's own check of a file. */
export async function runBboltCheck(
  peer: string,
  path: string,
  signal: AbortSignal,
): Promise<{ ok: boolean; faults: readonly string[] }> {
  return checkSchema.parse(JSON.parse(await run(peer, ['check', path], signal)));
}

function run(peer: string, args: readonly string[], signal: AbortSignal): Promise<string> {
  return new Promise((resolve, reject) => {
    execFile(peer, args, { signal, maxBuffer: OUTPUT_BYTES_MAX }, (error, stdout, stderr) => {
      // A failed check exits with 6 and still prints its report.
      if (error === null || stdout.startsWith('{')) resolve(stdout);
      else reject(error.name === 'AbortError' ? error : new Error(stderr.trim() || error.message));
    });
  });
}
