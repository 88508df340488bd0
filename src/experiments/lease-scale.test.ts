// Rounds of lease-scale on small numbers of leases: counts that repeat exactly, and lags that can be
// worked out by hand.

import { describe, expect, it } from 'vitest';
import type { Scalar } from '../record/schema.ts';
import { runExperimentTask } from './experiment-task.ts';
import type { ExperimentResult } from './experiment.ts';
import { leaseScale } from './lease-scale.ts';
import { fakeCell } from './testing/fake-experiment.ts';

function round(arm: string, factors: Readonly<Record<string, Scalar>>): Promise<ExperimentResult> {
  const cell = fakeCell('small', { factors, arms: ['scan', 'heap'] });
  return runExperimentTask({ claim: 'lease-scale', cell, arm, seed: 1, folder: '' });
}

describe.each(['scan', 'heap'])('lease-scale, %s', (arm) => {
  it('times ticks that find nothing', async () => {
    const { figures, settings, warnings } = await round(arm, {
      ...{ measured: 'tick', leases: 3000, dueEachTick: 0 },
    });
    expect(warnings).toEqual([]);
    expect(settings).toMatchObject({ leaseExpiry: arm, leaseRevokeRate: 1000, tickMs: 500 });
    expect(figures['visitedPerTick']).toBe(arm === 'scan' ? 3000 : 1);
    expect(figures['tickUs']).toBeGreaterThan(0);
    expect(figures['keepAlivesPerSecond']).toBeGreaterThan(1000);
    expect(figures['bytesPerLease']).toBeLessThan(100);
  });

  it('finds all that are due, and no other', async () => {
    const { figures, warnings } = await round(arm, {
      ...{ measured: 'tick', leases: 3000, dueEachTick: 10 },
    });
    expect(warnings).toEqual([]);
    expect(figures['tickUs']).toBeGreaterThan(0);
  });

  it('lags as the cap makes it', async () => {
    const { figures, series } = await round(arm, {
      ...{ measured: 'lag', leases: 5000, ttlSeconds: 2, revokeRate: 100 },
    });
    expect(figures['revoked']).toBe(5000);
    // 5,000 at 100/s take 50 s; the last one was due 2 s after the first.
    expect(figures['lagSecondsMax']).toBeGreaterThan(47);
    expect(figures['lagSecondsMax']).toBeLessThanOrEqual(50);
    expect(figures['drainSeconds']).toBe(50);
    expect(series?.['lagSecondsDeciles']).toHaveLength(11);
  });
});

it('refuses an arm and a factor that it does not know', async () => {
  await expect(round('tree', { measured: 'tick' })).rejects.toThrow(/no arm tree/);
  await expect(round('heap', { measured: 'tick' })).rejects.toThrow(/no factor leases/);
});

it('names its cells by their numbers', () => {
  expect(leaseScale.cells('full').map(({ id }) => id)).toContain('idle-10000000');
  expect(leaseScale.cells('quick').map(({ id }) => id)).toEqual([
    ...['idle-1000', 'idle-100000', 'idle-1000000', 'lag-1000'],
  ]);
});
