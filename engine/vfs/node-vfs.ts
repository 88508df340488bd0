// Node files: the Vfs on real files. It owns every call of node:fs in the engine: short reads and
// writes are continued, interrupted ones repeated, and each failure becomes an EngineError that names
// the operation, the place and the system's own words. Nothing is cached or reordered here.
//
// Invariants: a handle that was closed is never used again (its number may already mean another
// file); a file made by 'create' has its name on disk once its first sync() returned, because that
// sync covers the folder too. Locks are flock(2) locks of our own open file: see lock().

import { spawnSync, type SpawnSyncReturns } from 'node:child_process';
import {
  closeSync,
  constants,
  existsSync,
  fdatasync,
  fdatasyncSync,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readFileSync,
  readdirSync,
  readSync,
  renameSync,
  statSync,
  unlinkSync,
  writeFileSync,
  writeSync,
  writevSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { assert } from '../base/assert.ts';
import { EngineError } from '../base/errors.ts';
import { checkPosition, checkRange } from './range.ts';
import type { OpenFlags, Vfs, VfsFile } from './vfs.ts';

/** Linux moves at most 2 GiB - 4 kB a call, and Node refuses a length above 2^31 - 1. */
const TRANSFER_BYTES_MAX = 2 ** 30;
/** IOV_MAX is 1,024 on Linux and macOS. */
const IOVECS_MAX = 1000;
const RETRIES_MAX = 100;
const FLOCK_TRIES_MAX = 3;
/** st_blocks counts 512-byte units whatever the file system's block size. */
const BLOCK_BYTES = 512;
const DATABASE_FILE_MODE = 0o600;
const FOLDER_MODE = 0o700;

export const nodeVfs: Vfs = {
  open: openFile,
  exists: (path) => existsSync(path),
  remove: removeFile,
  list: (folder) => attempt('list', folder, undefined, () => readdirSync(folder).sort()),
  makeFolder,
  rename: (from, to) => {
    assert(dirname(from) === dirname(to), `${from} stays in its folder, ${to} is in another`);
    attempt('rename', from, undefined, () => renameSync(from, to));
  },
  syncFolder,
  lock: lockFile,
};

class NodeFile implements VfsFile {
  readonly path: string;
  /** Path of a lock file to remove at close; set only where flock(1) is missing. */
  lockFilePath: string | undefined;
  #fd: number;
  #nameUnsynced: boolean;

  constructor(path: string, fd: number, created: boolean) {
    this.path = path;
    this.#fd = fd;
    this.#nameUnsynced = created;
  }

  get fd(): number {
    assert(this.#fd >= 0, `${this.path} is used after close`);
    return this.#fd;
  }

  read(target: Uint8Array, offset: number, length: number, position: number): number {
    checkRange(target, offset, length, position);
    const fd = this.fd;
    let done = 0;
    while (done < length) {
      const wanted = Math.min(length - done, TRANSFER_BYTES_MAX);
      const at = position + done;
      const got = attempt('read', this.path, at, () =>
        readSync(fd, target, offset + done, wanted, at),
      );
      if (got === 0) break;
      done += got;
    }
    return done;
  }

  write(source: Uint8Array, offset: number, length: number, position: number): void {
    checkRange(source, offset, length, position);
    const fd = this.fd;
    let done = 0;
    while (done < length) {
      const wanted = Math.min(length - done, TRANSFER_BYTES_MAX);
      const at = position + done;
      const written = attempt('write', this.path, at, () =>
        writeSync(fd, source, offset + done, wanted, at),
      );
      if (written === 0) throw noProgress(this.path, at);
      done += written;
    }
  }

  writev(sources: readonly Uint8Array[], position: number): void {
    const fd = this.fd;
    let at = checkPosition(position);
    let next = 0;
    while (next < sources.length) {
      const batch = sources.slice(next, next + IOVECS_MAX);
      const bytes = totalBytes(batch);
      const written = attempt('write', this.path, at, () => writevSync(fd, batch, at));
      if (written === 0 && bytes > 0) throw noProgress(this.path, at);
      if (written < bytes) at = this.#finishBatch(batch, written, at);
      else at += bytes;
      next += batch.length;
    }
  }

  /** Writes what a short writev left of `batch`, one source at a time; returns the end position. */
  #finishBatch(batch: readonly Uint8Array[], written: number, start: number): number {
    let at = start;
    let skip = written;
    for (const source of batch) {
      const done = Math.min(skip, source.length);
      skip -= done;
      if (done < source.length) this.write(source, done, source.length - done, at + done);
      at += source.length;
    }
    return at;
  }

  sync(): void {
    const fd = this.fd;
    attempt('sync', this.path, undefined, () => fdatasyncSync(fd));
    if (!this.#nameUnsynced) return;
    syncFolder(dirname(this.path));
    this.#nameUnsynced = false;
  }

  startSync(): Promise<void> {
    const fd = this.fd;
    return new Promise((resolve, reject) => {
      const start = (tries: number): void => {
        fdatasync(fd, (cause) => {
          if (cause === null) resolve();
          else if (isInterruption(cause) && tries < RETRIES_MAX) start(tries + 1);
          else reject(systemFault('sync', this.path, undefined, cause));
        });
      };
      start(1);
    });
  }

  truncate(bytes: number): void {
    const fd = this.fd;
    const length = checkPosition(bytes);
    attempt('truncate', this.path, length, () => ftruncateSync(fd, length));
  }

  size(): number {
    const fd = this.fd;
    return attempt('stat', this.path, undefined, () => fstatSync(fd).size);
  }

  allocatedBytes(): number {
    const fd = this.fd;
    return attempt('stat', this.path, undefined, () => fstatSync(fd).blocks * BLOCK_BYTES);
  }

  close(): void {
    if (this.#fd < 0) return;
    const fd = this.#fd;
    this.#fd = -1;
    // Never repeated: after a failed close the number is free already, perhaps reused by a thread.
    try {
      closeSync(fd);
    } catch (error) {
      throw systemFault('close', this.path, undefined, error);
    } finally {
      if (this.lockFilePath !== undefined) removeFile(this.lockFilePath);
      this.lockFilePath = undefined;
    }
  }
}

function openFile(path: string, flags: OpenFlags): VfsFile {
  if (flags.mode === 'read') return new NodeFile(path, openFd(path, constants.O_RDONLY), false);
  if (flags.mode === 'write') return new NodeFile(path, openFd(path, constants.O_RDWR), false);
  try {
    const exclusive = constants.O_RDWR | constants.O_CREAT | constants.O_EXCL;
    return new NodeFile(path, openSync(path, exclusive, DATABASE_FILE_MODE), true);
  } catch (error) {
    if (errorCode(error) !== 'EEXIST') throw systemFault('open', path, undefined, error);
  }
  return new NodeFile(path, openFd(path, constants.O_RDWR | constants.O_CREAT), false);
}

function openFd(path: string, flags: number): number {
  return attempt('open', path, undefined, () => openSync(path, flags, DATABASE_FILE_MODE));
}

function removeFile(path: string): void {
  try {
    unlinkSync(path);
  } catch (error) {
    if (errorCode(error) !== 'ENOENT') throw systemFault('remove', path, undefined, error);
  }
}

function makeFolder(folder: string): void {
  try {
    mkdirSync(folder, { mode: FOLDER_MODE });
  } catch (error) {
    if (errorCode(error) === 'EEXIST' && statSync(folder).isDirectory()) return;
    throw systemFault('make', folder, undefined, error);
  }
}

/** Puts names in `folder` on disk. Systems that cannot sync a folder keep names in their own way. */
function syncFolder(folder: string): void {
  let fd: number | undefined;
  try {
    fd = openSync(folder, constants.O_RDONLY);
    fsyncSync(fd);
  } catch (error) {
    const unsupported = ['EINVAL', 'EISDIR', 'EPERM', 'EACCES', 'ENOTSUP'];
    if (!unsupported.includes(errorCode(error) ?? '')) {
      throw systemFault('sync', folder, undefined, error);
    }
  } finally {
    if (fd !== undefined) closeSync(fd);
  }
}

/**
 * Node cannot call flock(2), but flock(1) can be handed our descriptor: the lock then belongs to the
 * open file we share with it, so it outlives that child, ends with our close (or our death), and is
 * the very lock that bbolt takes.
 */
function lockFile(file: VfsFile, path: string, kind: 'exclusive' | 'shared'): string | undefined {
  assert(file instanceof NodeFile, `${path} is locked through a handle of another vfs`);
  let child = runFlock(file, kind);
  // A Ctrl-C reaches the child too, and may end it; what that means is for our own handler to say.
  for (let tries = 1; child.signal !== null && tries < FLOCK_TRIES_MAX; tries++) {
    child = runFlock(file, kind);
  }
  if (child.error !== undefined) {
    const code = errorCode(child.error);
    if (code === 'ENOENT' || code === 'EACCES') return takeLockFile(file, path);
    throw systemFault('lock', path, undefined, child.error);
  }
  if (child.status === 0) return undefined;
  const complaint = child.stderr.trim();
  // Exit code 1 in silence is "held by another"; flock says something about everything else.
  if (child.status === 1 && complaint === '') throw lockedFault(path);
  const how = child.status === null ? `signal ${child.signal}` : `exit code ${child.status}`;
  throw new EngineError('IO', `lock of ${path} failed: flock ended with ${how}: ${complaint}`);
}

function runFlock(file: NodeFile, kind: 'exclusive' | 'shared'): SpawnSyncReturns<string> {
  return spawnSync('flock', ['-n', kind === 'exclusive' ? '-x' : '-s', '3'], {
    stdio: ['ignore', 'ignore', 'pipe', file.fd],
    encoding: 'utf8',
  });
}

/** Shared locks are taken exclusively here: one file of one line cannot count its holders. */
function takeLockFile(file: NodeFile, path: string): string {
  const lockPath = `${path}.lock`;
  // Twice: the first round may find, and clear away, the lock of a process that died.
  if (!createLockFile(lockPath) && !(clearStaleLock(lockPath) && createLockFile(lockPath))) {
    throw lockedFault(path, `; ${lockPath} says so: remove it if that process is gone`);
  }
  file.lockFilePath = lockPath;
  return (
    `flock(1) was not found: ${lockPath} keeps a second kvtune out, but bbolt and etcd do not ` +
    'look at it; install util-linux, or make sure that nothing else opens the file'
  );
}

function createLockFile(lockPath: string): boolean {
  const text = `${process.pid} ${processStartSeconds()}\n`;
  try {
    writeFileSync(lockPath, text, { flag: 'wx', mode: DATABASE_FILE_MODE });
    return true;
  } catch (error) {
    if (errorCode(error) === 'EEXIST') return false;
    throw systemFault('lock', lockPath, undefined, error);
  }
}

/** Moves a dead process's lock away; false where its owner lives or someone else was quicker. */
function clearStaleLock(lockPath: string): boolean {
  const aside = `${lockPath}.${process.pid}`;
  try {
    const text = readFileSync(lockPath, 'utf8');
    if (!isStale(text)) return false;
    renameSync(lockPath, aside);
    const same = readFileSync(aside, 'utf8') === text;
    // Not the file that was judged: another process took the lock in between, so give it back.
    if (same) unlinkSync(aside);
    else renameSync(aside, lockPath);
    return same;
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return true;
    throw systemFault('lock', lockPath, undefined, error);
  }
}

function isStale(text: string): boolean {
  const [pid = Number.NaN, startSeconds = Number.NaN] = text.trim().split(' ').map(Number);
  if (!Number.isInteger(pid) || pid <= 0) return false;
  // In a container every run may get the same pid: only the start tells a former life from ours.
  if (pid === process.pid) return Math.abs(startSeconds - processStartSeconds()) > 2;
  try {
    process.kill(pid, 0);
    return false;
  } catch (error) {
    return errorCode(error) === 'ESRCH';
  }
}

function processStartSeconds(): number {
  return Math.round(performance.timeOrigin / 1000);
}

/** Runs one system call; repeats it while interrupted, boundedly, then reports. */
function attempt<T>(operation: string, path: string, at: number | undefined, call: () => T): T {
  for (let tries = 1; ; tries++) {
    try {
      return call();
    } catch (error) {
      if (isInterruption(error) && tries < RETRIES_MAX) continue;
      throw systemFault(operation, path, at, error);
    }
  }
}

function isInterruption(error: unknown): boolean {
  const code = errorCode(error);
  return code === 'EINTR' || code === 'EAGAIN';
}

function systemFault(
  operation: string,
  path: string,
  at: number | undefined,
  cause: unknown,
): EngineError {
  const place = at === undefined ? '' : ` at byte ${at}`;
  const words = cause instanceof Error ? cause.message : String(cause);
  const code = errorCode(cause);
  const full = code === 'ENOSPC' || code === 'EDQUOT';
  return new EngineError(full ? 'NO_SPACE' : 'IO', `${operation} of ${path}${place}: ${words}`, {
    cause,
  });
}

function lockedFault(path: string, more = ''): EngineError {
  const advice = 'close it or copy the file';
  return new EngineError('LOCKED', `${path} is open in another process; ${advice}${more}`);
}

function noProgress(path: string, at: number): EngineError {
  return new EngineError('IO', `write of ${path} at byte ${at}: the system wrote nothing`);
}

function errorCode(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('code' in error)) return undefined;
  return typeof error.code === 'string' ? error.code : undefined;
}

function totalBytes(sources: readonly Uint8Array[]): number {
  let bytes = 0;
  for (const source of sources) bytes += source.length;
  return bytes;
}
