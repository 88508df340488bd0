// Checks of the system clock: monotonic, in nanoseconds, and ISO wall time near the real one.

import { describe, expect, it } from 'vitest';
import { systemClock } from './clock.ts';

describe('systemClock', () => {
  it('never runs backwards', () => {
    let before = systemClock.nowNs();
    for (let i = 0; i < 10_000; i++) {
      const now = systemClock.nowNs();
      expect(now).toBeGreaterThanOrEqual(before);
      before = now;
    }
  });

  it('counts nanoseconds', async () => {
    const start = systemClock.nowNs();
    await new Promise((resolve) => setTimeout(resolve, 30));
    const elapsed = systemClock.nowNs() - start;
    expect(elapsed).toBeGreaterThan(25e6);
    expect(elapsed).toBeLessThan(10e9);
  });

  it('tells UTC in ISO form', () => {
    const text = systemClock.wallIso();
    expect(text).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    expect(Math.abs(Date.parse(text) - Date.now())).toBeLessThan(60_000);
  });
});
