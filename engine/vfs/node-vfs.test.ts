// Runs the vfs contract on real files below a system that is as unhelpful as POSIX allows: it moves a
// few bytes at a time and interrupts calls. What locks and full disks do is in vfs.test.ts.

import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { nodeVfs } from './node-vfs.ts';
import { vfsContract } from './vfs.contract.ts';

const system = vi.hoisted(() => ({ calls: 0, shortCalls: 0, interrupted: 0, always: '' }));

vi.mock(import('node:fs'), async (original) => {
  const real = await original();
  const interrupt = (): void => {
    system.calls++;
    const code = system.always === '' ? 'EINTR' : system.always;
    if (system.always === '' && system.calls % 3 !== 0) return;
    system.interrupted++;
    throw Object.assign(new Error(`${code}: injected`), { code });
  };
  const shorten = (length: number): number => {
    if (length < 2) return length;
    system.shortCalls++;
    return Math.ceil(length / 2);
  };
  const readSync = (fd: number, target: Uint8Array, from: number, length: number, at: number) => {
    interrupt();
    return real.readSync(fd, target, from, shorten(length), at);
  };
  const writeSync = (fd: number, source: Uint8Array, from: number, length: number, at: number) => {
    interrupt();
    return real.writeSync(fd, source, from, shorten(length), at);
  };
  const writevSync = (fd: number, sources: readonly Uint8Array[], at: number) => {
    interrupt();
    const all = Buffer.concat(sources);
    return real.writeSync(fd, all, 0, shorten(all.length), at);
  };
  const fdatasync = (fd: number, done: (error: unknown) => void): void => {
    try {
      interrupt();
    } catch (error) {
      setImmediate(done, error);
      return;
    }
    real.fdatasync(fd, done);
  };
  return { ...real, readSync, writeSync, writevSync, fdatasync } as typeof real;
});

beforeEach(() => {
  system.always = '';
});

vfsContract('node vfs on a stingy system', () => {
  const folder = fs.mkdtempSync(join(tmpdir(), 'kvtune-vfs-'));
  return {
    vfs: nodeVfs,
    path: (name) => join(folder, name),
    dispose: () => fs.rmSync(folder, { recursive: true, force: true }),
  };
});

describe('node vfs', () => {
  const folder = fs.mkdtempSync(join(tmpdir(), 'kvtune-vfs-'));
  afterAll(() => fs.rmSync(folder, { recursive: true, force: true }));

  it('met short and interrupted calls in the contract', () => {
    expect(system.shortCalls).toBeGreaterThan(100);
    expect(system.interrupted).toBeGreaterThan(100);
  });

  it.each([
    ['EINTR', 'IO', 100],
    ['EAGAIN', 'IO', 100],
    ['EIO', 'IO', 1],
    ['ENOSPC', 'NO_SPACE', 1],
    ['EDQUOT', 'NO_SPACE', 1],
  ])('reports %s as %s after %i tries', (always, code, tries) => {
    const file = nodeVfs.open(join(folder, always), { mode: 'create' });
    system.always = always;
    const before = system.calls;
    const message = `write of ${join(folder, always)} at byte 77: ${always}: injected`;
    expect(() => file.write(new Uint8Array(5), 0, 5, 77)).toThrow(
      expect.objectContaining({ code, message }),
    );
    expect(system.calls - before).toBe(tries);
    file.close();
  });

  it('syncs in another thread, however often it is interrupted, and says what it failed with', async () => {
    const file = nodeVfs.open(join(folder, 'synced'), { mode: 'create' });
    const before = system.interrupted;
    for (let i = 0; i < 6; i++) {
      file.write(new Uint8Array(5000).fill(i), 0, 5000, i * 5000);
      await file.startSync?.();
    }
    expect(system.interrupted).toBeGreaterThan(before);
    system.always = 'ENOSPC';
    await expect(file.startSync?.()).rejects.toMatchObject({ code: 'NO_SPACE' });
    file.close();
  });

  it('makes files that only their owner can read', () => {
    nodeVfs.open(join(folder, 'private'), { mode: 'create' }).close();
    expect(fs.statSync(join(folder, 'private')).mode & 0o077).toBe(0);
  });
});
