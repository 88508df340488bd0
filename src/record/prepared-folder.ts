// Folders that are made once and copied: a marker, written last, tells a finished one from what an interrupted run
// left, and holds what its maker has to say of it; files of one are cloned, sharing blocks where the file
// system can. Nothing here knows what lies in them.

import {
  constants,
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';

const MARKER = 'prepared.json';

/** What the maker of the folder wrote down; undefined where it is absent or was not finished. */
export function readPrepared(folder: string): unknown {
  try {
    return JSON.parse(readFileSync(join(folder, MARKER), 'utf8')) as unknown;
  } catch {
    return undefined;
  }
}

/** Ends the making of the folder. What is in it has to be on disk where it is to outlive the machine. */
export function markPrepared(folder: string, about: object): void {
  writeFileSync(join(folder, MARKER), JSON.stringify(about), { flush: true });
}

/** Makes the folder anew, empty, and the one it lies in if need be. */
export function beginPrepared(folder: string): void {
  rmSync(folder, { recursive: true, force: true });
  makeFolder(dirname(folder));
  makeFolder(folder);
}

/** Copies a file into a folder that is made for it; blocks are shared where the file system can. */
export function cloneFile(from: string, to: string): void {
  makeFolder(dirname(to));
  copyFileSync(from, to, constants.COPYFILE_FICLONE);
}

/** Not recursive: below /proc Node would try for ever. */
function makeFolder(path: string): void {
  if (!existsSync(path)) mkdirSync(path);
}
