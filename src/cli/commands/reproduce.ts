// kvtune reproduce: measures the published claims again on this machine and says what it found. Plans,
// calls the runner, has the claims judged and writes the report; the work folder is gone afterwards.

import { freemem } from 'node:os';
import { join } from 'node:path';
import { CLAIM_IDS, FREELIST_CLAIM_IDS } from '../../claims/claims.ts';
import { summarizeArms } from '../../claims/arms.ts';
import { EXPERIMENTS } from '../../experiments/experiments.ts';
import { shareBudget, type ExperimentPlan } from '../../experiments/plan.ts';
import { readRun, RunFolder, WorkFolder, writeReport } from '../../record/run-folder.ts';
import type { ClaimsFile, Run, Sample } from '../../record/schema.ts';
import { cellLine, renderTerminal } from '../../report/terminal.ts';
import { FREELIST_BUDGET_SECONDS, makePlan, type Mode, type Plan } from '../../runner/plan.ts';
import { makeSurfacePlan, type SurfacePlan } from '../../runner/surface-plan.ts';
import { reproduce, type ReproduceResult } from '../../runner/reproduce.ts';
import {
  runExperimentProcess,
  runRoundProcess,
  runSurfaceProcess,
} from '../../runner/round-process.ts';
import { findBboltPeer } from '../../targets/bbolt-peer.ts';
import { KVTUNE_VERSION } from '../../version.ts';
import { command, type CliCommand, type CommandContext } from '../command.ts';
import type { CommonFlags } from '../common-flags.ts';
import { judge, renderRun } from '../conclude.ts';
import { toCliError, usageError } from '../errors.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import { readers, switchFlag, textFlag, type FlagValues } from '../flag.ts';
import { RunLock } from '../run-lock.ts';
import { assertOnDisk, runId, startOfRun } from '../run-start.ts';
import { suggest } from '../suggestion.ts';
import { formatDurationNs } from '../units.ts';

const flags = {
  claims: textFlag({
    describe: `claims to measure, comma-separated: ${CLAIM_IDS.join(', ')} (default: all)`,
    read: readers.words,
  }),
  quick: switchFlag({
    describe: 'a small version of each, under 4 minutes; claims of large files stay undecided',
  }),
  full: switchFlag({ describe: 'more rounds and the whole surface, up to an hour' }),
  resume: textFlag({ describe: 'folder of a run to go on with; its mode and seed stay' }),
  budget: textFlag({
    describe: 'time to use, e.g. 10m; what does not fit is left out and named',
    read: readBudget,
  }),
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
    { line: 'kvtune reproduce', does: 'all claims, on files of up to 100 GB, within 15 minutes' },
    { line: 'kvtune reproduce --quick', does: 'the small sizes only, in under 4 minutes' },
    { line: 'kvtune reproduce --claims lease-scale', does: 'one claim alone' },
    {
      line: 'kvtune reproduce --resume results/runs/20260102-030405-s1',
      does: 'go on with a run that was stopped, or whose budget ended',
    },
    { line: 'kvtune reproduce --work-dir /mnt/nvme/kvtune', does: 'measure another disk' },
    {
      line: 'kvtune reproduce --json --strict',
      does: 'for scripts: claims as JSON, verdict as code',
    },
  ],
  flags,
  run,
});

async function run(values: Values, context: CommandContext): Promise<ExitCode> {
  const { common, clock, output, progress, env, signal } = context;
  const asked = claimIds(values);
  if (values.resume !== undefined) assertResumes(values.resume, values, common);
  let lock = values.resume === undefined ? undefined : new RunLock(values.resume);
  // Read when nobody adds to it any more.
  const previous = values.resume === undefined ? undefined : readRun(values.resume);
  const earlier = previous === undefined ? undefined : (previous.run.claims ?? FREELIST_CLAIM_IDS);
  const claims = asked ?? earlier ?? CLAIM_IDS;
  const mode = previous?.run.mode ?? modeOf(values);
  const startedAt = previous?.run.startedAt ?? clock.wallIso();
  const seed = previous?.run.seed ?? common.seed;
  const id = previous?.run.id ?? runId(startedAt, seed);
  const start = previous?.run ?? startOfRun(context, { id, mode, startedAt });
  const out = values.resume ?? common.out ?? join('results', 'runs', id);
  const hold = previous === undefined ? 'new' : 'resumed';
  const work = new WorkFolder(join(values.workDir ?? out, `kvtune-work-${id}`), hold);
  try {
    assertOnDisk(work);
    if (previous !== undefined) work.clear();
    const { plan, surface, experiments } = planFor({ mode, claims, work, budgetNs: values.budget });
    const folder = new RunFolder(out, hold);
    lock ??= new RunLock(folder.path);
    output.note(
      `kvtune ${KVTUNE_VERSION}: ${describePlan(plan, experiments)}; results in ${folder.path}`,
    );
    const color = output.color;
    const result = await reproduce({
      plan,
      surface,
      experiments,
      previous,
      run: {
        ...start,
        claims: [...new Set([...(earlier ?? []), ...claims])],
      },
      folder,
      work,
      seed,
      clock,
      signal,
      runRound: (request, timeoutMs) => runRoundProcess(request, timeoutMs, signal),
      runSurfaceCell: (request, timeoutMs) => runSurfaceProcess(request, timeoutMs, signal),
      runExperimentRound: (task, timeoutMs) => runExperimentProcess(task, timeoutMs, signal),
      bboltPeer: findBboltPeer(env),
      onProgress: (share, doing) => {
        progress.update({ share, doing });
      },
      onCell: (soFar, samples, cell) => {
        output.partial(finishedLine(soFar, samples, cell, color));
      },
    });
    return await conclude(result, { claims, values, context, folder: folder.path });
  } finally {
    work.remove();
    lock?.release();
  }
}

