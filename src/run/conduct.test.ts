// What a run does with its questions: sessions are faked, time is a number, judging is real. Each test says what was
// measured, in which order, and what the folder holds afterwards.

import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Question } from '../question/question.ts';
import type { Answer } from '../record/answer.ts';
import { readRun, RunFolder, WorkFolder } from '../record/folder.ts';
import type { Host } from '../record/host.ts';
import { hostOf, runOf } from '../questions/testing/rounds.ts';
import { testFolder } from '../testing/test-folder.ts';
import { conduct, type Conducted, type ConductOptions } from './conduct.ts';
import { SessionFault } from './session-fault.ts';
import { FakeClock } from './testing/fake-clock.ts';
import { FakeSessions, type FakeSessionsOptions } from './testing/fake-sessions.ts';
import { testCell, testQuestion } from './testing/questions.ts';

const base = testFolder('conduct');
let made = 0;

/** A fake session of both arms and its cell's preparation. */
const SESSION = 2 + 6;
const PREPARE = 1;
/** The profile after, which the budget keeps time for; the fake profile takes none. */
const PROFILE = 2.5;

interface Setting {
  readonly clock: FakeClock;
  readonly sessions: FakeSessions;
  readonly folder: RunFolder;
  readonly work: WorkFolder;
  readonly answered: string[];
  readonly progress: { share: number; doing: string; left: number }[];
  readonly options: ConductOptions;
}

function setting(
  questions: readonly Question[],
  over: Partial<ConductOptions> = {},
  fakes: Partial<FakeSessionsOptions> = {},
): Setting {
  const clock = new FakeClock();
  const sessions = new FakeSessions({ clock, ...fakes });
  const path = join(base, String(++made));
  const folder = new RunFolder(path, over.previous === undefined ? 'new' : 'resumed');
  const work = new WorkFolder(join(path, 'work'));
  const answered: string[] = [];
  const progress: Setting['progress'] = [];
  const { kvtune, id, seed, mode, command, startedAt, tags, versions, warnings } = runOf([]);
  const start = { schemaVersion: 2, kvtune, id, seed, mode, command, startedAt } as const;
  const options: ConductOptions = {
    ...{
      questions,
      run: { ...start, tags, versions, warnings },
      previous: undefined,
      folder,
      work,
      seed: 1,
      clock,
      sessions,
    },
    signal: new AbortController().signal,
    budgetSeconds: undefined,
    commandOf: ({ id }) => `kvtune reproduce --claims ${id}`,
    onProgress: (share, doing, left) => void progress.push({ share, doing, left }),
    onAnswer: ({ id }, { verdict }) => {
      answered.push(`${id} ${verdict} after ${sessions.orders.length}`);
    },
    profiler: {
      before: () => Promise.resolve(hostOf('ext4')),
      after: (before) => Promise.resolve({ ...before, warnings: [] }),
    },
    memoryBytes: () => 1e12,
    ...over,
  };
  return { clock, sessions, folder, work, answered, progress, options };
}

const verdicts = ({ answers }: Conducted): string[] =>
  answers.map(({ question, verdict }) => `${question} ${verdict}`);

const one = testQuestion('one', [testCell('one/x')]);
const two = testQuestion('two', [testCell('two/x')]);

