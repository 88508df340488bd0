// Tiny real rounds of the experiments that load a store: batch-sweep, wal-sync, presets. Settings as read
// back, figures that follow from counts, and stores that hold what they acknowledged.

import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { diskFolder } from '../testing/test-folder.ts';
import { batchSweep } from './batch-sweep.ts';
import type { Experiment, ExperimentCell, RoundFigures } from './experiment.ts';
import { presets } from './presets.ts';
import { walSync } from './wal-sync.ts';
import { fakeCell } from './testing/fake-experiment.ts';

const base = diskFolder('load-experiments');
let rounds = 0;

function round(
  experiment: Experiment,
  arm: string,
  factors: ExperimentCell['factors'],
): RoundFigures | Promise<RoundFigures> {
  const folder = join(base, String(rounds++));
  mkdirSync(folder, { recursive: true });
  return experiment.runRound({ cell: fakeCell('tiny', { factors }), arm, seed: 1, folder });
}

const SLOW: ReadonlySet<string> = new Set(['generator', 'skipped', 'late']);

/** Warnings that no slow machine explains. */
const serious = ({ warnings }: RoundFigures): string[] =>
  warnings.map(({ code }) => code).filter((code) => !SLOW.has(code));

describe('batch-sweep', () => {
  const factors = {
    ...{ syncDelayMs: 0, offeredPerSecond: 500, clients: 4, keys: 50, valueBytes: 64 },
    ...{ closedSeconds: 0.1, openSeconds: 0.3 },
  };

  it('runs with the settings of its arm, in both loops', async () => {
    const found = await round(batchSweep, '10ms/1000', factors);
    expect(serious(found)).toEqual([]);
    expect(found.settings).toMatchObject({
      ...{ batchIntervalMs: 10, batchLimit: 1000, durability: 'group' },
    });
    const { figures } = found;
    expect(figures['putsPerSecond']).toBeGreaterThan(0);
    expect(figures['takenPerSecond']).toBeGreaterThan(0);
    expect(figures['takenPerSecond']).toBeLessThan(1000);
    expect(figures['putP99Us']).toBeGreaterThanOrEqual(figures['putP50Us'] ?? Infinity);
    expect(figures['commitMsMax']).toBeGreaterThan(0);
  }, 30_000);

  it('commits as often as the interval says', async () => {
    const often = await round(batchSweep, '20ms/100000', factors);
    const seldom = await round(batchSweep, '1000ms/100000', factors);
    // 15 and none in 0.3 s; a slow machine makes fewer.
    const { commitsPerSecond: seldomPerSecond = 0 } = seldom.figures;
    expect(often.figures['commitsPerSecond']).toBeGreaterThan(seldomPerSecond);
  }, 30_000);

  it('refuses an arm that it does not know', async () => {
    await expect(round(batchSweep, 'often', factors)).rejects.toThrow(/no arm often/);
  });
});

describe('wal-sync', () => {
  const factors = { writers: 8, valueBytes: 64, syncDelayMs: 0, seconds: 0.2 };

  it('syncs for each put, or for all that wait, beside what the disk allows', async () => {
    const each = await round(walSync, 'each', factors);
    const group = await round(walSync, 'group', factors);
    expect([...serious(each), ...serious(group)]).toEqual([]);
    expect([each.settings['durability'], group.settings['durability']]).toEqual(['each', 'group']);
    // Counters are read a moment apart, and a commit of the backend may add a sync of the log.
    expect(each.figures['putsPerSync']).toBeGreaterThan(0.9);
    expect(each.figures['putsPerSync']).toBeLessThan(1.1);
    expect(group.figures['putsPerSync']).toBeGreaterThan(1.5);
    expect(group.figures['putsPerSync']).toBeLessThanOrEqual(8.1);
    expect(each.figures['diskSyncUs']).toBeGreaterThan(0);
    expect(each.figures['boundPerSecond']).toBeCloseTo(1e6 / (each.figures['diskSyncUs'] ?? 0), 6);
  }, 30_000);

  it('adds to a sync what it is told to', async () => {
    const { figures } = await round(walSync, 'each', { ...factors, syncDelayMs: 5 });
    expect(figures['putsPerSecond']).toBeLessThan(200);
    expect(figures['boundPerSecond']).toBeLessThan(200);
    expect(figures['walSyncUs']).toBeGreaterThan(5000);
  }, 30_000);

  it('claims no shared sync where none waits for one', async () => {
    const { figures, settings } = await round(walSync, 'none', factors);
    expect(settings['durability']).toBe('none');
    expect(Object.keys(figures)).not.toContain('putsPerSync');
    expect(figures['putsPerSecond']).toBeGreaterThan(1000);
  }, 30_000);

  it('refuses an arm that it does not know', async () => {
    await expect(round(walSync, 'some', factors)).rejects.toThrow(/no arm some/);
  });
});

describe('presets', () => {
  const families = presets.cells('quick').map(({ id }) => [id, 'optimized'] as const);
  it.each([...families, ['read-heavy', 'baseline'] as const])(
    'runs %s as %s',
    async (workload, arm) => {
      const found = await round(presets, arm, { workload, seconds: 0.1 });
      expect(serious(found)).toEqual([]);
      expect(found.settings['freelist']).toBe(arm === 'baseline' ? 'array' : 'hashmap');
      expect(found.settings['leaseExpiry']).toBe(arm === 'baseline' ? 'scan' : 'heap');
      expect(found.figures['operationsPerSecond']).toBeGreaterThan(10);
      expect(found.figures['p99Us']).toBeGreaterThan(0);
    },
    60_000,
  );

  it('refuses an arm and a family that it does not know', async () => {
    const factors = { workload: 'read-heavy', seconds: 0.1 };
    await expect(round(presets, 'fastest', factors)).rejects.toThrow(/no arm fastest/);
    const other = { ...factors, workload: 'other' };
    await expect(round(presets, 'baseline', other)).rejects.toThrow(/no family other/);
  });
});
