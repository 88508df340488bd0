// What a comparison of two arms (ab, a margin of 5%) can see: for each true effect and each scatter of sessions, after
// how many sessions it is decided, and how. Simulated; the table stands in the documentation.

import { median } from 'simple-statistics';
import type { Random } from '../../../engine/index.ts';
import { simulate } from '../../judge/testing/simulation.ts';
import { simulatedComparison } from './simulated-questions.ts';

const EFFECTS: readonly number[] = [0, 0.02, 0.05, 0.1];
const SPREADS: readonly number[] = [0.01, 0.02, 0.05];

interface PowerRow {
  readonly effect: number;
  /** Standard deviation of a session's ratio. */
  readonly spread: number;
  readonly sessions: number;
  readonly alike: number;
  readonly better: number;
}

function powerRows(runs: number, random: Random): PowerRow[] {
  return EFFECTS.flatMap((effect) =>
    SPREADS.map((spread) => {
      const { question, truths } = simulatedComparison(1 + effect, spread);
      const outcomes = Array.from({ length: runs }, () =>
        simulate(question, { truths, noise: 'normal', random }),
      );
      const share = (wanted: string): number =>
        outcomes.filter(({ verdict }) => verdict === wanted).length / runs;
      const sessions = median(outcomes.map((outcome) => outcome.sessions));
      return { effect, spread, sessions, alike: share('alike'), better: share('better') };
    }),
  );
}

/** As a Markdown table. */
export function powerTable(runs: number, random: Random): string {
  const percent = (share: number): string => `${String(Math.round(share * 100))}%`;
  const rows = powerRows(runs, random).map(
    ({ effect, spread, sessions, alike, better }) =>
      `| ${percent(effect)} | ${percent(spread)} | ${String(sessions)} | ${percent(alike)} | ${percent(better)} |`,
  );
  return [
    '| true effect | scatter of sessions | sessions, median | alike | better |',
    '| --- | --- | --- | --- | --- |',
    ...rows,
  ].join('\n');
}
