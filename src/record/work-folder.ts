// WorkFolder: where databases lie while they are measured; made for a run, removed with all it holds. Owns the
// making of folders too. Invariant: a folder that a user named is never made, since one that is missing is
// most often a disk that is not mounted, and the disk below it would be measured in its place.

import {
  existsSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmdirSync,
  rmSync,
  statfsSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { allocatedBytes, clearLater } from './clearing.ts';
import { messageOf, RecordError } from './record-error.ts';

export interface WorkFolderOptions {
  /** 'new': refuses a folder that is there, since remove() would take what another run measures in it. */
  readonly hold?: 'new' | 'resumed';
  /** 'kept': the folder above must be there, as one that a user named with --work-dir; default 'made'. */
  readonly parents?: 'kept' | 'made';
  /** From this many bytes on a process of its own removes it; default 1 GiB. */
  readonly largeBytes?: number;
}

const LARGE_BYTES = 1024 ** 3;

const PROBE = '.kvtune-write-probe';
const PROBE_BYTES = 4096;

export class WorkFolder {
  readonly path: string;
  /** Topmost folder that had to be made for it. */
  readonly #made: string | undefined;
  readonly #largeBytes: number;

  /** Makes the folder. Throws RecordError where it cannot be made or written, or is in use. */
  constructor(
    path: string,
    { hold = 'resumed', parents = 'made', largeBytes = LARGE_BYTES }: WorkFolderOptions = {},
  ) {
    this.path = resolve(path);
    this.#largeBytes = largeBytes;
    const above = dirname(this.path);
    if (parents === 'kept') assertFolder(above);
    const madeAbove = makeFolder(above, dirname(path));
    const own = makeFolder(this.path, path);
    if (hold === 'new' && own === undefined) {
      throw new RecordError(
        'exists',
        `${path} is in use by a run that began in this second; start again`,
      );
    }
    this.#made = madeAbove ?? own;
    this.#assertWritable(path);
  }

  file(name: string): string {
    return join(this.path, name);
  }

  /** Path of a folder in it that holds nothing. */
  emptyFolder(name: string): string {
    this.removeFolder(name);
    const path = this.file(name);
    mkdirSync(path);
    return path;
  }

  removeFolder(name: string): void {
    rmSync(this.file(name), { recursive: true, force: true });
  }

  /** Bytes this user may still write there. */
  freeBytes(): number {
    return freeBytesIn(this.path);
  }

  /** Removes what a run that was killed left in it. */
  clear(): void {
    for (const name of readdirSync(this.path)) {
      rmSync(join(this.path, name), { recursive: true, force: true });
    }
  }

  /**
   * Removes it with all it holds, and the folders that were made for it and are empty then. Where it holds much, it
   * has another name at once, and the rest goes on after this process has ended (clearing.ts).
   */
  remove(): void {
    if (existsSync(this.path) && allocatedBytes(this.path) >= this.#largeBytes) {
      const renamed = `${this.path}-clearing-${String(process.pid)}`;
      renameSync(this.path, renamed);
      clearLater(renamed, this.#madeAbove());
      return;
    }
    rmSync(this.path, { recursive: true, force: true });
    for (const above of this.#madeAbove()) {
      if (!existsSync(above) || readdirSync(above).length > 0) return;
      rmdirSync(above);
    }
  }

  /** The folders above that were made for it, deepest first. */
  #madeAbove(): string[] {
    const made = this.#made ?? this.path;
    const folders: string[] = [];
    for (let above = dirname(this.path); above.length >= made.length; above = dirname(above)) {
      folders.push(above);
    }
    return folders;
  }

  /** A folder may be there and yet take nothing: a quota, a full disk, rights that changed. */
  #assertWritable(named: string): void {
    const probe = join(this.path, PROBE);
    try {
      writeFileSync(probe, new Uint8Array(PROBE_BYTES));
      rmSync(probe);
    } catch (error) {
      rmSync(probe, { force: true });
      if (this.#made !== undefined) this.remove();
      throw new RecordError('missing', `${named} cannot be written: ${messageOf(error)}`, {
        cause: error,
      });
    }
  }
}

/**
 * Makes a folder and those above it; returns the topmost one made, undefined when all were there. `named`:
 * as the user gave it. Each by itself: node's own recursion does not end where a file system that takes no
 * folders (/proc) says that the one above is missing.
 */
export function makeFolder(path: string, named: string): string | undefined {
  const missing: string[] = [];
  for (let at = path; !existsSync(at); at = dirname(at)) missing.unshift(at);
  try {
    for (const folder of missing) mkdirSync(folder);
    if (missing.length === 0 && !statSync(path).isDirectory()) throw new Error('it is no folder');
  } catch (error) {
    throw new RecordError('missing', `${named} cannot be made: ${messageOf(error)}`, {
      cause: error,
    });
  }
  return missing[0];
}

/** Bytes free in the folder that will hold `path`. */
export function freeBytesAt(path: string): number {
  let folder = dirname(resolve(path));
  while (!existsSync(folder)) folder = dirname(folder);
  return freeBytesIn(folder);
}

function freeBytesIn(folder: string): number {
  const { bavail, bsize } = statfsSync(folder);
  return bavail * bsize;
}

function assertFolder(path: string): void {
  if (existsSync(path) && statSync(path).isDirectory()) return;
  const what = existsSync(path) ? 'is no folder' : 'does not exist';
  throw new RecordError(
    'missing',
    `the work folder ${path} ${what}; mount the disk, or make the folder first`,
  );
}
