// measureSurface(): runs the cells of a surface plan while its time lasts and records each as soon as it
// is over. One file serves all cells of equal recipe and size; it is laid out again when the jobs have
// allocated too many of its holes. Cells recorded before (a run that is resumed) are passed over.

import { nodeVfs } from '../../engine/index.ts';
import type { Clock } from '../measure/clock.ts';
import type { WorkFolder } from '../record/run-folder.ts';
import { SCHEMA_VERSION, type SurfaceCell } from '../record/schema.ts';
import { synthesize, type AgedDb } from '../targets/aged-db.ts';
import { RoundTimeout } from './round-process.ts';
import type { SurfaceRequest, SurfaceResult } from './surface-cell.ts';
import { SURFACE_DISK_RESERVE_BYTES, type SurfaceCellPlan } from './surface-plan.ts';

/** Runs one cell somewhere; tests hand in their own. */
export type SurfaceRunner = (request: SurfaceRequest, timeoutMs: number) => Promise<SurfaceResult>;

export interface SurfaceOptions {
  readonly cells: readonly SurfaceCellPlan[];
  /** Ids of cells that are recorded already. */
  readonly recorded: ReadonlySet<string>;
  readonly secondsLeft: () => number;
  readonly work: WorkFolder;
  readonly seed: number;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly runCell: SurfaceRunner;
  readonly onCell: (cell: SurfaceCell) => void;
  readonly onTimeout: (id: string) => void;
  readonly onProgress: (doing: string) => void;
}

/** A cell that takes longer is measured with fewer blocks. */
const CELL_SECONDS_MAX = 20;
/** A cell is begun only with this much time left. */
const CELL_SECONDS_MIN = 2;
/** A cell that takes this long, or this long over the budget, is ended and left out. */
const CELL_SECONDS_LIMIT = 180;
const GRACE_SECONDS = 10;
/** Seconds to lay a file out, a gigabyte; from runs on 2 cores of a virtual machine. */
const LAYOUT_SECONDS_A_GB = 0.13;
/** Blocks that jobs may allocate in a file before it is made anew; journals need as much again. */
const ALLOCATED_BYTES_MAX = SURFACE_DISK_RESERVE_BYTES / 4;

export async function measureSurface(options: SurfaceOptions): Promise<void> {
  const { cells, recorded, secondsLeft, clock, signal } = options;
  const file = new SurfaceFile(options);
  const open = cells.filter((cell) => !recorded.has(cell.id));
  try {
    for (const [i, plan] of open.entries()) {
      signal.throwIfAborted();
      if (secondsLeft() < CELL_SECONDS_MIN + file.secondsFor(plan)) continue;
      const at = `surface, ${String(i + 1)} of ${String(open.length)}: ${titleOf(plan)}`;
      options.onProgress(at);
      const aged = await file.prepare(plan, at);
      const startedAt = clock.wallIso();
      try {
        const result = await runCell(plan, aged, options);
        options.onCell(cellOf(plan, aged, result, startedAt));
      } catch (error) {
        if (!(error instanceof RoundTimeout)) throw error;
        // Its process was ended in the middle of a job: the file is no longer as it was laid out.
        file.remove();
        options.onTimeout(plan.id);
      }
    }
  } finally {
    file.remove();
  }
}

function runCell(
  plan: SurfaceCellPlan,
  aged: AgedDb,
  { secondsLeft, seed, runCell: run }: SurfaceOptions,
): Promise<SurfaceResult> {
  const { job, factors } = plan;
  const { syncFreelist } = factors;
  const secondsMax = Math.min(CELL_SECONDS_MAX, secondsLeft());
  const timeoutMs = Math.min(CELL_SECONDS_LIMIT, secondsLeft() + GRACE_SECONDS) * 1e3;
  return run({ path: aged.path, job, syncFreelist, seed, secondsMax }, timeoutMs);
}

function titleOf({ factors }: SurfaceCellPlan): string {
  const { recipe, freePages, putsPerCommit, valueBytes, syncFreelist } = factors;
  const stored = syncFreelist ? ', freelist stored' : '';
  return (
    `${recipe}, ${String(freePages)} free pages, ${String(putsPerCommit)} puts of ` +
    `${String(valueBytes)} B a commit${stored}`
  );
}

function cellOf(
  plan: SurfaceCellPlan,
  aged: AgedDb,
  result: SurfaceResult,
  startedAt: string,
): SurfaceCell {
  return {
    schemaVersion: SCHEMA_VERSION,
    kind: 'surface-cell',
    id: plan.id,
    startedAt,
    factors: plan.factors,
    dbBytes: plan.dbBytes,
    freePages: result.freePages,
    freeSpans: aged.freeSpans,
    puts: result.puts,
    commits: plan.job.commits,
    warmUpCommits: plan.job.warmUpCommits,
    rounds: [...result.rounds],
    warnings: result.warnings.map((message) => ({ code: 'engine', message })),
  };
}

/** The one file that lies on the disk at a time. */
class SurfaceFile {
  readonly #options: SurfaceOptions;
  #aged: AgedDb | undefined;
  #of: Pick<SurfaceCellPlan, 'recipe' | 'dbBytes'> | undefined;

  constructor(options: SurfaceOptions) {
    this.#options = options;
  }

  /** Seconds that laying out the cell's file will take; 0 where it lies there. */
  secondsFor(plan: SurfaceCellPlan): number {
    return this.#serves(plan) ? 0 : (LAYOUT_SECONDS_A_GB * plan.dbBytes) / 1e9;
  }

  async prepare(plan: SurfaceCellPlan, at: string): Promise<AgedDb> {
    const { work, seed, signal, onProgress } = this.#options;
    if (this.#aged !== undefined && this.#serves(plan)) return this.#aged;
    this.remove();
    this.#of = plan;
    this.#aged = await synthesize({
      path: work.file('surface.db'),
      recipe: plan.recipe,
      dbBytes: plan.dbBytes,
      seed,
      signal,
      onProgress: (share) => {
        onProgress(`${at}, laying out the file, ${(share * 100).toFixed(0)}%`);
      },
    });
    return this.#aged;
  }

  remove(): void {
    if (this.#aged !== undefined) nodeVfs.remove(this.#aged.path);
    this.#aged = undefined;
  }

  #serves(plan: SurfaceCellPlan): boolean {
    if (this.#aged === undefined) return false;
    if (this.#of?.recipe !== plan.recipe || this.#of.dbBytes !== plan.dbBytes) return false;
    const file = nodeVfs.open(this.#aged.path, { mode: 'read' });
    const grown = file.allocatedBytes() - this.#aged.allocatedBytes;
    file.close();
    return grown <= ALLOCATED_BYTES_MAX;
  }
}
