// Vfs: the engine's only door to disk. A VfsFile is one open file; every call is synchronous, since
// the writer is one thread that has nothing else to do, and a reader thread blocks for its own page
// only. All positions and lengths are bytes. Implementations: node (real files), memory (clones a
// crash image), fault (wraps another one and fails its nth call).
//
// Contract, checked by vfs.contract.ts for each implementation:
// - read() returns fewer bytes than asked only at the end of the file; holes read as zeros.
// - write() and writev() write everything or throw; after a throw any prefix may have been written.
// - what was written is visible to every later read of any handle at once, and durable only after
//   sync() returned. After a failed sync() the state of unsynced data is unknown: reopen.
// - a name made, removed or changed is durable only after syncFolder() of its folder returned (the
//   first sync() of a file made by 'create' does that too); until then any of the changes may survive.
// - failures are EngineError IO or NO_SPACE with the system's error as `cause`.

export interface VfsFile {
  /** Reads up to `length` bytes at `position` into `target` from `offset` on; returns bytes read. */
  read(target: Uint8Array, offset: number, length: number, position: number): number;
  /** Writes `length` bytes of `source` from `offset` on at `position`; extends the file if need be. */
  write(source: Uint8Array, offset: number, length: number, position: number): void;
  /** Writes all `sources` one after the other from `position` on. Any number of sources. */
  writev(sources: readonly Uint8Array[], position: number): void;
  /** fdatasync: returns once contents and size are on disk. */
  sync(): void;
  /**
   * As sync(), of what is written by now and without the file's name, in another thread: the caller goes on
   * and may write. Resolves at its end, before which the file must not be closed. Not every Vfs has it.
   */
  startSync?(): Promise<void>;
  /** Cuts or extends to `bytes`; what is added is a hole. */
  truncate(bytes: number): void;
  size(): number;
  /** Bytes of disk behind the file; less than size() where it has holes. */
  allocatedBytes(): number;
  /** Releases the handle and every lock taken through it. Closing twice is allowed. */
  close(): void;
}

export interface OpenFlags {
  /** 'read': must exist; 'write': must exist; 'create': made if absent, kept if there. */
  readonly mode: 'read' | 'write' | 'create';
}

export interface Vfs {
  open(path: string, flags: OpenFlags): VfsFile;
  exists(path: string): boolean;
  /** Absent files are no error. Open handles keep working on what they opened. */
  remove(path: string): void;
  /** Names of what lies directly in `folder`, which must exist, sorted. */
  list(folder: string): string[];
  /** Makes a folder in one that exists; one that is there already is kept. */
  makeFolder(folder: string): void;
  /** Gives a file another name in the same folder at one stroke; what had that name is gone. */
  rename(from: string, to: string): void;
  /** fsync of a folder: returns once the names in it are on disk as they are now. */
  syncFolder(folder: string): void;
  /**
   * Takes an advisory lock on `file` that a real bbolt honours (flock): exclusive or shared.
   * Held until the file is closed. Throws LOCKED when another process (or handle) holds it.
   * Returns a warning where the machine has no way to take a lock that others see, else undefined.
   */
  lock(file: VfsFile, path: string, kind: 'exclusive' | 'shared'): string | undefined;
}
