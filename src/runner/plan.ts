// The plan of `reproduce`: which files are made, which job runs on them, how many blocks at least and
// at most, and in which order: small sizes first, so that figures come early, the deciding size last,
// so that it gets whatever of the budget is left. Pure.

import type { Cell } from '../record/schema.ts';
import { synthesizedDiskBytes } from '../targets/aged-db.ts';
import { recipeByName, type Recipe } from '../../workloads/index.ts';
import type { JobShape } from '../drivers/freelist-driver.ts';

export type Mode = 'default' | 'quick' | 'full';

export interface CellPlan {
  readonly id: string;
  readonly title: string;
  readonly role: Cell['role'];
  readonly recipe: Recipe;
  readonly dbBytes: number;
  readonly job: JobShape;
  readonly blocksMin: number;
  readonly blocksMax: number;
}

export interface Plan {
  readonly cells: readonly CellPlan[];
  /** What is left out, and why, one sentence each. */
  readonly untested: readonly string[];
  readonly budgetSeconds: number;
}

export interface Room {
  readonly diskFreeBytes: number;
  readonly memoryFreeBytes: number;
}

/** The size that capacity is counted from, and that anchors every larger one. */
export const ANCHOR_BYTES = 2e9;
const MAIN_SIZES: readonly number[] = [2e9, 8e9, 25e9, 50e9, 100e9];
const QUICK_BYTES_MAX = 25e9;
const LABELLED_BYTES = 25e9;

/**
 * The main cell's job, fixed before anything was measured: values of 10 kB; 500 puts a commit, which
 * is the author's own 5,000 puts/s at etcd's 100 ms; 10 commits, one second of that load.
 */
const MAIN_JOB: JobShape = {
  valueBytes: 10_000,
  putsPerCommit: 500,
  commits: 10,
  warmUpCommits: 2,
};
const SMALL_JOB: JobShape = { ...MAIN_JOB, valueBytes: 500, commits: 40 };
/** Every commit grows the file, by the same pages in both arms: a shorter job shows it. */
const WORST_JOB: JobShape = { ...MAIN_JOB, commits: 4 };

/** Kept free on the disk whatever happens; journals, growth and the anchor beside the file. */
const DISK_RESERVE_BYTES = 1.5e9;
/** A round's process: runtime, page cache, and 9 bytes a free page. */
const MEMORY_BYTES_BASE = 300e6;

/** Of the freelist's cells and their surface. */
export const FREELIST_BUDGET_SECONDS: Readonly<Record<Mode, number>> = {
  quick: 105,
  default: 345,
  full: 1800,
};
const BLOCKS: Readonly<Record<Mode, readonly [number, number]>> = {
  quick: [3, 3],
  default: [3, 3],
  full: [4, 10],
};
const MAIN_BLOCKS_MAX: Readonly<Record<Mode, number>> = { quick: 4, default: 8, full: 16 };

/** Lays out the run; `budgetSeconds` replaces the mode's own. */
export function makePlan(mode: Mode, room: Room, budgetSeconds?: number): Plan {
  const untested: string[] = [];
  const cells = candidates(mode).filter((cell) => {
    const missing = missingRoom(cell, room);
    if (missing !== undefined) untested.push(missing);
    return missing === undefined;
  });
  if (mode === 'quick') {
    untested.push('50 GB and 100 GB, which decide both claims: run without --quick');
  }
  return { cells, untested, budgetSeconds: budgetSeconds ?? FREELIST_BUDGET_SECONDS[mode] };
}

/** Disk one cell takes at most while it is measured. */
function diskBytesOf(cell: CellPlan): number {
  return synthesizedDiskBytes(cell.recipe, cell.dbBytes) + DISK_RESERVE_BYTES;
}

function candidates(mode: Mode): CellPlan[] {
  const sizes = MAIN_SIZES.filter((bytes) => mode !== 'quick' || bytes <= QUICK_BYTES_MAX);
  const main = sizes.map((bytes) => mainCell(bytes, mode, bytes === sizes.at(-1)));
  const labelled = [smallValuesCell(mode), worstCaseCell(mode)];
  const before = main.filter((cell) => cell.dbBytes < LABELLED_BYTES);
  const after = main.filter((cell) => cell.dbBytes >= LABELLED_BYTES);
  return [...before, ...labelled, ...after];
}

function mainCell(dbBytes: number, mode: Mode, deciding: boolean): CellPlan {
  const [blocksMin, blocksMax] = BLOCKS[mode];
  return {
    id: `main-${String(dbBytes / 1e9)}gb`,
    title: `${String(dbBytes / 1e9)} GB`,
    role: 'main',
    recipe: recipe('kubernetes-mix'),
    dbBytes,
    job: MAIN_JOB,
    blocksMin,
    blocksMax: deciding ? MAIN_BLOCKS_MAX[mode] : blocksMax,
  };
}

function smallValuesCell(mode: Mode): CellPlan {
  const [blocksMin, blocksMax] = BLOCKS[mode];
  return {
    id: 'small-values-25gb',
    title: '25 GB, 0.5 kB values',
    role: 'small-values',
    recipe: recipe('small-values'),
    dbBytes: LABELLED_BYTES,
    job: SMALL_JOB,
    blocksMin,
    blocksMax,
  };
}

function worstCaseCell(mode: Mode): CellPlan {
  const [blocksMin, blocksMax] = BLOCKS[mode];
  return {
    id: 'worst-case-25gb',
    title: '25 GB, no run fits',
    role: 'worst-case',
    recipe: recipe('worst-case'),
    dbBytes: LABELLED_BYTES,
    job: WORST_JOB,
    blocksMin,
    blocksMax,
  };
}

function recipe(name: string): Recipe {
  const found = recipeByName(name);
  if (found === undefined) throw new Error(`no recipe is called ${name}`);
  return found;
}

function missingRoom(cell: CellPlan, room: Room): string | undefined {
  const disk = diskBytesOf(cell);
  if (disk > room.diskFreeBytes) {
    return `${cell.title}: needs ${gigabytes(disk)} of disk, ${gigabytes(room.diskFreeBytes)} are free`;
  }
  const memory = MEMORY_BYTES_BASE + (cell.dbBytes / 4096) * 9;
  if (memory > room.memoryFreeBytes) {
    return `${cell.title}: needs ${gigabytes(memory)} of memory, ${gigabytes(room.memoryFreeBytes)} are free`;
  }
  return undefined;
}

function gigabytes(bytes: number): string {
  return `${(bytes / 1e9).toFixed(1)} GB`;
}
