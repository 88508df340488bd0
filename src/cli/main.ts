#!/usr/bin/env node
// The program itself: real streams, signals, and the one place that ends the process. The first
// Ctrl-C, or the end of the terminal, asks the command to stop and keep what it has; the second ends
// at once. A reader of stdout that goes away (`| head`) ends the printing, not the command: its
// results still reach the disk, and its exit code still tells the verdict. Any other failure to print
// a result (`> file` on a full disk) is an error, since whoever reads the file would take it for whole.

import { systemClock } from '../measure/clock.ts';
import { commands } from './commands/index.ts';
import { CliError, errorLine } from './errors.ts';
import { EXIT } from './exit-codes.ts';
import { runProgram } from './program.ts';

const interruption = new AbortController();

function interrupt(): void {
  if (interruption.signal.aborted) process.exit(EXIT.interrupted);
  interruption.abort();
}

let unprinted: CliError | undefined;

function noteUnprinted(error: NodeJS.ErrnoException): void {
  if (error.code === 'EPIPE' || error.code === 'ERR_STREAM_DESTROYED') return;
  unprinted ??= new CliError({
    exitCode: EXIT.target,
    code: 'UNPRINTED',
    message: `the result could not be printed: ${error.message}`,
    hint: 'print it elsewhere; what was measured is on disk',
    cause: error,
  });
}

function ignore(): void {
  // A person who cannot be reached cannot be told so.
}

process.on('SIGINT', interrupt);
process.on('SIGTERM', interrupt);
process.on('SIGHUP', interrupt);
process.stdout.on('error', noteUnprinted);
process.stderr.on('error', ignore);

const exitCode = await runProgram({
  argv: process.argv.slice(2),
  commands,
  stdout: process.stdout,
  stderr: process.stderr,
  env: process.env,
  clock: systemClock,
  signal: interruption.signal,
});

// Pipes are written behind the program's back: end once both are empty, whatever timers remain.
process.stdout.write('', (error) => {
  // A write that failed is known here before its event comes.
  if (error) noteUnprinted(error);
  const lastWords = unprinted === undefined ? '' : `${errorLine(unprinted)}\n`;
  process.stderr.write(lastWords, () => process.exit(unprinted?.exitCode ?? exitCode));
});
