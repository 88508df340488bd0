// RunLock: a run's folder belongs to one process at a time. Two that write one folder, a run and its --resume,
// would take each other's databases away and record rounds twice. The lock ends with the process, however that
// ends; its file stays behind only where it was killed, and keeps nobody out.

import { join } from 'node:path';
import { EngineError, nodeVfs, type VfsFile } from '../../engine/index.ts';
import { usageError } from './errors.ts';

export class RunLock {
  readonly #path: string;
  readonly #file: VfsFile;

  /** Takes the lock of a folder that is there. Throws a usage error where another process has it. */
  constructor(folder: string) {
    this.#path = join(folder, 'run.lock');
    this.#file = nodeVfs.open(this.#path, { mode: 'create' });
    try {
      nodeVfs.lock(this.#file, this.#path, 'exclusive');
    } catch (error) {
      this.#file.close();
      if (!(error instanceof EngineError) || error.code !== 'LOCKED') throw error;
      throw usageError(
        `${folder} is in use by another kvtune`,
        'wait until it has ended, or name another folder with --out',
      );
    }
  }

  release(): void {
    nodeVfs.remove(this.#path);
    this.#file.close();
  }
}
