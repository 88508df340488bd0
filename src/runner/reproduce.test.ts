// A whole run with fake rounds, a fake clock and a fake host: what is recorded when it finishes, is
// interrupted or fails, and what happens to cells that the budget cannot hold.

import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { testHost } from '../claims/testing/samples.ts';
import type * as Profile from '../hardware/profile.ts';
import { readRun, RunFolder, WorkFolder, type StoredRun } from '../record/run-folder.ts';
import type { Run, Sample } from '../record/schema.ts';
import { testFolder } from '../testing/test-folder.ts';
import { ANCHOR_BYTES, type CellPlan } from './plan.ts';
import { reproduce, type ReproduceOptions, type ReproduceResult } from './reproduce.ts';
import { makeSurfacePlan, type SurfacePlan } from './surface-plan.ts';
import { fakeCell, fakeExperimentResult } from '../experiments/testing/fake-experiment.ts';
import type { ExperimentPlan } from '../experiments/plan.ts';
import { FakeClock, fakeRounds, fakeSurfaceResult, tinyCell } from './testing/fake-rounds.ts';

// The real profile measures the disk for seconds, and says nothing about the runner.
vi.mock('../hardware/profile.ts', (): Partial<typeof Profile> => {
  const syncLatencyAfter = { samples: 100, p50Us: 150, p99Us: 400, maxUs: 900 };
  return {
    profileHost: () => Promise.resolve(testHost('ext4')),
    finishProfile: (host) => Promise.resolve({ ...host, syncLatencyAfter }),
  };
});

const folder = testFolder('reproduce');
let made = 0;

interface Setup {
  readonly cells: readonly CellPlan[];
  readonly budgetSeconds?: number;
  readonly secondsPerRound?: number;
  readonly seed?: number;
  readonly surface?: SurfacePlan;
  readonly secondsPerSurfaceCell?: number;
  readonly experiments?: readonly ExperimentPlan[];
  /** The run to go on with, and its folder. */
  readonly previous?: StoredRun;
  readonly resumed?: string;
  readonly before?: (count: number, abort: AbortController) => void;
}

interface Outcome extends ReproduceResult {
  readonly runFolder: string;
  readonly workFiles: readonly string[];
  readonly rounds: number;
  readonly shares: readonly number[];
  /** Cells as they were reported finished, with the samples known then. */
  readonly finished: readonly (readonly [cell: string, samples: number])[];
}

function startOfRun(seed: number): ReproduceOptions['run'] {
  return {
    schemaVersion: 1,
    kvtune: '0.0.0-test',
    id: 'test',
    seed,
    mode: 'default',
    command: 'kvtune reproduce',
    startedAt: '2026-01-01T00:00:00.000Z',
    tags: { k: 'v' },
    versions: {},
    warnings: [],
  };
}

async function run(setup: Setup): Promise<Outcome> {
  const { cells, budgetSeconds = 1000, secondsPerRound = 1, seed = 1, before } = setup;
  const { surface, previous } = setup;
  const clock = new FakeClock();
  const abort = new AbortController();
  const rounds = fakeRounds(clock, secondsPerRound, (count) => before?.(count, abort));
  const runFolder =
    setup.resumed === undefined
      ? new RunFolder(join(folder, String(++made)))
      : new RunFolder(setup.resumed, 'resumed');
  const work = new WorkFolder(join(runFolder.path, 'work'));
  const shares: number[] = [];
  const finished: [string, number][] = [];
  const result = await reproduce({
    plan: { cells, untested: ['left out from the start'], budgetSeconds },
    surface,
    experiments: setup.experiments ?? [],
    previous,
    run: startOfRun(seed),
    folder: runFolder,
    work,
    seed,
    clock,
    signal: abort.signal,
    runRound: rounds.run,
    runSurfaceCell: (request) => {
      clock.advance(setup.secondsPerSurfaceCell ?? 1);
      return Promise.resolve(fakeSurfaceResult(request));
    },
    runExperimentRound: (task) => {
      clock.advance(setup.secondsPerRound ?? 1);
      return Promise.resolve(fakeExperimentResult(task));
    },
    bboltPeer: undefined,
    onProgress: (share) => shares.push(share),
    onCell: (_run, samples, cell) => finished.push([cell, samples.length]),
  });
  const workFiles = readdirSync(work.path);
  work.remove();
  const { requests } = rounds;
  return {
    ...result,
    runFolder: runFolder.path,
    workFiles,
    rounds: requests.length,
    shares,
    finished,
  };
}

