// A real profile of the machine that runs the tests: its figures are its own, so what is tested is
// their shape, their sense and their silence about names.

import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import os from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { hostSchema } from '../record/host.ts';
import type { Host } from '../record/host.ts';
import { finishProfile, profileHost } from './profile.ts';

describe('host profile', () => {
  const folder = mkdtempSync(join(os.tmpdir(), 'kvtune-profile-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  const sensible = (host: Host): void => {
    expect(hostSchema.strict().parse(host)).toEqual(host);
    expect(host.cpu.cores).toBeGreaterThan(0);
    expect(host.memoryBytes).toBeGreaterThan(2 ** 26);
    expect(host.memoryBytes).toBeLessThanOrEqual(os.totalmem());
    expect(host.os).toContain(os.arch());
    for (const text of [host.cpu.model, host.cpu.governor, host.kernel, host.virtualization]) {
      expect(text).toMatch(/^\S.*$/);
    }
  };

  it('describes the machine before and after, and publishes no name or path', async () => {
    const before = await profileHost(folder);
    sensible(before);
    const { syncLatencyBefore: sync, workDir } = before;
    expect(workDir.freeBytes).toBeGreaterThan(0);
    expect(sync.samples).toBeGreaterThanOrEqual(20);
    expect(sync.p50Us).toBeLessThanOrEqual(sync.p99Us);
    expect(sync.p99Us).toBeLessThanOrEqual(sync.maxUs);
    if (process.platform === 'linux') expect(workDir.fileSystem).not.toBe('unknown');

    const own = { code: 'own', message: 'added by the caller' };
    const after = await finishProfile({ ...before, warnings: [...before.warnings, own] }, folder);
    sensible(after);
    expect(after.syncLatencyAfter?.samples).toBeGreaterThanOrEqual(20);
    expect(after.background.loadAfter).toBeGreaterThanOrEqual(0);
    if (process.platform === 'linux') {
      expect(after.background.stealShare).toBeGreaterThanOrEqual(0);
      expect(after.background.stealShare).toBeLessThanOrEqual(1);
    }
    expect(after.warnings.slice(0, before.warnings.length + 1)).toEqual([...before.warnings, own]);
    const known = after.warnings.map((warning) => warning.code);
    expect(new Set(known).size).toBe(known.length);
    expect(after.fingerprint).toBe(before.fingerprint);
    expect(readdirSync(folder)).toEqual([]);

    const text = JSON.stringify(after);
    expect(text).not.toContain(folder);
    expect(text).not.toContain(`"${os.hostname()}"`);
  });

  it('does not fail on a folder that is not there, but says so', async () => {
    const host = await profileHost(join(folder, 'missing'));
    sensible(host);
    expect(host.syncLatencyBefore.samples).toBe(0);
    expect(host.workDir.freeBytes).toBe(0);
    const codes = host.warnings.map((warning) => warning.code);
    if (host.workDir.fileSystem !== 'tmpfs') expect(codes).toContain('sync-unknown');
  });
});
