// What run, ab and sweep have in common: a request, from flags or from the folder of a run to go on with, is made a
// question, checked, and measured; or its settings are shown.

import type { Scalars } from '../record/round.ts';
import type { LoadRequest } from '../record/run.ts';
import { loadQuestion } from '../questions/load.ts';
import type { CommandContext } from './command.ts';
import { usageError } from './errors.ts';
import { EXIT, type ExitCode } from './exit-codes.ts';
import { checkCells, type LoadFlagValues } from './load-flags.ts';
import { measure, plannedRun } from './measure.ts';
import { configJson, configText } from './show-config.ts';

/** Flags that a run which is gone on with still takes. */
const OF_THE_PART: readonly string[] = ['resume', 'workDir', 'budget', 'showConfig', 'target'];

export async function runLoad(
  command: LoadRequest['command'],
  about: {
    readonly values: LoadFlagValues;
    readonly context: CommandContext;
    /** Where no budget is given; undefined: until all is done. */
    readonly budgetSeconds: number | undefined;
    /** What the flags ask for. */
    readonly request: () => LoadRequest;
  },
): Promise<ExitCode> {
  const { values, context, budgetSeconds } = about;
  const { resume: folder, workDir, showConfig, budget } = values;
  if (folder !== undefined) assertPlanned(values, context);
  const load = folder === undefined ? about.request() : plannedRun(folder, command).load;
  if (load === undefined) throw new Error('a run of this command has its request');
  const question = loadQuestion(load);
  checkCells(question);
  if (showConfig) {
    context.output.result(configJson(load), () => configText(load));
    return EXIT.ok;
  }
  return measure({
    questions: [question],
    ...{ mode: 'default', load, what: phraseOf(load, question.cells.length), workDir, context },
    budgetSeconds: budget === undefined ? budgetSeconds : budget / 1e9,
    ...{ resume: folder, strict: true },
  });
}

/** What a run was planned as stands in its folder; nothing that would change it is taken silently. */
function assertPlanned(values: LoadFlagValues, { common }: CommandContext): void {
  const given = Object.entries({ ...values, out: common.out }).find(
    ([name, value]) =>
      !OF_THE_PART.includes(name) &&
      value !== undefined &&
      !(Array.isArray(value) && value.length === 0),
  );
  if (given === undefined) return;
  const [name] = given;
  throw usageError(
    `--resume and ${name === 'workload' ? 'a workload' : `--${name}`} exclude each other`,
    'a run goes on as it was planned',
  );
}

function phraseOf({ command, workload, factors, ...request }: LoadRequest, cells: number): string {
  const sessions = cells * request.sessionsMax;
  const most = command === 'ab' ? 'up to ' : '';
  const many = sessions === 1 ? 'one session' : `${most}${String(sessions)} sessions`;
  return `${command} ${workload}, ${loopWords(factors)}, ${many}`;
}

function loopWords({ loop, ratePerSecond, clients }: Scalars): string {
  return loop === 'open'
    ? `${String(ratePerSecond)} operations/s due`
    : `a closed loop of ${String(clients)} clients`;
}
