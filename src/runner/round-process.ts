// runRoundProcess(), runSurfaceProcess(), runExperimentProcess(): one round of the freelist's cells, one
// surface cell, or one round of an experiment, in a process of its own. Resolves with its result; rejects with the
// EngineError it met, or when the process ended without an answer or ran out of time. An abort ends
// the process at once: the database is then in the middle of a round, and whoever aborts discards it.

import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { EngineError, ENGINE_ERROR_CODES, type EngineErrorCode } from '../../engine/index.ts';
import type { ExperimentResult, ExperimentTask } from '../experiments/experiment.ts';
import { engineEnvironment } from './huge-pages.ts';
import type { RoundRequest, RoundResult } from './round.ts';
import type { SurfaceRequest, SurfaceResult } from './surface-cell.ts';

/** How much later than a child this process may hear of a Ctrl-C. */
const INTERRUPT_MS = 250;
const CHILD = fileURLToPath(new URL('./round-child.js', import.meta.url));

/** A round that did not end in time; its process was ended. */
export class RoundTimeout extends Error {
  override readonly name = 'RoundTimeout';

  constructor(timeoutMs: number) {
    super(`a round took over ${timeoutMs / 1000} s and was ended`);
  }
}

/** What the process is asked to do. */
export type RoundTask =
  | { readonly kind: 'round'; readonly request: RoundRequest }
  | { readonly kind: 'surface'; readonly request: SurfaceRequest }
  | { readonly kind: 'experiment'; readonly request: ExperimentTask };

interface ChildAnswer<Result> {
  readonly result?: Result;
  readonly error?: { name: string; message: string; code?: string };
}

export function runRoundProcess(
  request: RoundRequest,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<RoundResult> {
  return runTask({ kind: 'round', request }, timeoutMs, signal);
}

export function runSurfaceProcess(
  request: SurfaceRequest,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<SurfaceResult> {
  return runTask({ kind: 'surface', request }, timeoutMs, signal);
}

export function runExperimentProcess(
  request: ExperimentTask,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<ExperimentResult> {
  return runTask({ kind: 'experiment', request }, timeoutMs, signal);
}

function runTask<Result>(task: RoundTask, timeoutMs: number, signal: AbortSignal): Promise<Result> {
  return new Promise((resolve, reject) => {
    signal.throwIfAborted();
    const child = fork(CHILD, [], {
      serialization: 'advanced',
      execArgv: [],
      env: engineEnvironment(process.env),
      // Out of the terminal's process group: a Ctrl-C is the parent's to act on, and reaches it alone.
      detached: true,
    });
    let answer: ChildAnswer<Result> | undefined;
    let timedOut = false;
    const end = (): void => {
      child.kill('SIGKILL');
    };
    const timer = setTimeout(() => {
      timedOut = true;
      end();
    }, timeoutMs);
    signal.addEventListener('abort', end, { once: true });
    child.once('message', (message) => {
      answer = message as ChildAnswer<Result>;
    });
    child.on('error', (error) => {
      // A process that has started and is gone, so that nothing can be sent to it, also exits.
      if (child.pid === undefined) reject(error);
    });
    child.once('exit', (code, killedBy) => {
      clearTimeout(timer);
      const settle = (): void => {
        signal.removeEventListener('abort', end);
        if (signal.aborted) reject(abortReason(signal));
        else if (answer?.result !== undefined) resolve(answer.result);
        else if (timedOut) reject(new RoundTimeout(timeoutMs));
        else reject(failure(answer, code, killedBy));
      };
      // A Ctrl-C also reaches a child that has no process group of its own yet, perhaps before it is
      // heard here.
      if (killedBy === 'SIGINT') setTimeout(settle, INTERRUPT_MS);
      else settle();
    });
    child.send(task);
  });
}

function failure(
  answer: ChildAnswer<unknown> | undefined,
  code: number | null,
  killedBy: NodeJS.Signals | null,
): Error {
  const fault = answer?.error;
  if (fault === undefined) {
    const how = killedBy === null ? `code ${String(code)}` : `signal ${killedBy}`;
    return new Error(`a round's process ended with ${how} before it answered`);
  }
  if (fault.code !== undefined && isEngineCode(fault.code)) {
    return new EngineError(fault.code, fault.message);
  }
  return new Error(fault.message);
}

function isEngineCode(code: string): code is EngineErrorCode {
  return (ENGINE_ERROR_CODES as readonly string[]).includes(code);
}

function abortReason(signal: AbortSignal): Error {
  const reason: unknown = signal.reason;
  return reason instanceof Error ? reason : new DOMException('aborted', 'AbortError');
}