describe('a run', () => {
  it('measures until its question is settled, answers, and leaves all on disk', async () => {
    const { options, sessions, folder, work, answered } = setting([one]);
    const result = await conduct(options);
    expect(sessions.log).toEqual(['one/x prepare', 'one/x 0: a b', 'one/x 1: a b', 'one/x 2: a b']);
    expect(answered).toEqual(['one reproduced after 3']);
    expect(verdicts(result)).toEqual(['one reproduced']);
    expect(result.error).toBeUndefined();
    expect(result.answers[0]?.command).toBe('kvtune reproduce --claims one');
    const stored = readRun(folder.path);
    expect(stored).toEqual({ run: result.run, rounds: result.rounds });
    expect(stored.run).toMatchObject({
      ...{ status: 'finished', questions: ['one'], untested: [], warnings: [] },
      ...{ measuredSeconds: 18, seconds: PREPARE + 3 * SESSION },
    });
    expect(stored.run.cells).toMatchObject([
      { id: 'one/x', question: 'one', prepared: { size: 7, 'a.size': 7 } },
    ]);
    expect(readdirSync(work.path)).toEqual(['cell-0']);
  });

  it('asks the headline first, and says its answer before the others are measured', async () => {
    const head = testQuestion('head', [testCell('head/x', { sliceSeconds: 2 })], { priority: 0 });
    const { options, answered } = setting([one, head]);
    const result = await conduct(options);
    expect(answered).toEqual(['head reproduced after 3', 'one reproduced after 6']);
    expect(verdicts(result)).toEqual(['one reproduced', 'head reproduced']);
  });

  it('gives sessions seeds of their own, the same in every run', async () => {
    const seeds = async (seed: number): Promise<number[]> => {
      const { options, sessions } = setting([one], { seed });
      await conduct(options);
      return sessions.orders.map((order) => order.seed);
    };
    const first = await seeds(1);
    expect(new Set(first).size).toBe(3);
    expect(await seeds(1)).toEqual(first);
    expect(await seeds(2)).not.toEqual(first);
  });

  it('ends where nothing is left: after the last look, and with curves', async () => {
    const cells = [testCell('q/x'), testCell('q/c', { role: 'curve' })];
    const near = testQuestion('q', cells);
    // Alternating far above and below the cut: no look can settle it.
    const perSecond = ({ arm, session }: { arm: string; session: number }): number =>
      arm === 'b' ? 100 : session % 2 === 0 ? 150 : 75;
    const { options, sessions, answered } = setting([near], {}, { perSecond });
    const result = await conduct(options);
    const of = (cell: string): number => sessions.orders.filter((o) => o.cell.id === cell).length;
    expect(of('q/x')).toBeLessThanOrEqual(8);
    expect(of('q/x')).toBeGreaterThanOrEqual(5);
    expect(of('q/c')).toBe(2);
    expect(answered).toHaveLength(1);
    expect(verdicts(result)).toEqual(['q inconclusive']);
  });

  it('says how far it is, and how long it will take', async () => {
    const { options, progress } = setting([one, two]);
    await conduct(options);
    const shares = progress.map(({ share }) => share);
    expect(Math.max(...shares)).toBeLessThanOrEqual(0.99);
    const doing = progress.map((state) => state.doing);
    expect(doing[0]).toBe('profiling the host');
    expect(doing).toContain('cell one/x: session 1, block 2, a');
    expect(progress.at(-1)?.doing).toBe('profiling the host again');
    const first = progress.find((state) => state.doing.includes('session 1'));
    expect(first?.left).toBe(2 * (PREPARE + 3 * SESSION) + PROFILE - PREPARE - 2);
  });

  it('measures durations by the clock that nobody sets', async () => {
    const { options, clock } = setting(
      [one],
      { budgetSeconds: 200 },
      {
        before: ({ session, block }) => {
          if (session === 1 && block === 0) clock.step(-86_400);
        },
      },
    );
    const result = await conduct(options);
    expect(verdicts(result)).toEqual(['one reproduced']);
    expect(result.run).toMatchObject({ seconds: PREPARE + 3 * SESSION, measuredSeconds: 18 });
  });
});

