// One round in a process of its own, as it is compiled: the result and the engine's errors cross the
// boundary, and a round that is late or aborted is ended, its file free again.

import {
  copyFileSync,
  existsSync,
  readdirSync,
  readFileSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { Db, nodeVfs } from '../../engine/index.ts';
import { recipeByName } from '../../workloads/index.ts';
import { synthesize } from '../targets/aged-db.ts';
import { fileDigest } from '../testing/file-digest.ts';
import { startKvtune, until } from '../testing/kvtune-process.ts';
import { diskFolder, testFolder } from '../testing/test-folder.ts';
import type { RoundRequest } from './round.ts';
import type { runRoundProcess as RunRoundProcess } from './round-process.ts';

const DIST = new URL('../../dist/src/runner/round-process.js', import.meta.url).href;
const SHORT = { valueBytes: 2000, putsPerCommit: 50, commits: 3, warmUpCommits: 1 };
/** Longer than any test waits. */
const ENDLESS = { ...SHORT, commits: 1_000_000 };
const TIMEOUT_MS = 20_000;

const folder = testFolder('round-process');
const disk = diskFolder('round-process');
const original = join(folder, 'original.db');
let runRoundProcess: typeof RunRoundProcess;
let made = 0;

beforeAll(async () => {
  const loaded = (await import(DIST)) as { runRoundProcess: typeof RunRoundProcess };
  runRoundProcess = loaded.runRoundProcess;
  const recipe = recipeByName('kubernetes-mix');
  if (recipe === undefined) throw new Error('the recipe kubernetes-mix is gone');
  const signal = new AbortController().signal;
  const onProgress = (): void => undefined;
  await synthesize({ path: original, recipe, dbBytes: 16e6, seed: 1, signal, onProgress });
});

function request(job: RoundRequest['job']): RoundRequest {
  const path = join(folder, `${String(++made)}.db`);
  copyFileSync(original, path);
  const journal = `${path}.undo`;
  return {
    path,
    freelist: 'hashmap',
    syncFreelist: false,
    job,
    seed: 1,
    journal,
    journals: [journal],
  };
}

/** Resolves once the child is in the middle of its job: it has journaled pages. */
async function underWay({ journal }: RoundRequest): Promise<void> {
  const begun = (): boolean => nodeVfs.exists(journal) && statSync(journal).size > 0;
  for (let waited = 0; waited < TIMEOUT_MS && !begun(); waited += 20) {
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  expect(begun()).toBe(true);
}

/** Whether no process holds the database's lock. */
function isFree(path: string): boolean {
  const file = nodeVfs.open(path, { mode: 'write' });
  try {
    nodeVfs.lock(file, path, 'exclusive');
    return true;
  } catch {
    return false;
  } finally {
    file.close();
  }
}

/** Ends this process's child that measures a round as a Ctrl-C does. */
function interruptChild(): void {
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    try {
      const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
      const parent = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
      const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8');
      if (parent !== process.pid || !command.includes('round-child')) continue;
    } catch {
      // It has ended meanwhile.
      continue;
    }
    process.kill(Number(pid), 'SIGINT');
  }
}

const never = new AbortController().signal;

describe('runRoundProcess', () => {
  it('runs a round elsewhere and leaves the file as it was', async () => {
    const wanted = request(SHORT);
    const before = fileDigest(wanted.path);
    const rehearsal = await runRoundProcess(wanted, TIMEOUT_MS, never);
    const result = await runRoundProcess(wanted, TIMEOUT_MS, never);
    expect(rehearsal.capturedPages).toBeGreaterThan(0);
    expect(result.capturedPages).toBe(0);
    expect(result.settings['freelist']).toBe('hashmap');
    expect(result.job.puts).toBe(150);
    expect(result.job.completionSeconds).toBeGreaterThan(0);
    expect(fileDigest(wanted.path)).toBe(before);
    expect(isFree(wanted.path)).toBe(true);
  });

  it('hands on the code of an engine error: a file cut short', async () => {
    const wanted = request(SHORT);
    truncateSync(wanted.path, 8e6);
    await expect(runRoundProcess(wanted, TIMEOUT_MS, never)).rejects.toMatchObject({
      name: 'EngineError',
      code: 'CORRUPT',
      message: expect.stringContaining('is cut short') as string,
    });
  });

  it('hands on the code of an engine error: no database', async () => {
    const wanted = request(SHORT);
    writeFileSync(wanted.path, 'no database at all'.repeat(1000));
    await expect(runRoundProcess(wanted, TIMEOUT_MS, never)).rejects.toMatchObject({
      name: 'EngineError',
      code: 'NOT_A_DATABASE',
    });
  });

  it('hands on the code of an engine error: locked', async () => {
    const wanted = request(SHORT);
    const db = Db.open(wanted.path);
    await expect(runRoundProcess(wanted, TIMEOUT_MS, never)).rejects.toMatchObject({
      code: 'LOCKED',
    });
    db.close();
  });

  it('ends a round that takes too long, and says so', async () => {
    const wanted = request(ENDLESS);
    await expect(runRoundProcess(wanted, 1500, never)).rejects.toThrow(/took over 1\.5 s/);
    expect(isFree(wanted.path)).toBe(true);
  });

  it('ends a round at once when it is aborted', async () => {
    const wanted = request(ENDLESS);
    const abort = new AbortController();
    const running = runRoundProcess(wanted, TIMEOUT_MS, abort.signal);
    await underWay(wanted);
    expect(isFree(wanted.path)).toBe(false);
    abort.abort();
    await expect(running).rejects.toMatchObject({ name: 'AbortError' });
    expect(isFree(wanted.path)).toBe(true);
  });

  // A child that has just been forked is still in the terminal's process group.
  it.runIf(existsSync('/proc/self/stat'))(
    'is aborted, not failed, where its process hears of a Ctrl-C first',
    async () => {
      const wanted = request(ENDLESS);
      const abort = new AbortController();
      const running = runRoundProcess(wanted, TIMEOUT_MS, abort.signal);
      await underWay(wanted);
      interruptChild();
      setTimeout(() => {
        abort.abort();
      }, 50);
      await expect(running).rejects.toMatchObject({ name: 'AbortError' });
    },
  );

  // A round under load: one of the freelist's holds its thread until it is over.
  it('does not outlive a parent that was killed', async () => {
    const out = join(disk, 'killed');
    const length = ['--duration', '60s', '--warm-up', '0', '--param', 'keys=100'];
    const arms = ['--a', 'baseline', '--b', 'optimized'];
    const running = startKvtune(['ab', 'read-heavy', ...arms, ...length, '--out', out]);
    const database = (): string => {
      const work = existsSync(out) ? readdirSync(out).find((name) => name.includes('work')) : '';
      return join(out, work ?? '', 'experiment-round', 'store', 'db');
    };
    const inUse = (): boolean => existsSync(database()) && !isFree(database());
    expect(await until(inUse, TIMEOUT_MS)).toBe(true);
    running.child.kill('SIGKILL');
    await running.ended;
    expect(await until(() => isFree(database()), 5000)).toBe(true);
  }, 40_000);

  it('starts nothing when it was aborted before', async () => {
    const wanted = request(SHORT);
    const running = runRoundProcess(wanted, TIMEOUT_MS, AbortSignal.abort());
    await expect(running).rejects.toMatchObject({ name: 'AbortError' });
    expect(nodeVfs.exists(wanted.journal)).toBe(false);
  });
});
