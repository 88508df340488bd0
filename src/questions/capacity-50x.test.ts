// Every verdict of capacity-50x by its rule, its sentences and picture from made-up rounds.

import { describe, expect, it } from 'vitest';
import type { Round } from '../record/round.ts';
import { capacity50x } from './capacity-50x.ts';
import { freelist24x } from './freelist-24x.ts';
import {
  answered,
  cellOf,
  estimatesOf,
  expectCutsComplete,
  roundsOf,
  type MadeUp,
  type MadeUpEstimate,
} from './testing/rounds.ts';

const question = capacity50x.build({ mode: 'default', peers: {} });
const [SMALL, MIDDLE, HALF] = ['8gb', '25gb', '50gb'].map(
  (name) => `put-latency:freelist-24x/${name}`,
);

/** Rounds in which a commit takes `ratio` times as long as at 2 GB. */
function about(ratio: number, name = '100gb', over: Partial<MadeUp> = {}): Round[] {
  const arm = (commitMsMedian: number): MadeUp['arms'][string] => ({ figures: { commitMsMedian } });
  const arms = {
    ...{ hashmap: arm(80 * ratio), 'hashmap-2gb': arm(80) },
    ...{ array: arm(160 * ratio), 'array-2gb': arm(80) },
  };
  return roundsOf(cellOf(question, name), { sessions: 5, spread: 0.005, ...over, arms });
}

describe('rule of capacity-50x', () => {
  const judge = (main: MadeUpEstimate, smaller: Record<string, MadeUpEstimate> = {}): string =>
    question.rule(estimatesOf(question.contrasts, { 'put-latency': main, ...smaller }));

  it.each([
    [0.8, 1.25, 'reproduced'],
    [0.79, 1.2, 'inconclusive'],
    [0.9, 1.26, 'inconclusive'],
    [1.26, 3, 'not-reproduced'],
    [0.5, 0.79, 'not-reproduced'],
  ])('an interval from %f to %f is %s', (low, high, verdict) => {
    expect(judge([low, high], { [SMALL ?? '']: [1.5, 2] })).toBe(verdict);
  });

  it('cannot tell how far it holds where no smaller size was measured', () => {
    expect(judge([1.26, 3])).toBe('inconclusive');
    expect(judge([0.8, 1.25])).toBe('reproduced');
  });

  it('is partly where a smaller size is equivalent, and none below it different', () => {
    const [small = '', middle = '', half = ''] = [SMALL, MIDDLE, HALF];
    const slow: MadeUpEstimate = [1.5, 2];
    const equal: MadeUpEstimate = [0.95, 1.05];
    expect(judge(slow, { [small]: equal })).toBe('partly');
    expect(judge(slow, { [small]: [0.7, 1.4], [half]: equal })).toBe('partly');
    expect(judge(slow, { [small]: slow, [middle]: equal })).toBe('not-reproduced');
    expect(judge([0.7, 1.4], { [half]: equal })).toBe('inconclusive');
    expect(judge(null, { [half]: equal })).toBe('inconclusive');
  });

  it('lists all its cuts', () => {
    expectCutsComplete(question);
  });

  it('rests on one contrast: smaller sizes take no share of its error', () => {
    const supporting = question.contrasts.filter((contrast) => contrast.supporting === true);
    expect(supporting.map(({ id }) => id).sort()).toEqual([SMALL, MIDDLE, HALF].sort());
  });
});

describe('what capacity-50x says', () => {
  it.each([
    [
      1.02,
      'reproduced',
      /took 1\.02x .* within the bounds of 0\.80 to 1\.25.*hashmap as far as 100 GB/,
    ],
    [2, 'not-reproduced', /outside the bounds of 0\.80 to 1\.25; .*hashmap at no measured size/],
    [0.5, 'not-reproduced', /on the quick side/],
  ])('of rounds about %f', (ratio, verdict, words) => {
    const answer = answered(question, [...about(ratio), ...about(ratio, '8gb')]);
    expect(answer.verdict).toBe(verdict);
    expect(answer.finding).toMatch(words);
    expect(answer.measured?.value).toBeCloseTo(ratio, 1);
    expect(answer.estimates[0]).toMatchObject({ id: 'put-latency', deciding: true });
  });

  it('of an interval that straddles a bound', () => {
    const answer = answered(question, about(1.2, '100gb', { spread: 0.1 }));
    expect(answer.verdict).toBe('inconclusive');
    expect(answer.finding).toMatch(/straddles a bound/);
  });

  it('of smaller sizes: how far it holds, as a picture and in words', () => {
    const rounds = [...about(2), ...about(1.3, '50gb'), ...about(1.02, '25gb'), ...about(1, '8gb')];
    const answer = answered(question, rounds);
    expect(answer.verdict).toBe('partly');
    expect(answer.finding).toMatch(/hashmap as far as 25 GB and array at no measured size/);
    const [panel] = answer.panels;
    if (panel?.kind !== 'lines') throw new Error('no picture');
    expect(panel.series.map(({ name, role, points }) => [name, role, points.length])).toEqual([
      ['hashmap', 'deciding', 4],
      ['array', 'curve', 4],
    ]);
    expect(panel.references.map(({ y }) => y)).toEqual([1, 0.8, 1.25]);
    expect(answer.limits.join('\n')).toMatch(
      /With hashmap, .*equivalent .* at 8 GB \(1\.0\dx\) and 25 GB/,
    );
    expect(answer.limits.join('\n')).toContain('no consensus');
  });

  it('where 100 GB was not measured', () => {
    const answer = answered(question, about(1, '50gb'));
    expect(answer.verdict).toBe('inconclusive');
    expect(answer.measured).toBeNull();
  });
});

it('reads the cells of freelist-24x, and brings equal ones where it is asked alone', () => {
  const others = freelist24x.build({ mode: 'default', peers: {} }).cells;
  for (const cell of question.cells) expect(others).toContainEqual(cell);
});
