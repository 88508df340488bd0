// runExperiments(): measures the cells of experiments and hands on each round as it ends. Blocks of
// interleaved arms in random order; every round in a process and an empty folder of its own. Each
// experiment has its own share of the time, larger where those before it ended early. What is recorded
// is not measured again. Every cell that got fewer blocks than its claim needs is named.
//
// An experiment that fails ends alone: the others run, and the first failure is thrown at the end.

import { Random } from '../../engine/index.ts';
import type { Clock } from '../measure/clock.ts';
import type { WorkFolder } from '../record/run-folder.ts';
import { SCHEMA_VERSION, type ExperimentRound } from '../record/schema.ts';
import { RoundTimeout } from '../runner/round-process.ts';
import type {
  ExperimentCell,
  ExperimentResult,
  ExperimentRunner,
  ExperimentTask,
} from './experiment.ts';
import type { ExperimentPlan } from './plan.ts';
import { roundsOf, Schedule } from './schedule.ts';

export interface RunExperimentsOptions {
  readonly plans: readonly ExperimentPlan[];
  /** Rounds of an earlier part of the run. */
  readonly recorded: readonly ExperimentRound[];
  readonly work: WorkFolder;
  readonly seed: number;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly runRound: ExperimentRunner;
  readonly onRound: (round: ExperimentRound) => void;
  /** What was not measured, one sentence each. */
  readonly leaveOut: (sentence: string) => void;
  readonly onProgress: (doing: string) => void;
}

/** A round is ended when it takes this many times what was expected, and at least so long. */
const TIMEOUT_TIMES = 6;
const TIMEOUT_SECONDS_MIN = 15;
/** A round may end this long after its experiment's time is over. */
const GRACE_SECONDS = 10;

export async function runExperiments(options: RunExperimentsOptions): Promise<void> {
  const { plans, clock, signal } = options;
  const failures: unknown[] = [];
  let left = plans.reduce((sum, plan) => sum + plan.budgetSeconds, 0);
  let shares = left;
  for (const plan of plans) {
    signal.throwIfAborted();
    const started = clock.nowNs();
    const own = shares === 0 ? 0 : (left * plan.budgetSeconds) / shares;
    try {
      await new ExperimentRun(plan, own, options).run();
    } catch (error) {
      if (signal.aborted) throw error;
      failures.push(error);
      const message = error instanceof Error ? error.message : String(error);
      options.leaveOut(`${plan.claim}: a round failed, the rest is left out: ${message}`);
    }
    left = Math.max(0, left - (clock.nowNs() - started) / 1e9);
    shares -= plan.budgetSeconds;
  }
  const [failure] = failures;
  if (failure instanceof Error) throw failure;
  if (failures.length > 0) throw new Error(String(failure));
}

class ExperimentRun {
  readonly #plan: ExperimentPlan;
  readonly #options: RunExperimentsOptions;
  readonly #schedule: Schedule;
  readonly #endNs: number;
  readonly #budgetSeconds: number;
  /** The number of each cell's next block: behind all recorded ones, complete or not. */
  readonly #nextBlocks = new Map<string, number>();
  readonly #timedOut = new Set<string>();

  constructor(plan: ExperimentPlan, budgetSeconds: number, options: RunExperimentsOptions) {
    this.#plan = plan;
    this.#options = options;
    this.#budgetSeconds = budgetSeconds;
    this.#endNs = options.clock.nowNs() + budgetSeconds * 1e9;
    const rounds = options.recorded.filter((round) => round.claim === plan.claim);
    this.#schedule = new Schedule(plan.cells, completeBlocks(plan.cells, rounds));
    for (const { cell, block } of rounds) {
      this.#nextBlocks.set(cell, Math.max(this.#nextBlocks.get(cell) ?? 0, block + 1));
    }
  }

  async run(): Promise<void> {
    const { clock, signal } = this.#options;
    for (;;) {
      signal.throwIfAborted();
      const cell = this.#schedule.next(this.#secondsLeft());
      if (cell === undefined) break;
      const started = clock.nowNs();
      const whole = await this.#block(cell);
      if (whole) this.#schedule.done(cell, (clock.nowNs() - started) / 1e9);
    }
    this.#nameThin();
  }

