// Clearing away of large work folders: done by a process of its own that outlives the command, since a file of 100 GB
// with some 360,000 extents takes half a minute where the file system discards them at once, and nobody should
// wait for that, nor be deaf to a Ctrl-C meanwhile. It holds up the disk's syncs, so that a run that begins
// meanwhile waits for it. Invariants: a folder that is being cleared away has another name than the one it was
// used by; a mark in the system's temporary folder stands as long as the process runs, and no longer counts
// once that is gone.

import { spawn } from 'node:child_process';
import { lstatSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const MARK = /^kvtune-clearing-(\d+)$/;
const POLL_MS = 250;
/** Longer than any file that kvtune lays out takes; then a run measures beside it rather than never. */
const WAIT_MS_MAX = 180_000;
const BLOCK_BYTES = 512;

/** Processes load no TypeScript: from sources, the compiled one is taken. */
const PROCESS = fileURLToPath(
  new URL(
    import.meta.url.endsWith('.ts')
      ? '../../dist/src/record/clearing-process.js'
      : './clearing-process.js',
    import.meta.url,
  ),
);

/** Bytes that the files of a folder take on the disk. */
export function allocatedBytes(folder: string): number {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' }).reduce((sum, name) => {
    return sum + lstatSync(join(folder, name)).blocks * BLOCK_BYTES;
  }, 0);
}

/** Has a folder removed, and then those of `above` that are empty, deepest first; returns at once. */
export function clearLater(folder: string, above: readonly string[]): void {
  const { dev } = statSync(folder);
  const child = spawn(process.execPath, [PROCESS, folder, ...above], {
    detached: true,
    stdio: 'ignore',
  });
  child.on('error', () => {
    // No process to be had: it is done here and now.
    rmSync(folder, { recursive: true, force: true });
  });
  child.unref();
  if (child.pid !== undefined) writeFileSync(markOf(child.pid), JSON.stringify({ dev }));
}

/** The mark of the process that clears away. */
export function markOf(pid: number): string {
  return join(tmpdir(), `kvtune-clearing-${String(pid)}`);
}

/** Waits while files of earlier runs are cleared away on the disk of `folder`, for so long at most. */
export async function clearingsOver(
  folder: string,
  { signal, onWait }: { readonly signal: AbortSignal; readonly onWait: () => void },
): Promise<void> {
  const { dev } = statSync(folder);
  for (let waitedMs = 0; waitedMs < WAIT_MS_MAX && isClearing(dev); waitedMs += POLL_MS) {
    onWait();
    await sleep(POLL_MS, undefined, { signal });
  }
}

function isClearing(dev: number): boolean {
  return readdirSync(tmpdir()).some((name) => {
    const pid = Number(MARK.exec(name)?.[1]);
    if (!Number.isSafeInteger(pid) || pid <= 0) return false;
    if (isRunning(pid)) return deviceOf(pid) === dev;
    rmSync(markOf(pid), { force: true });
    return false;
  });
}

/** One of another user cannot be asked, and is not waited for. */
function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

function deviceOf(pid: number): unknown {
  try {
    const mark: unknown = JSON.parse(readFileSync(markOf(pid), 'utf8'));
    return typeof mark === 'object' && mark !== null && 'dev' in mark ? mark.dev : undefined;
  } catch {
    return undefined;
  }
}