describe('the budget', () => {
  it('that is too small for a session is refused before anything is done', async () => {
    const { options, sessions, progress } = setting([one], { budgetSeconds: 6 });
    await expect(conduct(options)).rejects.toMatchObject({
      name: 'NothingFits',
      lacks: 'time',
      message: expect.stringMatching(
        /^a budget of 6\.00 s is too short: the shortest session takes about 9\.00 s/,
      ) as string,
    });
    expect(sessions.log).toEqual([]);
    expect(progress).toEqual([]);
  });

  it('that the profile uses up is an error, with nothing measured', async () => {
    const { options, clock } = setting([one], { budgetSeconds: 20 });
    const profiler = {
      before: () => {
        clock.advance(15);
        return Promise.resolve(hostOf('ext4'));
      },
      after: (host: Host) => Promise.resolve(host),
    };
    const result = await conduct({ ...options, profiler });
    expect(result.error).toMatchObject({ name: 'NothingFits', lacks: 'time' });
    expect(result.run.status).toBe('failed');
    expect(result.rounds).toEqual([]);
    expect(verdicts(result)).toEqual(['one nothing']);
  });

  it('starts no session that does not fit, and names what is missing', async () => {
    const budgetSeconds = PREPARE + 2 * SESSION + PROFILE;
    const { options, sessions } = setting([one, two], { budgetSeconds });
    const result = await conduct(options);
    expect(sessions.orders.map((order) => order.cell.id)).toEqual(['one/x', 'one/x']);
    expect(result.run.seconds).toBeLessThanOrEqual(budgetSeconds);
    expect(result.run.untested).toEqual([
      expect.stringMatching(/^one: undecided: 1 more session would take about 8\.00 s, /),
      expect.stringMatching(/^two: undecided: 3 more sessions would take about /),
    ]);
    expect(result.error).toBeUndefined();
  });

  it('cuts a session short that is far over it, after the block it is in', async () => {
    const { options, clock } = setting(
      [one],
      { budgetSeconds: 30 },
      {
        before: ({ session, block, arm }) => {
          if (session === 0 && block === 1 && arm === 'a') clock.advance(60);
        },
      },
    );
    const result = await conduct(options);
    expect(result.rounds.map(({ block, arm }) => `${arm}${block}`)).toEqual([
      'a0',
      'b0',
      'a1',
      'b1',
    ]);
    expect(result.run.status).toBe('finished');
  });

  it('is not used up where all is settled', async () => {
    const { options, sessions } = setting([one], { budgetSeconds: 1000 });
    await conduct(options);
    expect(sessions.orders).toHaveLength(3);
  });
});

describe('a session that fails', () => {
  const dying = (when: (at: { cell: string; session: number; block: number }) => boolean) => ({
    before: (at: { cell: string; session: number; block: number; arm: string }) => {
      if (when(at)) throw new SessionFault(at.arm, 'died', 'ended with code 1 before it answered');
    },
  });

  it('is named and replaced, its finished slices kept, its cell prepared again', async () => {
    const fakes = dying(({ session, block }) => session === 1 && block === 1);
    const { options, sessions } = setting([one], {}, fakes);
    const result = await conduct(options);
    expect(sessions.log).toEqual([
      ...['one/x prepare', 'one/x 0: a b', 'one/x 1: a b'],
      ...['one/x prepare', 'one/x 2: a b'],
    ]);
    expect(result.rounds.filter(({ session }) => session === 1)).toHaveLength(2);
    expect(result.run.warnings).toMatchObject([
      {
        code: 'session-fault',
        message: expect.stringMatching(/^cell one\/x, session 2: the process of a ended/) as string,
      },
    ]);
    expect(result.error).toBeUndefined();
    expect(verdicts(result)).toEqual(['one reproduced']);
  });

  it('three times is the end of its cell, and of no other', async () => {
    const fakes = dying(({ cell }) => cell === 'one/x');
    const { options, sessions } = setting([one, two], {}, fakes);
    const result = await conduct(options);
    expect(sessions.orders.filter(({ cell }) => cell.id === 'one/x')).toHaveLength(3);
    expect(verdicts(result)).toEqual(['one nothing', 'two reproduced']);
    expect(result.run.untested[0]).toMatch(/given up after 3 such sessions$/);
    expect(result.error).toMatchObject({ name: 'SessionFault', reason: 'died' });
    expect(result.run.status).toBe('failed');
  });

  it('by an error of its procedure is not tried again', async () => {
    const error = Object.assign(new Error('the disk is full'), { code: 'NO_SPACE' });
    const { options, sessions } = setting(
      [one, two],
      {},
      {
        before: ({ cell }) => {
          if (cell === 'one/x') throw error;
        },
      },
    );
    const result = await conduct(options);
    expect(sessions.orders.filter(({ cell }) => cell.id === 'one/x')).toHaveLength(1);
    expect(result.error).toBe(error);
    expect(verdicts(result)).toEqual(['one nothing', 'two reproduced']);
    expect(result.run.untested).toContain(
      'cell one/x, session 1: the disk is full; the cell is left out',
    );
  });

  it('in the judging of one question leaves the others alone', async () => {
    const broken = testQuestion('broken', [testCell('broken/x')], {
      rule: () => {
        throw new Error('a bug');
      },
    });
    const { options } = setting([broken, two]);
    const result = await conduct(options);
    expect(result.error).toMatchObject({ message: 'a bug' });
    expect(verdicts(result)).toEqual(['two reproduced']);
  });

  it('to be written down ends the run', async () => {
    const full = Object.assign(new Error('no space left'), { code: 'ENOSPC' });
    const { options, sessions, folder } = setting([one, two]);
    const failing: ConductOptions['folder'] = {
      writeRun: (run) => folder.writeRun(run),
      appendRound: (round) => {
        if (round.session === 1) throw full;
        folder.appendRound(round);
      },
    };
    const result = await conduct({ ...options, folder: failing });
    expect(result.error).toBe(full);
    expect(sessions.orders).toHaveLength(2);
    expect(result.rounds).toEqual(readRun(folder.path).rounds);
    expect(result.run.status).toBe('failed');
  });
});

