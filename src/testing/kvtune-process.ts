// The compiled program as a process, as a user starts it: its exit code and what it printed, and a
// hand on it while it runs. `npm test` builds it first.

import { spawn, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const MAIN = fileURLToPath(new URL('../../dist/src/cli/main.js', import.meta.url));
const POLL_MS = 20;

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Running {
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;
}

export interface StartOptions {
  /** Folder that relative paths are taken from. */
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** Ctrl-C as a terminal sends it: to the whole process group, so to measuring children as well. */
export function pressCtrlC({ child }: Running): void {
  if (child.pid === undefined) throw new Error('kvtune did not start');
  process.kill(-child.pid, 'SIGINT');
}

/** Runs `kvtune ...args` to its end. */
export function kvtune(args: readonly string[], options: StartOptions = {}): Promise<Ended> {
  return startKvtune(args, options).ended;
}

export function startKvtune(args: readonly string[], options: StartOptions = {}): Running {
  const child = spawn(process.execPath, [MAIN, ...args], {
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    env: { ...process.env, ...options.env },
    stdio: ['ignore', 'pipe', 'pipe'],
    // A process group of its own, as a shell gives each job.
    detached: true,
  });
  const ended = new Promise<Ended>((resolve, reject) => {
    let stdout = '';
    let stderr = '';
    child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, stdout, stderr }));
  });
  return { child, ended };
}

/** Waits until `condition` holds; false when it did not within `ms`. */
export async function until(condition: () => boolean, ms: number): Promise<boolean> {
  for (let waited = 0; waited < ms; waited += POLL_MS) {
    if (condition()) return true;
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
  return condition();
}
