// Checks of progress on a terminal and in a log, on a clock that the test moves.

import { describe, expect, it } from 'vitest';
import { createProgress, roughTime, type Progress, type ProgressOptions } from './progress.ts';

interface Rig {
  readonly progress: Progress;
  readonly printed: string[];
  /** Moves the clock; the timer ticks once afterwards. */
  readonly pass: (seconds: number) => void;
  readonly ticking: () => boolean;
}

function rig(mode: ProgressOptions['mode'], columns = 80): Rig {
  const printed: string[] = [];
  let nowNs = 5e9;
  let tick: (() => void) | undefined;
  const progress = createProgress({
    stderr: { write: (text) => printed.push(text), columns },
    clock: { nowNs: () => nowNs, wallIso: () => '' },
    mode,
    every: (_ms, task) => {
      tick = task;
      return () => {
        tick = undefined;
      };
    },
  });
  const pass = (seconds: number): void => {
    nowNs += seconds * 1e9;
    tick?.();
  };
  return { progress, printed, pass, ticking: () => tick !== undefined };
}

describe('on a terminal', () => {
  it('redraws at most ten times a second', () => {
    const { progress, printed, pass } = rig('redraw');
    for (let i = 0; i < 1000; i++) {
      progress.update({ share: i / 1000, doing: 'rounds' });
      pass(0.001);
    }
    expect(printed.length).toBeGreaterThanOrEqual(9);
    expect(printed.length).toBeLessThanOrEqual(11);
  });

  it('shows percent, what is running and the time left', () => {
    const { progress, printed, pass } = rig('redraw');
    progress.update({ share: 0.25, doing: '8 GB: hashmap' });
    expect(printed.at(-1)).toBe('\r\u001b[K 25%  8 GB: hashmap');
    pass(30);
    expect(printed.at(-1)).toBe('\r\u001b[K 25%  8 GB: hashmap, 1m 30s left');
    progress.update({ share: 0.5, doing: 'x', secondsLeft: 7.4 });
    pass(0.1);
    expect(printed.at(-1)).toBe('\r\u001b[K 50%  x, 7s left');
  });

  it('cuts the line to the width and removes control characters', () => {
    const { progress, printed } = rig('redraw', 20);
    progress.update({ share: 0, doing: `a\nb\u001b[31m${'c'.repeat(50)}` });
    expect(printed).toEqual(['\r\u001b[K  0%  a b [31mccccc']);
  });

  it('keeps milestones above the line and redraws it below', () => {
    const { progress, printed } = rig('redraw');
    progress.update({ share: 0.1, doing: 'work' });
    progress.milestone('2 GB done');
    expect(printed.slice(1)).toEqual(['\r\u001b[K', '2 GB done\n', '\r\u001b[K 10%  work']);
  });

  it('leaves a clean terminal, and nothing after the end', () => {
    const { progress, printed, ticking } = rig('redraw');
    progress.update({ share: 0.1, doing: 'work' });
    progress.end();
    expect(printed.at(-1)).toBe('\r\u001b[K');
    expect(ticking()).toBe(false);
    const count = printed.length;
    progress.update({ share: 0.2, doing: 'work' });
    progress.milestone('late');
    progress.end();
    expect(printed).toHaveLength(count);
  });
});

describe('in a log', () => {
  it('prints a line every ten seconds', () => {
    const { progress, printed, pass } = rig('lines');
    progress.update({ share: 0, doing: 'start' });
    for (let second = 0; second < 35; second++) {
      pass(1);
      progress.update({ share: second / 35, doing: 'rounds' });
    }
    expect(printed).toHaveLength(3);
    expect(printed[0]).toMatch(/^ {2}\d%|^ \d\d% {2}/);
    for (const line of printed) expect(line).not.toContain('\r');
  });

  it('prints milestones at once', () => {
    const { progress, printed } = rig('lines');
    progress.update({ share: 0.1, doing: 'work' });
    progress.milestone('2 GB done');
    expect(printed).toEqual(['2 GB done\n']);
  });
});

it('is silent when off', () => {
  const { progress, printed, pass, ticking } = rig('off');
  progress.update({ share: 0.5, doing: 'work' });
  pass(60);
  progress.milestone('done');
  progress.end();
  expect(printed).toEqual([]);
  expect(ticking()).toBe(false);
});

it.each([
  [0.4, '0s'],
  [59.4, '59s'],
  [59.6, '1m 00s'],
  [80, '1m 20s'],
  [7500, '2h 05m'],
])('calls %d seconds %s', (seconds, text) => {
  expect(roughTime(seconds)).toBe(text);
});
