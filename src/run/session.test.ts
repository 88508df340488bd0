// Sessions in processes, as they are compiled: rounds of all arms, and every way in which a process of an arm can
// fail to do its part. After each test no process of it may be left.

import { spawn } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import ts from 'typescript';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '../measure/clock.ts';
import type { Cell } from '../question/question.ts';
import { roundSchema, type Round, type Scalars } from '../record/round.ts';
import { WorkFolder } from '../record/work-folder.ts';
import { until } from '../testing/kvtune-process.ts';
import { testFolder } from '../testing/test-folder.ts';
import type * as Sessions from './session.ts';
import type { SessionOpener } from './session.ts';
import { BEHAVIOURS } from './testing/fake-procedures.ts';
import { testCell } from './testing/questions.ts';

const DIST = new URL('../../dist/src/', import.meta.url).href;
const SOURCE = fileURLToPath(new URL('./testing/fake-procedures.ts', import.meta.url));

const folder = testFolder('session');
const procedures = join(folder, 'procedures.mjs');
const work = new WorkFolder(join(folder, 'work'));
const pids = new Set<number>();
let sessions: typeof Sessions;

beforeAll(async () => {
  const options = { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2022 };
  const source = readFileSync(SOURCE, 'utf8');
  writeFileSync(procedures, ts.transpileModule(source, { compilerOptions: options }).outputText);
  sessions = (await import(`${DIST}run/session.js`)) as typeof Sessions;
});

afterEach(async () => {
  await until(() => ![...pids].some(isAlive), 2000);
  expect([...pids].filter(isAlive)).toEqual([]);
  expect(readdirSync(work.path).filter((name) => name.startsWith('arm-'))).toEqual([]);
  pids.clear();
});

/** One that has ended, and that nobody has asked about yet, is not alive. */
function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return !/ Z \d/.test(readFileSync(`/proc/${pid}/stat`, 'latin1'));
  } catch {
    return false;
  }
}

function opener(patienceSeconds = 10): SessionOpener {
  const url = pathToFileURL(procedures).href;
  return sessions.processSessions({ work, clock: systemClock, procedures: url, patienceSeconds });
}

const QUICK = { prepareSeconds: 0.1, openSeconds: 0.1, sliceSeconds: 0.01 };

/** Arm a as its settings say, arm b as it should. */
function cellWith(settings: Scalars, over: Partial<Cell> = {}): Cell {
  const [a, b] = testCell('c/x').arms;
  const [first, second] = [{ ...a!, settings: { kind: 'a', ...settings } }, b!];
  return testCell('c/x', { arms: [first, second], ...QUICK, ...over });
}

interface Ran {
  readonly rounds: readonly Round[];
  readonly error: unknown;
}

async function session(
  cell: Cell,
  options: {
    readonly arms?: readonly string[];
    readonly patienceSeconds?: number;
    readonly abort?: AbortController;
    readonly onRound?: (round: Round, rounds: readonly Round[]) => void;
    readonly mayGoOn?: () => boolean;
  } = {},
): Promise<Ran> {
  const rounds: Round[] = [];
  const { arms = cell.arms.map((arm) => arm.name), abort = new AbortController() } = options;
  const order = { cell, arms, question: 'c', session: 4, seed: 9, prepared: work.path, pace: 1 };
  const context = {
    signal: abort.signal,
    onProgress: () => undefined,
    mayGoOn: options.mayGoOn ?? (() => true),
    onRound: (round: Round) => {
      rounds.push(round);
      for (const name of ['pid', 'peer']) pids.add(Number(round.settings[name] ?? process.ppid));
      pids.delete(process.ppid);
      options.onRound?.(round, rounds);
    },
  };
  try {
    await opener(options.patienceSeconds).measure(order, context);
    return { rounds, error: undefined };
  } catch (error) {
    return { rounds, error };
  }
}

const slices = (rounds: readonly Round[], arm?: string): Round[] =>
  rounds.filter((one) => one.kind === 'slice' && (arm === undefined || one.arm === arm));

