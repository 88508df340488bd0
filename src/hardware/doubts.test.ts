import { describe, expect, it } from 'vitest';
import type { Host } from '../record/host.ts';
import { hostDoubts } from './doubts.ts';
import { fingerprint } from './fingerprint.ts';

const HOST: Omit<Host, 'warnings'> = {
  fingerprint: 'f',
  cpu: { model: 'CPU 1', cores: 4, governor: 'performance' },
  memoryBytes: 16 * 2 ** 30,
  os: 'Linux',
  kernel: '6.1',
  node: 'v20.19.0',
  virtualization: 'none',
  workDir: {
    fileSystem: 'ext4',
    mountOptions: 'rw',
    device: 'sda1',
    deviceModel: 'Disk 1',
    writeCache: 'write back',
    scheduler: 'none',
    freeBytes: 1e12,
  },
  syncLatencyBefore: { samples: 500, p50Us: 900, p99Us: 3_000, maxUs: 9_000 },
  background: { loadBefore: 0.5 },
};

function codes(change: Partial<Host>): string[] {
  return hostDoubts({ ...HOST, ...change }).map((warning) => warning.code);
}

describe('host doubts', () => {
  const sync = HOST.syncLatencyBefore;
  const memoryFolder = { ...HOST.workDir, fileSystem: 'tmpfs' };

  it('has none about a quiet machine with an honest disk', () => {
    expect(hostDoubts(HOST)).toEqual([]);
  });

  it.each<[string, Partial<Host>]>([
    ['high-load', { background: { loadBefore: 2.1 } }],
    ['cpu-steal', { background: { loadBefore: 0, stealShare: 0.02 } }],
    ['governor-powersave', { cpu: { ...HOST.cpu, governor: 'powersave' } }],
    ['sync-too-fast', { syncLatencyBefore: { ...sync, p50Us: 19 } }],
    ['sync-slow', { syncLatencyBefore: { ...sync, p99Us: 10_001 } }],
    ['sync-unknown', { syncLatencyBefore: { samples: 0, p50Us: 0, p99Us: 0, maxUs: 0 } }],
    ['sync-drift', { syncLatencyAfter: { ...sync, p50Us: 1_801 } }],
    ['sync-drift', { syncLatencyAfter: { ...sync, p50Us: 449 } }],
    ['work-dir-in-memory', { workDir: memoryFolder }],
  ])('says %s', (code, change) => {
    expect(codes(change)).toEqual([code]);
  });

  it('is silent at the thresholds themselves', () => {
    expect(codes({ background: { loadBefore: 2, stealShare: 0.01 } })).toEqual([]);
    expect(codes({ syncLatencyBefore: { ...sync, p50Us: 20, p99Us: 10_000 } })).toEqual([]);
    expect(codes({ syncLatencyAfter: { ...sync, p50Us: 1_800 } })).toEqual([]);
  });

  it('does not blame the syncs of a folder in memory a second time', () => {
    const fast = { ...sync, p50Us: 1 };
    expect(codes({ workDir: memoryFolder, syncLatencyBefore: fast })).toEqual([
      'work-dir-in-memory',
    ]);
  });

  it('gives each doubt a remedy', () => {
    const doubts = hostDoubts({
      ...HOST,
      cpu: { ...HOST.cpu, governor: 'powersave' },
      syncLatencyBefore: { ...sync, p50Us: 1, p99Us: 20_000 },
      background: { loadBefore: 9, stealShare: 0.5 },
      syncLatencyAfter: sync,
    });
    expect(doubts).toHaveLength(6);
    expect(doubts.every((doubt) => (doubt.remedy ?? '').length > 10)).toBe(true);
  });
});

describe('fingerprint', () => {
  it('is short, and the same on twins with a little less memory and other mounts', () => {
    const print = fingerprint(HOST);
    expect(print).toMatch(/^[0-9a-f]{12}$/);
    const twin = { ...HOST.workDir, device: 'sdb7', freeBytes: 1, mountOptions: 'rw,noatime' };
    const memoryBytes = HOST.memoryBytes - 2e8;
    expect(fingerprint({ ...HOST, memoryBytes, workDir: twin })).toBe(print);
  });

  it('tells CPUs, sizes, file systems and disks apart', () => {
    const { cpu, workDir } = HOST;
    const others = [
      HOST,
      { ...HOST, cpu: { ...cpu, model: 'CPU 2' } },
      { ...HOST, cpu: { ...cpu, cores: 8 } },
      { ...HOST, memoryBytes: 17 * 2 ** 30 },
      { ...HOST, workDir: { ...workDir, fileSystem: 'xfs' } },
      { ...HOST, workDir: { ...workDir, deviceModel: 'Disk 2' } },
    ];
    expect(new Set(others.map(fingerprint)).size).toBe(others.length);
  });
});
