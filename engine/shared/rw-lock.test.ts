// Order, and death at every step. Threads are real, do one act at a time and can be stopped before any
// step of it (locking-thread.ts), so each meeting of two acts and each place to die in is tried once,
// and again the same way in every run. What only chance finds is for rw-lock.stress.test.ts.

import { threadId } from 'node:worker_threads';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { finishAll, LockBoard, LockingThread, type LockAct } from '../testing/locking-thread.ts';
import { LOCK_THREADS_MAX, RwLock } from './rw-lock.ts';

const LONG = process.env['KVTUNE_LONG_TESTS'] === '1';
const TIMEOUT_MS = 120_000;
/** More steps than an act has that does not wait. */
const STEPS_MAX = 60;
/** Words of the lock, as its header has them. */
const GATE = 0;
const LINE = 16;
const OWNER = 0;
const STATE = 1;

let board = new LockBoard();
const threads = new Set<LockingThread>();

beforeEach(() => {
  board = new LockBoard();
});
afterEach(async () => {
  await Promise.all([...threads].map((thread) => thread.kill()));
  threads.clear();
});

async function start(count: number): Promise<LockingThread[]> {
  const started = Array.from({ length: count }, () => new LockingThread(board));
  for (const thread of started) threads.add(thread);
  await Promise.all(started.map((thread) => thread.ready));
  return started;
}

async function kill(thread: LockingThread): Promise<void> {
  await thread.kill();
  threads.delete(thread);
}

function statesInUse(): number[] {
  const states = Array.from(
    { length: LOCK_THREADS_MAX },
    (_, slot) => board.lockWords[LINE * (1 + slot) + STATE]!,
  );
  return states.filter((state) => state !== 0);
}

function slotsTaken(): number {
  let count = 0;
  for (let slot = 0; slot < LOCK_THREADS_MAX; slot++) {
    if (board.lockWords[LINE * (1 + slot) + OWNER] !== 0) count++;
  }
  return count;
}

function expectFree(): void {
  expect(board.lockWords[GATE]).toBe(0);
  expect(statesInUse()).toEqual([]);
  expect(board.lock.tryLockExclusive(0)).toBe(true);
  board.lock.unlockExclusive();
  board.lock.lockShared();
  board.lock.unlockShared();
}

describe('RwLock on one thread', () => {
  it('leaves nothing behind', () => {
    board.lock.lockShared();
    expect(statesInUse()).toEqual([1]);
    board.lock.unlockShared();
    board.lock.lockExclusive();
    expect(board.lockWords[GATE]).toBe(((threadId + 1) << 2) | 1);
    board.lock.unlockExclusive();
    expectFree();
    expect(board.lock.stats).toEqual({ count: 0, nanoseconds: 0, nanosecondsMax: 0 });
  });

  it('keeps to its own words', () => {
    const words = new Int32Array(new SharedArrayBuffer(4 * (RwLock.words + 32)));
    const lock = new RwLock(words, 16);
    lock.lockShared();
    lock.unlockShared();
    expect(words.subarray(0, 16).every((word) => word === 0)).toBe(true);
    expect(words.subarray(16 + RwLock.words).every((word) => word === 0)).toBe(true);
    expect(() => new RwLock(words, 33)).toThrow('within its memory');
  });

  it('takes one slot, however many instances a thread makes', () => {
    const other = new RwLock(board.lockWords, 0);
    board.lock.lockShared();
    board.lock.unlockShared();
    other.lockExclusive();
    other.unlockExclusive();
    expect(slotsTaken()).toBe(1);
  });

  it('says so when more threads use it than it has slots for', () => {
    for (let slot = 0; slot < LOCK_THREADS_MAX; slot++) {
      board.lockWords[LINE * (1 + slot) + OWNER] = 1000 + slot;
    }
    expect(() => board.lock.lockShared()).toThrow(
      expect.objectContaining({ code: 'READERS_FULL' }),
    );
    board.lock.releaseThread(1005 - 1);
    board.lock.lockShared();
    expect(board.lockWords[LINE * 6 + OWNER]).toBe(threadId + 1);
  });

  it('is released by others only', () => {
    expect(() => board.lock.releaseThread(threadId)).toThrow('released by another');
  });
});