describe('a session', () => {
  it('measures all arms in turn, each in a process of its own, and verifies', async () => {
    const { rounds, error } = await session(cellWith({}, { slices: 4 }));
    expect(error).toBeUndefined();
    for (const round of rounds) expect(roundSchema.parse(round)).toEqual(round);
    expect(slices(rounds)).toHaveLength(8);
    expect(new Set(slices(rounds, 'a').map((one) => one.settings['pid'])).size).toBe(1);
    expect(new Set(slices(rounds).map((one) => one.settings['pid'])).size).toBe(2);
    expect(rounds.map((one) => one.position)).toEqual(rounds.map((_, i) => i));
    expect(slices(rounds, 'b').map((one) => one.replicate)).toEqual([0, 1, 2, 3]);
    const order = slices(rounds).map((one) => one.arm);
    expect(order.slice(2, 4)).toEqual(order.slice(0, 2).reverse());
    expect(order.slice(6, 8)).toEqual(order.slice(4, 6).reverse());
    expect(rounds.slice(8)).toMatchObject([
      { kind: 'close', seconds: 0, settings: { closed: true }, figures: {} },
      { kind: 'close' },
    ]);
    expect(slices(rounds)[0]).toMatchObject({
      ...{ question: 'c', cell: 'c/x', session: 4, block: 0 },
      asked: { size: 1, kind: expect.any(String) as string },
      resources: { rssBytesMax: expect.any(Number) as number },
    });
  });

  it('gives the slices of a block one seed, and those of the next another', async () => {
    const { rounds } = await session(cellWith({}));
    const seeds = [0, 1, 2].map((block) => [
      ...new Set(
        slices(rounds).flatMap((one) => (one.block === block ? [one.settings['seed']] : [])),
      ),
    ]);
    expect(seeds.map((all) => all.length)).toEqual([1, 1, 1]);
    expect(new Set(seeds.flat()).size).toBe(3);
  });

  it('opens the arms it is given alone', async () => {
    const { rounds } = await session(cellWith({}), { arms: ['b'] });
    expect(rounds.map((one) => one.arm)).toEqual(['b', 'b', 'b', 'b']);
  });

  const warmUps = ['warming', 'warming-together'];
  it.each(warmUps)('%s ends where each arm is steady, or says that it never is', async (name) => {
    const warming = { procedure: name, slices: 1 };
    const steady = await session(cellWith({ warm: '10 50 98 100 101 100' }, warming));
    expect(slices(steady.rounds, 'a')).toMatchObject([{ counts: { index: 6 }, warnings: [] }]);
    expect(slices(steady.rounds, 'b')).toMatchObject([{ counts: { index: 4 } }]);
    const never = await session(cellWith({ warm: '1 2 4 8 16 32 64' }, warming));
    expect(slices(never.rounds, 'a')).toMatchObject([
      { counts: { index: 6 }, warnings: [{ code: 'not-steady' }] },
    ]);
    expect(slices(never.rounds, 'b')[0]?.warnings).toEqual([]);
  });

  it('ends after the block it is in where its time is over, and still verifies', async () => {
    let asked = 0;
    const mayGoOn = (): boolean => ++asked <= 4;
    const { rounds, error } = await session(cellWith({}), { mayGoOn });
    expect(error).toBeUndefined();
    expect(rounds.map((one) => one.kind)).toEqual([
      'slice',
      'slice',
      'slice',
      'slice',
      'close',
      'close',
    ]);
  });

  it('drops what is not finite, with a warning', async () => {
    const { rounds } = await session(cellWith({ behaviour: 'not-finite', stage: 'slice' }));
    expect(slices(rounds, 'a')[0]).toMatchObject({ figures: { perSecond: 1 }, counts: {} });
    expect(slices(rounds, 'a')[0]?.warnings.map((one) => one.message)).toEqual([
      expect.stringContaining('ratio'),
      expect.stringContaining('count'),
    ]);
  });
});

