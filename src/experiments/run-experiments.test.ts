// The runner of experiments with fake rounds and a fake clock: what is recorded, resumed, interrupted,
// left out and named; and that every round gets an empty folder that is gone afterwards.

import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { WorkFolder } from '../record/run-folder.ts';
import { experimentRoundSchema, type ExperimentRound } from '../record/schema.ts';
import { RoundTimeout } from '../runner/round-process.ts';
import { FakeClock } from '../runner/testing/fake-rounds.ts';
import { testFolder } from '../testing/test-folder.ts';
import type { ExperimentTask } from './experiment.ts';
import type { ExperimentPlan } from './plan.ts';
import { runExperiments } from './run-experiments.ts';
import { fakeCell, fakeExperimentResult } from './testing/fake-experiment.ts';

const base = testFolder('experiments');
let made = 0;

interface Outcome {
  readonly rounds: ExperimentRound[];
  readonly tasks: ExperimentTask[];
  readonly timeouts: number[];
  readonly leftOut: string[];
  readonly error: unknown;
  readonly workFiles: string[];
}

async function run(
  plans: readonly ExperimentPlan[],
  setup: {
    readonly secondsPerRound?: number;
    readonly recorded?: readonly ExperimentRound[];
    readonly seed?: number;
    readonly before?: (count: number, task: ExperimentTask, abort: AbortController) => void;
  } = {},
): Promise<Outcome> {
  const { secondsPerRound = 1, recorded = [], seed = 1, before } = setup;
  const clock = new FakeClock();
  const abort = new AbortController();
  const work = new WorkFolder(join(base, String(++made)));
  const [rounds, tasks, timeouts, leftOut]: [
    ExperimentRound[],
    ExperimentTask[],
    number[],
    string[],
  ] = [[], [], [], []];
  let error: unknown;
  await runExperiments({
    ...{ plans, recorded, work, seed, clock, signal: abort.signal },
    runRound: async (task, timeoutMs) => {
      expect(readdirSync(task.folder)).toEqual([]);
      writeFileSync(join(task.folder, 'left-behind'), 'x');
      tasks.push(task);
      timeouts.push(timeoutMs);
      before?.(tasks.length, task, abort);
      clock.advance(secondsPerRound);
      return Promise.resolve(fakeExperimentResult(task));
    },
    onRound: (round) => rounds.push(experimentRoundSchema.parse(round)),
    leaveOut: (sentence) => leftOut.push(sentence),
    onProgress: () => undefined,
  }).catch((thrown: unknown) => {
    error = thrown;
  });
  return { rounds, tasks, timeouts, leftOut, error, workFiles: readdirSync(work.path) };
}

function plan(claim: string, over: Partial<ExperimentPlan> = {}): ExperimentPlan {
  return {
    claim,
    cells: [fakeCell('a'), fakeCell('b', { role: 'curve' })],
    budgetSeconds: 100,
    ...over,
  };
}