async function conclude(
  result: ReproduceResult,
  about: {
    readonly claims: readonly string[];
    readonly values: Values;
    readonly context: CommandContext;
    readonly folder: string;
  },
): Promise<ExitCode> {
  const { output } = about.context;
  const claims = judge(result, about.claims);
  const report = await renderRun(result, claims);
  const path = writeReport(about.folder, { claims, ...report });
  output.result(claims, () => {
    const table = renderTerminal({ ...result, claims }, { color: output.color });
    return `\n${table}\nreport: ${path}\n`;
  });
  if (result.run.status === 'interrupted') return EXIT.interrupted;
  if (result.error !== undefined) {
    const error = toCliError(result.error);
    output.note(`kvtune: stopped early: ${error.message}; finished rounds are kept`);
    return error.exitCode;
  }
  return about.values.strict ? strictCode(claims) : EXIT.ok;
}

/** The worst verdict's code: an invalid measurement first, then a claim that does not hold. */
function strictCode(claims: ClaimsFile): ExitCode {
  const verdicts = claims.claims.map((claim) => claim.verdict);
  if (verdicts.includes('invalid')) return EXIT.invalid;
  if (verdicts.includes('not-reproduced') || verdicts.includes('partly')) return EXIT.regression;
  return verdicts.includes('inconclusive') ? EXIT.inconclusive : EXIT.ok;
}

function readBudget(text: string): number {
  const ns = readers.durationNs(text);
  if (ns > 0) return ns;
  throw usageError('0 leaves no time for anything', 'give more than that');
}

function claimIds(values: Values): readonly string[] | undefined {
  const unknown = values.claims?.find((id) => !CLAIM_IDS.includes(id));
  if (unknown !== undefined) {
    const near = suggest(unknown, CLAIM_IDS);
    const meant = near === undefined ? '' : `did you mean ${near}? `;
    throw usageError(
      `there is no claim '${unknown}'`,
      `${meant}choose from ${CLAIM_IDS.join(', ')}`,
    );
  }
  return values.claims;
}

function modeOf(values: Values): Mode {
  if (values.quick && values.full) {
    throw usageError('--quick and --full exclude each other', 'give one of them');
  }
  return values.quick ? 'quick' : values.full ? 'full' : 'default';
}

/** What a run was planned as cannot be changed any more. */
function assertResumes(folder: string, values: Values, { out }: CommonFlags): void {
  const given = [values.quick && '--quick', values.full && '--full', out !== undefined && '--out'];
  const changed = given.find((flag) => flag !== false);
  if (changed !== undefined) {
    throw usageError(`--resume and ${changed} exclude each other`, 'give one of them');
  }
  const { kvtune } = readRun(folder).run;
  if (kvtune !== KVTUNE_VERSION) {
    throw usageError(
      `the run was measured by kvtune ${kvtune}, this is ${KVTUNE_VERSION}`,
      'start a new run without --resume',
    );
  }
}

interface WholePlan {
  readonly plan: Plan;
  readonly surface: SurfacePlan | undefined;
  readonly experiments: readonly ExperimentPlan[];
}

function planFor(about: {
  readonly mode: Mode;
  readonly claims: readonly string[];
  readonly work: WorkFolder;
  readonly budgetNs: number | undefined;
}): WholePlan {
  const { mode, claims, work, budgetNs } = about;
  const withFreelist = claims.some((id) => FREELIST_CLAIM_IDS.includes(id));
  const { freelistSeconds, experiments } = shareBudget(
    EXPERIMENTS.filter((experiment) => claims.includes(experiment.claim)),
    mode,
    withFreelist ? FREELIST_BUDGET_SECONDS[mode] : 0,
    budgetNs === undefined ? undefined : budgetNs / 1e9,
  );
  if (!withFreelist) {
    const plan = { cells: [], untested: [], budgetSeconds: 0 };
    return { plan, surface: undefined, experiments };
  }
  const room = { diskFreeBytes: work.freeBytes(), memoryFreeBytes: freemem() };
  const plan = makePlan(mode, room, freelistSeconds);
  if (plan.cells.length === 0) {
    throw usageError(
      `there is no room for any size: ${plan.untested[0] ?? ''}`,
      'free some disk or name another folder with --work-dir',
    );
  }
  return { plan, surface: makeSurfacePlan(mode, room), experiments };
}

function describePlan(plan: Plan, experiments: readonly ExperimentPlan[]): string {
  const seconds = experiments.reduce((sum, one) => sum + one.budgetSeconds, plan.budgetSeconds);
  const sizes = plan.cells.filter((cell) => cell.role === 'main').map((cell) => cell.dbBytes / 1e9);
  const parts = sizes.length === 0 ? [] : [`files of ${sizes.join(', ')} GB`];
  parts.push(...experiments.map((one) => one.claim));
  return `${parts.join(', ')}, up to ${formatDurationNs(Math.round(seconds) * 1e9)}`;
}

function finishedLine(
  run: Run,
  samples: readonly Sample[],
  cellId: string,
  color: boolean,
): string {
  const cell = run.cells.find((one) => one.id === cellId);
  if (cell === undefined) return '';
  const own = samples.filter((sample) => sample.cell === cellId && sample.purpose === 'arm');
  const point = judge({ run, samples, surface: [], experiments: [] }, [
    'freelist-24x',
  ]).claims[0]?.curve.find((one) => one.cell === cellId);
  return cellLine(
    { cell, arms: summarizeArms([cell], own), ...(point === undefined ? {} : { point }) },
    { color },
  );
}
