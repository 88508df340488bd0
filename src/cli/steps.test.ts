// Work in steps: what it returns, what an interruption leaves of it.

import { describe, expect, it } from 'vitest';
import { takeSteps } from './steps.ts';

function* counting(log: string[], to: number): Generator<number, string> {
  try {
    for (let i = 0; i < to; i++) yield i;
    return 'counted';
  } finally {
    log.push('cleaned up');
  }
}

describe('takeSteps()', () => {
  it('shows each step and returns what the work returns', async () => {
    const log: string[] = [];
    const { signal } = new AbortController();
    const result = await takeSteps(counting(log, 3), {
      signal,
      onStep: (step) => log.push(String(step)),
    });
    expect(result).toBe('counted');
    expect(log).toEqual(['0', '1', '2', 'cleaned up']);
  });

  it('lets other work run in between, and that may end it: the clean-up runs, and no further step', async () => {
    const log: string[] = [];
    const interruption = new AbortController();
    const running = takeSteps(counting(log, 1e9), {
      signal: interruption.signal,
      onStep: (step) => {
        if (step === 2) setImmediate(() => interruption.abort());
        if (step > 1000) throw new Error('goes on after the interruption');
      },
    });
    await expect(running).rejects.toMatchObject({ name: 'AbortError' });
    expect(log).toEqual(['cleaned up']);
  });

  it('passes on what the work throws', async () => {
    const work = (function* (): Generator<number, never> {
      yield 1;
      throw new Error('broken');
    })();
    const { signal } = new AbortController();
    await expect(takeSteps(work, { signal, onStep: () => undefined })).rejects.toThrow('broken');
  });
});
