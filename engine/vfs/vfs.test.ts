// Runs the vfs contract against every implementation, and tests what each promises beyond it: locks
// that other programs see (node), crash images (memory), injected faults (fault).

import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Random } from '../base/random.ts';
import { FaultVfs } from './fault-vfs.ts';
import type { FaultOperation } from './fault-vfs.ts';
import { MemoryVfs } from './memory-vfs.ts';
import { nodeVfs } from './node-vfs.ts';
import { slowSyncs } from './sync-vfs.ts';
import { vfsContract } from './vfs.contract.ts';
import type { VfsUnderTest } from './vfs.contract.ts';
import type { Vfs, VfsFile } from './vfs.ts';

vfsContract('node vfs', () => inTemporaryFolder(nodeVfs));
vfsContract('memory vfs', () => inMemory(new MemoryVfs()));
vfsContract('fault vfs over memory', () => inMemory(new FaultVfs(new MemoryVfs())));
vfsContract('fault vfs over node', () => inTemporaryFolder(new FaultVfs(nodeVfs)));

vfsContract('slow syncs over memory', () => inMemory(slowSyncs(new MemoryVfs(), 0)));

function inTemporaryFolder(vfs: Vfs): VfsUnderTest {
  const folder = mkdtempSync(join(tmpdir(), 'kvtune-vfs-'));
  return {
    vfs,
    path: (name) => join(folder, name),
    dispose: () => rmSync(folder, { recursive: true, force: true }),
  };
}

function inMemory(vfs: Vfs): VfsUnderTest {
  return { vfs, path: (name) => `/${name}`, dispose: () => undefined };
}

const flockMissing =
  process.env['KVTUNE_REQUIRE_PEERS'] !== '1' &&
  spawnSync('flock', ['--version']).error !== undefined;
const FLOCK_MISSING = 'flock is missing; install util-linux';

describe('node vfs locks', () => {
  let under: VfsUnderTest;
  let path: string;
  const handles: VfsFile[] = [];
  const searchPath = process.env['PATH'];

  beforeEach(() => {
    under = inTemporaryFolder(nodeVfs);
    path = under.path('db');
  });
  afterEach(() => {
    process.env['PATH'] = searchPath;
    for (const handle of handles.splice(0)) handle.close();
    under.dispose();
  });

  const open = (): VfsFile => {
    const file = nodeVfs.open(path, { mode: 'create' });
    handles.push(file);
    return file;
  };
  const flockExitCode = (kind: '-x' | '-s'): number | null =>
    spawnSync('flock', ['-n', kind, path, 'true']).status;

  it('are seen by another program until the file is closed', ({ skip }) => {
    skip(flockMissing, FLOCK_MISSING);
    const file = open();
    expect(nodeVfs.lock(file, path, 'exclusive')).toBeUndefined();
    expect(flockExitCode('-x')).toBe(1);
    expect(flockExitCode('-s')).toBe(1);
    file.close();
    expect(flockExitCode('-x')).toBe(0);
  });

  it('are shared among readers, the locks of other programs included', ({ skip }) => {
    skip(flockMissing, FLOCK_MISSING);
    nodeVfs.lock(open(), path, 'shared');
    nodeVfs.lock(open(), path, 'shared');
    expect(flockExitCode('-s')).toBe(0);
    expect(flockExitCode('-x')).toBe(1);
    expect(() => nodeVfs.lock(open(), path, 'exclusive')).toThrow(
      /db is open in another process; close it or copy the file/,
    );
  });

  it('fall back to a lock file with a warning where flock is missing', () => {
    process.env['PATH'] = under.path('empty');
    const first = open();
    const second = open();
    expect(nodeVfs.lock(first, path, 'exclusive')).toMatch(/flock\(1\) was not found/);
    expect(Number.parseInt(readFileSync(`${path}.lock`, 'utf8'), 10)).toBe(process.pid);
    expect(() => nodeVfs.lock(second, path, 'exclusive')).toThrow(/db\.lock says so/);
    first.close();
    expect(existsSync(`${path}.lock`)).toBe(false);
    expect(nodeVfs.lock(second, path, 'exclusive')).toMatch(/bbolt and etcd/);
  });

  it('take over the lock file of a process that died, also one that had our number', () => {
    process.env['PATH'] = under.path('empty');
    const dead = spawnSync(process.execPath, ['-e', '']).pid;
    for (const text of [`${dead} 1\n`, `${process.pid} 1\n`]) {
      writeFileSync(`${path}.lock`, text);
      const file = open();
      expect(nodeVfs.lock(file, path, 'exclusive')).toMatch(/flock/);
      file.close();
    }
  });

  it('respect a lock file that cannot be read as a number', () => {
    process.env['PATH'] = under.path('empty');
    writeFileSync(`${path}.lock`, '');
    expect(() => nodeVfs.lock(open(), path, 'exclusive')).toThrow(/db\.lock says so/);
  });
});

