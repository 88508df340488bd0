// Test folders: a place for the files of one test file, removed when its tests are over. Below
// KVTUNE_TEST_DIR where that is set, else below the system's folder for temporary files.

import { mkdirSync, mkdtempSync, rmSync, statfsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll } from 'vitest';
import { fileSystemOf } from '../hardware/profile.ts';

/** Local runs lie there and git ignores it: on the checkout's disk, whatever /tmp is. */
const RUNS = fileURLToPath(new URL('../../results/runs/', import.meta.url));

/** Makes a folder now and removes it after the calling file's tests; `name` is part of its name. */
export function testFolder(name: string): string {
  return folderBelow(process.env['KVTUNE_TEST_DIR'] ?? tmpdir(), name);
}

/** As testFolder(), but on a disk: kvtune refuses to measure on a memory file system. */
export function diskFolder(name: string): string {
  const usual = process.env['KVTUNE_TEST_DIR'] ?? tmpdir();
  return folderBelow(isMemory(usual) ? RUNS : usual, name);
}

export function isMemory(folder: string): boolean {
  return ['tmpfs', 'ramfs'].includes(fileSystemOf(folder));
}

/** Bytes that a test may still write to the disk of `folder`. */
export function freeBytes(folder: string): number {
  const { bavail, bsize } = statfsSync(folder);
  return bavail * bsize;
}

function folderBelow(parent: string, name: string): string {
  mkdirSync(parent, { recursive: true });
  const folder = mkdtempSync(join(parent, `kvtune-${name}-`));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}
