// The contract of vfs.ts as tests. vfs.test.ts runs it against every implementation; what one
// implementation alone promises is tested there.

import { dirname } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Random } from '../base/random.ts';
import type { Vfs, VfsFile } from './vfs.ts';

export interface VfsUnderTest {
  readonly vfs: Vfs;
  /** Turns a plain name into a path that this Vfs can create. */
  readonly path: (name: string) => string;
  readonly dispose: () => void;
}

export function vfsContract(name: string, makeVfs: () => VfsUnderTest): void {
  describe(`${name} keeps the vfs contract`, () => {
    let under: VfsUnderTest;
    const handles: VfsFile[] = [];

    beforeEach(() => {
      under = makeVfs();
    });
    afterEach(() => {
      for (const handle of handles.splice(0)) handle.close();
      under.dispose();
    });

    const context: ContractContext = {
      vfs: () => under.vfs,
      path: (file) => under.path(file),
      open: (file, mode) => {
        const handle = under.vfs.open(under.path(file), { mode });
        handles.push(handle);
        return handle;
      },
    };
    bytesContract(context);
    randomContract(context);
    namesContract(context);
    foldersContract(context);
    lockContract(context);
  });
}

interface ContractContext {
  readonly vfs: () => Vfs;
  readonly path: (file: string) => string;
  readonly open: (file: string, mode: 'read' | 'write' | 'create') => VfsFile;
}

function bytesContract({ open }: ContractContext): void {
  it('reads back what was written, also through another handle, before any sync', () => {
    const file = open('a', 'create');
    file.write(bytes(9, 1, 2, 3, 9), 1, 3, 10);
    const target = bytes(7, 7, 7, 7, 7);
    expect(open('a', 'read').read(target, 1, 3, 10)).toBe(3);
    expect(target).toEqual(bytes(7, 1, 2, 3, 7));
  });

  it('reads less than asked only at the end of the file', () => {
    const file = open('a', 'create');
    file.write(bytes(1, 2, 3), 0, 3, 0);
    const target = bytes(7, 7, 7, 7);
    expect(file.read(target, 0, 4, 1)).toBe(2);
    expect(target).toEqual(bytes(2, 3, 7, 7));
    expect(file.read(target, 0, 4, 3)).toBe(0);
    expect(file.read(target, 0, 4, 1_000_000)).toBe(0);
    expect(file.read(target, 0, 0, 0)).toBe(0);
  });

  it('reads holes as zeros and gives them no disk', () => {
    const file = open('a', 'create');
    const position = 40 * 2 ** 30;
    file.write(bytes(1), 0, 1, position);
    expect(file.size()).toBe(position + 1);
    expect(file.allocatedBytes()).toBeLessThan(2 ** 20);
    const target = new Uint8Array(200_000).fill(7);
    expect(file.read(target, 0, 200_000, 2 ** 30)).toBe(200_000);
    expect(target.every((byte) => byte === 0)).toBe(true);
    expect(file.read(target, 0, 10, position - 1)).toBe(2);
    expect(target.subarray(0, 3)).toEqual(bytes(0, 1, 0));
  });

  it('writes any number of sources in one writev, empty ones too', () => {
    const file = open('a', 'create');
    file.writev([], 5);
    expect(file.size()).toBe(0);
    const sources = Array.from({ length: 2_503 }, (_, i) => new Uint8Array(i % 5).fill(i % 251));
    file.writev(sources, 3);
    const expected = Buffer.concat(sources);
    const target = new Uint8Array(expected.length);
    expect(file.size()).toBe(expected.length + 3);
    expect(file.read(target, 0, target.length, 3)).toBe(target.length);
    expect(Buffer.compare(target, expected)).toBe(0);
  });

  it('takes buffers in shared memory', () => {
    const file = open('a', 'create');
    const shared = new Uint8Array(new SharedArrayBuffer(8_192));
    shared.fill(5);
    file.write(shared, 0, 4_096, 0);
    file.writev([shared.subarray(0, 100), shared.subarray(4_096)], 4_096);
    shared.fill(0);
    expect(file.read(shared, 0, 8_192, 4)).toBe(8_192);
    expect(shared.every((byte) => byte === 5)).toBe(true);
  });

  it('truncates: the rest is gone, and comes back as zeros', () => {
    const file = open('a', 'create');
    file.write(new Uint8Array(100_000).fill(3), 0, 100_000, 0);
    file.truncate(70_001);
    expect(file.size()).toBe(70_001);
    file.truncate(300_000);
    expect(file.size()).toBe(300_000);
    const target = new Uint8Array(4).fill(7);
    expect(file.read(target, 0, 4, 69_999)).toBe(4);
    expect(target).toEqual(bytes(3, 3, 0, 0));
    file.truncate(0);
    expect([file.size(), file.allocatedBytes()]).toEqual([0, 0]);
  });
}

