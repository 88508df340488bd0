// Real processes that clear real folders away, small ones.

import { existsSync, mkdirSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { testFolder } from '../testing/test-folder.ts';
import { allocatedBytes, clearingsOver, clearLater, markOf } from './clearing.ts';
import { WorkFolder } from './work-folder.ts';

const base = testFolder('clearing');
const FILE_BYTES = 3 * 1024 ** 2;
/** More than any system gives. */
const NOBODY = 2 ** 22 + 1;

async function gone(path: string): Promise<boolean> {
  for (let waits = 0; waits < 200 && existsSync(path); waits++) await sleep(50);
  return !existsSync(path);
}

function filled(name: string): string {
  const folder = join(base, name);
  mkdirSync(join(folder, 'cell'), { recursive: true });
  writeFileSync(join(folder, 'cell', 'db'), new Uint8Array(FILE_BYTES));
  return folder;
}

it('counts what files take on the disk', () => {
  const bytes = allocatedBytes(filled('counted'));
  expect(bytes).toBeGreaterThanOrEqual(FILE_BYTES);
  expect(bytes).toBeLessThan(FILE_BYTES + 1e6);
});

describe('a large work folder', () => {
  it('has another name at once, and is gone soon after with what was made for it', async () => {
    const made = join(base, 'made');
    const work = new WorkFolder(join(made, 'work'), { largeBytes: FILE_BYTES });
    writeFileSync(work.file('db'), new Uint8Array(FILE_BYTES));
    work.remove();
    expect(existsSync(work.path)).toBe(false);
    expect(await gone(made)).toBe(true);
  });

  it('leaves above it what others have', async () => {
    const above = join(base, 'shared');
    const work = new WorkFolder(join(above, 'work'), { largeBytes: FILE_BYTES });
    writeFileSync(work.file('db'), new Uint8Array(FILE_BYTES));
    writeFileSync(join(above, 'report.html'), 'kept');
    work.remove();
    for (let waits = 0; waits < 200 && readdirSync(above).length > 1; waits++) await sleep(50);
    expect(readdirSync(above)).toEqual(['report.html']);
  });
});

describe('a run that begins meanwhile', () => {
  const { dev } = statSync(base);
  const marks: number[] = [];
  const mark = (pid: number, text: string): void => {
    writeFileSync(markOf(pid), text);
    marks.push(pid);
  };
  afterEach(() => {
    for (const pid of marks.splice(0)) rmSync(markOf(pid), { force: true });
  });
  const waitsOf = async (signal: AbortSignal): Promise<number> => {
    let waits = 0;
    const onWait = (): void => {
      waits += 1;
    };
    await clearingsOver(base, { signal, onWait }).catch(() => undefined);
    return waits;
  };

  it('waits until the disk is free, or the user stops it', async () => {
    // This process is one that runs, and does not end.
    mark(process.pid, JSON.stringify({ dev }));
    expect(await waitsOf(AbortSignal.timeout(700))).toBeGreaterThan(1);
  });

  it('waits neither for another disk, nor for marks that mean nothing', async () => {
    mark(process.pid, JSON.stringify({ dev: dev + 1 }));
    expect(await waitsOf(AbortSignal.timeout(5000))).toBe(0);
    mark(process.pid, 'cut sh');
    expect(await waitsOf(AbortSignal.timeout(5000))).toBe(0);
  });

  it('removes the mark of a process that was killed', async () => {
    mark(NOBODY, JSON.stringify({ dev }));
    expect(await waitsOf(AbortSignal.timeout(5000))).toBe(0);
    expect(existsSync(markOf(NOBODY))).toBe(false);
  });

  it('waits for a folder that is being cleared away', async () => {
    const folder = filled('waited-for');
    clearLater(folder, []);
    await clearingsOver(base, { signal: AbortSignal.timeout(20_000), onWait: () => undefined });
    expect(existsSync(folder)).toBe(false);
  });
});
