// reproduce(): measures every cell of a plan, then the surface, then the experiments, and records each
// round as it ends. It measures and nothing else: claims are judged, and reports written, from what it recorded. A run that
// ended early can be gone on with: what is recorded is not measured again.
//
// Time: cells run in the plan's order. A cell whose smallest number of blocks would not fit the rest
// of the budget is left out and named; a cell goes on past its smallest number only while what the
// cells behind it need at least still fits. Estimates start from a model and follow the machine's
// own speed from the first cell on.

import { Random } from '../../engine/index.ts';
import type { Clock } from '../measure/clock.ts';
import type { ExperimentRunner } from '../experiments/experiment.ts';
import { plannedCells, type ExperimentPlan } from '../experiments/plan.ts';
import { runExperiments } from '../experiments/run-experiments.ts';
import { finishProfile, profileHost } from '../hardware/profile.ts';
import {
  RecordError,
  type RunFolder,
  type StoredRun,
  type WorkFolder,
} from '../record/run-folder.ts';
import type { ExperimentRound, Run, Sample, SurfaceCell } from '../record/schema.ts';
import { calibrate, CALIBRATION_JOB } from './calibrate.ts';
import { CellRun, ROUNDS_A_BLOCK, type CellContext, type RoundRunner } from './cell-run.ts';
import { ANCHOR_BYTES, type CellPlan, type Plan } from './plan.ts';
import type { SurfacePlan } from './surface-plan.ts';
import { measureSurface, type SurfaceRunner } from './surface.ts';

export interface ReproduceOptions {
  readonly plan: Plan;
  /** undefined: the claims' cells only. */
  readonly surface: SurfacePlan | undefined;
  /** Beside the freelist's cells and surface, each with its own time. */
  readonly experiments: readonly ExperimentPlan[];
  /** The run to go on with, as it was recorded. */
  readonly previous: StoredRun | undefined;
  /** The run as it starts; its host, status and cells are filled in here. */
  readonly run: Omit<Run, 'host' | 'status' | 'cells' | 'untested'>;
  readonly folder: RunFolder;
  readonly work: WorkFolder;
  readonly seed: number;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly runRound: RoundRunner;
  readonly runSurfaceCell: SurfaceRunner;
  readonly runExperimentRound: ExperimentRunner;
  /** Harness of real bbolt; undefined: no calibration. */
  readonly bboltPeer: string | undefined;
  readonly onProgress: (share: number, doing: string) => void;
  /** A cell is finished; `samples` are all of the run so far. */
  readonly onCell: (run: Run, samples: readonly Sample[], cell: string) => void;
}

export interface ReproduceResult extends StoredRun {
  /** What stopped it early, other than an interruption. */
  readonly error: unknown;
}

/** Kept for the profile afterwards. */
const FINISH_SECONDS = 4;
/** Two pairs of a short job of ours and of bbolt's, which runs it twice. */
const CALIBRATION_SECONDS_BASE = 4;
const CALIBRATION_SECONDS_A_GB = 0.33;

export async function reproduce(options: ReproduceOptions): Promise<ReproduceResult> {
  options.onProgress(0, 'profiling the host');
  const { plan, surface, experiments, previous, run, work } = options;
  const host = await profileHost(work.path);
  if (previous !== undefined && previous.run.host.fingerprint !== host.fingerprint) {
    throw new RecordError(
      'elsewhere',
      `the run was measured on another machine or disk (${previous.run.host.fingerprint}, here ` +
        `${host.fingerprint}); start a new one without --resume`,
    );
  }
  const session = new Session(options, {
    ...run,
    host,
    status: 'running',
    cells: previous?.run.cells ?? [],
    untested: [...plan.untested, ...(surface?.untested ?? [])],
    ...(previous?.run.calibration === undefined ? {} : { calibration: previous.run.calibration }),
    ...(surface === undefined ? {} : { surface: { planned: surface.cells.length } }),
    ...plannedExperiments(previous?.run, experiments),
  });
  return session.run();
}

