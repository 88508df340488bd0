// Real rounds of index-lock, small: what is dropped can be counted, and a walk under one lock is one step.

import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { describeWithPeers } from '../../engine/testing/peers.ts';
import type { Scalar } from '../record/schema.ts';
import { testFolder } from '../testing/test-folder.ts';
import { runExperimentTask } from './experiment-task.ts';
import type { ExperimentResult } from './experiment.ts';
import { indexLock } from './index-lock.ts';
import { fakeCell } from './testing/fake-experiment.ts';
import { emptyFolder } from './testing/round-folder.ts';

const base = testFolder('index-lock');

function round(arm: string, factors: Readonly<Record<string, Scalar>>): Promise<ExperimentResult> {
  const cell = fakeCell('small', { factors, arms: ['global', 'optimistic'] });
  const task = { claim: 'index-lock', cell, arm, seed: 1 };
  return runExperimentTask({ ...task, folder: emptyFolder(base) });
}

it.each(['global', 'optimistic'])('compacts beside puts and reads with %s', async (arm) => {
  const keys = 30_000;
  const found = await round(arm, { measured: 'compact', keys, seconds: 0.3 });
  const { figures, settings, warnings } = found;
  expect(warnings).toEqual([]);
  expect(settings).toMatchObject({ indexLock: arm, durability: 'none', synced: false });
  // One revision of each key at least, two of those that were put to meanwhile.
  expect(figures['revisionsDropped']).toBeGreaterThanOrEqual(keys);
  expect(figures['revisionsDropped']).toBeLessThanOrEqual(3 * keys);
  expect(figures['puts']).toBeGreaterThanOrEqual(1000);
  expect(figures['putMaxMs']).toBeGreaterThan(0);
  expect(figures['readMaxMs']).toBeGreaterThan(0);
  expect(figures['stepMsMax']).toBeGreaterThan(0);
  expect(Object.keys(found.histograms ?? {})).toHaveLength(4);
});

it('has puts wait for the whole walk with global, and for a step with optimistic', async () => {
  const factors = { measured: 'compact', keys: 300_000, seconds: 0.3 };
  const [global, optimistic] = [await round('global', factors), await round('optimistic', factors)];
  const stepOf = ({ figures }: ExperimentResult): number => figures['stepMsMax'] ?? Number.NaN;
  expect(global.figures['putMaxMs']).toBeGreaterThan(0.9 * stepOf(global));
  expect(stepOf(global)).toBeGreaterThan(2 * stepOf(optimistic));
});

describeWithPeers('index-lock, etcd', ['etcdmvccpeer'], ([peer = '']) => {
  beforeEach(() => {
    vi.stubEnv('KVTUNE_ETCDMVCCPEER', peer);
  });
  afterEach(() => {
    vi.unstubAllEnvs();
  });

  it('walks its own index', async () => {
    const { figures, settings } = await round('etcd', { measured: 'etcd', keys: 2000 });
    expect(settings['etcd']).toMatch(/^3\./);
    expect(figures['puts']).toBeGreaterThan(0);
    expect(figures['walkMs']).toBeGreaterThanOrEqual(0);
  });
});

it('refuses an arm and a factor that it does not know', async () => {
  await expect(round('tree', { measured: 'compact' })).rejects.toThrow(/no arm tree/);
  await expect(round('global', { measured: 'compact' })).rejects.toThrow(/no factor keys/);
});

it('judges a million keys, 300,000 quickly, and shows ten million', () => {
  const ids = (mode: 'quick' | 'default' | 'full'): string[] =>
    indexLock.cells(mode).flatMap(({ id, role }) => (role === 'deciding' ? [id] : []));
  expect(ids('quick')[0]).toBe('compact-300000');
  expect(ids('default')[0]).toBe('compact-1000000');
  const full = indexLock.cells('full');
  expect(full.find(({ id }) => id === 'compact-10000000')).toMatchObject({ role: 'labelled' });
});
