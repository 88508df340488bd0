// Reports of run, ab and sweep: what a person reads in the terminal and on the page, and that text from
// outside cannot break either.

import { describe, expect, it } from 'vitest';
import { Random } from '../../engine/index.ts';
import { testRun } from '../claims/testing/samples.ts';
import { judgeLoads } from '../gate/load-verdict.ts';
import { testPlan, testRound } from '../gate/testing/load-rounds.ts';
import type { LoadRun } from '../record/load-schema.ts';
import type { ExperimentRound, Run } from '../record/schema.ts';
import { renderLoadReport, renderLoadTerminal, type LoadReportInput } from './load-report.ts';

function input(
  plan: LoadRun,
  experiments: readonly ExperimentRound[],
  over: Partial<Run> = {},
): LoadReportInput {
  const run = testRun({ cells: [], load: plan, ...over });
  const random = new Random(1);
  const verdict = judgeLoads({ run, plan, experiments, unit: () => random.unit() });
  return { run, plan, experiments, verdict };
}

const AB = Array.from({ length: 4 }, (_, block) =>
  ['a', 'b'].flatMap((arm) =>
    [0, 1].map((replicate) =>
      testRound({
        ...{ arm, block, replicate },
        perSecond:
          (arm === 'a' ? 1000 : 500) * (1 + 0.01 * replicate + 0.002 * block * Number(arm === 'a')),
      }),
    ),
  ),
).flat();

describe('renderLoadTerminal', () => {
  it('shows a line a lane with units, the verdict, the generator and the verification', () => {
    const text = renderLoadTerminal(input(testPlan(), [testRound()]), { color: false });
    expect(text).toBe(
      [
        'Lane  ops/s      p50      p90     p99   p99.9     max    ops',
        '--------------------------------------------------------------',
        'read  1,000  50.0 us  50.0 us  100 us  100 us  100 us  2,000',
        '',
        'measured: read-heavy: 1,000 operations/s by a closed loop of 64 clients; read has the longest p99,',
        '  100 us.',
        'load generator: a generating thread used up to 50% of a core',
        'verified: 1,000 entries of 1 round, all leases: as it must be',
        '',
      ].join('\n'),
    );
  });

  it('tells of an open loop how late and how many were skipped', () => {
    const shape = { kind: 'open', arrival: 'poisson', ratePerSecond: 1000 } as const;
    const text = renderLoadTerminal(input(testPlan({ shape }), [testRound()]), { color: false });
    expect(text.replaceAll(/\s+/g, ' ')).toContain('starts late by up to 50.0 us (p99), 0 skipped');
  });

  it('shows an ab with its comparison, no line too long', () => {
    const text = renderLoadTerminal(input(testPlan({ command: 'ab' }), AB), { color: false });
    expect(text).toMatch(/operations per second +decides +1,010\/s +502\/s +0\.499x \[/);
    expect(text).toContain('b is worse: operations per second: b is 0.499 times as good as a');
    for (const line of text.split('\n')) expect(line.length).toBeLessThanOrEqual(100);
  });

  it('says what is wrong first', () => {
    const wrong = input(testPlan(), [testRound({ faults: ['key 5 is missing'] })]);
    const text = renderLoadTerminal(wrong, { color: false });
    expect(text).toContain('wrong data: The store does not hold what it acknowledged: key 5');
    expect(text).toContain('verified: 1,000 entries of 1 round, all leases: WRONG in 1 round');
    const stopped = renderLoadTerminal(input(testPlan(), [], { status: 'interrupted' }), {
      color: false,
    });
    expect(stopped).toContain('Interrupted: the run was stopped');
    expect(stopped).toContain('nothing measured: Nothing was measured.');
  });
});

describe('renderLoadReport', () => {
  it('makes a page, its Markdown twin and pictures, about the load and no claim', async () => {
    const factors: LoadRun['factors'] = [
      { name: 'batchLimit', what: 'config', levels: [100, 1000] },
      { name: 'batchIntervalMs', what: 'config', levels: [1, 10] },
    ];
    const rounds = [100, 1000].flatMap((limit) =>
      [1, 10].map((interval) =>
        testRound({
          ...{ cell: `batchLimit=${limit},batchIntervalMs=${interval}`, perSecond: limit },
          factors: { batchLimit: limit, batchIntervalMs: interval },
        }),
      ),
    );
    const report = await renderLoadReport(input(testPlan({ command: 'sweep', factors }), rounds));
    expect(Object.keys(report.svgs)).toEqual(['rate', 'p99-read']);
    expect(report.html).toMatch(/^<!doctype html>/);
    expect(report.html).not.toMatch(/(src|href)="(https?:)?\/\//);
    for (const text of [report.html, report.markdown]) {
      expect(text).toContain('read-heavy: a sweep');
      expect(text).toContain('closed loop');
      expect(text).toContain('verdict.json');
      expect(text).not.toMatch(/claim|bbolt|Published/i);
    }
    expect(report.html.match(/<svg/g)).toHaveLength(2);
    expect(report.markdown).toContain('(charts/rate.svg)');
  });

  it('escapes what comes from outside', async () => {
    const evil = '<script>alert(1)</script>';
    const plan = testPlan({ parameters: { keys: 1, keyChoice: evil } });
    const rounds = [{ ...testRound(), warnings: [{ code: 'x', message: evil }] }];
    const { html } = await renderLoadReport(input(plan, rounds, { command: evil }));
    expect(html).not.toContain('<script>');
    expect(html).toContain('&lt;script&gt;');
  });
});