describe('RwLock between threads', () => {
  it('goes to waiting readers when a writer unlocks, then to the next writer', async () => {
    const [reader, early, first, second] = await start(4);
    expect(reader!.act('lockShared')).toBe('done');
    expect(first!.act('lockExclusive')).toBe('asleep');
    // A writer waits: no reader gets in any more, though only readers are inside.
    expect(early!.act('lockShared')).toBe('asleep');
    expect(second!.act('lockExclusive')).toBe('asleep');
    reader!.act('unlockShared');
    first!.finish();
    expect([early!.settle(), second!.settle()]).toEqual(['asleep', 'asleep']);
    // One more that waits when the first writer unlocks.
    expect(reader!.act('lockShared')).toBe('asleep');
    first!.act('unlockExclusive');
    early!.finish();
    reader!.finish();
    expect(second!.settle()).toBe('asleep');
    reader!.act('unlockShared');
    expect(second!.settle()).toBe('asleep');
    early!.act('unlockShared');
    second!.finish();
    second!.act('unlockExclusive');
    expectFree();
  });

  it('serves writers in turn, none twice before another', async () => {
    const writers = await start(4);
    // The order of slots is that of the first use.
    for (const writer of writers) writer.act('write');
    board.lock.lockExclusive();
    for (const writer of writers) expect(writer.act('lockExclusive')).toBe('asleep');
    board.lock.unlockExclusive();
    const turns: number[] = [];
    for (let turn = 0; turn < 12; turn++) {
      const name = board.lockWords[GATE]! >>> 2;
      const at = writers.findIndex(({ thread }) => thread + 1 === name);
      turns.push(at);
      writers[at]!.finish();
      writers[at]!.act('unlockExclusive');
      expect(writers[at]!.act('lockExclusive')).toBe('asleep');
    }
    for (let turn = 4; turn < 12; turn++) expect(turns[turn]).toBe(turns[turn - 4]);
    expect(new Set(turns).size).toBe(4);
  });

  it('gives up when readers stay, and lets in those it held up', async () => {
    const [reader, held] = await start(2);
    reader!.act('lockShared');
    expect(board.lock.tryLockExclusive(0)).toBe(false);
    const begun = performance.now();
    expect(board.lock.tryLockExclusive(20)).toBe(false);
    expect(performance.now() - begun).toBeGreaterThan(19);
    expect(board.lock.stats.count).toBe(2);
    expect(board.lock.stats.nanoseconds).toBeGreaterThan(19e6);
    expect(board.lock.stats.nanosecondsMax).toBeLessThanOrEqual(board.lock.stats.nanoseconds);
    expect(held!.act('read')).toBe('done');
    reader!.act('unlockShared');
    expectFree();
  });

  const NEWCOMERS: [LockAct, LockAct][] = [
    ['lockShared', 'lockShared'],
    ['lockShared', 'lockExclusive'],
    ['lockExclusive', 'lockShared'],
    ['lockExclusive', 'lockExclusive'],
  ];
  it.each(NEWCOMERS)(
    'lets in who comes at any step of unlocking: one waits to %s, one comes to %s',
    async (before, late) => {
      const [giver, waiting, newcomer] = await start(3);
      for (let at = 1, reached = true; reached; at++) {
        giver!.act('lockExclusive');
        expect(waiting!.act(before)).toBe('asleep');
        reached = giver!.act('unlockExclusive', { at, loads: true }) === 'stopped';
        newcomer!.act(late);
        giver!.finish();
        leaveInTurn([waiting!, newcomer!], [before, late]);
        expectFree();
        if (!reached) expect(at).toBeGreaterThan(8);
      }
    },
    TIMEOUT_MS,
  );

  // Of two acts, one is stopped before each of its steps in turn while the other runs.
  const PAIRS: [LockAct, LockAct][] = [
    ['read', 'write'],
    ['write', 'read'],
    ['write', 'write'],
    ['read', 'read'],
  ];
  it.each(PAIRS)('lets a %s stand still anywhere while another thread does a %s', async (a, b) => {
    const [first, second] = await start(2);
    for (let at = 1; ; at++) {
      if (first!.act(a, { at, loads: true }) !== 'stopped') break;
      second!.act(b);
      first!.resume();
      first!.finish();
      second!.finish();
      expect(statesInUse()).toEqual([]);
      expect(board.lockWords[GATE]).toBe(0);
    }
    expect(first!.steps).toBeGreaterThan(2);
    expectFree();
    expect(board.counted).toEqual([board.writes, board.writes]);
  });

  const TRIPLES: [LockAct, LockAct, LockAct][] = [
    ['write', 'read', 'write'],
    ['write', 'write', 'read'],
    ['read', 'write', 'read'],
    ['read', 'read', 'write'],
    ['read', 'write', 'write'],
    ['write', 'read', 'read'],
    ['write', 'write', 'write'],
  ];
  it.each(TRIPLES)(
    'lets a %s and a %s stand still anywhere while a third thread does a %s',
    async (a, b, c) => {
      const [first, second, third] = await start(3);
      const all = [first!, second!, third!];
      let met = 0;
      let at = 0;
      do {
        at++;
        let then = 0;
        do {
          then++;
          first!.act(a, { at, loads: true });
          second!.act(b, { at: then, loads: true });
          third!.act(c);
          finishAll(all);
          met++;
          if (statesInUse().length > 0 || board.lockWords[GATE] !== 0) expectFree();
        } while (second!.steps >= then && then < STEPS_MAX);
      } while (first!.steps >= at && at < STEPS_MAX);
      expect(met).toBeGreaterThan(20);
      expectFree();
      expect(board.counted).toEqual([board.writes, board.writes]);
    },
    TIMEOUT_MS,
  );
});

