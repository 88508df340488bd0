import { describe, expect, it } from 'vitest';
import { parseCpuTimes, readCpuTimes, stealShare, threadCpuNs } from './cpu-times.ts';

const STAT = `cpu  100 1 50 800 5 0 4 40 30 0
cpu0 50 0 25 400 2 0 2 20 15 0
intr 12345
`;

describe('threadCpuNs', () => {
  it('grows with the work of this thread', () => {
    const before = threadCpuNs();
    if (before === undefined) {
      process.stderr.write('skipped: this system does not tell what a thread has used\n');
      return;
    }
    let sum = 0;
    for (let i = 0; i < 2e7; i++) sum += i % 7;
    expect(sum).toBeGreaterThan(0);
    expect(threadCpuNs()! - before).toBeGreaterThan(1e6);
  });

  it('does not read what is not there', () => {
    expect(threadCpuNs('/proc/no-such-file')).toBeUndefined();
    expect(threadCpuNs('/proc/stat')).toBeUndefined();
  });
});

describe('CPU times', () => {
  it('sums the first eight columns and finds steal in the eighth', () => {
    expect(parseCpuTimes(STAT)).toEqual({ total: 1_000, steal: 40 });
  });

  it('does not read what is not there', () => {
    expect(parseCpuTimes('')).toBeUndefined();
    expect(parseCpuTimes('cpu  1 2 3')).toBeUndefined();
    expect(parseCpuTimes('cpu0 1 2 3 4 5 6 7 8')).toBeUndefined();
    expect(readCpuTimes('/proc/no-such-file')).toBeUndefined();
  });

  it('shares steal over the time between two readings', () => {
    const before = { total: 1_000, steal: 40 };
    expect(stealShare(before, { total: 1_200, steal: 50 })).toBe(0.05);
    expect(stealShare(before, { total: 1_200, steal: 39 })).toBe(0);
    expect(stealShare(before, before)).toBeUndefined();
    expect(stealShare(undefined, before)).toBeUndefined();
    expect(stealShare(before, undefined)).toBeUndefined();
  });
});
