// Real slices, tiny, under every lock: reads beside puts, and short reads of several threads.

import { describe, expect, it } from 'vitest';
import { testFolder } from '../testing/test-folder.ts';
import { readsBeside } from './reads-beside.ts';
import { shortReads } from './short-reads.ts';
import { armOrder, runArm, sliceContext } from './testing/run-arm.ts';

const base = testFolder('reads-beside');
const FACTORS = {
  ...{ standingKeys: 300, sharePercent: 100 },
  ...{ aloneSeconds: 0.15, besideSeconds: 0.2, besideEvery: 1 },
};

describe.each(['global', 'copy', 'concurrent'])('reads-beside, %s', (readLock) => {
  it('puts alone and beside long reads, none of which misses a key', async () => {
    const asked = { ...FACTORS, quotaBytes: 16 * 1024 ** 3, readLock };
    const { prepared, slices, closing } = await runArm(readsBeside, { base, asked });
    expect(prepared['keys']).toBe(400);
    for (const { seconds, settings, figures, histograms = {}, warnings } of slices) {
      expect(warnings).toEqual([]);
      expect(seconds).toBeGreaterThanOrEqual(0.35);
      expect(settings).toMatchObject({ readLock, durability: 'group', putClients: 10 });
      expect(settings['quotaBytes']).toBe(asked.quotaBytes);
      expect(figures['alonePuts']).toBeGreaterThan(0);
      expect(figures['puts']).toBeGreaterThan(0);
      expect(figures['longReads']).toBeGreaterThan(1);
      expect(figures['longReadShare']).toBeGreaterThan(0.9);
      expect(figures['putP99Us']).toBeGreaterThanOrEqual(figures['putP50Us'] ?? Infinity);
      if (readLock === 'concurrent') expect(figures['writerWaitedShare']).toBe(0);
      expect(Object.keys(histograms)).toEqual(['put', 'shortRead', 'longRead', 'alonePut']);
    }
    expect(closing).toMatchObject({ settings: { readLock }, warnings: [] });
  });
});

it('lets the long reader rest', async () => {
  const asked = { ...FACTORS, sharePercent: 5, readLock: 'global' };
  const { slices } = await runArm(readsBeside, { base, asked });
  for (const { figures } of slices) {
    expect(figures['longReads']).toBeGreaterThan(0);
    // Without a rest it is 1 but for the turns of a loop, on however busy a machine.
    expect(figures['longReadShare']).toBeLessThan(0.95);
  }
});

it('has long reads in the first slice of each kind, and in every one of so many after it', async () => {
  const asked = { ...FACTORS, besideEvery: 3, readLock: 'copy' };
  const order = armOrder({ base, asked });
  await readsBeside.prepare?.(order, sliceContext());
  const arm = await readsBeside.open(order, sliceContext());
  const beside: boolean[] = [];
  for (const [index, warm] of [true, true, false, false, false, false].entries()) {
    const { figures, histograms } = await arm.slice({ index, seed: 1, warm }, sliceContext());
    expect(figures['alonePuts']).toBeGreaterThan(0);
    expect(histograms?.['longRead'] !== undefined).toBe(figures['puts'] !== undefined);
    beside.push(figures['puts'] !== undefined);
  }
  expect(beside).toEqual([true, false, true, false, false, true]);
  await arm.close('kill', sliceContext());
});

it('opens nothing where nothing was prepared', async () => {
  const order = armOrder({ base, asked: { ...FACTORS, readLock: 'copy' } });
  await expect(readsBeside.open(order, sliceContext())).rejects.toThrow(/prepared/);
});

describe('short-reads', () => {
  it('counts the reads of each thread', async () => {
    const asked = { threads: 2, standingKeys: 300, seconds: 0.2, readLock: 'concurrent' };
    const { slices } = await runArm(shortReads, { base, asked });
    for (const { figures, settings, series = {}, warnings } of slices) {
      expect(warnings).toEqual([]);
      expect(settings).toMatchObject({ readLock: 'concurrent', readingThreads: 2 });
      expect(figures['readsPerSecond']).toBeGreaterThan(100);
      expect(figures['putsPerSecond']).toBeLessThan(2500);
      const byThread = series['readsPerSecondByThread'] ?? [];
      expect(byThread).toHaveLength(2);
      expect(Math.min(...byThread)).toBeGreaterThan(0);
    }
  });

  it('has no more threads than the recipe has reading clients', async () => {
    const asked = { threads: 11, standingKeys: 300, seconds: 0.2, readLock: 'copy' };
    await expect(runArm(shortReads, { base, asked })).rejects.toThrow(/more threads than clients/);
  });
});
