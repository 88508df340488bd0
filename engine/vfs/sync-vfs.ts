// A disk as another, but for its syncs: slower, for measuring what a store makes of disks slower than the
// one at hand; or none, for what has nothing to do with a disk, on a store that has to have one.

import type { OpenFlags, Vfs, VfsFile } from './vfs.ts';

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

class SyncVfs implements Vfs {
  readonly #vfs: Vfs;
  readonly #syncs: Syncs;

  constructor(vfs: Vfs, syncs: Syncs) {
    this.#vfs = vfs;
    this.#syncs = syncs;
  }

  get delayMs(): number {
    return this.#syncs.delayMs;
  }

  open(path: string, flags: OpenFlags): VfsFile {
    return new SyncFile(this.#vfs.open(path, flags), this.#syncs);
  }

  exists(path: string): boolean {
    return this.#vfs.exists(path);
  }

  remove(path: string): void {
    this.#vfs.remove(path);
  }

  list(folder: string): string[] {
    return this.#vfs.list(folder);
  }

  makeFolder(path: string): void {
    this.#vfs.makeFolder(path);
  }

  rename(from: string, to: string): void {
    this.#vfs.rename(from, to);
  }

  syncFolder(folder: string): void {
    this.#syncs.syncFolder(folder);
  }

  lock(file: VfsFile, path: string, kind: 'exclusive' | 'shared'): string | undefined {
    return this.#vfs.lock(file instanceof SyncFile ? file.file : file, path, kind);
  }
}

class SyncFile implements VfsFile {
  readonly file: VfsFile;
  readonly #syncs: Syncs;

  constructor(file: VfsFile, syncs: Syncs) {
    this.file = file;
    this.#syncs = syncs;
  }

  read(target: Uint8Array, offset: number, length: number, position: number): number {
    return this.file.read(target, offset, length, position);
  }

  write(source: Uint8Array, offset: number, length: number, position: number): void {
    this.file.write(source, offset, length, position);
  }

  writev(sources: readonly Uint8Array[], position: number): void {
    this.file.writev(sources, position);
  }

  sync(): void {
    this.#syncs.sync(this.file);
  }

  truncate(bytes: number): void {
    this.file.truncate(bytes);
  }

  size(): number {
    return this.file.size();
  }

  allocatedBytes(): number {
    return this.file.allocatedBytes();
  }

  close(): void {
    this.file.close();
  }
}
