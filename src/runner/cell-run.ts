// CellRun: one cell's life: its file is made, each arm is rehearsed once (unmeasured: it fills the
// undo journal and allocates the blocks the job writes to), then blocks of rounds run in random order,
// each round in a process of its own and from the same bytes. A block holds every arm twice, so that
// pairs of equal arms give the A/A floor, and the anchor's arms once each, so that sizes are compared
// side by side in time and not hours apart.

import { nodeVfs, type FreelistKind, type Random } from '../../engine/index.ts';
import type { JobShape } from '../drivers/freelist-driver.ts';
import type { Clock } from '../measure/clock.ts';
import type { WorkFolder } from '../record/run-folder.ts';
import { SCHEMA_VERSION, type Cell, type Sample, type Warning } from '../record/schema.ts';
import { synthesize, type AgedDb } from '../targets/aged-db.ts';
import type { CellPlan } from './plan.ts';
import { PAGE_CACHE_STATE, type RoundRequest, type RoundResult } from './round.ts';

export const ARMS: readonly FreelistKind[] = ['array', 'hashmap'];
const REPLICATES = 2;
/** Rounds of the cell itself in a block; anchors come on top. */
export const ROUNDS_A_BLOCK: number = ARMS.length * REPLICATES;
const ROUND_TIMEOUT_MS = 180_000;

/** Runs one round somewhere; tests hand in their own. */
export type RoundRunner = (request: RoundRequest, timeoutMs: number) => Promise<RoundResult>;

export interface CellContext {
  readonly work: WorkFolder;
  readonly seed: number;
  readonly random: Random;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly runRound: RoundRunner;
  /** Called after each measured round, anchors included. */
  readonly onSample: (sample: Sample) => void;
}

/** One round of a block, before it ran. */
interface PlannedRound {
  readonly target: CellRun;
  readonly arm: FreelistKind;
  readonly replicate: number;
}

export class CellRun {
  readonly plan: CellPlan;
  readonly cell: Cell;
  readonly aged: AgedDb;
  readonly #context: CellContext;

  /** Makes the cell's file and rehearses both arms. */
  static async prepare(
    plan: CellPlan,
    context: CellContext,
    onProgress: (doing: string) => void,
  ): Promise<CellRun> {
    const aged = await synthesize({
      path: context.work.file(`${plan.id}.db`),
      recipe: plan.recipe,
      dbBytes: plan.dbBytes,
      seed: context.seed,
      signal: context.signal,
      onProgress: (share) => {
        onProgress(`laying out the file, ${(share * 100).toFixed(0)}%`);
      },
    });
    const run = new CellRun(plan, aged, context);
    for (const arm of ARMS) {
      context.signal.throwIfAborted();
      onProgress(`rehearsing ${arm}`);
      await run.#measure(arm, plan.job);
    }
    return run;
  }

  private constructor(plan: CellPlan, aged: AgedDb, context: CellContext) {
    this.plan = plan;
    this.aged = aged;
    this.#context = context;
    this.cell = {
      id: plan.id,
      title: plan.title,
      role: plan.role,
      recipe: plan.recipe.name,
      dbBytes: plan.dbBytes,
      freePages: aged.freePages,
      freeSpans: aged.freeSpans,
      ...plan.job,
    };
  }

  /** Runs one block; `anchor` is the smallest size, measured beside this one. */
  async block(
    block: number,
    anchor: CellRun | undefined,
    onRound: (done: number, of: number, doing: string) => void,
  ): Promise<void> {
    const rounds = this.#planBlock(anchor);
    this.#context.random.shuffle(rounds);
    for (const [position, round] of rounds.entries()) {
      this.#context.signal.throwIfAborted();
      onRound(position, rounds.length, round.arm);
      const startedAt = this.#context.clock.wallIso();
      const result = await round.target.#measure(round.arm, round.target.plan.job);
      const purpose = round.target === this ? ('arm' as const) : ('anchor' as const);
      this.#context.onSample({
        ...sampleOf(result),
        cell: round.target.cell.id,
        block,
        position,
        arm: round.arm,
        replicate: round.replicate,
        purpose,
        ...(purpose === 'anchor' ? { beside: this.cell.id } : {}),
        startedAt,
      });
    }
  }

  /** One round of an arm with a job of the caller's choice, for calibration; not recorded. */
  measureArm(arm: FreelistKind, job: JobShape): Promise<RoundResult> {
    return this.#measure(arm, job);
  }

  /** Removes the file and its journals. */
  discard(): void {
    for (const name of this.#files()) nodeVfs.remove(name);
  }

  #planBlock(anchor: CellRun | undefined): PlannedRound[] {
    const rounds: PlannedRound[] = [];
    for (const arm of ARMS) {
      for (let replicate = 1; replicate <= REPLICATES; replicate++) {
        rounds.push({ target: this, arm, replicate });
      }
      if (anchor !== undefined) rounds.push({ target: anchor, arm, replicate: 1 });
    }
    return rounds;
  }

  #measure(arm: FreelistKind, job: JobShape): Promise<RoundResult> {
    const journals = ARMS.map((kind) => this.#journal(kind));
    return this.#context.runRound(
      {
        path: this.aged.path,
        freelist: arm,
        syncFreelist: false,
        job,
        seed: this.#context.seed,
        journal: this.#journal(arm),
        journals,
      },
      ROUND_TIMEOUT_MS,
    );
  }

  #journal(arm: FreelistKind): string {
    return `${this.aged.path}.${arm}.undo`;
  }

  #files(): string[] {
    return [this.aged.path, ...ARMS.map((arm) => this.#journal(arm))];
  }
}

/** What of a sample the round itself knows. */
function sampleOf(
  result: RoundResult,
): Omit<Sample, 'cell' | 'block' | 'position' | 'arm' | 'replicate' | 'purpose' | 'startedAt'> {
  const { job, state } = result;
  return {
    schemaVersion: SCHEMA_VERSION,
    kind: 'round',
    settings: result.settings,
    puts: job.puts,
    completionSeconds: job.completionSeconds,
    commitNs: job.commitNs,
    phases: job.phases,
    counts: job.counts,
    resources: result.resources,
    state: { ...state, pageCache: PAGE_CACHE_STATE },
    warnings: warningsOf(result),
  };
}

function warningsOf(result: RoundResult): Warning[] {
  const warnings: Warning[] = result.warnings.map((message) => ({ code: 'engine', message }));
  if (result.capturedPages > 0) {
    warnings.push({
      code: 'unrehearsed-pages',
      message: `${String(result.capturedPages)} pages were read for undo inside the measured job`,
    });
  }
  return warnings;
}