  /** Runs one block; false where a round took too long and its cell was given up. */
  async #block(cell: ExperimentCell): Promise<boolean> {
    const { clock, seed, onRound, onProgress } = this.#options;
    const { claim } = this.#plan;
    const block = this.#nextBlocks.get(cell.id) ?? 0;
    this.#nextBlocks.set(cell.id, block + 1);
    const blockSeed = seedOf(seed, claim, cell.id, block);
    const turns = turnsOf(cell, new Random(blockSeed));
    for (const [position, { arm, replicate }] of turns.entries()) {
      const at = `block ${String(block + 1)}, round ${String(position + 1)} of ${String(turns.length)}`;
      onProgress(`${claim}, ${cell.title}: ${at}, ${arm}`);
      const startedAt = clock.wallIso();
      const started = clock.nowNs();
      let result: ExperimentResult;
      try {
        result = await this.#round({ claim, cell, arm, seed: blockSeed });
      } catch (error) {
        if (!(error instanceof RoundTimeout)) throw error;
        this.#giveUp(cell, arm, error);
        return false;
      }
      const seconds = (clock.nowNs() - started) / 1e9;
      onRound({
        ...{ schemaVersion: SCHEMA_VERSION, kind: 'experiment-round', claim, cell: cell.id },
        ...{ role: cell.role, factors: { ...cell.factors }, block, position, arm, replicate },
        ...{ startedAt, seconds },
        ...plainFigures(result),
      });
    }
    return true;
  }

  async #round(order: Omit<ExperimentTask, 'folder'>): Promise<ExperimentResult> {
    const { work, runRound } = this.#options;
    const expected = this.#schedule.blockSeconds(order.cell) / roundsOf(order.cell);
    const patience = Math.max(TIMEOUT_SECONDS_MIN, TIMEOUT_TIMES * expected);
    const seconds = Math.min(patience, Math.max(0, this.#secondsLeft()) + GRACE_SECONDS);
    const folder = work.emptyFolder('experiment-round');
    try {
      return await runRound({ ...order, folder }, seconds * 1e3);
    } finally {
      work.removeFolder('experiment-round');
    }
  }

  #giveUp(cell: ExperimentCell, arm: string, error: RoundTimeout): void {
    this.#schedule.close(cell);
    this.#timedOut.add(cell.id);
    const what = `${this.#plan.claim}, ${cell.title}: ${error.message} (${arm})`;
    this.#options.leaveOut(`${what}; its complete blocks are kept`);
  }

  #nameThin(): void {
    for (const cell of this.#plan.cells) {
      const blocks = this.#schedule.blocksOf(cell);
      if (blocks >= cell.blocksMin || this.#timedOut.has(cell.id)) continue;
      const needed = this.#schedule.blockSeconds(cell) * (cell.blocksMin - blocks);
      const got =
        blocks === 0 ? 'not measured' : `${String(blocks)} of ${String(cell.blocksMin)} blocks`;
      this.#options.leaveOut(
        `${this.#plan.claim}, ${cell.title}: ${got}; would take about ${needed.toFixed(0)} s more ` +
          `than the ${this.#budgetSeconds.toFixed(0)} s that this claim had`,
      );
    }
  }

  #secondsLeft(): number {
    return (this.#endNs - this.#options.clock.nowNs()) / 1e9;
  }
}

/** A copy that may be changed and written down; fields that a round lacks are empty. */
function plainFigures(
  result: ExperimentResult,
): Pick<
  ExperimentRound,
  'settings' | 'figures' | 'histograms' | 'series' | 'resources' | 'warnings' | 'load'
> {
  const series = Object.entries(result.series ?? {}).map(([name, values]) => [name, [...values]]);
  return {
    settings: { ...result.settings },
    figures: { ...result.figures },
    histograms: { ...result.histograms },
    series: Object.fromEntries(series) as Record<string, number[]>,
    resources: result.resources,
    warnings: [...result.warnings],
    ...(result.load === undefined ? {} : { load: result.load }),
  };
}

interface Turn {
  readonly arm: string;
  readonly replicate: number;
}

function turnsOf(cell: ExperimentCell, random: Random): Turn[] {
  const turns = cell.arms.flatMap((arm) =>
    Array.from({ length: cell.replicates ?? 1 }, (_, replicate) => ({ arm, replicate })),
  );
  random.shuffle(turns);
  return turns;
}

/** Blocks by cell in which every round is recorded. */
function completeBlocks(
  cells: readonly ExperimentCell[],
  rounds: readonly ExperimentRound[],
): Map<string, number> {
  const complete = new Map<string, number>();
  for (const cell of cells) {
    const counts = new Map<number, number>();
    for (const { cell: id, block } of rounds) {
      if (id === cell.id) counts.set(block, (counts.get(block) ?? 0) + 1);
    }
    const whole = [...counts.values()].filter((count) => count >= roundsOf(cell));
    complete.set(cell.id, whole.length);
  }
  return complete;
}

/** A block's seed, from the run's and its place: FNV-1a over both, so that no two blocks share one. */
function seedOf(seed: number, claim: string, cell: string, block: number): number {
  let hash = 0x811c_9dc5;
  for (const character of JSON.stringify([seed, claim, cell, block])) {
    hash = Math.imul(hash ^ (character.codePointAt(0) ?? 0), 0x0100_0193);
  }
  return hash >>> 0;
}
