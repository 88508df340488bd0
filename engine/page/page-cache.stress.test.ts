// Readers in threads of their own under a writer that never waits for them, with a cache so small that
// nearly every step evicts, and with atomic operations that pause, so that threads meet between any two
// of them. Seeded: a failure names its seed. Seconds in every run; minutes, with a new seed each time,
// under KVTUNE_LONG_TESTS=1 (KVTUNE_STRESS_SECONDS a part, KVTUNE_STRESS_SEED to repeat).

import { randomInt } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Random } from '../base/random.ts';
import { checkDb } from '../db/check.ts';
import { Db } from '../db/db.ts';
import type { EngineOptions } from '../db/options.ts';
import { FREELIST_KINDS } from '../freelist/create.ts';
import { ReadingThread } from '../testing/reading-thread.ts';
import { slowAtomics } from '../testing/slow-atomics.js';
import { StampedWriter } from '../testing/stamped-writer.ts';
import { nodeVfs } from '../vfs/node-vfs.ts';

const LONG = process.env['KVTUNE_LONG_TESTS'] === '1';
const SECONDS = LONG ? Number(process.env['KVTUNE_STRESS_SECONDS'] ?? 60) : 0;
const SEED = seedFrom(process.env['KVTUNE_STRESS_SEED']);
/** Room for a machine that is busy with other things. */
const TIMEOUT_MS = 60_000 + 3000 * SECONDS;
/** What every reader must have seen, and the writer done, before a part may end. */
const VERIFIED_MIN = LONG ? 90 : 40;
const STATES_MIN = LONG ? 30 : 15;
const COMMITS_MIN = LONG ? 200 : 80;
const PAGE = 1024;
/** A commit takes some hundred atomic operations, and few of them are those that readers look at. */
const PAUSE_EVERY = 200;

function seedFrom(text: string | undefined): number {
  if (text !== undefined) return Number(text);
  return LONG ? randomInt(2 ** 31) : 20261122;
}

/** Writes until `enough`, lets other work happen in between, and stops early when a reader failed. */
async function writeUntil(
  enough: () => boolean,
  work: { writer: StampedWriter; threads: readonly ReadingThread[]; random: Random },
): Promise<void> {
  const { writer, threads, random } = work;
  while (!enough() && !threads.some((thread) => thread.failed)) {
    writer.commit(random.below(20) === 0 ? 120 : 15);
    if (random.below(10) === 0) await sleep(random.below(6));
    else await new Promise(setImmediate);
  }
  for (const thread of threads) if (thread.failed) await thread.done;
}

async function stopAll(threads: readonly ReadingThread[]): Promise<void> {
  for (const thread of threads) thread.stop();
  await Promise.all(threads.map((thread) => thread.done));
}

