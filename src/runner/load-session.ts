// measureLoads(): runs the rounds of a command run, ab or sweep and records each as it ends. 'run' measures in
// this process, so that a Ctrl-C still gets what was measured; the others have a process a round, arms
// interleaved in random blocks. It measures and nothing else: verdicts are worked out from what it recorded.

import { resourceUsage } from 'node:process';
import { Random } from '../../engine/index.ts';
import { finiteFigures } from '../experiments/experiment-task.ts';
import type { ExperimentCell, ExperimentRunner } from '../experiments/experiment.ts';
import { runLoadRound } from '../experiments/loads.ts';
import { plannedCells, type ExperimentPlan } from '../experiments/plan.ts';
import { runExperiments } from '../experiments/run-experiments.ts';
import { roundsOf } from '../experiments/schedule.ts';
import { finishProfile, profileHost } from '../hardware/profile.ts';
import type { Clock } from '../measure/clock.ts';
import { LOAD_CLAIM, type LoadRun } from '../record/load-schema.ts';
import {
  RecordError,
  type RunFolder,
  type StoredRun,
  type WorkFolder,
} from '../record/run-folder.ts';
import { SCHEMA_VERSION, type ExperimentRound, type Run } from '../record/schema.ts';
import { loadCells } from './load-cells.ts';

export interface LoadSessionOptions {
  /** The run as it starts. */
  readonly run: Omit<Run, 'host' | 'status' | 'cells' | 'untested' | 'experiments'>;
  readonly plan: LoadRun;
  /** The run to go on with, as it was recorded. */
  readonly previous: StoredRun | undefined;
  readonly folder: RunFolder;
  readonly work: WorkFolder;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** For commands with a process a round. */
  readonly runRound: ExperimentRunner;
  readonly onProgress: (share: number, doing: string) => void;
}

export interface LoadSessionResult extends StoredRun {
  /** What stopped it early, other than an interruption. */
  readonly error: unknown;
}

/** The profile before and after. */
const PROFILE_SECONDS = 2.5;
/** No command of these has a budget: rounds are as many as were asked for. */
const UNBOUNDED_SECONDS = 30 * 86_400;
/** Parts of a round, in seconds, beside what is asked for: for progress alone. */
const PRELOAD_SECONDS = 3;
const VERIFY_SECONDS = 1;

export async function measureLoads(options: LoadSessionOptions): Promise<LoadSessionResult> {
  options.onProgress(0, 'profiling the host');
  const host = await profileHost(options.work.path);
  const { previous, run } = options;
  if (previous !== undefined && previous.run.host.fingerprint !== host.fingerprint) {
    throw new RecordError(
      'elsewhere',
      `the run was measured on another machine or disk (${previous.run.host.fingerprint}, here ` +
        `${host.fingerprint}); start a new one without --resume`,
    );
  }
  const cells = loadCells(options.plan);
  const plan = { claim: LOAD_CLAIM, cells, budgetSeconds: UNBOUNDED_SECONDS };
  const planned = { cells: [], untested: [], experiments: plannedCells([plan]) };
  return new LoadSession(options, plan, { ...run, host, status: 'running', ...planned }).run();
}

class LoadSession {
  readonly #options: LoadSessionOptions;
  readonly #plan: ExperimentPlan;
  readonly #rounds: ExperimentRound[];
  #run: Run;

  constructor(options: LoadSessionOptions, plan: ExperimentPlan, run: Run) {
    this.#options = options;
    this.#plan = plan;
    this.#run = run;
    this.#rounds = [...(options.previous?.experiments ?? [])];
  }

