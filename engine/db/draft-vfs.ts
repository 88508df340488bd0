// Draft vfs: lets a database file be read that is none yet. The file lacks its metas; this vfs shows
// them where they will be, so that the finished rest can be checked before anybody else can open it.
// For reading only.

import { assert } from '../base/assert.ts';
import type { Vfs, VfsFile } from '../vfs/vfs.ts';

export class DraftVfs implements Vfs {
  readonly #inner: Vfs;
  readonly #metas: Uint8Array;

  /** `metas`: the file's first two pages. */
  constructor(inner: Vfs, metas: Uint8Array) {
    this.#inner = inner;
    this.#metas = metas;
  }

  open(path: string): VfsFile {
    return new DraftFile(this.#inner.open(path, { mode: 'read' }), this.#metas);
  }

  exists(path: string): boolean {
    return this.#inner.exists(path);
  }

  remove(path: string): void {
    this.#inner.remove(path);
  }

  list(folder: string): string[] {
    return this.#inner.list(folder);
  }

  makeFolder(): never {
    return readOnly();
  }

  rename(): never {
    return readOnly();
  }

  syncFolder(): never {
    return readOnly();
  }

  /** Nothing: whoever makes the draft holds its lock. */
  lock(): undefined {
    return undefined;
  }
}

class DraftFile implements VfsFile {
  readonly #inner: VfsFile;
  readonly #metas: Uint8Array;

  constructor(inner: VfsFile, metas: Uint8Array) {
    this.#inner = inner;
    this.#metas = metas;
  }

  read(target: Uint8Array, offset: number, length: number, position: number): number {
    const read = this.#inner.read(target, offset, length, position);
    target.set(this.#metas.subarray(position, position + read), offset);
    return read;
  }

  write(): never {
    return readOnly();
  }

  writev(): never {
    return readOnly();
  }

  sync(): never {
    return readOnly();
  }

  truncate(): never {
    return readOnly();
  }

  size(): number {
    return this.#inner.size();
  }

  allocatedBytes(): number {
    return this.#inner.allocatedBytes();
  }

  close(): void {
    this.#inner.close();
  }
}

function readOnly(): never {
  assert(false, 'a draft is read, not written');
}
