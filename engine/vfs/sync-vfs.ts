// A disk as another, but for its syncs: slower, for measuring what a store makes of disks slower than the
// one at hand; or none, for what has nothing to do with a disk, on a store that has to have one.

import type { OpenFlags, Vfs, VfsFile } from './vfs.ts';
import { WrappedFile, WrappedVfs } from './wrapped-vfs.ts';

/** Each sync of a file takes so much longer, on top of the disk's own time; it blocks, as a sync does. */
export function slowSyncs(vfs: Vfs, delayMs: number): Vfs {
  /** Nobody ever notifies it. */
  const sleep = new Int32Array(new SharedArrayBuffer(4));
  const sync = (file: VfsFile): void => {
    file.sync();
    Atomics.wait(sleep, 0, 0, delayMs);
  };
  return new SyncVfs(vfs, { delayMs, sync, syncFolder: (folder) => vfs.syncFolder(folder) });
}

/** What the disk adds to each sync; 0 for one that is not of slowSyncs(). */
export function syncDelayOf(vfs: Vfs): number {
  return vfs instanceof SyncVfs ? vfs.delayMs : 0;
}

/** No sync does anything: what is written can be read, by other threads too; a crash may lose all of it. */
export function noSyncs(vfs: Vfs): Vfs {
  const nothing = (): void => {
    // Nothing is to survive.
  };
  return new SyncVfs(vfs, { delayMs: 0, sync: nothing, syncFolder: nothing });
}

interface Syncs {
  readonly delayMs: number;
  readonly sync: (file: VfsFile) => void;
  readonly syncFolder: (folder: string) => void;
}

class SyncVfs extends WrappedVfs {
  readonly #syncs: Syncs;

  constructor(vfs: Vfs, syncs: Syncs) {
    super(vfs);
    this.#syncs = syncs;
  }

  get delayMs(): number {
    return this.#syncs.delayMs;
  }

  override open(path: string, flags: OpenFlags): VfsFile {
    return new SyncFile(super.open(path, flags), this.#syncs);
  }

  override syncFolder(folder: string): void {
    this.#syncs.syncFolder(folder);
  }
}

class SyncFile extends WrappedFile {
  readonly #syncs: Syncs;

  constructor(file: VfsFile, syncs: Syncs) {
    super(file);
    this.#syncs = syncs;
  }

  override sync(): void {
    this.#syncs.sync(this.inner);
  }
}
