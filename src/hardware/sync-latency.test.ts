import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import type { Clock } from '../measure/clock.ts';
import { measureSyncLatency, NO_SYNC_LATENCY, summarize } from './sync-latency.ts';

/** A clock on which every reading takes `stepNs`, so that each sync seems to take just that. */
function steppingClock(stepNs: number): Clock {
  let now = 0;
  return { nowNs: () => (now += stepNs), wallIso: () => '1970-01-01T00:00:00.000Z' };
}

describe('sync latency', () => {
  const folder = mkdtempSync(join(tmpdir(), 'kvtune-sync-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it('goes on for two seconds on a fast disk, and leaves no file', async () => {
    // Two readings a sample: 5 ms each make 200 samples of 5 ms in 2 s.
    const latency = await measureSyncLatency(folder, steppingClock(5e6));
    const each = { p50Us: 5_000, p99Us: 5_000, maxUs: 5_000, meanUs: 5_000 };
    expect(latency).toEqual({ samples: 200, ...each });
    expect(readdirSync(folder)).toEqual([]);
  });

  it('takes the time it is given', async () => {
    expect((await measureSyncLatency(folder, steppingClock(1e6), 0.3)).samples).toBe(150);
  });

  it('takes 100 samples on a slow disk, unless that takes ten seconds', async () => {
    expect((await measureSyncLatency(folder, steppingClock(20e6))).samples).toBe(100);
    expect((await measureSyncLatency(folder, steppingClock(100e6))).samples).toBe(50);
  });

  it('has no samples where it cannot write', async () => {
    const missing = join(folder, 'missing');
    expect(await measureSyncLatency(missing, steppingClock(1e6))).toEqual(NO_SYNC_LATENCY);
  });

  it('summarizes in microseconds with one decimal', () => {
    const samples = Array.from({ length: 1_000 }, (_, i) => (1_000 - i) * 1_234);
    expect(summarize(samples)).toEqual({
      samples: 1_000,
      p50Us: 617.6,
      p99Us: 1_221.7,
      maxUs: 1_234,
      meanUs: 617.6,
    });
  });
});
