// UnsyncedVfs: a disk whose syncs do nothing, for measuring what has nothing to do with a disk on a store
// that has to have one. What is written can be read, by other threads too; a crash may lose all of it.

import type { OpenFlags, Vfs, VfsFile } from '../../engine/index.ts';

export class UnsyncedVfs implements Vfs {
  readonly #vfs: Vfs;

  constructor(vfs: Vfs) {
    this.#vfs = vfs;
  }

  open(path: string, flags: OpenFlags): VfsFile {
    return new UnsyncedFile(this.#vfs.open(path, flags));
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

  syncFolder(): void {
    // Nothing is to survive.
  }

  lock(file: VfsFile, path: string, kind: 'exclusive' | 'shared'): string | undefined {
    return this.#vfs.lock(file instanceof UnsyncedFile ? file.file : file, path, kind);
  }
}

class UnsyncedFile implements VfsFile {
  readonly file: VfsFile;

  constructor(file: VfsFile) {
    this.file = file;
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
    // Nothing is to survive.
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
