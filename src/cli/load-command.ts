// What run, ab and sweep have in common once their plan is settled: measure it, conclude, write the folder,
// print, and end with a code. Or only show the settings.

import { join } from 'node:path';
import { checkLoads } from '../runner/load-cells.ts';
import { measureLoads } from '../runner/load-session.ts';
import { runExperimentProcess } from '../runner/round-process.ts';
import type { LoadRun } from '../record/load-schema.ts';
import {
  readRun,
  RunFolder,
  WorkFolder,
  writeReport,
  type StoredRun,
} from '../record/run-folder.ts';
import { renderLoadReport, renderLoadTerminal } from '../report/load-report.ts';
import { KVTUNE_VERSION } from '../version.ts';
import type { CommandContext } from './command.ts';
import { concludeLoads, loadExitCode } from './conclude-load.ts';
import { toCliError } from './errors.ts';
import { EXIT, type ExitCode } from './exit-codes.ts';
import { RunLock } from './run-lock.ts';
import { assertOnDisk, runId, startOfRun } from './run-start.ts';
import { configJson, configText } from './show-config.ts';

export interface LoadCommandOptions {
  readonly plan: LoadRun;
  readonly context: CommandContext;
  readonly workDir: string | undefined;
  readonly showConfig: boolean;
  /** Folder of the run to go on with. */
  readonly resume?: string;
}

export async function runLoadCommand(options: LoadCommandOptions): Promise<ExitCode> {
  const { plan, context } = options;
  const { output } = context;
  checkLoads(plan);
  if (options.showConfig) {
    output.result(configJson(plan), () => configText(plan));
    return EXIT.ok;
  }
  return measure(options);
}

async function measure({ plan, context, workDir, resume }: LoadCommandOptions): Promise<ExitCode> {
  const { common, clock, output, progress, signal } = context;
  let lock = resume === undefined ? undefined : new RunLock(resume);
  // Read when nobody adds to it any more.
  const previous = resume === undefined ? undefined : readRun(resume);
  const startedAt = previous?.run.startedAt ?? clock.wallIso();
  const id = previous?.run.id ?? runId(startedAt, common.seed);
  const fresh = {
    ...startOfRun(context, { id, mode: 'default', startedAt }),
    load: plan,
  };
  const out = resume ?? common.out ?? join('results', 'runs', id);
  const hold = resume === undefined ? 'new' : 'resumed';
  const work = new WorkFolder(join(workDir ?? out, `kvtune-work-${id}`), hold);
  try {
    assertOnDisk(work);
    work.clear();
    const folder = new RunFolder(out, hold);
    lock ??= new RunLock(folder.path);
    output.note(`kvtune ${KVTUNE_VERSION}: ${describe(plan)}; results in ${folder.path}`);
    const result = await measureLoads({
      run: { ...(previous?.run ?? fresh), claims: [] },
      ...{ plan, previous, folder, work, clock, signal },
      runRound: (task, timeoutMs) => runExperimentProcess(task, timeoutMs, signal),
      onProgress: (share, doing) => {
        progress.update({ share, doing });
      },
    });
    return await conclude(result, result.error, folder.path, context);
  } finally {
    work.remove();
    lock?.release();
  }
}

async function conclude(
  stored: StoredRun,
  failure: unknown,
  folder: string,
  { output }: CommandContext,
): Promise<ExitCode> {
  const concluded = concludeLoads(stored);
  // The run was made here, with a plan.
  if (concluded === undefined) throw new Error('a run under load has no plan');
  const { verdict } = concluded;
  const report = await renderLoadReport(concluded);
  const path = writeReport(folder, { verdict, ...report });
  const error = failure === undefined ? undefined : toCliError(failure);
  if (error !== undefined && stored.experiments.length === 0) throw error;
  output.result(verdict, () => {
    return `\n${renderLoadTerminal(concluded, { color: output.color })}\nreport: ${path}\n`;
  });
  if (error !== undefined) {
    output.note(`kvtune: stopped early: ${error.message}; finished rounds are kept`);
    return error.exitCode;
  }
  return loadExitCode(verdict);
}

function describe({ command, workload, shape, seconds, repeat, factors }: LoadRun): string {
  const load = shape.kind === 'closed' ? 'closed loop' : `${shape.ratePerSecond.toFixed(0)}/s due`;
  const cells = (factors ?? []).reduce((product, { levels }) => product * levels.length, 1);
  const rounds = command === 'ab' ? 4 * repeat : cells * repeat;
  const many = rounds === 1 ? 'one round' : `${String(rounds)} rounds`;
  return `${command} ${workload}, ${load}, ${many} of ${String(seconds)} s`;
}
