// Tap vfs: wraps a MemoryVfs and reports each call that changes the disk, right after it was made, so
// that somebody can look at what a power cut at that very point would leave. It owns no bytes and
// injects nothing (vfs/fault-vfs.ts does). Nothing of the engine depends on it.

import type { MemoryVfs } from '../../engine/vfs/memory-vfs.ts';
import type { OpenFlags, Vfs, VfsFile } from '../../engine/vfs/vfs.ts';

export interface DiskChange {
  readonly kind:
    'write' | 'writev' | 'sync' | 'truncate' | 'remove' | 'makeFolder' | 'rename' | 'syncFolder';
  /** Byte where a write starts, or the new size of a truncate; 0 for everything else. */
  readonly position: number;
}

export class TapVfs implements Vfs {
  readonly inner: MemoryVfs;
  readonly #changed: (change: DiskChange) => void;
  readonly #files = new Map<VfsFile, VfsFile>();

  constructor(inner: MemoryVfs, changed: (change: DiskChange) => void) {
    this.inner = inner;
    this.#changed = changed;
  }

  open(path: string, flags: OpenFlags): VfsFile {
    const file = this.inner.open(path, flags);
    const changed = this.#changed;
    const tapped: VfsFile = {
      read: (target, offset, length, position) => file.read(target, offset, length, position),
      write: (source, offset, length, position) => {
        file.write(source, offset, length, position);
        changed({ kind: 'write', position });
      },
      writev: (sources, position) => {
        file.writev(sources, position);
        changed({ kind: 'writev', position });
      },
      sync: () => {
        file.sync();
        changed({ kind: 'sync', position: 0 });
      },
      truncate: (bytes) => {
        file.truncate(bytes);
        changed({ kind: 'truncate', position: bytes });
      },
      size: () => file.size(),
      allocatedBytes: () => file.allocatedBytes(),
      close: () => {
        file.close();
      },
    };
    this.#files.set(tapped, file);
    return tapped;
  }

  exists(path: string): boolean {
    return this.inner.exists(path);
  }

  remove(path: string): void {
    this.inner.remove(path);
    this.#changed({ kind: 'remove', position: 0 });
  }

  list(folder: string): string[] {
    return this.inner.list(folder);
  }

  makeFolder(folder: string): void {
    this.inner.makeFolder(folder);
    this.#changed({ kind: 'makeFolder', position: 0 });
  }

  rename(from: string, to: string): void {
    this.inner.rename(from, to);
    this.#changed({ kind: 'rename', position: 0 });
  }

  syncFolder(folder: string): void {
    this.inner.syncFolder(folder);
    this.#changed({ kind: 'syncFolder', position: 0 });
  }

  lock(file: VfsFile, path: string, kind: 'exclusive' | 'shared'): string | undefined {
    return this.inner.lock(this.#files.get(file)!, path, kind);
  }
}
