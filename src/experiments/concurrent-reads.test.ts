// Real rounds of concurrent-reads, tiny: every kind of cell, under every lock; and the cells of each mode.

import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { describeWithPeers } from '../../engine/testing/peers.ts';
import type { Scalar } from '../record/schema.ts';
import { testFolder } from '../testing/test-folder.ts';
import { concurrentReads } from './concurrent-reads.ts';
import { runExperimentTask } from './experiment-task.ts';
import type { ExperimentResult } from './experiment.ts';
import { fakeCell } from './testing/fake-experiment.ts';
import { emptyFolder } from './testing/round-folder.ts';

const base = testFolder('concurrent-reads');

function round(arm: string, factors: Readonly<Record<string, Scalar>>): Promise<ExperimentResult> {
  const cell = fakeCell('small', { factors, arms: ['global', 'copy', 'concurrent'] });
  return runExperimentTask({
    ...{ claim: 'concurrent-reads', cell, arm, seed: 1 },
    folder: emptyFolder(base),
  });
}

describe.each(['global', 'copy', 'concurrent'])('concurrent-reads, %s', (arm) => {
  it('puts alone and beside long reads, none of which misses a key', async () => {
    const found = await round(arm, { measured: 'beside', keys: 300, sharePercent: 100 });
    const { figures, settings, warnings } = found;
    expect(warnings).toEqual([]);
    expect(settings).toMatchObject({ readLock: arm, durability: 'group', putClients: 10 });
    expect(figures['alonePuts']).toBeGreaterThan(0);
    expect(figures['puts']).toBeGreaterThan(0);
    expect(figures['longReads']).toBeGreaterThan(1);
    expect(figures['longReadShare']).toBeGreaterThan(0.95);
    expect(figures['putP99Us']).toBeGreaterThanOrEqual(figures['putP50Us'] ?? Infinity);
    if (arm === 'concurrent') expect(figures['writerWaitedShare']).toBe(0);
    expect(Object.keys(found.histograms ?? {})).toEqual([
      ...['put', 'alonePut', 'shortRead', 'longRead'],
    ]);
  });
});

it('lets the long reader rest', async () => {
  const { figures } = await round('global', { measured: 'share', keys: 300, sharePercent: 5 });
  expect(figures['longReads']).toBeGreaterThan(0);
  // Without a rest it is 1 but for the turns of a loop, on however busy a machine.
  expect(figures['longReadShare']).toBeLessThan(0.95);
});

it('counts the reads of each thread', async () => {
  const found = await round('concurrent', { measured: 'readers', threads: 2, keys: 300 });
  expect(found.warnings).toEqual([]);
  expect(found.figures['readsPerSecond']).toBeGreaterThan(100);
  const byThread = found.series?.['readsPerSecondByThread'] ?? [];
  expect(byThread).toHaveLength(2);
  expect(Math.min(...byThread)).toBeGreaterThan(0);
});

it.each(['global', 'copy'])('times single reads with %s', async (arm) => {
  const { figures, warnings } = await round(arm, {
    ...{ measured: 'calibration', readKeys: 10, pendingPuts: 50 },
  });
  expect(warnings).toEqual([]);
  expect(figures['transactionUs']).toBeGreaterThan(0);
  // A message is the value of 1 kB, the key of 256 B, and some bytes more.
  expect(figures['bytesPerKey']).toBeGreaterThan(1280);
  expect(figures['bytesPerKey']).toBeLessThan(1320);
});

describeWithPeers('concurrent-reads, etcd', ['etcdmvccpeer'], ([peer = '']) => {
  beforeEach(() => {
    vi.stubEnv('KVTUNE_ETCDMVCCPEER', peer);
  });
  afterEach(() => {
    vi.unstubAllEnvs();
  });

  it.each(['etcd-readtx', 'etcd-concurrent'])('times the same reads with %s', async (arm) => {
    const factors = { measured: 'calibration', readKeys: 10, pendingPuts: 50 };
    const theirs = await round(arm, factors);
    const ours = await round('copy', factors);
    expect(theirs.settings['etcd']).toMatch(/^3\./);
    expect(theirs.figures['transactionUs']).toBeGreaterThan(0);
    // Revisions are a byte longer or shorter in one than in the other by what was drawn.
    const difference = (theirs.figures['bytesPerKey'] ?? 0) - (ours.figures['bytesPerKey'] ?? 0);
    expect(Math.abs(difference)).toBeLessThan(0.5);
  });

  it('puts beside its ranges', async () => {
    const { figures } = await round('etcd-shared', { measured: 'etcd', keys: 300 });
    expect(figures['puts']).toBeGreaterThan(0);
    expect(figures['longReads']).toBeGreaterThan(0);
  });
});

it('refuses an arm and a factor that it does not know', async () => {
  await expect(round('rcu', { measured: 'beside', keys: 9 })).rejects.toThrow(/no arm rcu/);
  await expect(round('copy', { measured: 'beside' })).rejects.toThrow(/no factor keys/);
});

it('judges 100,000 keys, 10,000 quickly, and reads of 1,000 keys', () => {
  const deciding = (mode: 'quick' | 'default' | 'full'): string[] =>
    concurrentReads
      .cells(mode)
      .filter(({ role, id }) => role === 'deciding' && !id.startsWith('calibration'))
      .map(({ id }) => id);
  expect(deciding('quick')).toEqual(['beside-10000']);
  expect(deciding('default')).toEqual(['beside-100000']);
  expect(concurrentReads.cells('full').map(({ id }) => id)).toContain('beside-1000000');
});
