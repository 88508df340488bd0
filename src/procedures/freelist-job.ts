// freelist-job: a fixed number of puts in commits on an aged file, each time from the same bytes: open the file, run
// the job, close, undo. The clock runs for the job alone. Preparing lays the file out and rehearses each arm's
// job once, unmeasured: that fills the undo journal with every page the job overwrites and allocates the disk
// blocks it writes to. Opening an arm compiles its code on a database in memory, with its freelist alone; the
// file is open, and locked, only within a slice, so that arms share it. bbolt runs the same job through its
// harness, which undoes by itself.

import {
  Db,
  FREELIST_KINDS,
  MemoryVfs,
  nodeVfs,
  Random,
  type FreelistKind,
} from '../../engine/index.ts';
import { recipeByName } from '../../workloads/index.ts';
import { systemClock } from '../measure/clock.ts';
import type { Scalars, Warning } from '../record/round.ts';
import type { JobShape } from '../targets/aged-db.ts';
import { findBboltPeer, runBboltJob, type BboltPass } from '../targets/bbolt-peer.ts';
import { UndoVfs, type FileState } from '../targets/undo-vfs.ts';
import { AgedFile } from './aged-file.ts';
import { choiceOf, numberOf } from './asked.ts';
import { runFreelistJob, type JobResult } from './freelist-driver.ts';
import {
  NO_WARM_UP,
  type ArmOrder,
  type CellOrder,
  type Closing,
  type OpenArm,
  type Procedure,
  type Slice,
  type SliceContext,
  type SliceOrder,
} from './procedure.ts';

/** What the page cache of the operating system holds when a slice begins; the same for each. */
const PAGE_CACHE_STATE =
  'warm: metas and every page the job overwrites were read just before; nothing dirty';

const WARM_UP: JobShape = { valueBytes: 10_000, putsPerCommit: 500, commits: 10, warmUpCommits: 0 };
const WARM_UP_CACHE_BYTES = 16 * 1024 * 1024;

export const freelistJob: Procedure = {
  name: 'freelist-job',
  // Code is compiled when an arm opens, pages and blocks are there since the rehearsal.
  warmUp: NO_WARM_UP,
  prepare,
  open: (order) =>
    Promise.resolve(order.target === 'bbolt' ? new BboltArm(order) : new EngineArm(order)),
};

interface FileOptions {
  readonly freelist: FreelistKind;
  readonly syncFreelist: boolean;
}

async function prepare(order: CellOrder, context: SliceContext): Promise<Scalars> {
  const { asked, prepared, seed, target } = order;
  const recipe = recipeByName(String(asked['recipe']));
  if (recipe === undefined) throw new Error(`no recipe is called ${String(asked['recipe'])}`);
  const layout = { recipe, dbBytes: numberOf(asked, 'dbBytes'), seed };
  const file = await AgedFile.prepare(prepared, layout, context);
  file.restore();
  if (target === 'engine') {
    context.onProgress(`rehearsing ${order.arm}`, 1);
    await file.rehearse(order.arm, (vfs) => rehearse(file, vfs, order));
  }
  const { dbBytes, freePages, freeSpans, allocatedBytes } = file.about;
  return { dbBytes, freePages, freeSpans, allocatedBytes };
}

/** The bitmap writes the very pages that the array would, in a fraction of its time. */
function rehearse(file: AgedFile, vfs: UndoVfs, { asked, seed }: CellOrder): void {
  const options = fileOptionsOf(asked);
  const freelist = options.freelist === 'array' ? 'bitmap' : options.freelist;
  runJob(file, vfs, { ...options, freelist }, { shape: shapeOf(asked), seed });
}

class EngineArm implements OpenArm {
  readonly #file: AgedFile;
  readonly #vfs: UndoVfs;
  readonly #options: FileOptions;
  readonly #shape: JobShape;
  #last: Pick<Slice, 'settings' | 'state'> | undefined;