describe('preparing', () => {
  it('is done once for each arm, in one process', async () => {
    const prepared = work.emptyFolder('prepared');
    const context = { signal: new AbortController().signal, onProgress: () => undefined };
    const order = { cell: cellWith({}), seed: 1, prepared, pace: 1 };
    const made = await opener().prepare(order, context);
    expect(made).toEqual({ bytes: 1, 'a.bytes': 1, 'b.bytes': 1 });
    expect(readdirSync(prepared).sort()).toEqual(['a', 'b']);
  });

  it.each(['dies', 'hangs', 'throws'] as const)('fails where it %s', async (behaviour) => {
    const prepared = work.emptyFolder('prepared');
    const context = { signal: new AbortController().signal, onProgress: () => undefined };
    const cell = cellWith({ behaviour, stage: 'prepare' });
    const making = opener(2).prepare({ cell, seed: 1, prepared, pace: 1 }, context);
    await expect(making).rejects.toMatchObject({
      name: behaviour === 'throws' ? 'EngineError' : 'SessionFault',
    });
  });
});

describe('a session whose arm', () => {
  it.each([
    ['dies', 'died', /^the process of a ended with signal SIGKILL before it answered: FATAL ERROR/],
    ['hangs', 'hung', /^the process of a did not answer within 2 s$/],
    ['spins', 'hung', /^the process of a did not answer within 2 s$/],
    ['nonsense', 'nonsense', /^the process of a answered nonsense \(figures\./],
  ] as const)('%s keeps the slices before', async (behaviour, reason, message) => {
    expect(BEHAVIOURS).toContain(behaviour);
    const cell = cellWith({ behaviour, stage: 'slice', at: 2 });
    const { rounds, error } = await session(cell, { patienceSeconds: 2 });
    expect(error).toMatchObject({ name: 'SessionFault', arm: 'a', reason });
    expect((error as Error).message).toMatch(message);
    expect(slices(rounds, 'a')).toHaveLength(1);
    expect(slices(rounds, 'b').length).toBeGreaterThanOrEqual(1);
  });

  it.each(['open', 'close'] as const)('dies at %s is named', async (stage) => {
    const { rounds, error } = await session(cellWith({ behaviour: 'dies', stage }));
    expect(error).toMatchObject({ name: 'SessionFault', arm: 'a', reason: 'died' });
    expect(slices(rounds)).toHaveLength(stage === 'open' ? 0 : 6);
    // The other arm's verification is not lost.
    expect(rounds.filter((one) => one.kind === 'close')).toHaveLength(stage === 'open' ? 0 : 1);
  });

  it('is stopped by somebody is ended all the same', async () => {
    const stop = (round: Round, rounds: readonly Round[]): void => {
      if (rounds.length === 2) process.kill(Number(round.settings['pid']), 'SIGSTOP');
    };
    const { rounds, error } = await session(cellWith({}), { patienceSeconds: 2, onRound: stop });
    expect(error).toMatchObject({ name: 'SessionFault', reason: 'hung' });
    expect(slices(rounds).length).toBeGreaterThanOrEqual(2);
  });

  it('reports an error of the engine hands on its code', async () => {
    const { error } = await session(cellWith({ behaviour: 'throws', stage: 'slice' }));
    expect(error).toMatchObject({ name: 'EngineError', code: 'NO_SPACE' });
  });

  it('names a procedure that is not there says so', async () => {
    const { error } = await session(cellWith({}, { procedure: 'gone' }));
    expect(error).toMatchObject({ message: 'there is no procedure gone' });
  });

  it('started a peer takes it along', async () => {
    const { rounds, error } = await session(cellWith({ behaviour: 'peer', stage: 'slice' }));
    expect(error).toBeUndefined();
    expect(slices(rounds, 'a')[0]?.settings['peer']).toBeGreaterThan(0);
  });
});

describe('an interrupt', () => {
  it('keeps what the slice that it ends had', async () => {
    const abort = new AbortController();
    const cell = cellWith({ behaviour: 'waits', stage: 'slice', at: 2 });
    const whenA = (_: Round, rounds: readonly Round[]): void => {
      if (slices(rounds, 'a').length === 1) setTimeout(() => abort.abort(), 300);
    };
    const { rounds, error } = await session(cell, { abort, onRound: whenA });
    expect(error).toMatchObject({ name: 'AbortError' });
    expect(slices(rounds, 'a').at(-1)).toMatchObject({
      seconds: 0.005,
      warnings: [{ code: 'cut-short' }],
    });
    expect(rounds.every((one) => one.kind === 'slice')).toBe(true);
  });

  it.each(['hangs', 'spins'] as const)('does not wait for an arm that %s', async (behaviour) => {
    const abort = new AbortController();
    const cell = cellWith({ behaviour, stage: 'slice', at: 2 });
    const whenA = (_: Round, rounds: readonly Round[]): void => {
      if (slices(rounds, 'a').length === 1) setTimeout(() => abort.abort(), 200);
    };
    const started = performance.now();
    const { rounds, error } = await session(cell, { abort, onRound: whenA });
    expect(error).toMatchObject({ name: 'AbortError' });
    expect(slices(rounds, 'a')).toHaveLength(1);
    expect(performance.now() - started).toBeLessThan(8000);
  });

  it('that a child hears of first is no fault of its', async () => {
    const abort = new AbortController();
    const cell = cellWith({ behaviour: 'hangs', stage: 'slice', at: 2 });
    const interrupt = (round: Round, rounds: readonly Round[]): void => {
      if (round.arm !== 'a' || slices(rounds, 'a').length > 1) return;
      process.kill(Number(round.settings['pid']), 'SIGINT');
      setTimeout(() => abort.abort(), 50);
    };
    const { error } = await session(cell, { abort, onRound: interrupt });
    expect(error).toMatchObject({ name: 'AbortError' });
  });

  it('before the start starts nothing', async () => {
    const abort = new AbortController();
    abort.abort();
    expect(await session(cellWith({}), { abort })).toMatchObject({
      rounds: [],
      error: { name: 'AbortError' },
    });
  });
});

describe('a parent that is killed', () => {
  it.each(['peer', 'waits'] as const)('leaves no process of an arm that %s', async (behaviour) => {
    const cell = cellWith(
      { behaviour, stage: 'slice', at: behaviour === 'peer' ? 0 : 2 },
      { slices: 1000 },
    );
    const script = join(folder, 'parent.mjs');
    const measuring = join(folder, `measuring-${behaviour}`);
    writeFileSync(
      script,
      `import { processSessions } from ${JSON.stringify(`${DIST}run/session.js`)};
       import { systemClock } from ${JSON.stringify(`${DIST}measure/clock.js`)};
       import { WorkFolder } from ${JSON.stringify(`${DIST}record/work-folder.js`)};
       const [cell, procedures, path] = JSON.parse(process.argv[2]);
       const work = new WorkFolder(path);
       const order = { cell, arms: ['a', 'b'], question: 'c', session: 0, seed: 1, prepared: path, pace: 1 };
       await processSessions({ work, clock: systemClock, procedures }).measure(order, {
         signal: new AbortController().signal, onProgress: () => {}, mayGoOn: () => true,
         onRound: ({ settings }) => console.log(settings.pid + ' ' + (settings.peer ?? '')),
       });`,
    );
    const words = JSON.stringify([cell, pathToFileURL(procedures).href, measuring]);
    const parent = spawn(process.execPath, [script, words], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let text = '';
    parent.stdout.on('data', (chunk: Buffer) => (text += chunk.toString()));
    const seen = (): number[] => [...new Set(text.match(/\d+/g))].map(Number);
    expect(await until(() => seen().length >= 2, 20_000)).toBe(true);
    parent.kill('SIGKILL');
    for (const pid of seen()) pids.add(pid);
    expect(await until(() => !seen().some(isAlive), 5000)).toBe(true);
  });
});
