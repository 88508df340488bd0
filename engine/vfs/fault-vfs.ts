// Fault vfs: wraps another Vfs and fails the calls it was told to fail, for tests of what the engine
// does when the disk says no. It owns rules and counts; all bytes are the inner Vfs's.
//
// A test loops n upward with failAt({ ..., nth: n }) until `faults` stays 0: then every call of the
// scenario has failed once. A failed call does nothing below, except a short write, which leaves a
// seeded prefix; so a failed sync leaves its data unsynced. close() and lock() are never failed.

import { assert } from '../base/assert.ts';
import { EngineError } from '../base/errors.ts';
import { Random } from '../base/random.ts';
import type { OpenFlags, Vfs, VfsFile } from './vfs.ts';
import { WrappedFile, WrappedVfs } from './wrapped-vfs.ts';

export type FaultOperation =
  | 'read'
  | 'write'
  | 'writev'
  | 'sync'
  | 'truncate'
  | 'open'
  | 'remove'
  | 'list'
  | 'makeFolder'
  | 'rename'
  | 'syncFolder';
export type Fault = 'EIO' | 'ENOSPC' | 'SHORT_WRITE';

export interface FaultRule {
  /** 'writes': of one block or of many. */
  readonly operation: FaultOperation | 'any' | 'writes';
  /** Calls for this path alone; default: for every one. */
  readonly path?: string;
  /** The call that fails: 1 is the first matching one after failAt(). */
  readonly nth: number;
  /** SHORT_WRITE on a call that does not write is EIO. */
  readonly fault: Fault;
  /** True: every later matching call fails too. Default false. */
  readonly sticky?: boolean;
}

export interface FaultVfsOptions {
  /** Chooses where short writes end. Default 1. */
  readonly seed?: number;
}

export class FaultVfs extends WrappedVfs {
  /** Calls that came in since construction, failed ones included. */
  readonly calls: Record<FaultOperation, number> = {
    open: 0,
    read: 0,
    write: 0,
    writev: 0,
    sync: 0,
    truncate: 0,
    remove: 0,
    list: 0,
    makeFolder: 0,
    rename: 0,
    syncFolder: 0,
  };
  /** Faults injected since construction. */
  faults = 0;
  readonly #random: Random;
  #rules: { readonly rule: FaultRule; matched: number }[] = [];

  constructor(inner: Vfs, options: FaultVfsOptions = {}) {
    super(inner);
    this.#random = new Random(options.seed ?? 1);
  }

  /** Adds a rule; several may be in force, the first one that matches decides. */
  failAt(rule: FaultRule): void {
    assert(Number.isInteger(rule.nth) && rule.nth >= 1, `no call to fail: nth ${rule.nth}`);
    this.#rules.push({ rule, matched: 0 });
  }

  /** Forgets all rules; counts stay. */
  clearFaults(): void {
    this.#rules = [];
  }

  override open(path: string, flags: OpenFlags): VfsFile {
    this.#check('open', path);
    return new FaultFile(this, path, super.open(path, flags));
  }

  override remove(path: string): void {
    this.#check('remove', path);
    super.remove(path);
  }

  override list(folder: string): string[] {
    this.#check('list', folder);
    return super.list(folder);
  }

  override makeFolder(folder: string): void {
    this.#check('makeFolder', folder);
    super.makeFolder(folder);
  }

  override rename(from: string, to: string): void {
    this.#check('rename', from);
    super.rename(from, to);
  }

  override syncFolder(folder: string): void {
    this.#check('syncFolder', folder);
    super.syncFolder(folder);
  }

  override lock(file: VfsFile, path: string, kind: 'exclusive' | 'shared'): string | undefined {
    assert(file instanceof FaultFile, `${path} is locked through a handle of another vfs`);
    return super.lock(file, path, kind);
  }

  /** Counts a call for every rule; returns the fault it has to meet. Used by this file's handles. */
  takeFault(operation: FaultOperation, path: string): Fault | undefined {
    this.calls[operation]++;
    let fault: Fault | undefined;
    for (const entry of this.#rules) {
      const { rule } = entry;
      if (!concerns(rule, operation)) continue;
      if (rule.path !== undefined && rule.path !== path) continue;
      entry.matched++;
      const due = rule.sticky === true ? entry.matched >= rule.nth : entry.matched === rule.nth;
      if (due) fault ??= rule.fault;
    }
    if (fault !== undefined) this.faults++;
    return fault;
  }

  /** Length of the prefix that a short write of `bytes` leaves: 0..bytes-1. */
  shortLength(bytes: number): number {
    return bytes === 0 ? 0 : this.#random.below(bytes);
  }

  #check(operation: FaultOperation, path: string): void {
    const fault = this.takeFault(operation, path);
    if (fault !== undefined) throw injected(fault, operation, path);
  }
}

class FaultFile extends WrappedFile {
  readonly #vfs: FaultVfs;
  readonly #path: string;

  constructor(vfs: FaultVfs, path: string, inner: VfsFile) {
    super(inner);
    this.#vfs = vfs;
    this.#path = path;
  }

  override read(target: Uint8Array, offset: number, length: number, position: number): number {
    this.#check('read');
    return this.inner.read(target, offset, length, position);
  }

  override write(source: Uint8Array, offset: number, length: number, position: number): void {
    const fault = this.#vfs.takeFault('write', this.#path);
    if (fault === 'SHORT_WRITE') {
      this.inner.write(source, offset, this.#vfs.shortLength(length), position);
    }
    if (fault !== undefined) throw injected(fault, 'write', this.#path);
    this.inner.write(source, offset, length, position);
  }

  override writev(sources: readonly Uint8Array[], position: number): void {
    const fault = this.#vfs.takeFault('writev', this.#path);
    if (fault === 'SHORT_WRITE') this.#writePrefix(sources, position);
    if (fault !== undefined) throw injected(fault, 'writev', this.#path);
    this.inner.writev(sources, position);
  }

  override sync(): void {
    this.#check('sync');
    this.inner.sync();
  }

  override truncate(bytes: number): void {
    this.#check('truncate');
    this.inner.truncate(bytes);
  }

  #check(operation: FaultOperation): void {
    const fault = this.#vfs.takeFault(operation, this.#path);
    if (fault !== undefined) throw injected(fault, operation, this.#path);
  }

  #writePrefix(sources: readonly Uint8Array[], position: number): void {
    let left = this.#vfs.shortLength(sources.reduce((sum, source) => sum + source.length, 0));
    let at = position;
    for (const source of sources) {
      const bytes = Math.min(left, source.length);
      this.inner.write(source, 0, bytes, at);
      left -= bytes;
      at += bytes;
    }
  }
}

function concerns({ operation: named }: FaultRule, operation: FaultOperation): boolean {
  if (named === 'writes') return operation === 'write' || operation === 'writev';
  return named === 'any' || named === operation;
}

function injected(fault: Fault, operation: FaultOperation, path: string): EngineError {
  const writes = operation === 'write' || operation === 'writev';
  // A disk that fills up is what cuts a write short in practice.
  const full = fault === 'ENOSPC' || (fault === 'SHORT_WRITE' && writes);
  return new EngineError(full ? 'NO_SPACE' : 'IO', `${operation} of ${path}: injected ${fault}`);
}
