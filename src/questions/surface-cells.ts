// The cells of the surface: array, hashmap and bitmap over free pages, puts a commit, value size, recipe and
// whether the freelist is stored. Invariants: the order is by stage, so that any prefix is a sample that spans
// the factors (corners and middle of the main recipe first, then its whole grid, then the other recipes, then
// stored freelists); within a stage by file, small files first, so that cells of one file follow each other.

import { FREELIST_KINDS } from '../../engine/index.ts';
import { pagesIn, RECIPES, wholeFile, type Recipe } from '../../workloads/index.ts';
import type { Cell } from '../question/question.ts';
import type { Mode } from '../record/run.ts';
import { synthesizedDiskBytes } from '../targets/aged-db.ts';

/** Where a cell lies on the surface. */
export interface Place {
  readonly recipe: string;
  readonly syncFreelist: boolean;
  readonly freePages: number;
  readonly putsPerCommit: number;
  readonly valueBytes: number;
}

export interface SurfaceCell {
  readonly place: Place;
  readonly cell: Cell;
}

const PAGE_BYTES = 4096;
const MAIN_RECIPE = 'kubernetes-mix';
const FREE_PAGES: readonly number[] = [1e4, 1e5, 1e6, 1e7];
const PUTS_PER_COMMIT: readonly number[] = [1, 10, 100, 500, 1000];
const VALUE_BYTES: readonly number[] = [500, 4000, 10_000, 100_000];
/** The sample that comes first, and all that a default run takes. */
const FIRST_PUTS: readonly number[] = [1, 100, 1000];
const FIRST_VALUES: readonly number[] = [500, 10_000];
const STAGES: Readonly<Record<Mode, number>> = { quick: 0, default: 1, full: 5 };

/** A job: enough commits for a median, few enough for the array among 10 million free pages. */
const PUTS_A_JOB = 4000;
const PUTS_A_JOB_LARGE = 2000;
const LARGE_FREE_PAGES = 1e7;
const JOB_BYTES_MAX = 250e6;
const COMMITS_MIN = 2;
const COMMITS_MAX = 40;
/** The first frees the stored freelist's own pages, the second releases them. */
const WARM_UP_COMMITS = 2;
/** Journals and growth of all arms. */
const DISK_RESERVE_BYTES = 1.5e9;
/** On 2 cores of a virtual machine: laying out; a commit; a put; what the array looks at for a put of many pages. */
const LAYOUT_SECONDS_A_GB = 0.13;
const COMMIT_SECONDS = 0.01;
const PUT_SECONDS = 50e-6;
const SCAN_SECONDS_A_PAGE = 0.2e-9;

/** None in a quick run. */
export function surfaceCells(mode: Mode): readonly SurfaceCell[] {
  const all = places();
  return Array.from({ length: STAGES[mode] }, (_, stage) => stage).flatMap((stage) =>
    all
      .filter((place) => stageOf(place) === stage)
      .map((place) => ({ place, cell: cellOf(place) })),
  );
}

function places(): Place[] {
  return RECIPES.flatMap(({ name: recipe }) =>
    [false, true].flatMap((syncFreelist) =>
      FREE_PAGES.flatMap((freePages) =>
        PUTS_PER_COMMIT.flatMap((putsPerCommit) =>
          VALUE_BYTES.map((valueBytes) => ({
            ...{ recipe, syncFreelist, freePages, putsPerCommit, valueBytes },
          })),
        ),
      ),
    ),
  );
}

function stageOf({ recipe, syncFreelist, putsPerCommit, valueBytes }: Place): number {
  if (syncFreelist) return recipe === MAIN_RECIPE ? 3 : 4;
  if (recipe !== MAIN_RECIPE) return 2;
  return FIRST_PUTS.includes(putsPerCommit) && FIRST_VALUES.includes(valueBytes) ? 0 : 1;
}

function cellOf(place: Place): Cell {
  const { recipe: name, syncFreelist, freePages, putsPerCommit, valueBytes } = place;
  const recipe = RECIPES.find((one) => one.name === name);
  if (recipe === undefined) throw new Error(`no recipe is called ${name}`);
  const dbBytes = Math.ceil(freePages / freeShare(recipe)) * PAGE_BYTES;
  const commits = commitsOf(place);
  const puts = (commits + WARM_UP_COMMITS) * putsPerCommit;
  const scanned = valueBytes > PAGE_BYTES ? freePages : 0;
  const stored = syncFreelist ? ', freelist stored' : '';
  return {
    id: idOf(place),
    title:
      `${name}, ${freePages.toLocaleString('en-US')} free pages, ${String(putsPerCommit)} puts of ` +
      `${String(valueBytes)} B a commit${stored}`,
    ...{ role: 'labelled', procedure: 'freelist-job' },
    factors: {
      ...{ recipe: name, dbBytes, valueBytes, putsPerCommit, commits, syncFreelist },
      warmUpCommits: WARM_UP_COMMITS,
    },
    arms: FREELIST_KINDS.map((freelist) => ({
      ...{ name: freelist, target: 'engine', settings: { freelist } },
      sliceSeconds:
        0.05 +
        (commits + WARM_UP_COMMITS) * COMMIT_SECONDS +
        puts * (PUT_SECONDS + (freelist === 'array' ? scanned * SCAN_SECONDS_A_PAGE : 0)),
    })),
    slices: freePages >= LARGE_FREE_PAGES ? 1 : 2,
    ...{ sessions: 1, sliceSeconds: 0.5, openSeconds: 0.5 },
    prepareSeconds: (LAYOUT_SECONDS_A_GB * dbBytes) / 1e9,
    diskBytes: synthesizedDiskBytes(recipe, dbBytes) + DISK_RESERVE_BYTES,
    memoryBytes: FREELIST_KINDS.length * (300e6 + (dbBytes / PAGE_BYTES) * 9),
  };
}

function freeShare({ spans }: Recipe): number {
  const { free, used } = wholeFile(spans);
  return pagesIn(free) / (pagesIn(free) + pagesIn(used));
}

/** Names a cell by its place; equal in every run. */
function idOf({ recipe, freePages, putsPerCommit, valueBytes, syncFreelist }: Place): string {
  const stored = syncFreelist ? '-stored' : '';
  return (
    `surface/${recipe}-${String(freePages)}free-${String(putsPerCommit)}puts-` +
    `${String(valueBytes)}b${stored}`
  );
}

function commitsOf({ freePages, putsPerCommit, valueBytes }: Place): number {
  const puts = freePages >= LARGE_FREE_PAGES ? PUTS_A_JOB_LARGE : PUTS_A_JOB;
  const byPuts = Math.floor(puts / putsPerCommit);
  const byBytes = Math.floor(JOB_BYTES_MAX / (putsPerCommit * valueBytes));
  return Math.max(COMMITS_MIN, Math.min(COMMITS_MAX, byPuts, byBytes));
}
