// One cell with fake rounds: rehearsal first and unrecorded, blocks in random order that the seed
// repeats, two replicates an arm, anchors beside, doubts in the samples, files gone afterwards.

import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { Random } from '../../engine/index.ts';
import { WorkFolder } from '../record/run-folder.ts';
import { sampleSchema, type Sample } from '../record/schema.ts';
import { testFolder } from '../testing/test-folder.ts';
import { CellRun, type CellContext } from './cell-run.ts';
import {
  FakeClock,
  fakeResult,
  fakeRounds,
  tinyCell,
  type FakeRounds,
} from './testing/fake-rounds.ts';

const folder = testFolder('cell');
let made = 0;

interface Bench {
  readonly context: CellContext;
  readonly rounds: FakeRounds;
  readonly samples: Sample[];
  readonly abort: AbortController;
}

function bench(seed: number, before?: Parameters<typeof fakeRounds>[2]): Bench {
  const clock = new FakeClock();
  const rounds = fakeRounds(clock, 1, before);
  const samples: Sample[] = [];
  const abort = new AbortController();
  const context: CellContext = {
    work: new WorkFolder(join(folder, String(++made))),
    seed,
    random: new Random(seed),
    clock,
    signal: abort.signal,
    runRound: rounds.run,
    onSample: (sample) => samples.push(sample),
  };
  return { context, rounds, samples, abort };
}

const nothing = (): void => undefined;

/** What ran, in order: arm, replicate and purpose. */
function order(samples: readonly Sample[]): string[] {
  return samples.map(({ arm, replicate, purpose }) => `${arm} ${replicate} ${purpose}`);
}

/** Orders of `blocks` blocks of one cell, with an anchor. */
async function ordersOf(seed: number, blocks: number): Promise<string[][]> {
  const { context, samples } = bench(seed);
  const anchor = await CellRun.prepare(tinyCell('small'), context, nothing);
  const cell = await CellRun.prepare(tinyCell('large'), context, nothing);
  for (let block = 0; block < blocks; block++) await cell.block(block, anchor, nothing);
  return Array.from({ length: blocks }, (_, block) =>
    order(samples.filter((sample) => sample.block === block)),
  );
}