function blocksOf(samples: readonly Sample[], cell: string): number {
  return new Set(samples.filter((one) => one.cell === cell).map((one) => one.block)).size;
}

function expectStored(
  { runFolder, run: returned, samples, surface, experiments }: Outcome,
  status: Run['status'],
): void {
  const stored = readRun(runFolder);
  expect(stored.run).toEqual(returned);
  expect(stored.run.status).toBe(status);
  expect(stored.samples).toEqual(samples);
  expect(stored.surface).toEqual(surface);
  expect(stored.experiments).toEqual(experiments);
}

/** The first cells of the smallest file. */
function tinySurface(cells: number): SurfacePlan {
  const plan = makeSurfacePlan('default', { diskFreeBytes: 1e12, memoryFreeBytes: 1e12 });
  if (plan === undefined) throw new Error('a default run has a surface');
  return { cells: plan.cells.slice(0, cells), budgetSeconds: 60, untested: ['too large: one'] };
}

const two = [tinyCell('a', { blocksMax: 2 }), tinyCell('b', { blocksMax: 3 })];

describe('reproduce', () => {
  it('records a finished run whole', async () => {
    const outcome = await run({ cells: two });
    expectStored(outcome, 'finished');
    expect(outcome.error).toBeUndefined();
    expect(outcome.run.cells.map((cell) => cell.id)).toEqual(['a', 'b']);
    expect(outcome.run.untested).toEqual(['left out from the start']);
    expect(outcome.run.tags).toEqual({ k: 'v' });
    expect(outcome.run.finishedAt).toBeDefined();
    expect(outcome.run.host.syncLatencyAfter).toBeDefined();
    // Two arms twice a block; two rehearsals a cell are not recorded.
    expect(outcome.samples).toHaveLength(4 * 2 + 4 * 3);
    expect(outcome.rounds).toBe(outcome.samples.length + 4);
    expect(outcome.finished).toEqual([
      ['a', 8],
      ['b', 20],
    ]);
    expect(outcome.workFiles).toEqual([]);
  });

  it('measures the anchor beside each larger main cell, and no other', async () => {
    const small = tinyCell('anchor', { dbBytes: ANCHOR_BYTES, blocksMax: 2 });
    const labelled = tinyCell('labelled', { role: 'worst-case', blocksMax: 2 });
    const outcome = await run({ cells: [small, tinyCell('b', { blocksMax: 2 }), labelled] });
    const anchors = outcome.samples.filter((sample) => sample.purpose === 'anchor');
    expect(anchors).toHaveLength(2 * 2);
    expect(new Set(anchors.map((sample) => sample.cell))).toEqual(new Set(['anchor']));
    expect(new Set(anchors.map((sample) => sample.beside))).toEqual(new Set(['b']));
    // Kept to the end, for it anchors whatever may come; the others are gone.
    expect(outcome.workFiles.every((name) => name.startsWith('anchor.db'))).toBe(true);
  });

  it('repeats the order of rounds by seed', async () => {
    const order = async (seed: number): Promise<string> =>
      (await run({ cells: two, seed })).samples
        .map(({ cell, arm, replicate }) => `${cell} ${arm} ${replicate}`)
        .join();
    const first = await order(7);
    expect(await order(7)).toBe(first);
    expect(await order(8)).not.toBe(first);
  });

  it('keeps finished samples when it is interrupted in the middle of a block', async () => {
    const outcome = await run({
      cells: two,
      before: (count, abort) => {
        // Two rehearsals and a block of four, then one more round finishes.
        if (count < 8) return;
        abort.abort();
        throw new DOMException('aborted', 'AbortError');
      },
    });
    expectStored(outcome, 'interrupted');
    expect(outcome.error).toBeUndefined();
    expect(outcome.samples.map((sample) => sample.block)).toEqual([0, 0, 0, 0, 1]);
    expect(outcome.run.cells.map((cell) => cell.id)).toEqual(['a']);
    expect(outcome.workFiles).toEqual([]);
    expect(outcome.finished).toEqual([]);
  });

  it('keeps finished samples when a round fails, and says what failed', async () => {
    const broken = new Error('disk on fire');
    const outcome = await run({
      cells: two,
      before: (count) => {
        if (count === 5) throw broken;
      },
    });
    expectStored(outcome, 'failed');
    expect(outcome.error).toBe(broken);
    expect(outcome.samples).toHaveLength(2);
    expect(outcome.rounds).toBe(5);
    expect(outcome.workFiles).toEqual([]);
  });

  it('leaves out what the budget cannot hold, and names it', async () => {
    const large = tinyCell('large', { title: 'the large one', dbBytes: 100e9 });
    // Enough for the tiny cells by any model, too little for 100 GB.
    const outcome = await run({ cells: [two[0] ?? large, large], budgetSeconds: 60 });
    expectStored(outcome, 'finished');
    expect(outcome.run.cells.map((cell) => cell.id)).toEqual(['a']);
    expect(outcome.run.untested).toHaveLength(2);
    expect(outcome.run.untested[1]).toMatch(/^the large one: would take about \d+ s, \d+ s of the/);
  });

  it('measures nothing, and says so, with no budget at all', async () => {
    const outcome = await run({ cells: two, budgetSeconds: 1 });
    expectStored(outcome, 'finished');
    expect(outcome.samples).toEqual([]);
    expect(outcome.rounds).toBe(0);
    expect(outcome.run.untested.slice(1).map((text) => text.split(':')[0])).toEqual([
      'cell a',
      'cell b',
    ]);
  });

  it('goes on to the most blocks while time is left, and not beyond', async () => {
    const cells = [tinyCell('a', { blocksMin: 2, blocksMax: 6 })];
    const rich = await run({ cells, budgetSeconds: 10_000 });
    expect(blocksOf(rich.samples, 'a')).toBe(6);
    const poor = await run({ cells, budgetSeconds: 60, secondsPerRound: 4 });
    expect(blocksOf(poor.samples, 'a')).toBeGreaterThanOrEqual(2);
    expect(blocksOf(poor.samples, 'a')).toBeLessThan(6);
  });

  it('ends at the budget where rounds take longer than any model, with the blocks it has', async () => {
    const cells = [tinyCell('a', { blocksMin: 6, blocksMax: 6 })];
    // Rehearsals and a block take 60 s; the next block would end far behind the budget.
    const outcome = await run({ cells, budgetSeconds: 62, secondsPerRound: 10 });
    expectStored(outcome, 'finished');
    expect(blocksOf(outcome.samples, 'a')).toBe(1);
  });

  it('leaves the cells behind what they need at least', async () => {
    const cells = [
      tinyCell('a', { blocksMin: 2, blocksMax: 50 }),
      tinyCell('b', { blocksMin: 2, blocksMax: 2 }),
    ];
    const outcome = await run({ cells, budgetSeconds: 120, secondsPerRound: 2 });
    expect(outcome.run.cells.map((cell) => cell.id)).toEqual(['a', 'b']);
    expect(blocksOf(outcome.samples, 'a')).toBeGreaterThan(2);
    expect(blocksOf(outcome.samples, 'b')).toBe(2);
  });

  it('measures the surface after the cells, while its budget lasts, small files first', async () => {
    const surface = tinySurface(6);
    const outcome = await run({ cells: two, surface, budgetSeconds: 1000 });
    expectStored(outcome, 'finished');
    expect(outcome.surface.map((cell) => cell.id)).toEqual(surface.cells.map((cell) => cell.id));
    expect(outcome.run.surface).toEqual({ planned: 6 });
    expect(outcome.run.untested).toEqual(['left out from the start', 'too large: one']);
    expect(outcome.workFiles).toEqual([]);
  });

  it('names how much of the surface its budget did not hold', async () => {
    const outcome = await run({
      cells: two,
      surface: tinySurface(6),
      budgetSeconds: 100,
      secondsPerSurfaceCell: 20,
    });
    expectStored(outcome, 'finished');
    expect(outcome.surface.length).toBeGreaterThan(0);
    expect(outcome.surface.length).toBeLessThan(6);
    expect(outcome.run.untested.at(-1)).toMatch(/^surface: \d of 6 cells did not fit .* --resume /);
  });

  it('goes on with an interrupted run: measures what is missing, and nothing twice', async () => {
    const surface = tinySurface(4);
    const first = await run({
      cells: two,
      surface,
      before: (count, abort) => {
        // Cell a is whole; b has its rehearsals, one block of four, and one round of the next.
        if (count < 2 + 8 + 2 + 4 + 2) return;
        abort.abort();
        throw new DOMException('aborted', 'AbortError');
      },
    });
    expectStored(first, 'interrupted');
    const whole = await run({ cells: two, surface, previous: first, resumed: first.runFolder });
    expectStored(whole, 'finished');
    expect(whole.run.cells.map((cell) => cell.id)).toEqual(['a', 'b']);
    expect(whole.samples.slice(0, first.samples.length)).toEqual(first.samples);
    // Block 1 of b stays incomplete; blocks 2 and those after it are new.
    expect([...new Set(whole.samples.slice(first.samples.length).map((one) => one.cell))]).toEqual([
      'b',
    ]);
    expect(whole.rounds).toBe(2 + 4);
    expect(whole.surface).toHaveLength(4);
    const again = await run({ cells: two, surface, previous: whole, resumed: whole.runFolder });
    expect(again.rounds).toBe(0);
    expectStored(again, 'finished');
    expect(again.samples).toEqual(whole.samples);
    expect(again.surface).toEqual(whole.surface);
  });

  it('does not go on with a run of another machine', async () => {
    const first = await run({ cells: two, budgetSeconds: 1 });
    const host = { ...first.run.host, fingerprint: 'another' };
    const previous = { ...first, run: { ...first.run, host } };
    await expect(run({ cells: two, previous, resumed: first.runFolder })).rejects.toThrow(
      /measured on another machine or disk \(another, here .*without --resume/,
    );
  });

  it('tells progress as a share', async () => {
    const { shares } = await run({ cells: two });
    expect(shares.length).toBeGreaterThan(10);
    expect(shares.every((share) => share >= 0 && share <= 1)).toBe(true);
  });
});

describe('reproduce: experiments', () => {
  const plan: ExperimentPlan = {
    claim: 'test-claim',
    cells: [fakeCell('x'), fakeCell('y', { role: 'curve' })],
    budgetSeconds: 30,
  };

  it('run behind the cells, are recorded, and stand in the plan', async () => {
    const outcome = await run({ cells: two, experiments: [plan] });
    expectStored(outcome, 'finished');
    expect(outcome.experiments.map(({ cell }) => cell).join('')).toBe('xxxxyyyy');
    expect(outcome.run.experiments?.map(({ claim, cell }) => `${claim} ${cell}`)).toEqual([
      ...['test-claim x', 'test-claim y'],
    ]);
    expect(Math.max(...outcome.shares)).toBeLessThan(1);
    expect(outcome.shares).toEqual([...outcome.shares].sort((a, b) => a - b));
  });

  it('run alone where no claim needs the cells', async () => {
    const outcome = await run({ cells: [], budgetSeconds: 0, experiments: [plan] });
    expectStored(outcome, 'finished');
    expect(outcome.rounds).toBe(0);
    expect(outcome.experiments).toHaveLength(8);
  });

  it('are gone on with, and their earlier plan is kept', async () => {
    const short = { ...plan, budgetSeconds: 5 };
    const first = await run({ cells: [], budgetSeconds: 0, experiments: [short] });
    expect(first.experiments).toHaveLength(4);
    expect(first.run.untested.join()).toMatch(/test-claim, cell y: not measured/);
    const stored = readRun(first.runFolder);
    const again = await run({
      ...{ cells: [], budgetSeconds: 0, experiments: [plan] },
      ...{ previous: stored, resumed: first.runFolder },
    });
    expectStored(again, 'finished');
    expect(again.experiments.slice(0, 4)).toEqual(first.experiments);
    expect(again.experiments).toHaveLength(8);
    expect(again.run.untested.join()).not.toMatch(/not measured/);
  });
});
