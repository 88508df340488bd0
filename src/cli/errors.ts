// CliError: what a command reports to a person or a script when it cannot go on. One line that names
// what was wrong, a hint that says what to do, a code for scripts, and the exit code it ends with.
// toCliError() is the one boundary where `unknown` is sorted: faults of the engine by their code,
// an abort as an interruption, everything else as a fault of kvtune itself. Prints nothing.

import { LevelError } from '../question/units.ts';
import { RecordError } from '../record/folder.ts';
import { NothingFits } from '../run/nothing-fits.ts';
import { SessionFault } from '../run/session-fault.ts';
import { EXIT, type ExitCode } from './exit-codes.ts';

export interface CliErrorFields {
  readonly exitCode: ExitCode;
  /** For scripts: upper case, stable, e.g. `USAGE`, `LOCKED`. */
  readonly code: string;
  /** What was wrong: no final full stop, one line. */
  readonly message: string;
  /** What to do about it, as a phrase in the imperative; '' where there is nothing to do. */
  readonly hint: string;
  readonly cause?: unknown;
}

export class CliError extends Error {
  override readonly name = 'CliError';
  readonly exitCode: ExitCode;
  readonly code: string;
  readonly hint: string;

  constructor(fields: CliErrorFields) {
    super(oneLine(fields.message), { cause: fields.cause });
    this.exitCode = fields.exitCode;
    this.code = fields.code;
    this.hint = oneLine(fields.hint);
  }
}

/** A command, flag or value that cannot be used; ends with exit code 2. */
export function usageError(message: string, hint: string): CliError {
  return new CliError({ exitCode: EXIT.usage, code: 'USAGE', message, hint });
}

/** What `read` returns; its complaints begin with `what` they are about. */
export function naming<Value>(what: string, read: () => Value): Value {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof CliError)) throw error;
    const { exitCode, code, message, hint } = error;
    throw new CliError({ exitCode, code, message: `${what}: ${message}`, hint, cause: error });
  }
}

/** The line a person reads. */
export function errorLine(error: CliError): string {
  return `kvtune: ${error.message}${error.hint === '' ? '' : `; ${error.hint}`}`;
}

/** The value that --json prints on stdout in place of a result. */
export function errorJson(error: CliError): {
  error: { code: string; message: string; hint: string };
} {
  return { error: { code: error.code, message: error.message, hint: error.hint } };
}

/** What to do about the engine's faults, by code. */
const ENGINE_HINTS: Readonly<Record<string, string>> = {
  CORRUPT: 'list the faults with `kvtune db check FILE` and go back to an intact copy',
  NOT_A_DATABASE: 'name a bbolt database file (of etcd: member/snap/db)',
  VERSION_MISMATCH:
    'kvtune reads file format version 2; convert the file with the program that wrote it',
  LOCKED: 'stop the process that holds the file, or work on a copy',
  IO: 'check the path, its permissions and the health of the disk',
  NO_SPACE: 'free some space or choose another folder',
  POISONED: 'an earlier write failed; free the disk of its fault, then start again',
  INVALID_ARGUMENT: 'see --help of the command',
};

/** Sorts whatever was thrown; a CliError passes unchanged. `cause` always leads to the original. */
export function toCliError(thrown: unknown): CliError {
  if (thrown instanceof CliError) return thrown;
  if (!(thrown instanceof Error)) return internalError(String(thrown), thrown);
  const { message } = thrown;
  const fault = (exitCode: ExitCode, code: string, hint: string, text = message): CliError =>
    new CliError({ exitCode, code, message: text, hint, cause: thrown });
  const engineFault = (code: string): CliError =>
    fault(code === 'INVALID_ARGUMENT' ? EXIT.usage : EXIT.target, code, ENGINE_HINTS[code] ?? '');
  if (thrown.name === 'AbortError') {
    return fault(EXIT.interrupted, 'INTERRUPTED', '', 'interrupted');
  }
  if (thrown instanceof RecordError && !isNoSpace(thrown.cause)) {
    return fault(...RECORD_FAULTS[thrown.kind]);
  }
  if (thrown instanceof NothingFits) return fault(...NO_FIT_FAULTS[thrown.lacks]);
  if (thrown instanceof SessionFault) return fault(...sessionFault(thrown));
  if (thrown instanceof LevelError) return fault(EXIT.usage, 'USAGE', thrown.hint);
  if (isNoSpace(thrown) || isNoSpace(thrown.cause)) return engineFault('NO_SPACE');
  // By name and code, not by class: an error may have crossed a thread or process boundary.
  const code = thrown.name === 'EngineError' && 'code' in thrown ? thrown.code : undefined;
  if (typeof code === 'string' && Object.hasOwn(ENGINE_HINTS, code)) return engineFault(code);
  // What the system refuses is seldom a fault of kvtune: a folder that was removed, a disk that fails.
  if (isSystem(thrown) || isSystem(thrown.cause)) return engineFault('IO');
  return internalError(message, thrown);
}

type Fault = readonly [exitCode: ExitCode, code: string, hint: string];

const UNUSABLE: Fault = [EXIT.usage, 'RECORD', ''];
const RECORD_FAULTS: Readonly<Record<RecordError['kind'], Fault>> = {
  missing: UNUSABLE,
  exists: UNUSABLE,
  elsewhere: UNUSABLE,
  old: [EXIT.usage, 'RECORD', 'start a new run without --resume'],
  damaged: [
    EXIT.target,
    'RECORD',
    'measure again; the rounds before the damage cannot be told apart',
  ],
};

const NO_FIT_FAULTS: Readonly<Record<NothingFits['lacks'], Fault>> = {
  time: [EXIT.budget, 'BUDGET', 'give a larger --budget'],
  room: [
    EXIT.usage,
    'NO_ROOM',
    'free some disk or memory, or name a folder on another disk with --work-dir',
  ],
};

/** The process of an arm that is slow to the last, or gone: of the machine, as far as can be told. */
function sessionFault({ reason }: SessionFault): Fault {
  const hint =
    'see what slows or ends processes on this machine (disk, memory), then measure again';
  return reason === 'hung' ? [EXIT.budget, 'TIMEOUT', hint] : [EXIT.target, 'SESSION', hint];
}

function isSystem(thrown: unknown): boolean {
  return thrown instanceof Error && 'syscall' in thrown && 'code' in thrown;
}

function isNoSpace(thrown: unknown): boolean {
  if (!(thrown instanceof Error) || !('code' in thrown)) return false;
  return thrown.code === 'ENOSPC' || thrown.code === 'EDQUOT';
}

function internalError(message: string, cause: unknown): CliError {
  return new CliError({
    exitCode: EXIT.internal,
    code: 'INTERNAL',
    message: `internal error: ${message}`,
    hint: 'run again with KVTUNE_DEBUG=1 for the stack, and report it',
    cause,
  });
}

function oneLine(text: string): string {
  return text.replace(/\s*[\r\n]+\s*/g, ' ').trim();
}
