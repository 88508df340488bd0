// Every verdict of freelist-24x by its rule, and its sentences and picture from made-up rounds.

import { describe, expect, it } from 'vitest';
import type { Round } from '../record/round.ts';
import { freelist24x } from './freelist-24x.ts';
import { MAIN_CELL } from './freelist-cells.ts';
import {
  answered,
  cellOf,
  estimatesOf,
  expectCutsComplete,
  hostOf,
  roundOf,
  roundsOf,
  type MadeUp,
} from './testing/rounds.ts';

const question = freelist24x.build({ mode: 'default', peers: { bbolt: '/bboltpeer' } });

/** Rounds in which array takes `ratio` times as long; hashmap takes a second. */
function about(ratio: number, name = '100gb', over: Partial<MadeUp> = {}): Round[] {
  const arm = (completionSeconds: number, dbBytes = 100e9): MadeUp['arms'][string] => ({
    figures: { completionSeconds, putsPerSecond: 5000 / completionSeconds, runFoundShare: 0.9 },
    state: { digest: String(dbBytes), dbBytes, freePages: 9.4e6 },
  });
  const arms = {
    ...{ array: arm(ratio), hashmap: arm(1) },
    ...{ 'array-2gb': arm(1.1, 2e9), 'hashmap-2gb': arm(1, 2e9) },
  };
  return roundsOf(cellOf(question, name), { sessions: 5, spread: 0.01, ...over, arms });
}

/** A short job of array-short, and of bbolt at a second. */
function calibration(ratio: number, probes = 20): Round[] {
  const cell = cellOf(question, 'calibration');
  const of = (seconds: number, probesPerAllocation: number): Round['figures'] => ({
    ...{ freelistSeconds: seconds * 0.75, releaseSeconds: seconds * 0.25, probesPerAllocation },
  });
  return [
    roundOf(cell, 'array-short', { figures: of(ratio, 20) }),
    roundOf(cell, 'bbolt-array', { figures: of(1, probes), settings: { bbolt: '1.3.6' } }),
  ];
}

describe('verdict of freelist-24x', () => {
  const judge = (made: number | readonly [number, number] | null, floor: number | null): string =>
    question.rule(estimatesOf(question.contrasts, { completion: made }, floor));

  it.each([
    [15, 16, 'reproduced'],
    [15, 15.999, 'partly'],
    [36, 40, 'reproduced'],
    [36.001, 40, 'exceeded'],
    [10, 50, 'reproduced'],
    [1.2, 15, 'not-reproduced'],
    [1.201, 15, 'partly'],
    [0.5, 15, 'not-reproduced'],
    [0.5, 0.9, 'not-reproduced'],
  ])('an interval from %f to %f is %s', (low, high, verdict) => {
    expect(judge([low, high], 1.2)).toBe(verdict);
  });

  it('needs a floor for partly, and for nothing else', () => {
    expect(judge([13, 15], null)).toBe('inconclusive');
    expect(judge([23, 25], null)).toBe('reproduced');
    expect(judge([0.9, 1.1], null)).toBe('not-reproduced');
    expect(judge(null, 1.02)).toBe('inconclusive');
  });

  it('lists all its cuts', () => {
    expectCutsComplete(question);
  });

  it.each([
    [
      24,
      'reproduced',
      /took 24\.\d s with array and \S+ s with hashmap, 24\.\dx .*: the interval meets/,
    ],
    [60, 'exceeded', /above the band of 16x to 36x/],
    [6, 'partly', /a gain above the noise floor of 1\.\d+x, but below 16x/],
    [1.001, 'not-reproduced', /not clear of the noise floor/],
    [0.4, 'not-reproduced', /array was the faster one/],
  ])('rounds about %f are %s', (ratio, verdict, why) => {
    const answer = answered(question, about(ratio));
    expect(answer.verdict).toBe(verdict);
    expect(answer.finding).toMatch(why);
    expect(answer.finding).toMatch(
      /^5,000 puts of 10,000 bytes .* with 9\.4\d* million free pages/,
    );
    expect(answer.measured).toMatchObject({ sessions: 5, unit: 'x', at: { dbBytes: 100e9 } });
    expect(answer.measured?.value).toBeCloseTo(ratio, -Math.floor(Math.log10(ratio)));
  });
});