describe('an interrupt', () => {
  it('keeps what was measured and says what can be said', async () => {
    const abort = new AbortController();
    const { options, folder, work } = setting(
      [one, two],
      { signal: abort.signal },
      {
        before: ({ session, block }) => {
          if (session === 2 && block === 2) abort.abort();
        },
      },
    );
    const result = await conduct(options);
    expect(result.error).toBeUndefined();
    expect(result.run.status).toBe('interrupted');
    expect(result.rounds).toHaveLength(6 + 6 + 5);
    expect(readRun(folder.path).rounds).toEqual(result.rounds);
    expect(verdicts(result)).toEqual(['one reproduced', 'two nothing']);
    expect(readdirSync(work.path)).toEqual([]);
  });

  it('is heard while the host is profiled', async () => {
    const abort = new AbortController();
    const { options, sessions } = setting([one], { signal: abort.signal });
    const profiler = { ...options.profiler!, before: () => new Promise<Host>(() => undefined) };
    const running = conduct({ ...options, profiler });
    abort.abort();
    await expect(running).rejects.toMatchObject({ name: 'AbortError' });
    expect(sessions.log).toEqual([]);
  });

  it('of the last profile leaves the first', async () => {
    const abort = new AbortController();
    const { options } = setting([one], { signal: abort.signal });
    const profiler = {
      ...options.profiler!,
      after: () => {
        abort.abort();
        return new Promise<Host>(() => undefined);
      },
    };
    const result = await conduct({ ...options, profiler });
    expect(result.run.status).toBe('interrupted');
    expect(result.run.host).toEqual(hostOf('ext4'));
  });
});

describe('a run that is resumed', () => {
  async function interrupted(): Promise<Conducted> {
    const abort = new AbortController();
    const { options } = setting(
      [one],
      { signal: abort.signal },
      {
        before: ({ session, block }) => {
          if (session === 1 && block === 1) abort.abort();
        },
      },
    );
    return conduct(options);
  }

  it('goes on behind what is recorded', async () => {
    const previous = await interrupted();
    const { options, sessions } = setting([one, two], { previous });
    const result = await conduct(options);
    expect(sessions.orders.slice(0, 2).map(({ session }) => session)).toEqual([2, 0]);
    expect(verdicts(result)).toEqual(['one reproduced', 'two reproduced']);
    expect(result.rounds.slice(0, previous.rounds.length)).toEqual(previous.rounds);
    expect(result.run.questions).toEqual(['one', 'two']);
    expect(result.run.seconds).toBeGreaterThan(previous.run.seconds);
    expect(result.run.measuredSeconds).toBe(previous.run.measuredSeconds + 24);
    expect(result.run.cells.map(({ id }) => id)).toEqual(['one/x', 'two/x']);
  });

  it('with another question keeps the cells of the first', async () => {
    const previous = await interrupted();
    const { options } = setting([two], { previous });
    const result = await conduct(options);
    expect(result.run.cells.map(({ id }) => id)).toEqual(['one/x', 'two/x']);
    expect(result.run.cells[0]?.prepared).toEqual({ size: 7, 'a.size': 7 });
    expect(verdicts(result)).toEqual(['two reproduced']);
  });

  it('with nothing left to do measures nothing', async () => {
    const { options: first } = setting([one]);
    const previous = await conduct(first);
    const { options, sessions, answered } = setting([one], { previous, budgetSeconds: 10 });
    const result = await conduct(options);
    expect(sessions.log).toEqual([]);
    expect(answered).toEqual(['one reproduced after 0']);
    expect(result.error).toBeUndefined();
  });

  it('is refused on another machine', async () => {
    const previous = await interrupted();
    const elsewhere = { ...previous.run.host, fingerprint: 'other' };
    const stored = { ...previous, run: { ...previous.run, host: elsewhere } };
    const { options } = setting([one], { previous: stored });
    await expect(conduct(options)).rejects.toMatchObject({ kind: 'elsewhere' });
  });
});