describe('node vfs faults', () => {
  it('calls a full disk NO_SPACE and names the place', ({ skip }) => {
    skip(!existsSync('/dev/full'), 'this system has no /dev/full');
    const file = nodeVfs.open('/dev/full', { mode: 'write' });
    const message: unknown = expect.stringMatching(/write of \/dev\/full at byte 8192: .*ENOSPC/);
    const cause: unknown = expect.objectContaining({ code: 'ENOSPC' });
    const full: unknown = expect.objectContaining({ code: 'NO_SPACE', message, cause });
    expect(() => file.write(new Uint8Array(10), 0, 10, 8_192)).toThrow(full);
    expect(() => file.writev([new Uint8Array(10)], 8_192)).toThrow(full);
    file.close();
  });
});

describe('crash images', () => {
  const SECTOR = 512;
  const filled = (value: number, sectors: number): Uint8Array =>
    new Uint8Array(sectors * SECTOR).fill(value);

  /** 400 sectors of 1, synced; the middle 200 overwritten with 2 and 100 of 3 appended, unsynced. */
  function interrupted(): MemoryVfs {
    const vfs = new MemoryVfs();
    const file = vfs.open('/db', { mode: 'create' });
    file.write(filled(1, 400), 0, 400 * SECTOR, 0);
    file.sync();
    file.write(filled(2, 200), 0, 200 * SECTOR, 100 * SECTOR);
    file.write(filled(3, 100), 0, 100 * SECTOR, 400 * SECTOR);
    return vfs;
  }

  function content(vfs: MemoryVfs): Uint8Array {
    const file = vfs.open('/db', { mode: 'read' });
    const target = new Uint8Array(file.size());
    expect(file.read(target, 0, target.length, 0)).toBe(target.length);
    return target;
  }

  const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);

  /** toEqual takes seconds on buffers of this size. */
  const same = (a: Uint8Array, b: Uint8Array): boolean => Buffer.compare(a, b) === 0;

  it('keep synced data, whole sectors of the rest, each with the given probability', () => {
    const vfs = interrupted();
    const random = new Random(7);
    let survivors = 0;
    const sizes = new Set<number>();
    const faults: number[] = [];
    for (let round = 0; round < 50; round++) {
      const image = content(vfs.crashImage(random, 0.3));
      sizes.add(image.length / SECTOR);
      for (let start = 0; start < image.length; start += SECTOR) {
        const sector = image.subarray(start, start + SECTOR);
        const value = sector[0] ?? -1;
        const index = start / SECTOR;
        const overwritten = index >= 100 && index < 300 ? [1, 2] : [1];
        const allowed = index >= 400 ? [0, 3] : overwritten;
        if (!allowed.includes(value) || sector.some((byte) => byte !== value)) faults.push(index);
        if (value === 2) survivors++;
      }
    }
    expect(faults).toEqual([]);
    expect([...sizes].sort()).toEqual([400, 500]);
    // 10,000 draws at 0.3: mean 3,000, standard deviation 46.
    expect(Math.abs(survivors - 3_000)).toBeLessThan(5 * 46);
  });

  it('tear one write: they keep some of its sectors and drop others', () => {
    const vfs = new MemoryVfs();
    const file = vfs.open('/db', { mode: 'create' });
    file.write(filled(1, 8), 0, 8 * SECTOR, 0);
    file.sync();
    file.write(filled(2, 8), 0, 8 * SECTOR, 0);
    const random = new Random(11);
    const seen = new Set<string>();
    for (let round = 0; round < 4000; round++) {
      const disk = vfs.crashImage(random, 0.5);
      const image = content(disk);
      const sectors = Array.from({ length: 8 }, (_, index) => image[index * SECTOR] ?? -1);
      const kept = sectors.filter((value) => value === 2).length;
      expect(disk.fates).toEqual({ kept, lost: 8 - kept });
      seen.add(sectors.join(''));
    }
    // Every subset of the eight sectors: single ones kept, single ones lost, holes in the middle.
    expect(seen.size).toBe(2 ** 8);
  });

  it('reorder writes: they keep a later one whole and lose an earlier one, and the other way', () => {
    const vfs = new MemoryVfs();
    const file = vfs.open('/db', { mode: 'create' });
    file.truncate(400 * SECTOR);
    file.sync();
    // Apart and in two chunks; the third goes over the first one.
    file.write(filled(1, 2), 0, 2 * SECTOR, 4 * SECTOR);
    file.writev([filled(2, 1), filled(2, 1)], 300 * SECTOR);
    file.write(filled(3, 1), 0, SECTOR, 5 * SECTOR);
    const random = new Random(12);
    const seen = new Set<string>();
    for (let round = 0; round < 1000; round++) {
      const image = content(vfs.crashImage(random, 0.5));
      seen.add([4, 5, 300, 301].map((index) => image[index * SECTOR]).join(''));
    }
    expect(seen).toContain('0022');
    expect(seen).toContain('1300');
    expect(seen).toContain('0300');
    // A sector that was written twice has its last bytes or the synced ones.
    expect([...seen].some((image) => image[1] === '1')).toBe(false);
    expect(seen.size).toBe(2 ** 4);
  });

  it('are fixed by the seed', () => {
    const vfs = interrupted();
    const first = content(vfs.crashImage(new Random(3), 0.5));
    expect(same(content(vfs.crashImage(new Random(3), 0.5)), first)).toBe(true);
    expect(same(content(vfs.crashImage(new Random(4), 0.5)), first)).toBe(false);
  });

  it('are the last sync at probability 0 and the present at 1', () => {
    const vfs = interrupted();
    expect(same(content(vfs.crashImage(new Random(1), 0)), filled(1, 400))).toBe(true);
    expect(same(content(vfs.crashImage(new Random(1), 1)), content(vfs))).toBe(true);
  });

  it('agree with the present at probability 1 and with the last sync at 0, whatever came', () => {
    const random = new Random(99);
    const vfs = new MemoryVfs();
    const file = vfs.open('/db', { mode: 'create' });
    file.sync();
    let synced = new Uint8Array(0);
    for (let step = 0; step < 200; step++) {
      if (random.below(6) === 0) file.truncate(random.below(200_000));
      const source = new Uint8Array(random.between(1, 70_000)).fill(random.below(256));
      file.write(source, 0, source.length, random.below(200_000));
      if (random.below(4) === 0) {
        file.sync();
        synced = Uint8Array.from(content(vfs));
      }
      expect(same(content(vfs.crashImage(random, 1)), content(vfs))).toBe(true);
      expect(same(content(vfs.crashImage(random, 0)), synced)).toBe(true);
    }
  });

  it('undo a truncate that was not synced, or keep it: never half of each', () => {
    const vfs = new MemoryVfs();
    const file = vfs.open('/db', { mode: 'create' });
    file.write(filled(1, 300), 0, 300 * SECTOR, 0);
    file.sync();
    file.truncate(10 * SECTOR);
    file.truncate(300 * SECTOR);
    const random = new Random(5);
    const seen = new Set<string>();
    for (let round = 0; round < 60; round++) {
      const image = content(vfs.crashImage(random, 0.5));
      const ones = image.reduce((sum, byte) => sum + byte, 0) / SECTOR;
      seen.add(`${image.length / SECTOR} sectors, ${ones} kept`);
    }
    expect([...seen].sort()).toEqual([
      '10 sectors, 10 kept',
      '300 sectors, 10 kept',
      '300 sectors, 300 kept',
    ]);
  });

  it('keep or lose each change of a name for itself until its folder is synced', () => {
    const vfs = new MemoryVfs();
    const make = (name: string): void => {
      const file = vfs.open(`/log/${name}`, { mode: 'create' });
      file.write(bytesOf(name), 0, 1, 0);
      file.sync();
    };
    vfs.makeFolder('/log');
    vfs.syncFolder('/');
    for (const name of ['a', 'b', 'c']) make(name);
    vfs.remove('/log/a');
    vfs.rename('/log/b', '/log/d');
    vfs.open('/log/e', { mode: 'create' });
    vfs.rename('/log/e', '/log/c');
    const random = new Random(21);
    const namesAt = (survival: number): string =>
      vfs.crashImage(random, survival).list('/log').join('');
    const seen = new Set(Array.from({ length: 300 }, () => namesAt(0.5)));
    // a is there or not, b or d, c the old or the new one; e may have lost its second name only.
    expect([...seen].sort()).toEqual(
      ['abc', 'abce', 'acd', 'acde', 'bc', 'bce', 'cd', 'cde'].sort(),
    );
    expect([namesAt(0), namesAt(1)]).toEqual(['abc', 'cd']);
    vfs.syncFolder('/log');
    expect(namesAt(0)).toBe('cd');
    const image = vfs.crashImage(random, 0);
    expect(image.open('/log/d', { mode: 'read' }).size()).toBe(1);
    expect(image.open('/log/c', { mode: 'read' }).size()).toBe(0);
  });

  it('lose a folder whose name was not synced with all that is in it', () => {
    const vfs = new MemoryVfs();
    vfs.makeFolder('/log');
    vfs.open('/log/a', { mode: 'create' }).sync();
    expect(vfs.crashImage(new Random(1), 0).exists('/log/a')).toBe(false);
    expect(vfs.crashImage(new Random(1), 0).exists('/log')).toBe(false);
    expect(vfs.crashImage(new Random(1), 1).list('/log')).toEqual(['a']);
    vfs.syncFolder('/');
    expect(vfs.crashImage(new Random(1), 0).list('/log')).toEqual(['a']);
  });

  it('are independent of their origin, in both directions, and hold no locks', () => {
    const vfs = interrupted();
    const origin = vfs.open('/db', { mode: 'write' });
    vfs.lock(origin, '/db', 'exclusive');
    const image = vfs.crashImage(new Random(1), 1);
    const before = Uint8Array.from(content(vfs));
    origin.write(filled(9, 500), 0, 500 * SECTOR, 0);
    expect(same(content(image), before)).toBe(true);
    const file = image.open('/db', { mode: 'write' });
    image.lock(file, '/db', 'exclusive');
    file.write(filled(8, 500), 0, 500 * SECTOR, 0);
    expect(same(content(vfs), filled(9, 500))).toBe(true);
    const second = image.crashImage(new Random(1), 0);
    expect(same(content(second), before)).toBe(true);
  });

  it('count calls from nothing', () => {
    const vfs = interrupted();
    expect(vfs.calls).toEqual({ open: 1, read: 0, write: 3, writev: 0, sync: 1, truncate: 0 });
    expect(vfs.crashImage(new Random(1), 1).calls.write).toBe(0);
  });
});