describe('what freelist-24x does not decide', () => {
  it('does not decide from a smaller size, nor from nothing', () => {
    const answer = answered(question, about(24, '50gb'));
    expect(answer.verdict).toBe('inconclusive');
    expect(answer.measured).toBeNull();
    expect(answered(question, []).verdict).toBe('nothing');
  });

  it('does not decide from two sessions', () => {
    expect(answered(question, about(24, '100gb', { sessions: 2 })).verdict).toBe('inconclusive');
  });

  it('measures the deciding cell alone where time is short', () => {
    const quick = freelist24x.build({ mode: 'quick', peers: {} });
    expect(quick.cells.map(({ id }) => id)).toEqual([MAIN_CELL]);
    expect(quick.cells[0]?.factors).toEqual(question.cells[0]?.factors);
  });
});

describe('what makes freelist-24x invalid', () => {
  it.each([
    ['dishonest-baseline', [...about(24), ...calibration(1.3)], {}],
    ['dishonest-baseline', [...about(24), ...calibration(1, 21)], {}],
    ['memory-file-system', about(24), { host: hostOf('tmpfs') }],
    ['settings-mismatch', withSettings('hashmap'), {}],
  ])('%s', (code, rounds, run) => {
    const answer = answered(question, rounds, { run });
    expect(answer.verdict).toBe('invalid');
    expect(answer.warnings.map((warning) => warning.code)).toContain(code);
    expect(answer.finding).toMatch(/^Not valid as measured .* took 24/);
  });

  it('not an honest baseline, which is named', () => {
    const answer = answered(question, [...about(24), ...calibration(1.2)]);
    expect(answer.verdict).toBe('reproduced');
    expect(answer.facts).toEqual([
      {
        label: 'Baseline',
        value:
          'The array arm spends 1.20 times what bbolt 1.3.6 spends in its freelist on the same file, ' +
          'at 20.0 against 20.0 probes an allocation.',
      },
    ]);
  });

  function withSettings(freelist: string): Round[] {
    return about(24).map((round) =>
      round.arm === 'array' ? { ...round, settings: { freelist } } : round,
    );
  }
});

describe('curve and limits of freelist-24x', () => {
  const rounds = [
    ...about(24),
    ...about(12, '50gb'),
    ...about(1.002, '8gb'),
    ...about(0.5, 'small-values-25gb'),
    ...about(40, 'worst-case-25gb'),
  ];
  const answer = answered(question, rounds);

  it('draws the main job as a line, with the labelled cells beside it', () => {
    const [panel] = answer.panels;
    if (panel?.kind !== 'lines') throw new Error('no picture');
    expect(panel.series.map(({ name, role, points }) => [name, role, points.length])).toEqual([
      ['main job', 'deciding', 4],
      ['small values', 'labelled', 1],
      ['worst case', 'labelled', 1],
    ]);
    expect(panel.series[0]?.points.map(({ x }) => x)).toEqual([2, 8, 50, 100]);
    expect(panel.references.map(({ y }) => y)).toEqual([23.69, 16, 36, 1]);
  });

  it('says at which sizes it holds, from the rounds', () => {
    const limits = answer.limits.join('\n');
    expect(limits).toContain('At 2 GB, 50 GB and 100 GB, the main job: hashmap was faster');
    expect(limits).toContain('At 8 GB, the main job: no difference was shown');
    expect(limits).toMatch(/small values: 25 GB, 0\.5 kB values\): array was faster .* 0\.5\d+x/);
    expect(limits).toMatch(/worst case: 25 GB, no run fits\): hashmap was faster .* \d\d\.\dx/);
    expect(limits).toContain('no consensus');
  });

  it('lists every arm', () => {
    const [table] = answer.tables;
    expect(table?.rows).toHaveLength(4 * 3 + 2 * 2);
    expect(table?.rows[0]?.slice(0, 3)).toEqual(['kubernetes-mix', 'array', 100]);
  });
});
