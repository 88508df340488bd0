// What every command that measures has in common once its questions are known: take the folders, have the questions
// answered, write and print what was found, end with a code. A run that was stopped is resumed from its folder.

import { join } from 'node:path';
import type { Question } from '../question/question.ts';
import { clearingsOver } from '../record/clearing.ts';
import { readRun, RunFolder, writeReport, type StoredRun } from '../record/folder.ts';
import type { LoadRequest, Mode, Run } from '../record/run.ts';
import { renderReport } from '../report/report.ts';
import { answerLine, renderTerminal } from '../report/terminal.ts';
import { conduct, type Conducted, type ConductOptions } from '../run/conduct.ts';
import { NothingFits } from '../run/nothing-fits.ts';
import { processSessions } from '../run/session.ts';
import { KVTUNE_VERSION } from '../version.ts';
import type { CommandContext } from './command.ts';
import { answersFile, claimsOf, commandOf, jsonOf, verdictCode } from './conclude.ts';
import { toCliError, usageError } from './errors.ts';
import { EXIT, type ExitCode } from './exit-codes.ts';
import { RunLock } from './run-lock.ts';
import { openWorkFolder, runId, startOfRun } from './run-start.ts';

export interface Measurement {
  readonly questions: readonly Question[];
  /** What is about to be measured, in a phrase. */
  readonly what: string;
  readonly mode: Mode;
  readonly load?: LoadRequest;
  /** Undefined: until all is done. */
  readonly budgetSeconds: number | undefined;
  readonly workDir: string | undefined;
  /** Folder of the run to go on with. */
  readonly resume: string | undefined;
  /** Whether verdicts become the exit code. */
  readonly strict: boolean;
  readonly context: CommandContext;
}

/** The run in a folder that is to be gone on with. Throws a usage error for one of another command or version. */
export function plannedRun(folder: string, command: 'reproduce' | LoadRequest['command']): Run {
  const { run } = readRun(folder);
  const made = run.load?.command ?? 'reproduce';
  if (made !== command) {
    throw usageError(`${folder} holds a run of ${made}`, `go on with kvtune ${made} --resume`);
  }
  if (run.kvtune !== KVTUNE_VERSION) {
    throw usageError(
      `the run was measured by kvtune ${run.kvtune}, this is ${KVTUNE_VERSION}`,
      'start a new run without --resume',
    );
  }
  return run;
}

export async function measure(measurement: Measurement): Promise<ExitCode> {
  const { resume } = measurement;
  if (resume === undefined) return measureIn(measurement, undefined);
  const lock = new RunLock(resume);
  try {
    // Read when nobody adds to it any more.
    return await measureIn(measurement, readRun(resume));
  } finally {
    lock.release();
  }
}

async function measureIn(
  measurement: Measurement,
  previous: StoredRun | undefined,
): Promise<ExitCode> {
  const { context, resume, mode, load, workDir } = measurement;
  const { common, clock } = context;
  const startedAt = previous?.run.startedAt ?? clock.wallIso();
  const id = previous?.run.id ?? runId(startedAt, common.seed);
  const fresh = { ...startOfRun(context, { id, mode, startedAt }), ...(load && { load }) };
  const out = resume ?? common.out ?? join('results', 'runs', id);
  const hold = previous === undefined ? 'new' : 'resumed';
  const work = openWorkFolder({ workDir, out, id, hold });
  let lock: RunLock | undefined;
  try {
    const folder = new RunFolder(out, hold);
    if (previous === undefined) lock = new RunLock(folder.path);
    const run = previous?.run ?? fresh;
    await clearingsOver(work.path, {
      signal: context.signal,
      onWait: () => {
        const doing = 'waiting until files of an earlier run are cleared away';
        context.progress.update({ share: 0, doing, secondsLeft: measurement.budgetSeconds ?? 0 });
      },
    });
    const conducted = await answer(measurement, { run, previous, folder, work });
    return await conclude(conducted, folder.path, measurement);
  } catch (error) {
    // Before its first round a run leaves nothing: the empty folder goes with the work folder in it.
    if (error instanceof NothingFits) {
      lock?.release();
      lock = undefined;
    }
    throw error;
  } finally {
    work.remove();
    lock?.release();
  }
}

function answer(
  { questions, what, budgetSeconds, context }: Measurement,
  about: Pick<ConductOptions, 'run' | 'previous' | 'folder' | 'work'> & {
    readonly folder: RunFolder;
  },
): Promise<Conducted> {
  const { output, progress, clock, signal } = context;
  const { run, folder, work } = about;
  output.note(`kvtune ${KVTUNE_VERSION}: ${what}; results in ${folder.path}`);
  return conduct({
    ...{ ...about, questions, seed: run.seed, clock, signal, budgetSeconds },
    sessions: processSessions({ work, clock }),
    commandOf: (question) => commandOf(question, run),
    onProgress: (share, doing, secondsLeft) => {
      progress.update({ share, doing, secondsLeft });
    },
    onAnswer: (_question, found) => {
      // A single answer is the result, which follows at once.
      if (questions.length > 1) output.partial(answerLine(found, output));
    },
  });
}

async function conclude(
  { run, rounds, answers: found, error }: Conducted,
  folder: string,
  { context: { output }, strict }: Measurement,
): Promise<ExitCode> {
  // A run that failed before its first round has an error to tell and no answer.
  if (error !== undefined && rounds.length === 0) throw toCliError(error);
  const answers = answersFile(run, found);
  const report = await renderReport({ run, rounds, answers });
  const path = writeReport(folder, { answers, ...claimsOf(answers, run), ...report });
  output.result(jsonOf(answers, run), () => {
    return `\n${renderTerminal({ run, answers }, output)}\nreport: ${path}\n`;
  });
  const code = strict ? verdictCode(answers.answers) : EXIT.ok;
  if (run.status === 'interrupted') return code === EXIT.target ? code : EXIT.interrupted;
  if (error !== undefined) {
    const { message, exitCode } = toCliError(error);
    output.note(`kvtune: stopped early: ${message}; finished rounds are kept`);
    return exitCode;
  }
  return code;
}
