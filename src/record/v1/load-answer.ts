// What run, ab and sweep of version 1 concluded, as an answer: taken over as it was judged then, lanes and
// comparisons as tables. Pure.

import type { Answer } from '../answer.ts';
import type { Round } from '../round.ts';
import { NOTHING } from './claim-answers.ts';
import { tableOf, type ColumnOf } from './rows.ts';
import type { VerdictV1 } from './schema.ts';

const KINDS = { run: 'load', ab: 'comparison', sweep: 'sweep' } as const;
const TITLES = { run: 'on the bundled engine', ab: 'b against a', sweep: 'a sweep' } as const;

type Lane = VerdictV1['lanes'][number];
type Comparison = VerdictV1['comparisons'][number];

export function loadAnswer(
  verdict: VerdictV1,
  about: { readonly command: string; readonly rounds: readonly Round[] },
): Answer {
  const { command: verb, workload, health, verified } = verdict;
  const arms = about.rounds.map(({ cell, arm, settings }) => ({ cell, arm, settings }));
  return {
    ...NOTHING,
    ...{ question: verb, kind: KINDS[verb], title: `${workload}: ${TITLES[verb]}` },
    ...{ verdict: verdict.verdict, finding: verdict.finding, command: about.command },
    ...{ method: verdict.method, alpha: verdict.alpha, warnings: verdict.warnings },
    arms: [...new Map(arms.map((arm) => [JSON.stringify(arm), arm])).values()],
    panels: verdict.panels,
    tables: [
      ...tableOf('b against a: above 1 is better', verdict.comparisons, COMPARISONS),
      ...verdict.rows,
      ...tableOf('By lane', verdict.lanes, LANES),
    ],
    facts: [
      ...(health === undefined ? [] : [{ label: 'Load generator', value: healthText(health) }]),
      {
        label: 'Verified',
        value: `${String(verified.ok)} of ${String(verified.rounds)} rounds, ${String(verified.entries)} entries`,
      },
    ],
  };
}

function healthText({ cpuShareMax, lateNsP99, skipped }: NonNullable<VerdictV1['health']>): string {
  return (
    `a generating thread used up to ${(100 * cpuShareMax).toFixed(0)}% of a core; starts late by up to ` +
    `${(lateNsP99 / 1e3).toFixed(0)} us (p99); ${String(skipped)} skipped`
  );
}

const COMPARISONS: readonly ColumnOf<Comparison>[] = [
  ['Figure', '', ({ figure }) => figure],
  ['Decides', '', ({ deciding }) => (deciding ? 'yes' : 'no')],
  ['a', '', ({ a }) => a],
  ['b', '', ({ b }) => b],
  ['b times as good', 'x', ({ ratio }) => ratio],
  ['Interval, low', 'x', ({ low }) => low],
  ['high', 'x', ({ high }) => high],
  ['Equal arms', 'x', ({ floor }) => floor],
  ['Pairs', '', ({ pairs }) => pairs],
  ['Verdict', '', ({ verdict }) => verdict],
];

const LANES: readonly ColumnOf<Lane>[] = [
  ['Cell', '', ({ cell }) => cell],
  ['Arm', '', ({ arm }) => arm],
  ['Lane', '', ({ lane }) => lane],
  ['Rate', '1/s', ({ perSecond }) => perSecond],
  ['p50', 'us', ({ p50Us }) => p50Us],
  ['p90', 'us', ({ p90Us }) => p90Us],
  ['p99', 'us', ({ p99Us }) => p99Us],
  ['p99.9', 'us', ({ p999Us }) => p999Us],
  ['max', 'us', ({ maxUs }) => maxUs],
  ['service p99', 'us', ({ serviceP99Us }) => serviceP99Us],
  ['Operations', '', ({ operations }) => operations],
  ['Errors', '', ({ errors }) => errors],
  ['Rounds', '', ({ rounds }) => rounds],
];
