// A process that writes to a store on a real disk, killed at any moment, over and over on the same folder:
// every request that it said was answered is there when the store is opened again, and what is there is what
// the requests up to one of them make, no half of one. Seconds in every run; more under KVTUNE_LONG_TESTS=1.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Random } from '../base/random.ts';
import { checkDb } from '../db/check.ts';
import { END_OF_KEYS } from '../mvcc/mvcc-reader.ts';
import { nodeVfs } from '../vfs/node-vfs.ts';
import { Store } from './store.ts';

const WRITER = fileURLToPath(new URL('../testing/kill-writer.js', import.meta.url));
const ENGINE = new URL('../../dist/engine/index.js', import.meta.url).href;
/** As in kill-writer.js. */
const KEYS = 50;
const DELETES_EVERY = 7;

const LONG = process.env['KVTUNE_LONG_TESTS'] === '1';
const KILLS = LONG ? 300 : 6;
const KILL_AFTER_MS_MAX = 150;
const SMALL = { indexBytes: 16 * 1024 ** 2, segmentBytes: 128 * 1024, requestBytesMax: 64 * 1024 };

/** Lets a writer go on from request `first`, kills it, and returns the last request it told of. */
async function writeAndKill(
  folder: string,
  first: number,
  options: { readonly durability: string; readonly batchLimit: number; readonly afterMs: number },
): Promise<number> {
  const { durability, batchLimit, afterMs } = options;
  const args = [WRITER, ENGINE, folder, `${first}`, durability, `${batchLimit}`];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  let told = '';
  let complaint = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (told += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (complaint += text));
  const ended = once(child, 'close');
  // Killed while it opens the store, too, when the time is short.
  if (afterMs > 20) await Promise.race([once(child.stdout, 'data'), ended]);
  await sleep(afterMs);
  child.kill('SIGKILL');
  const [, signal] = (await ended) as [number | null, string | null];
  if (signal !== 'SIGKILL') throw new Error(`the writer ended by itself: ${complaint}`);
  const numbers = [...told.matchAll(/^(\d+)\n/gm)];
  return Number(numbers.at(-1)?.[1] ?? first - 1);
}

/** Checks that the store holds what requests 1 to n make, n being at least `answered`; returns n. */
function lastRequestIn(store: Store, answered: number): number {
  // Each request is a revision, but a deletion of a key that is absent.
  let revision = 1;
  const living = new Map<string, number>();
  let n = 0;
  while (revision < store.revision || n < answered) {
    n++;
    const key = `key ${n % KEYS}`;
    if (n % DELETES_EVERY !== 0) living.set(key, n);
    else if (!living.delete(key)) continue;
    revision++;
  }
  expect(store.revision).toBe(revision);
  const { kvs } = store.range({ key: new Uint8Array(1), end: END_OF_KEYS });
  const found = kvs.map(({ key, value }) => [
    Buffer.from(key).toString(),
    Number(Buffer.from(value).toString()),
  ]);
  const expected = [...living].sort(([a], [b]) => (a < b ? -1 : 1));
  expect(found).toEqual(expected);
  return n;
}

describe('a writer that is killed', () => {
  let folder = '';
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'kvtune-kill-'));
  });
  afterEach(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  it.each([
    ['group', 10_000],
    ['group', 20],
    ['each', 50],
    // Nothing is synced, but a process that dies takes nothing along that the system has.
    ['none', 50],
  ])(
    'loses nothing it told of: %s, batches of %i',
    { timeout: 120_000 + 1000 * KILLS },
    async (durability, batchLimit) => {
      const random = new Random(batchLimit);
      let last = 0;
      let told = 0;
      for (let kill = 0; kill < KILLS; kill++) {
        const afterMs = random.below(KILL_AFTER_MS_MAX);
        const answered = await writeAndKill(folder, last + 1, { durability, batchLimit, afterMs });
        told += answered - last;
        const store = Store.open(folder, SMALL);
        last = lastRequestIn(store, answered);
        store.commit();
        const { db } = store.mvcc.backend;
        expect(checkDb(nodeVfs, db.path, db).faults).toEqual([]);
        store.close();
      }
      expect(told).toBeGreaterThan(5 * KILLS);
    },
  );
});
