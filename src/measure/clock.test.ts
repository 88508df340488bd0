// Checks of the system clock: monotonic, in nanoseconds, and ISO wall time near the real one.

import { Worker } from 'node:worker_threads';
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

  it('is the same in all threads', async () => {
    // A thread knows when it was asked and when it answered; its own time lies in between.
    const clock = new URL('../../dist/src/measure/clock.js', import.meta.url);
    const source = `
      const { parentPort } = require('node:worker_threads');
      import(${JSON.stringify(clock.href)}).then(({ systemClock }) => {
        parentPort.on('message', () => parentPort.postMessage(systemClock.nowNs()));
        parentPort.postMessage(0);
      });`;
    const worker = new Worker(source, { eval: true });
    const answer = (): Promise<number> =>
      new Promise((resolve, reject) => {
        worker.once('message', resolve);
        worker.once('error', reject);
      });
    await answer();
    const before = systemClock.nowNs();
    worker.postMessage('time');
    const there = await answer();
    const after = systemClock.nowNs();
    await worker.terminate();
    expect(there).toBeGreaterThan(before - 5000);
    expect(there).toBeLessThan(after + 5000);
  });
});