// Steps here are those that change something: to die after a look is to die before it.
describe('a thread that dies', () => {
  type Held = 'nothing' | 'shared' | 'exclusive';
  const hold = (held: Held): void => {
    if (held === 'shared') board.lock.lockShared();
    if (held === 'exclusive') board.lock.lockExclusive();
  };
  const letGo = (held: Held): void => {
    if (held === 'shared') board.lock.unlockShared();
    if (held === 'exclusive') board.lock.unlockExclusive();
  };

  const PLACES: [LockAct, Held][] = [
    ['read', 'nothing'],
    ['read', 'exclusive'],
    ['write', 'nothing'],
    ['write', 'shared'],
    ['write', 'exclusive'],
  ];
  it.each(PLACES)(
    'anywhere in a %s, while or after another thread held it %s, leaves the lock free',
    async (act, held) => {
      let at = 0;
      for (let reached = true; reached;) {
        at++;
        const [victim] = await start(1);
        hold(held);
        let holding = held;
        let state = victim!.act(act, { at, loads: false });
        if (state === 'asleep') {
          letGo(held);
          holding = 'nothing';
          state = victim!.proceed();
        }
        reached = state === 'stopped';
        await kill(victim!);
        victim!.release();
        letGo(holding);
        expectFree();
        expect(slotsTaken()).toBe(1);
      }
      expect(at).toBeGreaterThan(held === 'nothing' ? 2 : 5);
    },
    TIMEOUT_MS,
  );

  const SLEEPS: [LockAct, Held][] = [
    ['read', 'exclusive'],
    ['write', 'shared'],
    ['write', 'exclusive'],
  ];
  it.each(SLEEPS)('asleep in a %s, as another holds it %s, stops nobody', async (act, held) => {
    const [victim, reader, writer] = await start(3);
    hold(held);
    expect(victim!.act(act)).toBe('asleep');
    expect(writer!.act('lockExclusive')).toBe('asleep');
    expect(reader!.act('lockShared')).toBe('asleep');
    await kill(victim!);
    victim!.release();
    letGo(held);
    // The dead writer's turn is over as if it had unlocked: waiting readers go first.
    reader!.finish();
    expect(writer!.settle()).toBe('asleep');
    reader!.act('unlockShared');
    writer!.finish();
    writer!.act('unlockExclusive');
    expectFree();
  });

  it('as a reader while it unlocks, lets the waiting writer in', async () => {
    const [writer] = await start(1);
    for (let at = 1, reached = true; reached; at++) {
      const [victim] = await start(1);
      victim!.act('lockShared');
      expect(writer!.act('lockExclusive')).toBe('asleep');
      reached = victim!.act('unlockShared', { at, loads: false }) === 'stopped';
      await kill(victim!);
      victim!.release();
      writer!.finish();
      writer!.act('unlockExclusive');
      expectFree();
      if (!reached) expect(at).toBe(3);
    }
  });

  const CROWDS: LockAct[][] = [
    ['lockShared'],
    ['lockExclusive'],
    ['lockShared', 'lockExclusive'],
    ['lockExclusive', 'lockExclusive'],
    ['lockShared', 'lockShared', 'lockExclusive'],
  ];
  it.each(CROWDS.map((crowd) => [crowd]))(
    'as a writer while it unlocks, has all of those that wait let in: %s',
    async (crowd) => {
      const waiting = await start(crowd.length);
      let at = 0;
      for (let reached = true; reached;) {
        at++;
        const [victim] = await start(1);
        victim!.act('lockExclusive');
        for (const [i, thread] of waiting.entries()) expect(thread.act(crowd[i]!)).toBe('asleep');
        reached = victim!.act('unlockExclusive', { at, loads: false }) === 'stopped';
        await kill(victim!);
        victim!.release();
        leaveInTurn(waiting, crowd);
        expectFree();
      }
      expect(at).toBeGreaterThan(4);
    },
    TIMEOUT_MS,
  );

  // Others that wait also notice a release, and have the one that hands over look again.
  // Those without others under KVTUNE_LONG_TESTS=1.
  const FATES = ['goes on', 'goes a step and dies', 'dies as well', 'died before'].flatMap((fate) =>
    (LONG ? [true, false] : [true]).map((crowded): [string, boolean] => [fate, crowded]),
  );
  it.each(FATES)(
    'as the gate is handed to it, passes it on: the one that hands it over %s, others wait: %s',
    async (fate, crowded) => {
      const [reader, last] = await start(2);
      // The slots of giver and victim stay free for the next two, before that of the last writer.
      expectFree();
      for (let at = 1, reached = true; reached; at++) {
        const [giver, victim] = await start(2);
        giver!.act('lockExclusive');
        expect(victim!.act('lockExclusive')).toBe('asleep');
        if (crowded) expect(last!.act('lockExclusive')).toBe('asleep');
        if (crowded) expect(reader!.act('lockShared')).toBe('asleep');
        reached = giver!.act('unlockExclusive', { at, loads: true }) === 'stopped';
        await kill(victim!);
        if (fate === 'died before') {
          await kill(giver!);
          giver!.release();
        }
        victim!.release();
        if (fate === 'goes a step and dies' && reached) giver!.resume(at + 1);
        if (fate === 'dies as well' || fate === 'goes a step and dies') {
          await kill(giver!);
          giver!.release();
        }
        if (fate === 'goes on') giver!.finish();
        if (crowded) leaveInTurn([reader!, last!], ['lockShared', 'lockExclusive']);
        expectFree();
        if (fate === 'goes on') {
          await kill(giver!);
          giver!.release();
        }
      }
    },
    TIMEOUT_MS,
  );
});

/** Whoever got in leaves, until all have. */
function leaveInTurn(waiting: readonly LockingThread[], acts: readonly LockAct[]): void {
  const left = new Set(waiting);
  const end = performance.now() + 20_000;
  while (left.size > 0) {
    for (const [i, thread] of waiting.entries()) {
      if (!left.has(thread) || thread.settle() !== 'done') continue;
      thread.act(acts[i] === 'lockShared' ? 'unlockShared' : 'unlockExclusive');
      left.delete(thread);
    }
    expect(performance.now()).toBeLessThan(end);
  }
}
