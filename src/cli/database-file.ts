// Files named on the command line, before anything touches them: a database must be there, since
// opening for writing would make it, and what is to be made must fit on the disk.

import { nodeVfs } from '../../engine/index.ts';
import { freeBytesAt, isFile } from '../record/folder.ts';
import { formatBytes } from '../report/format.ts';
import { CliError, usageError } from './errors.ts';
import { EXIT } from './exit-codes.ts';

/** Throws a usage error where there is no file at `path`. */
export function assertFile(path: string): void {
  if (!nodeVfs.exists(path)) throw usageError(`${path} does not exist`, 'name a database file');
  if (!isFile(path)) throw usageError(`${path} is no file`, 'name a database file');
}

/** Throws NO_SPACE unless the disk that `path` will lie on has `neededBytes` left; returns what it has. */
export function assertRoom(path: string, neededBytes: number, hint: string): number {
  const freeBytes = freeBytesAt(path);
  if (neededBytes <= freeBytes) return freeBytes;
  throw new CliError({
    exitCode: EXIT.target,
    code: 'NO_SPACE',
    message: `${path} needs ${formatBytes(neededBytes)} of disk, ${formatBytes(freeBytes)} are free`,
    hint,
  });
}
