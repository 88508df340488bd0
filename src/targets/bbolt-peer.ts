// BboltPeer: real bbolt, driven by the Go harness of scripts/peers, as a target to hold the bundled
// engine against: the freelist job on the same file, which it leaves byte-identical, and the plain
// workloads of the key-value driver. Three programs: bbolt 1.3.6 with a meter in its freelist, 1.3.6 as
// it is, and the newest that could be built. Optional: where one was not built, callers say so.

import { execFile } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { nodeVfs, type FreelistKind } from '../../engine/index.ts';
import type { LoadAnswer, LoadRequest, LoadSettings } from '../drivers/kv-driver.ts';
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
const dumpSchema = z.object({ hash: z.string(), keys: z.number() });
const versionSchema = z.object({ bbolt: z.string(), source: z.string(), metered: z.boolean() });
const loadSchema = z.object({
  settings: z.object({
    pageSize: z.number(),
    fillPercent: z.number(),
    freelist: z.string(),
    syncFreelist: z.boolean(),
    sync: z.boolean(),
    growSync: z.boolean(),
    readOnly: z.boolean(),
    memoryBytes: z.number(),
  }),
  operations: z.number(),
  seconds: z.number(),
  checksum: z.number(),
  freePages: z.number(),
  fileBytes: z.number(),
});
const checkSchema = z.object({ ok: z.boolean(), faults: z.array(z.string()) });

export type BboltPass = z.infer<typeof passSchema>;

export interface BboltJob {
  readonly version: string;
  /** As read back from the open database, under the names of LoadSettings. */
  readonly settings: Pick<
    LoadSettings,
    'freelist' | 'syncFreelist' | 'growSync' | 'sync' | 'pageSize'
  >;
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

/** Runs one plain workload with bbolt. */
export async function runBboltLoad(
  peer: string,
  request: LoadRequest,
  signal: AbortSignal,
): Promise<LoadAnswer> {
  const args = [request.work, request.path, ...loadFlags(request)];
  return loadSchema.parse(JSON.parse(await run(peer, args, signal)));
}

function loadFlags(request: LoadRequest): string[] {
  switch (request.work) {
    case 'put':
      return [
        ...['--order', request.order, '--pool', request.pool],
        ...['--value-bytes', String(request.valueBytes)],
        ...['--puts-per-commit', String(request.putsPerCommit)],
        ...['--page-size', String(request.pageSize)],
        ...['--fill-percent', String(request.fillPercent), '--freelist', request.freelist],
      ];
    case 'get':
      return ['--order', request.order];
    case 'scan':
      return ['--passes', String(request.passes)];
    case 'open':
      return ['--freelist', request.freelist];
  }
}

/** Digest of all that bbolt finds in a file, pages apart. */
export async function runBboltDump(
  peer: string,
  path: string,
  signal: AbortSignal,
): Promise<{ readonly hash: string; readonly keys: number }> {
  return dumpSchema.parse(JSON.parse(await run(peer, ['dump', path, '--hash'], signal)));
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