  constructor({ asked, prepared, arm, seed }: ArmOrder) {
    this.#file = AgedFile.find(prepared, numberOf(asked, 'dbBytes'));
    this.#options = fileOptionsOf(asked);
    this.#shape = shapeOf(asked);
    this.#vfs = new UndoVfs(nodeVfs, this.#file.journal(arm));
    compile(this.#options.freelist, this.#shape, seed);
  }

  async slice({ seed }: SliceOrder): Promise<Slice> {
    this.#file.restore();
    const found = this.#file.state();
    const capturedBefore = this.#vfs.captured;
    const ran = await this.#file.run(() =>
      runJob(this.#file, this.#vfs, this.#options, { shape: this.#shape, seed }),
    );
    const { job, settings, freePages } = ran;
    const state = { ...found, freePages, pageCache: PAGE_CACHE_STATE };
    this.#last = { settings, state };
    return {
      seconds: job.completionSeconds,
      settings,
      figures: figuresOf(job),
      counts: job.counts,
      histograms: { commit: job.commitNs.histogram },
      state,
      warnings: warningsOf(ran.warnings, this.#vfs.captured - capturedBefore),
    };
  }

  /** Whether the last slice too left the file as it had found it. */
  close(how: 'verify' | 'kill'): Promise<Closing> {
    this.#vfs.close();
    const { settings = {}, state = {} } = this.#last ?? {};
    const warnings = how === 'verify' ? differenceOf(state, this.#file.state()) : [];
    return Promise.resolve({ settings, warnings });
  }
}

/** Where no slice ran, nothing is to be compared. */
function differenceOf(before: Scalars, after: FileState): Warning[] {
  const digest = before['digest'];
  if (digest === undefined || digest === after.digest) return [];
  return [
    {
      code: 'state-differs',
      message: `the last slice began with digest ${String(digest)} and left ${after.digest}`,
    },
  ];
}

interface JobRun {
  readonly job: JobResult;
  readonly settings: Scalars;
  readonly freePages: number;
  readonly warnings: readonly string[];
}

/** Opens the file, runs the job, closes it and brings its bytes back. */
function runJob(
  { path }: AgedFile,
  vfs: UndoVfs,
  options: FileOptions,
  { shape, seed }: { readonly shape: JobShape; readonly seed: number },
): JobRun {
  const db = Db.open(path, options, vfs);
  try {
    const { freePages } = db.stats();
    const job = runFreelistJob(db, shape, new Random(seed), systemClock);
    // Whether the freelist is stored, the file says.
    const settings = { ...db.settings(), syncFreelist: db.meta.freelist !== undefined };
    return { job, settings, freePages, warnings: db.warnings };
  } finally {
    db.close();
    vfs.undo(path);
  }
}

/**
 * Runs the job's shape in memory, so that a measured job does not pay for compiling it; through an UndoVfs, as
 * the job will, or code compiled for another kind of file is thrown away at its first call.
 */
function compile(freelist: FreelistKind, { valueBytes }: JobShape, seed: number): void {
  const vfs = new UndoVfs(new MemoryVfs(), 'warm-up.undo');
  const db = Db.open('warm-up.db', { freelist, cacheBytes: WARM_UP_CACHE_BYTES }, vfs);
  runFreelistJob(db, { ...WARM_UP, valueBytes }, new Random(seed), systemClock);
  db.close();
  vfs.close();
}

class BboltArm implements OpenArm {
  readonly #file: AgedFile;
  readonly #peer: string;
  readonly #freelist: FreelistKind;
  readonly #shape: JobShape;
  #settings: Scalars = {};

  constructor({ asked, prepared }: ArmOrder) {
    const peer = findBboltPeer(process.env);
    if (peer === undefined) {
      throw new Error('bboltpeer is no longer there; scripts/peers/build.sh makes it');
    }
    this.#peer = peer;
    this.#file = AgedFile.find(prepared, numberOf(asked, 'dbBytes'));
    this.#freelist = fileOptionsOf(asked).freelist;
    this.#shape = shapeOf(asked);
  }

  async slice({ seed }: SliceOrder, { signal }: SliceContext): Promise<Slice> {
    this.#file.restore();
    const found = this.#file.state();
    const job = { path: this.#file.path, freelist: this.#freelist, shape: this.#shape };
    const ran = await this.#file.run(() =>
      runBboltJob(this.#peer, { ...job, rounds: 1, seed }, signal),
    );
    const [pass] = ran.passes;
    if (pass === undefined) throw new Error('bboltpeer reports no pass');
    this.#settings = { ...ran.settings, bbolt: ran.version };
    return {
      seconds: pass.completionSeconds,
      settings: this.#settings,
      figures: bboltFigures(pass, this.#shape),
      counts: bboltCounts(pass),
      state: { ...found, pageCache: PAGE_CACHE_STATE },
      warnings: [],
    };
  }

  close(): Promise<Closing> {
    return Promise.resolve({ settings: this.#settings, warnings: [] });
  }
}

function figuresOf(job: JobResult): Record<string, number> {
  const { completionSeconds, commitNs, phases, counts } = job;
  return {
    completionSeconds,
    putsPerSecond: job.puts / completionSeconds,
    commitMsMedian: commitNs.median / 1e6,
    commitMsP90: commitNs.p90 / 1e6,
    putSeconds: phases.put,
    spillSeconds: phases.spill,
    releaseSeconds: phases.release,
    freelistSeconds: phases.freelist,
    writeSeconds: phases.write,
    syncSeconds: phases.sync,
    ...allocationFigures(counts),
  };
}

function allocationFigures({
  allocations,
  probes,
  multiPageAllocations,
  multiPageAllocationsFromRun,
}: Pick<
  JobResult['counts'],
  'allocations' | 'probes' | 'multiPageAllocations' | 'multiPageAllocationsFromRun'
>): Record<string, number> {
  return {
    ...(allocations === 0 ? {} : { probesPerAllocation: probes / allocations }),
    ...(multiPageAllocations === 0
      ? {}
      : { runFoundShare: multiPageAllocationsFromRun / multiPageAllocations }),
  };
}

/** Without a meter in its freelist bbolt counts nothing there, and its figures are left out. */
function bboltFigures(pass: BboltPass, shape: JobShape): Record<string, number> {
  const { completionSeconds, commitSeconds } = pass;
  const sorted = [...commitSeconds].sort((a, b) => a - b);
  const rank = (share: number): number =>
    (sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN) * 1e3;
  return {
    completionSeconds,
    putsPerSecond: (shape.commits * shape.putsPerCommit) / completionSeconds,
    commitMsMedian: rank(0.5),
    commitMsP90: rank(0.9),
    spillSeconds: pass.spillSeconds,
    writeSeconds: pass.writeAtSeconds,
    syncSeconds: pass.syncSeconds,
    ...(pass.allocations === 0
      ? {}
      : {
          releaseSeconds: pass.releaseSeconds,
          freelistSeconds: pass.allocateSeconds + pass.freeSeconds,
        }),
    ...allocationFigures(pass),
  };
}

function bboltCounts(pass: BboltPass): Record<string, number> {
  const { allocations, multiPageAllocations, multiPageAllocationsFromRun } = pass;
  const { pagesAllocated, probes, fileGrowthBytes } = pass;
  return {
    ...{ allocations, multiPageAllocations, multiPageAllocationsFromRun },
    ...{ pagesAllocated, probes, fileGrowthBytes },
  };
}

function warningsOf(messages: readonly string[], captured: number): Warning[] {
  const warnings: Warning[] = messages.map((message) => ({ code: 'engine', message }));
  if (captured > 0) {
    warnings.push({
      code: 'unrehearsed-pages',
      message: `${captured} pages were read for undo inside the measured job`,
    });
  }
  return warnings;
}

function fileOptionsOf(asked: Scalars): FileOptions {
  return {
    freelist: choiceOf(asked, 'freelist', FREELIST_KINDS),
    syncFreelist: asked['syncFreelist'] === true,
  };
}

function shapeOf(asked: Scalars): JobShape {
  return {
    valueBytes: numberOf(asked, 'valueBytes'),
    putsPerCommit: numberOf(asked, 'putsPerCommit'),
    commits: numberOf(asked, 'commits'),
    warmUpCommits: numberOf(asked, 'warmUpCommits'),
  };
}
