// RwLock in a stream of readers and writers on threads of their own, whose atomic operations pause now
// and then; some are killed wherever they are. What the lock guards is counted by plain loads and stores,
// so two that are inside together are found out by a count. Seeded: a failure names its seed, though
// threads never meet twice alike. Seconds in every run; a minute a part, with a new seed each time, under
// KVTUNE_LONG_TESTS=1 (KVTUNE_STRESS_SECONDS a part, KVTUNE_STRESS_SEED to repeat).

import { randomInt } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Random } from '../base/random.ts';
import { LockBoard, LockingThread, type LockStream } from '../testing/locking-thread.ts';

const LONG = process.env['KVTUNE_LONG_TESTS'] === '1';
const SECONDS = LONG ? Number(process.env['KVTUNE_STRESS_SECONDS'] ?? 60) : 0.8;
const SEED = seedFrom(process.env['KVTUNE_STRESS_SEED']);
const TIMEOUT_MS = 90_000 + 3000 * SECONDS;
const READERS: Omit<LockStream, 'seed'> = { writesIn1000: 0, pauseEvery: 0 };
const WRITERS: Omit<LockStream, 'seed'> = { writesIn1000: 1000, pauseEvery: 0 };
const MIXED: Omit<LockStream, 'seed'> = { writesIn1000: 300, pauseEvery: 500 };
/** A turn is far below a millisecond; the rest is what a busy machine takes to give a thread its core. */
const TURN_MS_MAX = 5000;
/** Slots of dead threads are used again, but the board counts for each thread there ever was. */
const KILLS_MAX = 200;

function seedFrom(text: string | undefined): number {
  if (text !== undefined) return Number(text);
  return LONG ? randomInt(2 ** 31) : 20261122;
}

describe(`threads, seed ${SEED}`, () => {
  let board = new LockBoard();
  let random = new Random(SEED);
  let threads: LockingThread[] = [];

  beforeEach(() => {
    board = new LockBoard();
    random = new Random(SEED);
    threads = [];
  });
  afterEach(async () => {
    await Promise.all(threads.map((thread) => thread.kill()));
  });

  async function start(kinds: readonly Omit<LockStream, 'seed'>[]): Promise<LockingThread[]> {
    const started = kinds.map(
      (kind) => new LockingThread(board, { ...kind, seed: random.below(2 ** 31) }),
    );
    threads.push(...started);
    await Promise.all(started.map((thread) => thread.ready));
    return started;
  }

  /** Lets the streams run on, and does `work` in between, until the time is up and `enough` holds. */
  async function run(enough: () => boolean, work: () => void): Promise<void> {
    const end = performance.now() + 1000 * SECONDS;
    while (performance.now() < end || !enough()) {
      for (const { failure } of threads) if (failure !== undefined) throw failure;
      work();
      await sleep(random.below(3));
    }
  }

  async function stopAll(): Promise<void> {
    await Promise.all(threads.map((thread) => thread.stop()));
    threads = [];
    expect(board.counted).toEqual([board.writes, board.writes]);
    expect(board.lockWords.every((word, at) => word === 0 || at === 1 || at % 16 === 0)).toBe(true);
    expect(board.lockWords[0]).toBe(0);
  }

  function timed(turn: () => void): number {
    const begun = performance.now();
    turn();
    return performance.now() - begun;
  }

  it(
    'nobody is inside with a writer, and no count is lost',
    async () => {
      const mixed = await start([MIXED, MIXED, MIXED]);
      const enough = (): boolean =>
        mixed.every(({ index }) => board.writesOf(index) > 100 && board.readsOf(index) > 200);
      await run(enough, () => {
        board.lock.lockShared();
        const [first, second] = board.counted;
        board.lock.unlockShared();
        expect(first).toBe(second);
      });
      await stopAll();
    },
    TIMEOUT_MS,
  );

  it(
    'a writer gets in under streams of readers',
    async () => {
      const readers = await start([READERS, READERS, READERS]);
      const turns: number[] = [];
      const work = (): void => {
        turns.push(timed(() => board.lock.lockExclusive()));
        board.lock.unlockExclusive();
      };
      await run(() => turns.length > 50, work);
      expect(Math.max(...turns)).toBeLessThan(TURN_MS_MAX);
      for (const { index } of readers) expect(board.readsOf(index)).toBeGreaterThan(turns.length);
      await stopAll();
    },
    TIMEOUT_MS,
  );

  it(
    'readers get in under streams of writers, and so does every writer',
    async () => {
      const writers = await start([WRITERS, WRITERS, WRITERS]);
      const turns: number[] = [];
      const work = (): void => {
        turns.push(timed(() => board.lock.lockShared()));
        board.lock.unlockShared();
      };
      await run(() => turns.length > 50, work);
      expect(Math.max(...turns)).toBeLessThan(TURN_MS_MAX);
      const counts = writers.map(({ index }) => board.writesOf(index));
      expect(Math.min(...counts)).toBeGreaterThan(Math.max(...counts) / 100);
      await stopAll();
    },
    TIMEOUT_MS,
  );

  it(
    'a thread that is killed, wherever it is, stops nobody and spoils nothing',
    async () => {
      await start([MIXED, MIXED]);
      const survivors = [...threads];
      const end = performance.now() + 1000 * SECONDS;
      const kinds = [MIXED, READERS, WRITERS];
      for (let kills = 0; kills < 12 || (performance.now() < end && kills < KILLS_MAX); kills++) {
        const [victim] = await start([kinds[random.below(kinds.length)]!]);
        await sleep(random.below(20));
        await victim!.kill();
        threads = [...survivors];
        victim!.release();
        board.lock.lockExclusive();
        board.mend();
        board.lock.unlockExclusive();
        const before = survivors.map(({ index }) => board.readsOf(index));
        const until = performance.now() + TURN_MS_MAX;
        while (survivors.some(({ index }, i) => board.readsOf(index) <= before[i]! + 2)) {
          for (const { failure } of survivors) if (failure !== undefined) throw failure;
          expect(performance.now()).toBeLessThan(until);
          await sleep(1);
        }
      }
      await stopAll();
    },
    TIMEOUT_MS,
  );
});
