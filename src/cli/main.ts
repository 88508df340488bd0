#!/usr/bin/env node
// The program itself: real streams, signals, and the one place that ends the process. The first
// Ctrl-C asks the command to stop and keep what it has; the second ends at once. A reader of stdout
// that goes away (`| head`) ends the printing, not the command: its results still reach the disk,
// and its exit code still tells the verdict.

import { systemClock } from '../measure/clock.ts';
import { commands } from './commands/index.ts';
import { EXIT } from './exit-codes.ts';
import { runProgram } from './program.ts';

const interruption = new AbortController();

function interrupt(): void {
  if (interruption.signal.aborted) process.exit(EXIT.interrupted);
  interruption.abort();
}

function ignoreClosedPipe(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EPIPE' && error.code !== 'ERR_STREAM_DESTROYED') throw error;
}

process.on('SIGINT', interrupt);
process.on('SIGTERM', interrupt);
process.stdout.on('error', ignoreClosedPipe);
process.stderr.on('error', ignoreClosedPipe);

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
process.stdout.write('', () => {
  process.stderr.write('', () => process.exit(exitCode));
});
