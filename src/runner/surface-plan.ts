// The plan of the surface: how array, hashmap and bitmap compare over free pages, puts a commit, value
// size, recipe and whether the freelist is stored. Invariants: the order is by stage, so that any
// prefix is a sample that spans the factors (corners and middle of the main recipe first, then its
// whole grid, then the other recipes, then stored freelists); within a stage by file, small files
// first. The surface decides no claim. Pure.

import type { SurfaceFactors } from '../record/schema.ts';
import { pagesIn, RECIPES, wholeFile, type Recipe } from '../../workloads/index.ts';
import type { JobShape } from '../drivers/freelist-driver.ts';
import { synthesizedDiskBytes } from '../targets/aged-db.ts';
import type { Mode, Room } from './plan.ts';

export interface SurfaceCellPlan {
  readonly id: string;
  readonly factors: SurfaceFactors;
  readonly recipe: Recipe;
  readonly dbBytes: number;
  readonly job: JobShape;
}

export interface SurfacePlan {
  readonly cells: readonly SurfaceCellPlan[];
  readonly budgetSeconds: number;
  readonly untested: readonly string[];
}

const PAGE_BYTES = 4096;
const MAIN_RECIPE = 'kubernetes-mix';
const FREE_PAGES: readonly number[] = [1e4, 1e5, 1e6, 1e7];
const PUTS_PER_COMMIT: readonly number[] = [1, 10, 100, 500, 1000];
const VALUE_BYTES: readonly number[] = [500, 4000, 10_000, 100_000];
/** The sample that comes first, and all that a default run takes. */
const FIRST_PUTS: readonly number[] = [1, 100, 1000];
const FIRST_VALUES: readonly number[] = [500, 10_000];

const BUDGET_SECONDS: Readonly<Record<Mode, number>> = { quick: 0, default: 60, full: 1200 };

/** A job: enough commits for a median, few enough for the array among 10 million free pages. */
const PUTS_A_JOB = 4000;
const PUTS_A_JOB_LARGE = 2000;
const LARGE_FREE_PAGES = 1e7;
const JOB_BYTES_MAX = 250e6;
const COMMITS_MIN = 2;
const COMMITS_MAX = 40;
/** The first frees the stored freelist's own pages, the second releases them. */
const WARM_UP_COMMITS = 2;

/** Room for the journals, growth and blocks that the jobs of a file allocate. */
export const SURFACE_DISK_RESERVE_BYTES = 4e9;

/** Lays out the surface; undefined where a mode has none. */
export function makeSurfacePlan(mode: Mode, room: Room): SurfacePlan | undefined {
  const budgetSeconds = BUDGET_SECONDS[mode];
  if (budgetSeconds === 0) return undefined;
  const untested: string[] = [];
  const all = stages(mode).flatMap((stage) => stage.map(cellPlan));
  const cells = all.filter((cell) => {
    const disk = synthesizedDiskBytes(cell.recipe, cell.dbBytes) + SURFACE_DISK_RESERVE_BYTES;
    return disk <= room.diskFreeBytes;
  });
  if (cells.length < all.length) {
    untested.push(
      `surface: ${String(all.length - cells.length)} of ${String(all.length)} cells need files ` +
        'too large for the disk',
    );
  }
  return { cells, budgetSeconds, untested };
}

function stages(mode: Mode): SurfaceFactors[][] {
  const all = RECIPES.flatMap(({ name: recipe }) =>
    [false, true].flatMap((syncFreelist) =>
      FREE_PAGES.flatMap((freePages) =>
        PUTS_PER_COMMIT.flatMap((putsPerCommit) =>
          VALUE_BYTES.map((valueBytes) => ({
            recipe,
            syncFreelist,
            freePages,
            putsPerCommit,
            valueBytes,
          })),
        ),
      ),
    ),
  );
  const stageOf = (factors: SurfaceFactors): number => {
    if (factors.syncFreelist) return factors.recipe === MAIN_RECIPE ? 3 : 4;
    if (factors.recipe !== MAIN_RECIPE) return 2;
    const first =
      FIRST_PUTS.includes(factors.putsPerCommit) && FIRST_VALUES.includes(factors.valueBytes);
    return first ? 0 : 1;
  };
  const count = mode === 'full' ? 5 : 1;
  return Array.from({ length: count }, (_, stage) => all.filter((one) => stageOf(one) === stage));
}

function cellPlan(factors: SurfaceFactors): SurfaceCellPlan {
  const recipe = RECIPES.find((one) => one.name === factors.recipe);
  if (recipe === undefined) throw new Error(`no recipe is called ${factors.recipe}`);
  const { free, used } = wholeFile(recipe.spans);
  const share = pagesIn(free) / (pagesIn(free) + pagesIn(used));
  return {
    id: surfaceId(factors),
    factors,
    recipe,
    dbBytes: Math.ceil(factors.freePages / share) * PAGE_BYTES,
    job: jobOf(factors),
  };
}

/** Names a cell by its factors; equal in every run. */
function surfaceId(factors: SurfaceFactors): string {
  const { recipe, freePages, putsPerCommit, valueBytes, syncFreelist } = factors;
  const stored = syncFreelist ? '-stored' : '';
  return `${recipe}-${String(freePages)}free-${String(putsPerCommit)}puts-${String(valueBytes)}b${stored}`;
}

function jobOf({ freePages, putsPerCommit, valueBytes }: SurfaceFactors): JobShape {
  const puts = freePages >= LARGE_FREE_PAGES ? PUTS_A_JOB_LARGE : PUTS_A_JOB;
  const byPuts = Math.floor(puts / putsPerCommit);
  const byBytes = Math.floor(JOB_BYTES_MAX / (putsPerCommit * valueBytes));
  const commits = Math.max(COMMITS_MIN, Math.min(COMMITS_MAX, byPuts, byBytes));
  return { valueBytes, putsPerCommit, commits, warmUpCommits: WARM_UP_COMMITS };
}
