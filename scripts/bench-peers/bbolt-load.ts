// Real bbolt under plain work, driven by the Go harness of scripts/peers: puts, gets, scans, openings; what it
// finds in a file, and its own check of one. Which program, around which bbolt, the caller says.

import { execFile } from 'node:child_process';
import { z } from 'zod';

const OUTPUT_BYTES_MAX = 64 * 1024 * 1024;

const answerSchema = z.object({
  settings: z.object({
    pageSize: z.number(),
    fillPercent: z.number(),
    freelist: z.string(),
    syncFreelist: z.boolean(),
    sync: z.boolean(),
    growSync: z.boolean(),
    readOnly: z.boolean(),
    /** Room for pages in memory: bbolt's first map (0: as large as the file), our cache. */
    memoryBytes: z.number(),
  }),
  operations: z.number(),
  seconds: z.number(),
  /** Of what was seen; 0 where the work does not read. */
  checksum: z.number(),
  /** Known after an opening only. */
  freePages: z.number(),
});
const dumpSchema = z.object({ hash: z.string(), keys: z.number() });
const checkSchema = z.object({ ok: z.boolean(), faults: z.array(z.string()) });

/** What either side did; settings as read back from the open database. */
export type KvAnswer = z.infer<typeof answerSchema>;

/** What is done to the file at `path`. `order` is the path of a list of u32, `pool` that of the values in a row. */
export type KvRequest =
  | {
      readonly work: 'put';
      readonly path: string;
      readonly order: string;
      readonly pool: string;
      readonly valueBytes: number;
      readonly putsPerCommit: number;
      readonly pageSize: number;
      readonly fillPercent: number;
      readonly freelist: 'array' | 'hashmap';
    }
  | { readonly work: 'get'; readonly path: string; readonly order: string }
  | { readonly work: 'scan'; readonly path: string; readonly passes: number }
  | { readonly work: 'open'; readonly path: string; readonly freelist: 'array' | 'hashmap' };

/** Does it with bbolt, in a process of its own. */
export async function runBboltLoad(
  program: string,
  request: KvRequest,
  signal: AbortSignal,
): Promise<KvAnswer> {
  const args = [request.work, request.path, ...flagsOf(request)];
  return answerSchema.parse(await run(program, args, signal));
}

function flagsOf(request: KvRequest): string[] {
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
  program: string,
  path: string,
  signal: AbortSignal,
): Promise<z.infer<typeof dumpSchema>> {
  return dumpSchema.parse(await run(program, ['dump', path, '--hash'], signal));
}

/** bbolt's own check of a file. */
export async function runBboltCheck(
  program: string,
  path: string,
  signal: AbortSignal,
): Promise<z.infer<typeof checkSchema>> {
  return checkSchema.parse(await run(program, ['check', path], signal));
}

function run(program: string, args: readonly string[], signal: AbortSignal): Promise<unknown> {
  return new Promise((resolve, reject) => {
    execFile(program, args, { signal, maxBuffer: OUTPUT_BYTES_MAX }, (error, stdout, stderr) => {
      // A failed check exits with 6 and still prints its report.
      if (error === null || stdout.startsWith('{')) resolve(JSON.parse(stdout));
      else reject(error.name === 'AbortError' ? error : new Error(stderr.trim() || error.message));
    });
  });
}
