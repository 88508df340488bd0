// Round: one arm, run once on one file, in the process that calls runRound(). The parent starts a
// fresh process for each (round-child.ts), so that neither heap nor compiled code of one round helps
// the next. Order: compile the hot paths on a database in memory, note the file's state, open, run
// the job, close, undo. What goes over the process boundary is plain data. A surface cell
// (surface-cell.ts) takes the parts, to measure many rounds in one process.

import { resourceUsage } from 'node:process';
import { Db, MemoryVfs, nodeVfs, Random, type FreelistKind } from '../../engine/index.ts';
import { runFreelistJob, type JobResult, type JobShape } from '../drivers/freelist-driver.ts';
import { systemClock } from '../measure/clock.ts';
import type { Sample } from '../record/schema.ts';
import { fileState, journalPositions, UndoVfs, type FileState } from '../targets/undo-vfs.ts';

export interface RoundRequest {
  readonly path: string;
  readonly freelist: FreelistKind;
  readonly syncFreelist: boolean;
  readonly job: JobShape;
  readonly seed: number;
  /** Journal of this arm, and of all arms of the cell: the pages the state's digest covers. */
  readonly journal: string;
  readonly journals: readonly string[];
}

export interface RoundResult {
  readonly job: JobResult;
  readonly settings: Sample['settings'];
  readonly state: FileState & { readonly freePages: number };
  readonly resources: Sample['resources'];
  /** Pages the round wrote that its rehearsal had not. */
  readonly capturedPages: number;
  readonly warnings: readonly string[];
}

/** What the page cache of the operating system holds when a round begins; the same for each. */
export const PAGE_CACHE_STATE =
  'warm: metas and every page the job overwrites were read just before; nothing dirty';

const WARM_UP: JobShape = { valueBytes: 10_000, putsPerCommit: 500, commits: 10, warmUpCommits: 0 };
const WARM_UP_CACHE_BYTES = 16 * 1024 * 1024;

export function runRound(request: RoundRequest): RoundResult {
  warmUp(request);
  return measureRound(request);
}

/** A round in a process whose hot paths are compiled. Leaves the file as it was. */
export function measureRound(request: RoundRequest): RoundResult {
  const positions = request.journals.flatMap((journal) => journalPositions(nodeVfs, journal));
  const found = fileState(nodeVfs, request.path, positions);
  const vfs = new UndoVfs(nodeVfs, request.journal);
  const { freelist, syncFreelist } = request;
  const db = Db.open(request.path, { freelist, syncFreelist }, vfs);
  try {
    const freePages = db.stats().freePages;
    const cpuBefore = process.cpuUsage();
    const job = runFreelistJob(db, request.job, new Random(request.seed), systemClock);
    const cpu = process.cpuUsage(cpuBefore);
    return {
      job,
      settings: {
        freelist: db.freelistKind,
        syncFreelist: db.meta.freelist !== undefined,
        pageSize: db.options.pageSize,
        cacheBytes: db.options.cacheBytes,
        fillPercent: db.options.fillPercent,
      },
      state: { ...found, freePages },
      resources: {
        rssBytesMax: resourceUsage().maxRSS * 1024,
        userSeconds: cpu.user / 1e6,
        systemSeconds: cpu.system / 1e6,
      },
      capturedPages: vfs.captured,
      warnings: db.warnings,
    };
  } finally {
    db.close();
    vfs.undo(request.path);
    vfs.close();
  }
}

/**
 * Runs the job's shape in memory first, so that the measured job does not pay for compiling it; through
 * an UndoVfs, as the job will, or code compiled for another kind of file is thrown away at its first call.
 */
export function warmUp(request: Pick<RoundRequest, 'freelist' | 'job' | 'seed'>): void {
  const vfs = new UndoVfs(new MemoryVfs(), 'warm-up.undo');
  const options = { freelist: request.freelist, cacheBytes: WARM_UP_CACHE_BYTES };
  const db = Db.open('warm-up.db', options, vfs);
  const shape = { ...WARM_UP, valueBytes: request.job.valueBytes };
  runFreelistJob(db, shape, new Random(request.seed), systemClock);
  db.close();
  vfs.close();
}
