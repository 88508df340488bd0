// Real cells of the surface on small files: rounds of all arms from the same bytes, the file left as it
// was, stored freelists really stored; and the order and bounds of a run with fake cells.

import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { FREELIST_KINDS } from '../../engine/index.ts';
import { WorkFolder } from '../record/run-folder.ts';
import { surfaceCellSchema, type SurfaceCell } from '../record/schema.ts';
import { fileDigest } from '../testing/file-digest.ts';
import { testFolder } from '../testing/test-folder.ts';
import { RoundTimeout } from './round-process.ts';
import { runSurfaceCell, type SurfaceRequest } from './surface-cell.ts';
import { makeSurfacePlan, type SurfaceCellPlan } from './surface-plan.ts';
import { measureSurface, type SurfaceOptions, type SurfaceRunner } from './surface.ts';
import { FakeClock, fakeSurfaceResult } from './testing/fake-rounds.ts';

const work = new WorkFolder(join(testFolder('surface'), 'work'));
afterAll(() => {
  work.remove();
});

/** Cells of 10,000 free pages: one put a commit and 100, values of 500 B. */
function cells(over: Partial<SurfaceCellPlan['factors']> = {}): SurfaceCellPlan[] {
  const plan = makeSurfacePlan('default', { diskFreeBytes: 1e12, memoryFreeBytes: 1e12 });
  const small = plan?.cells.filter(
    ({ factors }) => factors.freePages === 1e4 && factors.valueBytes === 500,
  );
  return (small ?? []).slice(0, 2).map((cell) => ({
    ...cell,
    factors: { ...cell.factors, ...over },
    job: { ...cell.job, commits: 2 },
  }));
}

interface Outcome {
  readonly recorded: SurfaceCell[];
  readonly requests: SurfaceRequest[];
  readonly timedOut: string[];
}

async function measure(over: Partial<SurfaceOptions>): Promise<Outcome> {
  const recorded: SurfaceCell[] = [];
  const requests: SurfaceRequest[] = [];
  const timedOut: string[] = [];
  const runCell: SurfaceRunner =
    over.runCell ?? ((request) => Promise.resolve(fakeSurfaceResult(request)));
  await measureSurface({
    cells: cells(),
    recorded: new Set(),
    secondsLeft: () => 100,
    work,
    seed: 7,
    clock: new FakeClock(),
    signal: new AbortController().signal,
    onCell: (cell) => recorded.push(cell),
    onTimeout: (id) => timedOut.push(id),
    onProgress: () => undefined,
    ...over,
    runCell: (request, timeoutMs) => {
      requests.push(request);
      return runCell(request, timeoutMs);
    },
  });
  return { recorded, requests, timedOut };
}

describe('a cell of the surface', () => {
  it('measures all arms from the same bytes and leaves the file and no journal', async () => {
    const digests: string[] = [];
    const { recorded } = await measure({
      runCell: (request) => {
        digests.push(fileDigest(request.path));
        const result = runSurfaceCell(request);
        digests.push(fileDigest(request.path));
        expect(readdirSync(work.path)).toEqual(['surface.db']);
        return Promise.resolve(result);
      },
    });
    expect(new Set(digests).size).toBe(1);
    expect(recorded).toHaveLength(2);
    for (const cell of recorded) {
      expect(surfaceCellSchema.parse(cell)).toEqual(cell);
      // Few spans follow a histogram roughly; what the file really has is recorded.
      expect(cell.freePages).toBeGreaterThan(7500);
      expect(cell.freePages).toBeLessThan(12_500);
      expect(cell.warnings).toEqual([]);
      expect(new Set(cell.rounds.map((round) => round.digest)).size).toBe(1);
      for (const block of [0, 1, 2]) {
        const arms = cell.rounds.filter((round) => round.block === block).map((one) => one.arm);
        expect(arms.sort()).toEqual([...FREELIST_KINDS].sort());
      }
      expect(cell.rounds.every((round) => round.settings['freelist'] === round.arm)).toBe(true);
    }
  });

  it('stores the freelist at every commit where it is asked to', async () => {
    const run = async (syncFreelist: boolean): Promise<number> => {
      const { recorded } = await measure({
        cells: cells({ syncFreelist }).slice(0, 1),
        runCell: (request) => Promise.resolve(runSurfaceCell(request)),
      });
      const rounds = recorded[0]?.rounds ?? [];
      expect(rounds.every((round) => round.settings['syncFreelist'] === syncFreelist)).toBe(true);
      return rounds[0]?.counts.bytesWritten ?? 0;
    };
    // Some 8,000 ids of 8 bytes are 16 pages a commit.
    expect((await run(true)) - (await run(false))).toBeGreaterThan(2 * 14 * 4096);
  });
});

describe('measureSurface', () => {
  it('passes over cells that are recorded', async () => {
    const [first, second] = cells();
    const { recorded } = await measure({ recorded: new Set([first?.id ?? '']) });
    expect(recorded.map((cell) => cell.id)).toEqual([second?.id]);
  });

  it('begins nothing without time, and leaves no file', async () => {
    const { recorded, requests } = await measure({ secondsLeft: () => 1 });
    expect({ recorded, requests }).toEqual({ recorded: [], requests: [] });
    expect(existsSync(work.file('surface.db'))).toBe(false);
  });

  it('goes on behind a cell that was ended, on a file laid out anew', async () => {
    const seen: string[] = [];
    const { recorded, timedOut } = await measure({
      runCell: (request) => {
        seen.push(fileDigest(request.path));
        return seen.length === 1
          ? Promise.reject(new RoundTimeout(1))
          : Promise.resolve(fakeSurfaceResult(request));
      },
    });
    const [first, second] = cells();
    expect(timedOut).toEqual([first?.id]);
    expect(recorded.map((cell) => cell.id)).toEqual([second?.id]);
    expect(seen[1]).toBe(seen[0]);
  });

  it('stops at an abort and at a fault', async () => {
    await expect(measure({ signal: AbortSignal.abort() })).rejects.toThrow(/abort/);
    const fault = new Error('disk on fire');
    await expect(measure({ runCell: () => Promise.reject(fault) })).rejects.toBe(fault);
    expect(existsSync(work.file('surface.db'))).toBe(false);
  });
});