/** Cells of this part's experiments, and those of an earlier part's others. */
function plannedExperiments(
  previous: Run | undefined,
  plans: readonly ExperimentPlan[],
): Pick<Run, 'experiments'> {
  const again = new Set(plans.map((plan) => plan.claim));
  const others = (previous?.experiments ?? []).filter((cell) => !again.has(cell.claim));
  const experiments = [...others, ...plannedCells(plans)];
  return experiments.length === 0 ? {} : { experiments };
}

class Session {
  readonly #options: ReproduceOptions;
  readonly #started: number;
  readonly #samples: Sample[];
  readonly #surface: SurfaceCell[];
  readonly #experiments: ExperimentRound[];
  readonly #context: CellContext;
  #run: Run;
  #anchor: CellRun | undefined;
  /** Seconds that finished cells took, and what the model gave them. */
  #took = 0;
  #modelled = 0;
  /** Cells that are not finished, the current one first. */
  #ahead: readonly CellPlan[] = [];
  /** Seconds from the start at which the current cell should end, once its own rounds can tell. */
  #cellEnd: number | undefined;
  /** When the experiments began, once they have. */
  #experimentsStarted: number | undefined;

  constructor(options: ReproduceOptions, run: Run) {
    this.#options = options;
    this.#run = run;
    this.#started = options.clock.nowNs();
    this.#samples = [...(options.previous?.samples ?? [])];
    this.#surface = [...(options.previous?.surface ?? [])];
    this.#experiments = [...(options.previous?.experiments ?? [])];
    this.#context = {
      work: options.work,
      seed: options.seed,
      random: new Random(options.seed),
      clock: options.clock,
      signal: options.signal,
      runRound: options.runRound,
      onSample: (sample) => {
        this.#samples.push(sample);
        options.folder.appendSample(sample);
      },
    };
  }

  async run(): Promise<ReproduceResult> {
    const { folder, plan, signal, clock } = this.#options;
    folder.writeRun(this.#run);
    let error: unknown;
    try {
      for (const [i, cell] of plan.cells.entries()) {
        this.#ahead = plan.cells.slice(i);
        this.#cellEnd = undefined;
        await this.#cell(cell, plan.cells.slice(i + 1));
      }
      this.#ahead = [];
      await this.#measureSurface();
      await this.#runExperiments();
    } catch (thrown) {
      if (!signal.aborted) error = thrown;
    }
    const interrupted = signal.aborted;
    if (!interrupted) this.#options.onProgress(0.99, 'profiling the host again');
    this.#run = {
      ...this.#run,
      host: interrupted
        ? this.#run.host
        : await finishProfile(this.#run.host, this.#options.work.path),
      status: interrupted ? 'interrupted' : error === undefined ? 'finished' : 'failed',
      finishedAt: clock.wallIso(),
    };
    folder.writeRun(this.#run);
    const recorded = { samples: this.#samples, surface: this.#surface };
    return { run: this.#run, ...recorded, experiments: this.#experiments, error };
  }

  async #runExperiments(): Promise<void> {
    const { experiments: plans, folder, work, seed, clock, signal } = this.#options;
    this.#experimentsStarted = clock.nowNs();
    await runExperiments({
      plans,
      recorded: [...this.#experiments],
      ...{ work, seed, clock, signal },
      runRound: this.#options.runExperimentRound,
      onRound: (round) => {
        this.#experiments.push(round);
        folder.appendExperimentRound(round);
      },
      leaveOut: (sentence) => {
        this.#leaveOut(sentence);
      },
      onProgress: (doing) => {
        this.#progress(doing);
      },
    });
  }

  async #measureSurface(): Promise<void> {
    const { surface, work, seed, clock, signal, runSurfaceCell, folder } = this.#options;
    if (surface === undefined) return;
    this.#anchor?.discard();
    await measureSurface({
      cells: surface.cells,
      recorded: new Set(this.#surface.map((cell) => cell.id)),
      secondsLeft: () => this.#secondsLeft() - FINISH_SECONDS,
      work,
      seed,
      clock,
      signal,
      runCell: runSurfaceCell,
      onCell: (cell) => {
        this.#surface.push(cell);
        folder.appendSurfaceCell(cell);
      },
      onTimeout: (id) => {
        this.#leaveOut(`surface, ${id}: took too long and was ended`);
      },
      onProgress: (doing) => {
        this.#progress(doing);
      },
    });
    const missing = surface.cells.length - this.#surface.length;
    if (missing > 0) {
      this.#leaveOut(
        `surface: ${String(missing)} of ${String(surface.cells.length)} cells did not fit the ` +
          `budget; kvtune reproduce --resume ${folder.path} goes on with them`,
      );
    }
  }

  async #cell(plan: CellPlan, behind: readonly CellPlan[]): Promise<void> {
    if (this.#isRecorded(plan)) {
      // An anchor is measured beside larger cells too, and those may still be ahead.
      if (
        plan.dbBytes === ANCHOR_BYTES &&
        plan.role === 'main' &&
        !behind.every((one) => this.#isRecorded(one))
      ) {
        this.#anchor = await this.#prepare(plan);
      }
      return;
    }
    const needed = modelSeconds(plan, plan.blocksMin) * this.#pace() + FINISH_SECONDS;
    if (needed > this.#secondsLeft()) {
      this.#leaveOut(
        `${plan.title}: would take about ${needed.toFixed(0)} s, ` +
          `${Math.max(0, this.#secondsLeft()).toFixed(0)} s of the budget were left`,
      );
      return;
    }
    const started = this.#options.clock.nowNs();
    const cell = await this.#prepare(plan);
    if (cell.aged.allocatedBytes > cell.aged.dbBytes / 2) {
      this.#warnSparse(cell);
    }
    const others = this.#run.cells.filter((one) => one.id !== plan.id);
    this.#run = { ...this.#run, cells: [...others, cell.cell] };
    this.#options.folder.writeRun(this.#run);
    try {
      const blocks = await this.#blocks(cell, behind);
      this.#took += this.#elapsedSince(started);
      this.#modelled += modelSeconds(plan, blocks);
      if (behind.length === 0) await this.#calibrate(cell);
    } finally {
      if (plan.dbBytes === ANCHOR_BYTES && plan.role === 'main') this.#anchor = cell;
      else cell.discard();
    }
    this.#options.onCell(this.#run, this.#samples, plan.id);
  }

  #prepare(plan: CellPlan): Promise<CellRun> {
    return CellRun.prepare(plan, this.#context, (doing) => {
      this.#progress(`${plan.title}: ${doing}`);
    });
  }

  /** Rounds a block that an earlier part of the run recorded of a cell. */
  #recordedBlocks(plan: CellPlan): Map<number, number> {
    const rounds = new Map<number, number>();
    for (const { cell, beside, block } of this.#samples) {
      if ((beside ?? cell) === plan.id) rounds.set(block, (rounds.get(block) ?? 0) + 1);
    }
    return rounds;
  }

  #isRecorded(plan: CellPlan): boolean {
    const complete = [...this.#recordedBlocks(plan).values()].filter((n) => n >= ROUNDS_A_BLOCK);
    return complete.length >= plan.blocksMin;
  }

  /** Runs the cell's blocks behind those recorded; returns how many ran. */
  async #blocks(cell: CellRun, behind: readonly CellPlan[]): Promise<number> {
    const { plan } = cell;
    const first = Math.max(-1, ...this.#recordedBlocks(plan).keys()) + 1;
    const anchor = plan.role === 'main' && plan.dbBytes !== ANCHOR_BYTES ? this.#anchor : undefined;
    const reserved = this.#reserve(behind);
    let blockSeconds = 0;
    let block = first;
    for (; block < plan.blocksMax; block++) {
      if (block >= plan.blocksMin && this.#secondsLeft() - reserved < blockSeconds * 1.15) break;
      if (block > first && this.#secondsLeft() - FINISH_SECONDS < blockSeconds / 2) break;
      const started = this.#options.clock.nowNs();
      await cell.block(block, anchor, (done, of, doing) => {
        const at = `block ${String(block + 1)}, round ${String(done + 1)} of ${String(of)}`;
        this.#progress(`${plan.title}: ${at}, ${doing}`);
      });
      blockSeconds = this.#elapsedSince(started);
      const more = Math.min(
        plan.blocksMax - block - 1,
        Math.max(0, Math.floor((this.#secondsLeft() - reserved) / (blockSeconds * 1.15))),
      );
      this.#cellEnd = this.#elapsedSince(this.#started) + more * blockSeconds;
    }
    return block - first;
  }

  /** Seconds that the cells behind need at least, and what follows them. */
  #reserve(behind: readonly CellPlan[]): number {
    const cells = behind.reduce((sum, plan) => sum + modelSeconds(plan, plan.blocksMin), 0);
    const last = this.#options.plan.cells.at(-1)?.dbBytes ?? 0;
    const calibration =
      this.#options.bboltPeer === undefined
        ? 0
        : CALIBRATION_SECONDS_BASE + (CALIBRATION_SECONDS_A_GB * last) / 1e9;
    const surface = this.#options.surface?.budgetSeconds ?? 0;
    return cells * this.#pace() + calibration + surface + FINISH_SECONDS;
  }

  async #calibrate(cell: CellRun): Promise<void> {
    const { bboltPeer: peer, seed, signal, clock } = this.#options;
    if (peer === undefined || cell.plan.role !== 'main') return;
    this.#progress(`${cell.plan.title}: bbolt's array on the same file`);
    const calibration = await calibrate({
      peer,
      path: cell.aged.path,
      dbBytes: cell.aged.dbBytes,
      seed,
      signal,
      clock,
      ours: () => cell.measureArm('array', CALIBRATION_JOB),
    });
    this.#run = { ...this.#run, calibration };
  }

  #leaveOut(sentence: string): void {
    this.#run = { ...this.#run, untested: [...this.#run.untested, sentence] };
  }

  #warnSparse(cell: CellRun): void {
    const warning = {
      code: 'not-sparse',
      message: `${cell.cell.id} takes its whole size on disk: this file system keeps no holes`,
      remedy: 'choose a work folder on ext4, xfs or btrfs with --work-dir',
    };
    this.#run = { ...this.#run, warnings: [...this.#run.warnings, warning] };
  }

  #secondsLeft(): number {
    return this.#options.plan.budgetSeconds - this.#elapsedSince(this.#started);
  }

  #elapsedSince(start: number): number {
    return (this.#options.clock.nowNs() - start) / 1e9;
  }

  /** Seconds this machine takes for what the model puts at one second. */
  #pace(): number {
    return this.#modelled === 0 ? 1 : this.#took / this.#modelled;
  }

  #progress(doing: string): void {
    const elapsed = this.#elapsedSince(this.#started);
    const more = this.#options.experiments.reduce((sum, plan) => sum + plan.budgetSeconds, 0);
    const model = (plans: readonly CellPlan[]): number =>
      plans.reduce((sum, plan) => sum + modelSeconds(plan, plan.blocksMax), 0) * this.#pace();
    const cellEnd = this.#cellEnd ?? this.#took + model(this.#ahead.slice(0, 1));
    const surface = this.#options.surface?.budgetSeconds ?? 0;
    const cells = Math.max(cellEnd, elapsed) + model(this.#ahead.slice(1));
    const whole = cells + surface + FINISH_SECONDS;
    const first = Math.max(elapsed, Math.min(whole, this.#options.plan.budgetSeconds));
    const bounded =
      this.#experimentsStarted === undefined
        ? first + more
        : (this.#experimentsStarted - this.#started) / 1e9 + more + FINISH_SECONDS;
    this.#options.onProgress(Math.min(0.99, elapsed / bounded), doing);
  }
}

/**
 * Seconds that a cell with `blocks` blocks takes, from runs on 2 cores of a virtual machine: laying
 * out, rehearsing, and two rounds an arm and block, which grow with the free pages for the array.
 */
function modelSeconds(plan: CellPlan, blocks: number): number {
  const gigabytes = plan.dbBytes / 1e9;
  // Where no run fits, every allocation looks at every span, and laying out writes many more runs.
  const spans = plan.role === 'worst-case' ? 1.8 : 1;
  const array = 0.9 + 0.12 * spans * gigabytes;
  const hashmap = 1.2;
  const prepare = 0.15 * spans * gigabytes + array + hashmap + 0.5;
  return prepare + blocks * (2 * array + 2 * hashmap + 2);
}