describe(`threads, seed ${SEED}`, () => {
  let folder = '';
  let path = '';
  let db: Db;
  let writer: StampedWriter;
  let random: Random;
  let restoreAtomics = (): void => undefined;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'kvtune-threads-'));
    path = join(folder, 'stress.db');
    random = new Random(SEED);
    restoreAtomics = slowAtomics(random.fork(), PAUSE_EVERY);
  });
  afterEach(() => {
    restoreAtomics();
    db.close();
    rmSync(folder, { recursive: true, force: true });
  });

  function open(options: Partial<EngineOptions>): void {
    // 24 frames for a tree of some 250 pages.
    db = Db.open(path, { pageSize: PAGE, cacheBytes: 24 * PAGE, readersMax: 24, ...options });
    writer = new StampedWriter(db, SEED);
    writer.commit(600);
  }

  async function start(modes: readonly ('roam' | 'hold')[]): Promise<ReadingThread[]> {
    const threads = modes.map(
      (mode) => new ReadingThread(db, { seed: random.below(2 ** 31), mode }),
    );
    await Promise.all(threads.map((thread) => thread.ready));
    return threads;
  }

  it.each(FREELIST_KINDS)(
    'every reader sees whole states that stay as they are: freelist %s',
    async (freelist) => {
      open({ freelist, syncFreelist: freelist === 'array' });
      const threads = await start(['roam', 'roam', 'roam']);
      const end = performance.now() + 1000 * SECONDS;
      const first = writer.commits;
      const enough = (): boolean =>
        performance.now() >= end &&
        writer.commits - first >= COMMITS_MIN &&
        threads.every((thread) => thread.verified >= VERIFIED_MIN && thread.states >= STATES_MIN);
      await writeUntil(enough, { writer, threads, random });
      await stopAll(threads);
      for (const thread of threads) expect(thread.openTransactions).toBe(0);
      expect(db.pinnedFrames()).toBe(0);
      expect(checkDb(nodeVfs, path, db).faults).toEqual([]);
      // What is pending is what the last commit freed: nothing stays back.
      writer.commit(1);
      writer.commit(1);
      expect(db.stats().pendingPages).toBeLessThan(150);
    },
    TIMEOUT_MS,
  );

  it(
    'a reader that is killed, wherever it is, holds nothing up and nothing back',
    async () => {
      open({ freelist: 'bitmap' });
      const [survivor] = await start(['roam']);
      const end = performance.now() + 1000 * SECONDS;
      let killed = 0;
      let inTransaction = 0;
      while (killed < 12 || performance.now() < end) {
        const [victim] = await start([random.below(4) === 0 ? 'hold' : 'roam']);
        const until = performance.now() + random.below(60);
        const threads = [survivor!, victim!];
        await writeUntil(() => performance.now() >= until && victim!.verified > 0, {
          writer,
          threads,
          random,
        });
        await victim!.kill();
        killed++;
        if (victim!.openTransactions > 0) inTransaction++;
        const { commits } = writer;
        await writeUntil(() => writer.commits >= commits + 3, {
          writer,
          threads: [survivor!],
          random,
        });
        expect(db.readers()).toBeLessThanOrEqual(survivor!.openTransactions + 1);
      }
      expect(inTransaction).toBeGreaterThan(killed / 2);
      await stopAll([survivor!]);
      for (let i = 0; i < 3; i++) writer.commit(15);
      expect(db.readers()).toBe(0);
      expect(db.pinnedFrames()).toBe(0);
      expect(db.stats().pendingPages).toBeLessThan(200);
      await expectNoGrowth();
      expect(checkDb(nodeVfs, path, db).faults).toEqual([]);
    },
    TIMEOUT_MS,
  );

  it(
    'a reader that is killed in the middle of a scan gives back its frames and pages',
    async () => {
      open({ freelist: 'hashmap' });
      const threads = await start(['hold', 'hold']);
      await Promise.all(threads.map((thread) => thread.holding()));
      for (let i = 0; i < 20; i++) writer.commit(15);
      // Two scans stand still, on a leaf each and what leads to it.
      expect(db.readers()).toBe(2);
      const { pendingPages } = db.stats();
      // What 20 commits free, some seeds 180 pages and some 300.
      expect(pendingPages).toBeGreaterThan(100);
      expect(db.pinnedFrames()).toBeGreaterThan(1);
      const dying = threads.map((thread) => thread.kill());
      // The writer asks nobody and waits for nobody.
      const { commits } = writer;
      for (let i = 0; i < 5; i++) writer.commit(15);
      expect(writer.commits).toBe(commits + 5);
      await Promise.all(dying);
      expect(db.readers()).toBe(0);
      for (let i = 0; i < 2; i++) writer.commit(1);
      expect(db.pinnedFrames()).toBe(0);
      expect(db.stats().pendingPages).toBeLessThan(pendingPages / 2);
      await expectNoGrowth();
      expect(checkDb(nodeVfs, path, db).faults).toEqual([]);
    },
    TIMEOUT_MS,
  );

  it(
    'a reader older than many commits sees its state until it ends, then its pages are used again',
    async () => {
      open({ freelist: 'hashmap', syncFreelist: true });
      const [old, roaming] = await start(['hold', 'roam']);
      await old!.holding();
      const { highWater } = db.stats();
      const end = performance.now() + 1000 * SECONDS;
      for (let round = 0; round < 6 || performance.now() < end; round++) {
        const { commits } = writer;
        await writeUntil(() => writer.commits >= commits + 40, {
          writer,
          threads: [old!, roaming!],
          random,
        });
        await old!.verifyAgain();
        // Long runs need not grow the file without end.
        if (db.stats().highWater > highWater + 200_000) break;
      }
      // Nothing that was freed since could be used again.
      const grown = db.stats();
      expect(grown.pendingPages).toBeGreaterThan(2000);
      expect(grown.highWater).toBeGreaterThan(highWater + 2000);
      await stopAll([old!, roaming!]);
      for (let i = 0; i < 2; i++) writer.commit(1);
      // The stored freelist takes some, as long as it names so many pages.
      expect(db.stats().pendingPages).toBeLessThan(grown.pendingPages / 10);
      expect(db.stats().freePages).toBeGreaterThan(grown.pendingPages / 2);
      await expectNoGrowth();
      expect(checkDb(nodeVfs, path, db).faults).toEqual([]);
    },
    TIMEOUT_MS,
  );

  /** 30 such commits free and take some 1,500 pages; a long value may still miss its run. */
  async function expectNoGrowth(): Promise<void> {
    const { highWater } = db.stats();
    const { commits } = writer;
    await writeUntil(() => writer.commits >= commits + 30, { writer, threads: [], random });
    expect(db.stats().highWater).toBeLessThan(highWater + 50);
  }
});