describe('runExperiments', () => {
  it('records every round of every block, in a folder of its own that is gone afterwards', async () => {
    const outcome = await run([plan('one', { cells: [fakeCell('a', { replicates: 2 })] })]);
    expect(outcome.rounds).toHaveLength(2 * 2 * 2);
    for (const block of [0, 1]) {
      const own = outcome.rounds.filter((round) => round.block === block);
      expect(own.map(({ position }) => position)).toEqual([0, 1, 2, 3]);
      expect(own.map(({ arm, replicate }) => `${arm} ${String(replicate)}`).sort()).toEqual([
        ...['after 0', 'after 1', 'before 0', 'before 1'],
      ]);
      // Arms of one block get equal inputs.
      expect(new Set(own.map(({ figures }) => figures['seed'])).size).toBe(1);
    }
    expect(outcome.rounds[0]).toMatchObject({
      claim: 'one',
      cell: 'a',
      role: 'deciding',
      seconds: 1,
    });
    expect(outcome.leftOut).toEqual([]);
    expect(outcome.workFiles).toEqual([]);
  });

  it('shuffles by seed, and gives blocks seeds of their own', async () => {
    const many = plan('one', {
      cells: [fakeCell('a', { replicates: 4, blocksMin: 4, blocksMax: 4 })],
    });
    const turns = async (seed: number): Promise<string> =>
      (await run([many], { seed })).rounds.map(({ arm }) => arm).join();
    const first = await turns(1);
    expect(await turns(1)).toBe(first);
    expect(await turns(2)).not.toBe(first);
    const seeds = (await run([many])).tasks.map(({ seed }) => seed);
    expect(new Set(seeds).size).toBe(4);
  });

  it('keeps to its budget and names what it thinned', async () => {
    const outcome = await run([plan('one', { budgetSeconds: 7 })]);
    expect(outcome.rounds.map(({ cell }) => cell).join('')).toBe('aaaabb');
    expect(outcome.leftOut).toEqual([expect.stringMatching(/^one, cell b: 1 of 2 blocks; .* 7 s/)]);
    const nothing = await run([plan('one', { budgetSeconds: 1 })]);
    expect(nothing.rounds).toEqual([]);
    expect(nothing.leftOut).toEqual([
      expect.stringMatching(/^one, cell a: not measured/),
      expect.stringMatching(/^one, cell b: not measured/),
    ]);
  });

  it('hands time that one experiment left to those behind it', async () => {
    const short = plan('short', { budgetSeconds: 50 });
    const long = plan('long', {
      budgetSeconds: 10,
      cells: [fakeCell('a', { blocksMin: 10, blocksMax: 10 })],
    });
    const outcome = await run([short, long]);
    expect(outcome.rounds.filter(({ claim }) => claim === 'long')).toHaveLength(20);
    expect(outcome.leftOut).toEqual([]);
  });

  it('goes on behind what is recorded', async () => {
    const first = await run([plan('one', { budgetSeconds: 5 })]);
    expect(first.rounds).toHaveLength(4);
    // Half a block beside it counts for nothing, and its number is not used again.
    const half = { ...first.rounds[0]!, cell: 'b', block: 0 };
    const more = await run([plan('one')], { recorded: [...first.rounds, half] });
    expect(more.rounds.map(({ cell, block }) => `${cell}${String(block)}`)).toEqual([
      ...['b1', 'b1', 'b2', 'b2'],
    ]);
    const whole = [...first.rounds, ...more.rounds];
    expect((await run([plan('one')], { recorded: whole })).rounds).toEqual([]);
  });

  it('keeps what was measured when it is interrupted', async () => {
    const outcome = await run([plan('one'), plan('two')], {
      before: (count, _, abort) => {
        if (count < 4) return;
        abort.abort();
        throw new DOMException('aborted', 'AbortError');
      },
    });
    expect(outcome.rounds).toHaveLength(3);
    expect(outcome.error).toBeInstanceOf(DOMException);
    expect(outcome.leftOut).toEqual([]);
    expect(outcome.workFiles).toEqual([]);
  });

  it('gives up a cell whose round takes too long, and goes on with the others', async () => {
    const outcome = await run([plan('one')], {
      before: (_, { cell }) => {
        if (cell.id === 'a') throw new RoundTimeout(15_000);
      },
    });
    expect(outcome.error).toBeUndefined();
    expect(outcome.rounds.map(({ cell }) => cell).join('')).toBe('bbbb');
    expect(outcome.leftOut).toEqual([expect.stringMatching(/^one, cell a: .*took over 15 s/)]);
  });

  it('bounds every round by its experiment, with some grace', async () => {
    const { timeouts } = await run([plan('one', { budgetSeconds: 12 })]);
    for (const [index, timeout] of timeouts.entries()) {
      expect(timeout).toBeLessThanOrEqual((12 - index + 10) * 1e3);
      expect(timeout).toBeGreaterThan(0);
    }
  });

  it('lets the others run when one fails, names it, and throws in the end', async () => {
    const outcome = await run([plan('one'), plan('two')], {
      before: (_, { claim }) => {
        if (claim === 'one') throw new Error('disk on fire');
      },
    });
    expect(outcome.error).toEqual(new Error('disk on fire'));
    expect(outcome.rounds.every(({ claim }) => claim === 'two')).toBe(true);
    expect(outcome.rounds).toHaveLength(8);
    expect(outcome.leftOut).toEqual([expect.stringMatching(/^one: a round failed.*disk on fire/)]);
    expect(existsSync(join(base, String(made), 'experiment-round'))).toBe(false);
  });
});