describe('CellRun', () => {
  it('makes the file and rehearses both arms, which records nothing', async () => {
    const { context, rounds, samples } = bench(1);
    const doing: string[] = [];
    const run = await CellRun.prepare(tinyCell('a'), context, (text) => doing.push(text));
    expect(rounds.requests.map((request) => request.freelist)).toEqual(['array', 'hashmap']);
    expect(samples).toEqual([]);
    expect(existsSync(run.aged.path)).toBe(true);
    expect(run.cell).toMatchObject({
      id: 'a',
      recipe: 'kubernetes-mix',
      dbBytes: 16e6,
      freePages: run.aged.freePages,
      valueBytes: 1000,
      putsPerCommit: 10,
      commits: 2,
      warmUpCommits: 1,
    });
    expect(doing.at(-1)).toBe('rehearsing hashmap');
  });

  it('gives each arm its own journal and every round all of them', async () => {
    const { context, rounds } = bench(1);
    const run = await CellRun.prepare(tinyCell('a'), context, nothing);
    await run.block(0, undefined, nothing);
    const journals = new Set(rounds.requests.map((request) => request.journal));
    expect(journals.size).toBe(2);
    for (const request of rounds.requests) {
      expect(new Set(request.journals)).toEqual(journals);
      expect(request.path).toBe(run.aged.path);
      expect(request.seed).toBe(1);
    }
  });

  it('runs every arm twice a block, and the anchor once an arm', async () => {
    const [one = []] = await ordersOf(5, 1);
    expect([...one].sort()).toEqual([
      'array 1 anchor',
      'array 1 arm',
      'array 2 arm',
      'hashmap 1 anchor',
      'hashmap 1 arm',
      'hashmap 2 arm',
    ]);
  });

  it('interleaves at random, and the seed repeats it', async () => {
    const orders = await ordersOf(5, 12);
    expect(await ordersOf(5, 12)).toEqual(orders);
    expect(await ordersOf(6, 12)).not.toEqual(orders);
    expect(new Set(orders.map((one) => one.join())).size).toBeGreaterThan(8);
    // No arm has the first place of a block for itself.
    expect(new Set(orders.map((one) => one[0]?.split(' ')[0]))).toEqual(
      new Set(['array', 'hashmap']),
    );
  });

  it('records valid samples that say where they belong', async () => {
    const { context, samples, rounds } = bench(2);
    const anchor = await CellRun.prepare(tinyCell('small'), context, nothing);
    const cell = await CellRun.prepare(tinyCell('large'), context, nothing);
    const rehearsals = rounds.requests.length;
    await cell.block(3, anchor, nothing);
    expect(samples).toHaveLength(6);
    for (const [position, sample] of samples.entries()) {
      expect(sampleSchema.parse(sample)).toEqual(sample);
      const isAnchor = sample.purpose === 'anchor';
      expect(sample).toMatchObject({ block: 3, position, cell: isAnchor ? 'small' : 'large' });
      expect(sample.beside).toBe(isAnchor ? 'large' : undefined);
      expect(sample.settings['freelist']).toBe(sample.arm);
      const request = rounds.requests[rehearsals + position];
      expect(request?.path).toBe((isAnchor ? anchor : cell).aged.path);
      expect(request?.freelist).toBe(sample.arm);
    }
    const times = samples.map((sample) => sample.startedAt);
    expect(new Set(times).size).toBe(6);
    expect(times).toEqual([...times].sort());
  });

  it('keeps the rounds before an abort in the middle of a block', async () => {
    let abort = nothing;
    // Two rehearsals, then two rounds that finish; the third is cut off.
    const made = bench(3, (count) => {
      if (count === 5) {
        abort();
        throw new DOMException('aborted', 'AbortError');
      }
    });
    abort = () => made.abort.abort();
    const run = await CellRun.prepare(tinyCell('a'), made.context, nothing);
    await expect(run.block(0, undefined, nothing)).rejects.toMatchObject({ name: 'AbortError' });
    expect(made.samples.map((sample) => sample.position)).toEqual([0, 1]);
    await expect(run.block(1, undefined, nothing)).rejects.toMatchObject({ name: 'AbortError' });
    expect(made.rounds.requests).toHaveLength(5);
  });

  it('does not start a rehearsal after an abort', async () => {
    const made = bench(3);
    made.abort.abort();
    await expect(CellRun.prepare(tinyCell('a'), made.context, nothing)).rejects.toMatchObject({
      name: 'AbortError',
    });
    expect(made.rounds.requests).toEqual([]);
    expect(readdirSync(made.context.work.path)).toEqual([]);
  });

  it('says in the sample when a round wrote pages its rehearsal had not', async () => {
    const { context, samples } = bench(4);
    const doubtful: CellContext = {
      ...context,
      runRound: (request) =>
        Promise.resolve({ ...fakeResult(request, 1), capturedPages: 3, warnings: ['no flock'] }),
    };
    const run = await CellRun.prepare(tinyCell('a'), doubtful, nothing);
    await run.block(0, undefined, nothing);
    expect(samples[0]?.warnings.map((warning) => warning.code)).toEqual([
      'engine',
      'unrehearsed-pages',
    ]);
    expect(samples[0]?.warnings[1]?.message).toMatch(/^3 pages/);
  });

  it('runs an arm with another job for calibration, unrecorded', async () => {
    const { context, rounds, samples } = bench(4);
    const run = await CellRun.prepare(tinyCell('a'), context, nothing);
    const job = { valueBytes: 10_000, putsPerCommit: 5, commits: 1, warmUpCommits: 0 };
    await run.measureArm('array', job);
    expect(rounds.requests.at(-1)).toMatchObject({ freelist: 'array', job });
    expect(samples).toEqual([]);
  });

  it('leaves no file behind when it is discarded', async () => {
    const { context } = bench(1);
    const run = await CellRun.prepare(tinyCell('a'), context, nothing);
    run.discard();
    run.discard();
    expect(readdirSync(context.work.path)).toEqual([]);
  });
});
