// npm run bench:peers: the bundled engine beside real bbolt (1.3.6 and the newest that could be built), and its
// storage beside that of etcd (3.5 and a newer one), on the same machine, with the same work, settings and
// syncs, in turn in sessions, a process a run. Builds the harness of scripts/peers first when it is missing.
// --help names the flags and exit codes.
//
// Rows are {name, ours, peer, peerVersion, unit, ratio, low, high, bar, pass}; ratio > 1 means kvtune is
// better. A row below its bar fails the command with --strict only. What always fails it (5): sides that
// did not do the same work, or a baseline that is not honest: what our array arm spends in its freelist
// a commit may be at most 1.25 times bbolt's, with the same probes an allocation.
//
// Our side compiles its hot paths before the clock starts; Go needs no such thing. Both exclude the start of
// the process and include every commit and sync.

import { join } from 'node:path';
import { runBench, type BenchResult } from './bench-peers/bench.ts';
import { findPeers, NoPeerError } from './bench-peers/harness.ts';
import { readOptions, USAGE, UsageError, type BenchOptions } from './bench-peers/options.ts';
import { renderResult } from './bench-peers/table.ts';
import { RecordError, WorkFolder } from '../src/record/folder.ts';

const SEED = 1;
const EXIT = { ok: 0, internal: 1, usage: 2, below: 3, invalid: 5, noPeer: 6, interrupted: 130 };

const interrupt = new AbortController();
for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => interrupt.abort());

process.exitCode = await main(process.argv.slice(2), interrupt.signal);

async function main(args: readonly string[], signal: AbortSignal): Promise<number> {
  try {
    const options = readOptions(args);
    if (options.help) {
      process.stdout.write(`${USAGE}\n`);
      return EXIT.ok;
    }
    return await bench(options, signal);
  } catch (error) {
    if (signal.aborted) return EXIT.interrupted;
    const isUsage = error instanceof UsageError || error instanceof RecordError;
    const known = isUsage || error instanceof NoPeerError;
    const text = error instanceof Error ? (known ? error.message : error.stack) : String(error);
    process.stderr.write(`bench:peers: ${text ?? ''}\n`);
    if (isUsage) return EXIT.usage;
    return error instanceof NoPeerError ? EXIT.noPeer : EXIT.internal;
  }
}

async function bench(options: BenchOptions, signal: AbortSignal): Promise<number> {
  const { peers, etcds, notes } = await findPeers(process.env, signal, note);
  const work = new WorkFolder(join(options.workDir, `kvtune-peers-${process.pid}`), {
    parents: 'kept',
  });
  try {
    const { rows, scale } = options;
    const result = await runBench(rows, { peers, etcds, work, scale, seed: SEED, signal, note });
    const quick = options.quick ? ['quick: the sizes are too small for the bars to mean much'] : [];
    const memory =
      "kvtune's memory is asked for in huge pages; bbolt's files have what the kernel gives";
    const whole = { ...result, notes: [...notes, memory, ...quick] };
    process.stdout.write(
      options.json ? `${JSON.stringify(whole, null, 2)}\n` : renderResult(whole),
    );
    return exitCodeOf(result, options);
  } finally {
    work.remove();
  }
}

function exitCodeOf(result: BenchResult, { strict }: BenchOptions): number {
  if (result.honest === false || result.checks.some((check) => !check.ok)) return EXIT.invalid;
  return strict && result.rows.some((row) => row.pass === false) ? EXIT.below : EXIT.ok;
}

function note(text: string): void {
  process.stderr.write(`${text}\n`);
}
