// Slices on small numbers of leases: counts that repeat exactly, and lags that can be worked out by hand.

import { describe, expect, it } from 'vitest';
import { testFolder } from '../testing/test-folder.ts';
import { leaseLag } from './lease-lag.ts';
import { leaseTicks } from './lease-ticks.ts';
import { runArm } from './testing/run-arm.ts';

const base = testFolder('leases');
const TICKS = { leasesMin: 1000, leasesMax: 4000, sizes: 3 };

describe.each(['scan', 'heap'])('leases, %s', (leaseExpiry) => {
  it('times ticks that find nothing, from few leases to many', async () => {
    const asked = { ...TICKS, dueEachTick: 0, leaseExpiry };
    const { slices, closing } = await runArm(leaseTicks, { base, asked });
    for (const { figures, settings, series = {}, warnings } of slices) {
      expect(warnings).toEqual([]);
      expect(settings).toMatchObject({ leaseExpiry, leaseRevokeRate: 1000, tickMs: 500 });
      expect(figures['visitedPerTick']).toBe(leaseExpiry === 'scan' ? 4000 : 1);
      expect(series['leases']).toEqual([1000, 2000, 4000]);
      expect(series['tickUs']).toHaveLength(3);
      expect(series['tickUs']?.at(-1)).toBe(figures['tickUs']);
      expect(figures['keepAlivesPerSecond']).toBeGreaterThan(1000);
      expect(figures['bytesPerLease']).toBeLessThan(100);
    }
    expect(closing).toMatchObject({ settings: { leaseExpiry }, warnings: [] });
  });

  it('finds all that are due, and no other', async () => {
    const asked = { ...TICKS, dueEachTick: 10, leaseExpiry };
    const { slices } = await runArm(leaseTicks, { base, asked });
    for (const { figures, warnings } of slices) {
      expect(warnings).toEqual([]);
      expect(figures['tickUs']).toBeGreaterThan(0);
    }
  });

  it('lags as the cap makes it, and the same each time', async () => {
    const asked = { leases: 5000, ttlSeconds: 2, leaseRevokeRate: 100, leaseExpiry };
    const { slices } = await runArm(leaseLag, { base, asked });
    const [first] = slices;
    for (const { figures, settings, series = {}, warnings } of slices) {
      expect(warnings).toEqual([]);
      expect(settings).toMatchObject({ leaseExpiry, leaseRevokeRate: 100 });
      expect(figures['revoked']).toBe(5000);
      // 5,000 at 100/s take 50 s; the last one was due 2 s after the first.
      expect(figures['lagSecondsMax']).toBeGreaterThan(47);
      expect(figures['lagSecondsMax']).toBeLessThanOrEqual(50);
      expect(figures['lagSecondsMax']).toBe(first?.figures['lagSecondsMax']);
      expect(figures['drainSeconds']).toBe(50);
      expect(series['lagSecondsDeciles']).toHaveLength(11);
      expect(series['lagSecondsDeciles']).toEqual(first?.series?.['lagSecondsDeciles']);
    }
  });
});

it('refuses an expiry that there is not, and a factor that is missing', async () => {
  const ticks = { ...TICKS, dueEachTick: 0 };
  await expect(
    runArm(leaseTicks, { base, asked: { ...ticks, leaseExpiry: 'tree' } }),
  ).rejects.toThrow("leaseExpiry 'tree' is not scan, heap");
  await expect(runArm(leaseLag, { base, asked: { leaseExpiry: 'heap' } })).rejects.toThrow(
    /no factor leaseRevokeRate/,
  );
});
