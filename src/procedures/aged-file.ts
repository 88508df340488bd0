// AgedFile: the prepared file that the arms of a cell run their job on, one folder a file size: the database, an undo
// journal for each arm, and a mark that stands while a job is under way. Invariants: between two
// jobs the file has the bytes it was laid out with; where a process died in the middle of one, the mark tells
// the next, which brings the bytes back from the journals. It measures nothing.

import { join } from 'node:path';
import { nodeVfs } from '../../engine/index.ts';
import type { Recipe } from '../../workloads/index.ts';
import { beginPrepared, markPrepared, readPrepared } from '../record/prepared-folder.ts';
import { synthesize, type AgedDb } from '../targets/aged-db.ts';
import {
  fileState,
  journalPositions,
  restoreFile,
  UndoVfs,
  type FileState,
} from '../targets/undo-vfs.ts';
import type { SliceContext } from './procedure.ts';

const JOURNAL = '.undo';
/** Of a rehearsal that is under way, or was when its process died. */
const UNFINISHED = '-rehearsal';

export interface LayoutOrder {
  readonly recipe: Recipe;
  readonly dbBytes: number;
  readonly seed: number;
}

/** What the layout is like, wherever the folder lies by now. */
export type AgedFileAbout = Omit<AgedDb, 'path'>;

export class AgedFile {
  readonly path: string;
  readonly about: AgedFileAbout;
  readonly #folder: string;
  readonly #busyPath: string;
  /** Read once: while arms are open, all their jobs were rehearsed. */
  #positions: readonly number[] | undefined;

  /** Lays the file out unless it is there. Throws IO, NO_SPACE; an AbortError when the signal says so. */
  static async prepare(
    prepared: string,
    { recipe, dbBytes, seed }: LayoutOrder,
    { signal, onProgress }: SliceContext,
  ): Promise<AgedFile> {
    const folder = folderOf(prepared, dbBytes);
    if (readPrepared(folder) === undefined) {
      beginPrepared(folder);
      const aged = await synthesize({
        ...{ path: join(folder, 'db'), recipe, dbBytes, seed, signal },
        onProgress: (share) => {
          onProgress('laying out the file', share);
        },
      });
      markPrepared(folder, aged);
    }
    return AgedFile.find(prepared, dbBytes);
  }

  /** One that was prepared. */
  static find(prepared: string, dbBytes: number): AgedFile {
    const folder = folderOf(prepared, dbBytes);
    const about = readPrepared(folder);
    if (about === undefined) throw new Error(`no file of ${dbBytes} bytes is prepared`);
    // The marker is this program's own, written by prepare().
    return new AgedFile(folder, about as AgedFileAbout);
  }

  private constructor(folder: string, about: AgedFileAbout) {
    this.#folder = folder;
    this.path = join(folder, 'db');
    this.about = about;
    this.#busyPath = join(folder, 'busy');
  }

  /** Where the journal of an arm lies. */
  journal(arm: string): string {
    return join(this.#folder, `${arm}${JOURNAL}`);
  }

  /** Has `job` write, through what it is given, all that the arm's own job will; unless it did before. */
  async rehearse(arm: string, job: (vfs: UndoVfs) => void): Promise<void> {
    const path = this.journal(arm);
    if (nodeVfs.exists(path)) return;
    const unfinished = this.journal(`${arm}${UNFINISHED}`);
    nodeVfs.remove(unfinished);
    const vfs = new UndoVfs(nodeVfs, unfinished);
    try {
      await this.run(() => job(vfs));
    } finally {
      vfs.close();
    }
    nodeVfs.rename(unfinished, path);
  }

  /** Runs a job that ends by undoing what it wrote. */
  async run<Result>(job: () => Result | Promise<Result>): Promise<Result> {
    nodeVfs.open(this.#busyPath, { mode: 'create' }).close();
    const result = await job();
    nodeVfs.remove(this.#busyPath);
    return result;
  }

  /** Brings the file back where a job was interrupted in the middle; whether one was. */
  restore(): boolean {
    if (!nodeVfs.exists(this.#busyPath)) return false;
    const { dbBytes } = this.about;
    restoreFile(nodeVfs, this.path, { journals: this.#journals(), dbBytes });
    nodeVfs.remove(this.#busyPath);
    return true;
  }

  /** Reads all pages that any job overwrites, so that they are in memory; equal before every job. */
  state(): FileState {
    this.#positions ??= this.#journals().flatMap((path) => journalPositions(nodeVfs, path));
    return fileState(nodeVfs, this.path, this.#positions);
  }

  #journals(): string[] {
    return nodeVfs
      .list(this.#folder)
      .filter((name) => name.endsWith(JOURNAL))
      .map((name) => join(this.#folder, name));
  }
}

function folderOf(prepared: string, dbBytes: number): string {
  return join(prepared, `aged-${dbBytes}`);
}