describe('injected faults', () => {
  const OPERATIONS: readonly FaultOperation[] = [
    'open',
    'read',
    'write',
    'writev',
    'sync',
    'truncate',
    'remove',
    'list',
    'makeFolder',
    'rename',
    'syncFolder',
  ];

  function scenario(vfs: Vfs): void {
    vfs.makeFolder('/folder');
    vfs.open('/folder/a', { mode: 'create' }).close();
    vfs.rename('/folder/a', '/folder/b');
    vfs.syncFolder('/folder');
    vfs.list('/folder');
    vfs.remove('/folder/b');
    const file = vfs.open('/db', { mode: 'create' });
    const buffer = new Uint8Array(1_000).fill(1);
    for (let i = 0; i < 3; i++) {
      file.write(buffer, 0, 1_000, i * 1_000);
      file.writev([buffer, buffer], 10_000);
      file.read(buffer, 0, 10, 0);
      file.truncate(20_000);
      file.sync();
    }
  }

  it('reach every call once when nth goes upward until nothing fails', () => {
    for (const operation of [...OPERATIONS, 'any'] as const) {
      let failed = 0;
      for (let nth = 1; ; nth++) {
        const vfs = new FaultVfs(new MemoryVfs());
        vfs.failAt({ operation, nth, fault: 'EIO' });
        let error: unknown;
        try {
          scenario(vfs);
        } catch (caught) {
          error = caught;
        }
        if (vfs.faults === 0) break;
        expect(error).toMatchObject({ code: 'IO' });
        expect(String(error)).toContain('EIO');
        failed++;
      }
      const onFiles = { read: 3, write: 3, writev: 3, sync: 3, truncate: 3 };
      const onNames = { open: 2, remove: 1, list: 1, makeFolder: 1, rename: 1, syncFolder: 1 };
      expect(failed).toBe({ any: 22, ...onFiles, ...onNames }[operation]);
    }
  });

  it('do nothing below: a failed sync leaves its data unsynced', () => {
    const memory = new MemoryVfs();
    const vfs = new FaultVfs(memory);
    const file = vfs.open('/db', { mode: 'create' });
    file.sync();
    vfs.failAt({ operation: 'sync', nth: 1, fault: 'EIO' });
    file.write(new Uint8Array([1, 2, 3]), 0, 3, 0);
    expect(() => file.sync()).toThrow(expect.objectContaining({ code: 'IO' }));
    const size = (): number =>
      memory.crashImage(new Random(1), 0).open('/db', { mode: 'read' }).size();
    expect(size()).toBe(0);
    file.sync();
    expect(size()).toBe(3);
  });

  it('fail once, or from then on if sticky, until cleared', () => {
    const vfs = new FaultVfs(new MemoryVfs());
    const file = vfs.open('/db', { mode: 'create' });
    const write = (): void => file.write(new Uint8Array(1), 0, 1, 0);
    const full: unknown = expect.objectContaining({ code: 'NO_SPACE' });
    write();
    vfs.failAt({ operation: 'write', nth: 2, fault: 'ENOSPC' });
    write();
    expect(write).toThrow(full);
    write();
    vfs.failAt({ operation: 'any', nth: 1, fault: 'ENOSPC', sticky: true });
    expect(write).toThrow(full);
    expect(() => file.sync()).toThrow(full);
    vfs.clearFaults();
    write();
    expect([vfs.calls.write, vfs.calls.sync, vfs.faults]).toEqual([6, 1, 3]);
  });

  it('leave a seeded prefix of a short write', () => {
    const lengths = (seed: number): number[] =>
      Array.from({ length: 2 }, (_, which) => {
        const vfs = new FaultVfs(new MemoryVfs(), { seed: seed + which });
        const file = vfs.open('/db', { mode: 'create' });
        vfs.failAt({ operation: 'any', nth: 1, fault: 'SHORT_WRITE' });
        const half = new Uint8Array(500).fill(1);
        const whole = new Uint8Array(1_000).fill(1);
        expect(() => {
          if (which === 0) file.write(whole, 0, 1_000, 0);
          else file.writev([half, half], 0);
        }).toThrow(expect.objectContaining({ code: 'NO_SPACE' }));
        const target = new Uint8Array(1_000);
        const written = file.read(target, 0, 1_000, 0);
        expect(target.every((byte, i) => byte === (i < written ? 1 : 0))).toBe(true);
        return written;
      });
    const [first = -1, second = -1] = lengths(1);
    expect(lengths(1)).toEqual([first, second]);
    expect(new Set([...lengths(1), ...lengths(10), ...lengths(20)]).size).toBeGreaterThan(3);
    expect(Math.max(first, second)).toBeLessThan(1_000);
  });
});