  async run(): Promise<LoadSessionResult> {
    const { folder, signal, clock, work, onProgress, plan } = this.#options;
    folder.writeRun(this.#run);
    let error: unknown;
    try {
      if (plan.command === 'run') await this.#here();
      else await this.#inProcesses();
    } catch (thrown) {
      if (!signal.aborted) error = thrown;
    }
    const interrupted = signal.aborted;
    if (!interrupted) onProgress(0.98, 'profiling the host again');
    this.#run = {
      ...this.#run,
      host: interrupted ? this.#run.host : await finishProfile(this.#run.host, work.path),
      status: interrupted ? 'interrupted' : error === undefined ? 'finished' : 'failed',
      finishedAt: clock.wallIso(),
    };
    folder.writeRun(this.#run);
    return { run: this.#run, samples: [], surface: [], experiments: this.#rounds, error };
  }

  async #inProcesses(): Promise<void> {
    const { work, clock, signal, runRound } = this.#options;
    const { seed } = this.#run;
    // Cells take turns in an order that no trend of the machine follows.
    const cells = [...this.#plan.cells];
    new Random(seed).shuffle(cells);
    const all = cells.reduce((sum, cell) => sum + roundsOf(cell) * cell.blocksMin, 0);
    await runExperiments({
      plans: [{ ...this.#plan, cells }],
      recorded: [...this.#rounds],
      ...{ work, seed, clock, signal, runRound },
      onRound: (round) => {
        this.#record(round);
      },
      leaveOut: (sentence) => {
        this.#run = { ...this.#run, untested: [...this.#run.untested, sentence] };
      },
      onProgress: (doing) => {
        const share = Math.min(0.97, (this.#rounds.length + 0.5) / (all + 1));
        this.#options.onProgress(share, doing.replace(/^load, /, ''));
      },
    });
  }

  async #here(): Promise<void> {
    const { plan, signal } = this.#options;
    const [cell] = this.#plan.cells;
    if (cell === undefined) return;
    for (let block = this.#rounds.length; block < plan.repeat && !signal.aborted; block++) {
      await this.#roundHere(cell, block);
    }
  }

  async #roundHere(cell: ExperimentCell, block: number): Promise<void> {
    const { work, clock, signal } = this.#options;
    const arm = cell.arms[0] ?? '';
    const folder = work.emptyFolder('load-round');
    const startedAt = clock.wallIso();
    const started = clock.nowNs();
    const cpu = process.cpuUsage();
    try {
      const round = await runLoadRound(
        { cell, arm, seed: this.#run.seed + block, folder },
        {
          signal,
          onProgress: ({ doing, share, operations }) => {
            this.#progress(block, { doing, share, operations });
          },
        },
      );
      const used = process.cpuUsage(cpu);
      const { series, ...figures } = finiteFigures(round);
      this.#record({
        ...{ schemaVersion: SCHEMA_VERSION, kind: 'experiment-round', claim: LOAD_CLAIM },
        ...{ cell: cell.id, role: cell.role, factors: {}, block, position: 0, arm, replicate: 0 },
        ...{ startedAt, seconds: (clock.nowNs() - started) / 1e9 },
        ...{ settings: { ...figures.settings }, figures: { ...figures.figures } },
        histograms: { ...figures.histograms },
        series: { operationsEachSecond: [...(series?.['operationsEachSecond'] ?? [])] },
        resources: {
          rssBytesMax: resourceUsage().maxRSS * 1024,
          userSeconds: used.user / 1e6,
          systemSeconds: used.system / 1e6,
        },
        warnings: [...figures.warnings],
        ...(figures.load === undefined ? {} : { load: figures.load }),
      });
    } finally {
      work.removeFolder('load-round');
    }
  }

  #record(round: ExperimentRound): void {
    this.#rounds.push(round);
    this.#options.folder.appendExperimentRound(round);
  }

  #progress(
    block: number,
    { doing, share, operations }: { doing: string; share: number; operations: number },
  ): void {
    const { plan, onProgress } = this.#options;
    const { warmUpSeconds, seconds, repeat } = plan;
    const parts: Readonly<Record<string, readonly [before: number, takes: number]>> = {
      prepare: [0, 0],
      preload: [0, PRELOAD_SECONDS],
      'warm-up': [PRELOAD_SECONDS, warmUpSeconds],
      measure: [PRELOAD_SECONDS + warmUpSeconds, seconds],
      verify: [PRELOAD_SECONDS + warmUpSeconds + seconds, VERIFY_SECONDS],
    };
    const [gone, takes] = parts[doing] ?? [0, 0];
    const round = PRELOAD_SECONDS + warmUpSeconds + seconds + VERIFY_SECONDS;
    const done = PROFILE_SECONDS + block * round + gone + share * takes;
    const count = operations === 0 ? '' : `, ${operations.toLocaleString('en-US')} done`;
    const of = repeat === 1 ? '' : `round ${String(block + 1)} of ${String(repeat)}: `;
    onProgress(done / (2 * PROFILE_SECONDS + repeat * round), `${of}${doing}${count}`);
  }
}
