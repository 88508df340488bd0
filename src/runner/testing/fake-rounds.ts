// Fake rounds for tests of the runner: nothing is measured, time is a number that only the test
// moves, and every request is kept. Results are valid by the schema.

import { FREELIST_KINDS } from '../../../engine/index.ts';
import type { Clock } from '../../measure/clock.ts';
import { recipeByName } from '../../../workloads/index.ts';
import type { RoundRunner } from '../cell-run.ts';
import type { CellPlan } from '../plan.ts';
import type { RoundRequest, RoundResult } from '../round.ts';
import type { SurfaceRequest, SurfaceResult } from '../surface-cell.ts';

/** A clock that stands still until it is told. */
export class FakeClock implements Clock {
  #ns = 0;

  nowNs(): number {
    return this.#ns;
  }

  wallIso(): string {
    return new Date(Date.UTC(2026, 0, 1) + this.#ns / 1e6).toISOString();
  }

  advance(seconds: number): void {
    this.#ns += seconds * 1e9;
  }
}

export interface FakeRounds {
  readonly run: RoundRunner;
  readonly requests: RoundRequest[];
}

/** Each round takes `seconds` of the clock; `before` may throw, or abort, in place of the n-th. */
export function fakeRounds(
  clock: FakeClock,
  seconds: number,
  before: (count: number, request: RoundRequest) => void = () => undefined,
): FakeRounds {
  const requests: RoundRequest[] = [];
  return {
    requests,
    run: (request) => {
      requests.push(request);
      try {
        before(requests.length, request);
      } catch (error) {
        return Promise.reject(error instanceof Error ? error : new Error(String(error)));
      }
      clock.advance(seconds);
      return Promise.resolve(fakeResult(request, seconds));
    },
  };
}

export function fakeResult(request: RoundRequest, seconds: number): RoundResult {
  const { commits, putsPerCommit } = request.job;
  const commitNs = (seconds * 1e9) / commits;
  return {
    job: {
      puts: commits * putsPerCommit,
      completionSeconds: seconds,
      commitNs: { n: commits, median: commitNs, p90: commitNs, max: commitNs, histogram: '' },
      phases: { put: 0, spill: 0, release: 0, freelist: seconds, write: 0, sync: 0 },
      counts: {
        bytesWritten: 1e6,
        pagesWritten: 244,
        writes: 100,
        syncs: 2 * commits,
        allocations: 100,
        multiPageAllocations: 50,
        multiPageAllocationsFromRun: 50,
        pagesAllocated: 250,
        probes: 1000,
        fileGrowthBytes: 0,
        freelistBytes: 8192,
      },
    },
    settings: { freelist: request.freelist, syncFreelist: false, pageSize: 4096 },
    state: { dbBytes: 16e6, allocatedBytes: 1e6, digest: '00000000', freePages: 1500 },
    resources: { rssBytesMax: 1e8, userSeconds: 0, systemSeconds: 0 },
    capturedPages: 0,
    warnings: [],
  };
}

/** A surface cell with two blocks; times tell the arms apart. */
export function fakeSurfaceResult({ job, syncFreelist }: SurfaceRequest): SurfaceResult {
  const { phases, counts } = fakeResult(
    { path: '', freelist: 'array', syncFreelist, job, seed: 1, journal: '', journals: [] },
    1,
  ).job;
  const rounds = [0, 1].flatMap((block) =>
    FREELIST_KINDS.map((arm, position) => ({
      arm,
      block,
      position,
      completionSeconds: arm === 'array' ? 2 : 1,
      phases,
      counts,
      settings: { freelist: arm, syncFreelist },
      digest: '00000000',
    })),
  );
  return { puts: job.commits * job.putsPerCommit, freePages: 10_000, rounds, warnings: [] };
}

/** A cell whose file is made in milliseconds. */
export function tinyCell(id: string, over: Partial<CellPlan> = {}): CellPlan {
  const recipe = recipeByName('kubernetes-mix');
  if (recipe === undefined) throw new Error('the recipe kubernetes-mix is gone');
  return {
    id,
    title: `cell ${id}`,
    role: 'main',
    recipe,
    dbBytes: 16e6,
    job: { valueBytes: 1000, putsPerCommit: 10, commits: 2, warmUpCommits: 1 },
    blocksMin: 2,
    blocksMax: 4,
    ...over,
  };
}