function randomContract({ open }: ContractContext): void {
  it('agrees with a plain array under random writes, cuts and syncs', () => {
    const random = new Random(20_240);
    const file = open('a', 'create');
    const model = new Uint8Array(400_000);
    let size = 0;
    for (let step = 0; step < 300; step++) {
      const at = random.below(200_000);
      if (random.below(8) === 0) {
        file.truncate(at);
        model.fill(0, Math.min(at, size));
        size = at;
      } else {
        const source = new Uint8Array(random.between(1, 90_000));
        source.fill(random.between(1, 255));
        if (random.below(2) === 0) file.write(source, 0, source.length, at);
        else file.writev([source.subarray(0, 1), source.subarray(1)], at);
        model.set(source, at);
        size = Math.max(size, at + source.length);
      }
      if (random.below(5) === 0) file.sync();
    }
    const target = new Uint8Array(model.length);
    expect(file.size()).toBe(size);
    expect(file.read(target, 0, target.length, 0)).toBe(size);
    expect(Buffer.compare(target, model)).toBe(0);
  });
}

function namesContract({ vfs, path, open }: ContractContext): void {
  it('opens, creates and removes files by name', () => {
    expect(vfs().exists(path('a'))).toBe(false);
    expect(() => open('a', 'read')).toThrow(expect.objectContaining({ code: 'IO' }));
    expect(() => open('a', 'write')).toThrow(/open of .*a/);
    open('a', 'create').write(bytes(1, 2), 0, 2, 0);
    expect(vfs().exists(path('a'))).toBe(true);
    expect(open('a', 'create').size()).toBe(2);
    expect(open('a', 'write').size()).toBe(2);
    vfs().remove(path('a'));
    expect(vfs().exists(path('a'))).toBe(false);
    vfs().remove(path('a'));
    expect(open('a', 'create').size()).toBe(0);
  });

  it('keeps a handle usable after its file was removed', () => {
    const file = open('a', 'create');
    file.write(bytes(1, 2), 0, 2, 0);
    vfs().remove(path('a'));
    expect(file.size()).toBe(2);
  });

  it('refuses writes through a handle for reading', () => {
    open('a', 'create').write(bytes(1), 0, 1, 0);
    const reader = open('a', 'read');
    const refused: unknown = expect.objectContaining({ name: 'EngineError', code: 'IO' });
    expect(() => reader.write(bytes(2), 0, 1, 0)).toThrow(refused);
    expect(() => reader.writev([bytes(2)], 0)).toThrow(refused);
    expect(() => reader.truncate(0)).toThrow(refused);
  });

  it('closes twice, and takes other use after close or a bad range for a bug', () => {
    const file = open('a', 'create');
    expect(() => file.write(bytes(1), 0, 2, 0)).toThrow(/outside a buffer/);
    expect(() => file.read(bytes(1), 0, 1, -1)).toThrow(/no file position/);
    file.close();
    file.close();
    expect(() => file.size()).toThrow(/after close/);
    expect(() => file.sync()).toThrow(/after close/);
  });
}

function foldersContract({ vfs, path, open }: ContractContext): void {
  const io: unknown = expect.objectContaining({ name: 'EngineError', code: 'IO' });

  it('makes folders, and lists what is in them by name', () => {
    expect(vfs().exists(path('log'))).toBe(false);
    expect(() => vfs().list(path('log'))).toThrow(io);
    expect(() => vfs().syncFolder(path('log'))).toThrow(io);
    expect(() => vfs().makeFolder(path('none/log'))).toThrow(io);
    vfs().makeFolder(path('log'));
    vfs().makeFolder(path('log'));
    expect(vfs().exists(path('log'))).toBe(true);
    expect(vfs().list(path('log'))).toEqual([]);
    for (const name of ['b', 'c', 'a']) open(`log/${name}`, 'create');
    vfs().makeFolder(path('log/inner'));
    vfs().remove(path('log/c'));
    expect(vfs().list(path('log'))).toEqual(['a', 'b', 'inner']);
    vfs().syncFolder(path('log'));
    open('file', 'create');
    expect(() => vfs().makeFolder(path('file'))).toThrow(io);
  });

  it('renames over another file, and handles go on with what they opened', () => {
    const first = open('a', 'create');
    first.write(bytes(1), 0, 1, 0);
    const second = open('b', 'create');
    second.write(bytes(2, 2), 0, 2, 0);
    vfs().rename(path('a'), path('b'));
    expect(vfs().exists(path('a'))).toBe(false);
    expect(open('b', 'read').size()).toBe(1);
    expect([first.size(), second.size()]).toEqual([1, 2]);
    expect(() => vfs().rename(path('a'), path('b'))).toThrow(io);
    vfs().syncFolder(dirname(path('b')));
  });
}

function lockContract({ vfs, path, open }: ContractContext): void {
  const lock = (file: VfsFile, kind: 'exclusive' | 'shared'): string | undefined =>
    vfs().lock(file, path('a'), kind);
  const refused: unknown = expect.objectContaining({ name: 'EngineError', code: 'LOCKED' });

  it('gives an exclusive lock to one handle, until that handle is closed', () => {
    const first = open('a', 'create');
    const second = open('a', 'write');
    lock(first, 'exclusive');
    expect(() => lock(second, 'exclusive')).toThrow(refused);
    expect(() => lock(second, 'shared')).toThrow(refused);
    first.close();
    expect(() => lock(second, 'exclusive')).not.toThrow();
  });

  it('frees the name once the holder is closed and the file removed', () => {
    const first = open('a', 'create');
    lock(first, 'exclusive');
    first.close();
    vfs().remove(path('a'));
    expect(() => lock(open('a', 'create'), 'exclusive')).not.toThrow();
  });
}

function bytes(...values: number[]): Uint8Array {
  return Uint8Array.from(values);
}
