// SlowVfs: wraps another disk and makes each sync take longer: for measuring what a store makes of disks
// slower than the one at hand. The delay comes on top of the disk's own and blocks the thread, as a sync
// does.

import type { OpenFlags, Vfs, VfsFile } from './vfs.ts';

export class SlowVfs implements Vfs {
  readonly #vfs: Vfs;
  readonly #syncDelayMs: number;
  /** Nobody ever notifies it. */
  readonly #sleep = new Int32Array(new SharedArrayBuffer(4));

  constructor(vfs: Vfs, syncDelayMs: number) {
    this.#vfs = vfs;
    this.#syncDelayMs = syncDelayMs;
  }

  open(path: string, flags: OpenFlags): VfsFile {
    return new SlowFile(this.#vfs.open(path, flags), () => {
      Atomics.wait(this.#sleep, 0, 0, this.#syncDelayMs);
    });
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
    this.#vfs.syncFolder(folder);
  }

  lock(file: VfsFile, path: string, kind: 'exclusive' | 'shared'): string | undefined {
    return this.#vfs.lock(file instanceof SlowFile ? file.file : file, path, kind);
  }
}

class SlowFile implements VfsFile {
  readonly file: VfsFile;
  readonly #delay: () => void;

  constructor(file: VfsFile, delay: () => void) {
    this.file = file;
    this.#delay = delay;
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
    this.file.sync();
    this.#delay();
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
