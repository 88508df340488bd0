// A surface cell: every freelist on one job and one file, in one process, so that a cell takes
// seconds and hundreds of them fit a run. Order: compile the hot paths with every freelist on a
// database in memory; rehearse each once (unmeasured: fills its undo journal, allocates disk blocks);
// then blocks of one round an arm, in an order drawn anew for each block, every round from the same
// bytes. Claims are measured more strictly, in a process a round (cell-run.ts).

import { FREELIST_KINDS, nodeVfs, Random, type FreelistKind } from '../../engine/index.ts';
import type { JobShape } from '../drivers/freelist-driver.ts';
import { systemClock } from '../measure/clock.ts';
import type { SurfaceRound } from '../record/schema.ts';
import { measureRound, warmUp, type RoundResult } from './round.ts';

export interface SurfaceRequest {
  readonly path: string;
  readonly job: JobShape;
  readonly syncFreelist: boolean;
  readonly seed: number;
  /** Measured blocks stop when the next would end behind it; one is always measured. */
  readonly secondsMax: number;
}

export interface SurfaceResult {
  readonly puts: number;
  readonly freePages: number;
  readonly rounds: readonly SurfaceRound[];
  readonly warnings: readonly string[];
}

const BLOCKS_MAX = 3;

/** Measures a cell. Leaves the file as it was, with more of its blocks allocated. */
export function runSurfaceCell(request: SurfaceRequest): SurfaceResult {
  const { path, job, syncFreelist, seed, secondsMax } = request;
  const started = systemClock.nowNs();
  const elapsed = (): number => (systemClock.nowNs() - started) / 1e9;
  const journals = FREELIST_KINDS.map((arm) => `${path}.${arm}.undo`);
  const warnings = new Set<string>();
  const measure = (freelist: FreelistKind): RoundResult => {
    const result = measureRound({
      path,
      freelist,
      syncFreelist,
      job,
      seed,
      journal: `${path}.${freelist}.undo`,
      journals,
    });
    for (const warning of result.warnings) warnings.add(warning);
    return result;
  };
  const removeJournals = (): void => {
    for (const journal of journals) nodeVfs.remove(journal);
  };
  removeJournals();
  for (const freelist of FREELIST_KINDS) warmUp({ freelist, job, seed });
  let freePages = 0;
  for (const arm of FREELIST_KINDS) freePages = measure(arm).state.freePages;

  const random = new Random(seed);
  const rounds: SurfaceRound[] = [];
  let blockSeconds = 0;
  for (let block = 0; block < BLOCKS_MAX; block++) {
    if (block > 0 && elapsed() + blockSeconds > secondsMax) break;
    const blockStarted = elapsed();
    const arms = [...FREELIST_KINDS];
    random.shuffle(arms);
    for (const [position, arm] of arms.entries()) {
      const result = measure(arm);
      rounds.push(roundOf(result, { arm, block, position }));
      if (result.capturedPages > 0) {
        warnings.add(`${arm} read pages for undo inside the measured job`);
      }
    }
    blockSeconds = elapsed() - blockStarted;
  }
  removeJournals();
  return { puts: job.commits * job.putsPerCommit, freePages, rounds, warnings: [...warnings] };
}

function roundOf(
  { job, settings, state }: RoundResult,
  place: Pick<SurfaceRound, 'arm' | 'block' | 'position'>,
): SurfaceRound {
  const { completionSeconds, phases, counts } = job;
  return { ...place, completionSeconds, phases, counts, settings, digest: state.digest };
}