describe('prepared cells', () => {
  const curve = testCell('one/c', { role: 'curve', sessions: 1 });
  const both = testQuestion('one', [testCell('one/x'), curve]);

  it('stay to the end of a run: clearing them away takes the disk from what is measured', async () => {
    const seen: string[] = [];
    const { options, work, sessions } = setting(
      [both, two],
      {},
      {
        before: ({ cell, arm, block }) => {
          if (arm === 'a' && block === 0) seen.push(`${cell} ${readdirSync(work.path).length}`);
        },
      },
    );
    await conduct(options);
    expect(sessions.log.filter((line) => line.endsWith('prepare'))).toEqual([
      ...['one/x prepare', 'two/x prepare', 'one/c prepare'],
    ]);
    expect(seen.at(-1)).toBe('one/c 3');
  });

  it('make room for the next where the disk has none for two', async () => {
    const large = { diskBytes: 6e11 };
    const questions = ['one', 'two'].map((id) => testQuestion(id, [testCell(`${id}/x`, large)]));
    const noisy = ({ arm, session }: { arm: string; session: number }): number =>
      arm === 'b' ? 100 : session % 2 === 0 ? 150 : 75;
    const most: number[] = [];
    const { options, work, sessions } = setting(
      questions,
      {},
      {
        perSecond: noisy,
        before: () => most.push(readdirSync(work.path).length),
      },
    );
    work.freeBytes = () => 1e12 - 6e11 * readdirSync(work.path).length;
    await conduct(options);
    expect(Math.max(...most)).toBe(1);
    const prepared = sessions.log.filter((line) => line.endsWith('prepare'));
    expect(prepared.slice(0, 2)).toEqual(['one/x prepare', 'two/x prepare']);
  });

  it('that there is no room for are named, and an error where they are all', async () => {
    const large = testQuestion('one', [testCell('one/x', { diskBytes: 1e18 })]);
    const { options } = setting([large]);
    const result = await conduct(options);
    expect(result.error).toMatchObject({ name: 'NothingFits', lacks: 'room' });
    expect(result.run.untested[0]).toMatch(/^one: not measured: cell one\/x needs .* of disk/);
    const beside = await conduct(setting([large, two]).options);
    expect(beside.error).toBeUndefined();
    expect(verdicts(beside)).toEqual(['one nothing', 'two reproduced']);
  });
});

it('answers a load once its cells had their sessions', async () => {
  const cells = [testCell('s/0'), testCell('s/1')];
  const question: Question = { ...testQuestion('s', cells), kind: 'sweep', contrasts: [] };
  const answers: Answer[] = [];
  const { options, sessions } = setting([question], {
    onAnswer: (_, answer) => answers.push(answer),
  });
  const result = await conduct(options);
  expect(sessions.orders).toHaveLength(4);
  expect(answers.map(({ verdict }) => verdict)).toEqual(['measured']);
  expect(verdicts(result)).toEqual(['s measured']);
});
