// kvtune reproduce: measures the published claims again on this machine and says what it found, each claim as soon
// as it is decided, headline claims first.

import type { Peers, Question } from '../../question/question.ts';
import { QUESTION_IDS, questionsFor } from '../../questions/questions.ts';
import type { Mode } from '../../record/run.ts';
import { findBboltPeer } from '../../targets/bbolt-peer.ts';
import { findEtcdMvccPeer } from '../../targets/etcd-mvcc-peer.ts';
import { command, type CliCommand, type CommandContext } from '../command.ts';
import { usageError } from '../errors.ts';
import type { ExitCode } from '../exit-codes.ts';
import { readers, switchFlag, textFlag, type FlagValues } from '../flag.ts';
import { budgetFlag } from '../load-flags.ts';
import { measure, plannedRun } from '../measure.ts';
import { suggest } from '../suggestion.ts';
import { formatDurationNs } from '../units.ts';

const BUDGET_NS: Readonly<Record<Mode, number>> = { default: 470e9, quick: 85e9, full: 3600e9 };

const flags = {
  claims: textFlag({
    describe: `what to measure, comma-separated: ${QUESTION_IDS.join(', ')} (default: all)`,
    read: readers.words,
  }),
  quick: switchFlag({ describe: 'the headline claims and what else fits 90 s' }),
  full: switchFlag({ describe: 'more sessions and the whole surface, within an hour' }),
  resume: textFlag({ describe: 'folder of a run to go on with; its mode and seed stay' }),
  budget: budgetFlag(
    'time to use, e.g. 10m; what does not fit is left out and named (default: 470s; 85s with --quick)',
  ),
  workDir: textFlag({
    describe: 'folder on the disk to measure, for databases (default: in the run folder)',
  }),
  strict: switchFlag({ describe: 'exit 3, 4 or 5 when a claim does not hold, is open or invalid' }),
} as const;

type Values = FlagValues<typeof flags>;

export const reproduceCommand: CliCommand = command({
  name: 'reproduce',
  describe: 'measure the published claims again on this machine',
  examples: [
    { line: 'kvtune reproduce', does: 'all claims, on files of up to 100 GB, within 8 minutes' },
    { line: 'kvtune reproduce --quick', does: 'the headline claims, within 90 seconds' },
    { line: 'kvtune reproduce --claims lease-scale', does: 'one claim alone' },
    {
      line: 'kvtune reproduce --resume results/runs/20260102-030405-s1',
      does: 'go on with a run that was stopped, or whose budget ended',
    },
    { line: 'kvtune reproduce --work-dir /mnt/nvme', does: 'measure another disk' },
    {
      line: 'kvtune reproduce --json --strict',
      does: 'for scripts: answers as JSON, verdict as code',
    },
  ],
  flags,
  run,
});

function run(values: Values, context: CommandContext): Promise<ExitCode> {
  const { resume: folder, workDir, strict } = values;
  assertKnown(values.claims);
  const asked = modeOf(values);
  if (folder !== undefined) assertResumes(values, context);
  const previous = folder === undefined ? undefined : plannedRun(folder, 'reproduce');
  const mode = previous?.mode ?? asked;
  const ids = values.claims ?? previous?.questions ?? QUESTION_IDS;
  const questions = questionsFor(ids, mode, peersAt(context));
  if (questions.length === 0) {
    throw usageError(`nothing of ${ids.join(', ')} is measured by --${mode}`, 'leave that out');
  }
  const budgetNs = values.budget ?? BUDGET_NS[mode];
  return measure({
    ...{ questions, mode, workDir, resume: folder, strict, context },
    what: `${whatOf(questions)}, up to ${formatDurationNs(budgetNs)}`,
    budgetSeconds: budgetNs / 1e9,
  });
}

/** Real bbolt and etcd's storage, where they were built: they calibrate the baselines. */
function peersAt({ env }: CommandContext): Peers {
  const bbolt = findBboltPeer(env);
  const etcdMvcc = findEtcdMvccPeer(env);
  return {
    ...(bbolt === undefined ? {} : { bbolt }),
    ...(etcdMvcc === undefined ? {} : { etcdMvcc }),
  };
}

function whatOf(questions: readonly Question[]): string {
  return questions.map(({ id }) => id).join(', ');
}

function assertKnown(ids: readonly string[] | undefined): void {
  const unknown = ids?.find((id) => !QUESTION_IDS.includes(id));
  if (unknown === undefined) return;
  const near = suggest(unknown, QUESTION_IDS);
  const meant = near === undefined ? '' : `did you mean ${near}? `;
  throw usageError(
    `there is no claim '${unknown}'`,
    `${meant}choose from ${QUESTION_IDS.join(', ')}`,
  );
}

function modeOf(values: Values): Mode {
  if (values.quick && values.full) {
    throw usageError('--quick and --full exclude each other', 'give one of them');
  }
  return values.quick ? 'quick' : values.full ? 'full' : 'default';
}

/** What a run was planned as cannot be changed any more. */
function assertResumes(values: Values, { common: { out } }: CommandContext): void {
  const given = [values.quick && '--quick', values.full && '--full', out !== undefined && '--out'];
  const changed = given.find((flag) => flag !== false);
  if (changed === undefined) return;
  throw usageError(`--resume and ${changed} exclude each other`, 'give one of them');
}
