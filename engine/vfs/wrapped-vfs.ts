// A disk that hands every call on to another, and its files: what a wrapper extends that changes a few calls. Files it
// opens are the inner disk's own, or a WrappedFile each; locks are taken on the file below.

import type { OpenFlags, Vfs, VfsFile } from './vfs.ts';

export class WrappedVfs implements Vfs {
  readonly inner: Vfs;

  constructor(inner: Vfs) {
    this.inner = inner;
  }

  open(path: string, flags: OpenFlags): VfsFile {
    return this.inner.open(path, flags);
  }

  exists(path: string): boolean {
    return this.inner.exists(path);
  }

  remove(path: string): void {
    this.inner.remove(path);
  }

  list(folder: string): string[] {
    return this.inner.list(folder);
  }

  makeFolder(folder: string): void {
    this.inner.makeFolder(folder);
  }

  rename(from: string, to: string): void {
    this.inner.rename(from, to);
  }

  syncFolder(folder: string): void {
    this.inner.syncFolder(folder);
  }

  lock(file: VfsFile, path: string, kind: 'exclusive' | 'shared'): string | undefined {
    return this.inner.lock(file instanceof WrappedFile ? file.inner : file, path, kind);
  }
}

export class WrappedFile implements VfsFile {
  readonly inner: VfsFile;

  constructor(inner: VfsFile) {
    this.inner = inner;
  }

  read(target: Uint8Array, offset: number, length: number, position: number): number {
    return this.inner.read(target, offset, length, position);
  }

  write(source: Uint8Array, offset: number, length: number, position: number): void {
    this.inner.write(source, offset, length, position);
  }

  writev(sources: readonly Uint8Array[], position: number): void {
    this.inner.writev(sources, position);
  }

  sync(): void {
    this.inner.sync();
  }

  truncate(bytes: number): void {
    this.inner.truncate(bytes);
  }

  size(): number {
    return this.inner.size();
  }

  allocatedBytes(): number {
    return this.inner.allocatedBytes();
  }

  close(): void {
    this.inner.close();
  }
}
