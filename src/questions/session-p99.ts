// The 99th percentile of a session, from the merged histograms of its slices: one slice holds too few operations for it.
// What was merged is kept by the first slice, since every look takes every session again, and a histogram takes
// half a millisecond to read. Otherwise pure.

import type { Round } from '../record/round.ts';
import { customOf } from '../question/contrast.ts';
import type { Contrast, SessionRounds } from '../question/question.ts';
import { mergedPercentileUs } from '../stats/merged-percentile.ts';

/** How many times longer `over` takes than `under`; of one lane, or of all operations. */
export function p99Ratio(
  about: Pick<Contrast, 'id' | 'words' | 'cell' | 'cuts'> & {
    readonly over: string;
    readonly under: string;
    readonly lane?: string;
  },
): Contrast {
  const { id, words, cell, cuts, over, under, lane } = about;
  // Slices with enough operations have it as a figure.
  const figure = lane === undefined ? 'p99Us' : `${lane}P99Us`;
  const p99 = ({ rounds }: SessionRounds, arm: string): number | undefined =>
    p99UsOf(
      rounds.filter((round) => round.arm === arm),
      lane,
    );
  return customOf({
    ...{ id, words, cell, cuts, arms: [over, under], unit: 'x', kind: 'ratio', scale: 'log' },
    of: (session) => {
      const [above, below] = [p99(session, over), p99(session, under)];
      return above === undefined || below === undefined ? undefined : above / below;
    },
    byArm: ({ rounds }, arm) =>
      rounds
        .filter((round) => round.arm === arm)
        .flatMap((round) => round.figures[figure] ?? p99UsOf([round], lane) ?? [])
        .map((us) => Math.log(us)),
  });
}

const kept = new WeakMap<Round, Map<string, number | undefined>>();

/** Of all these slices together, in microseconds; undefined where nothing ended, or in no time. */
export function p99UsOf(rounds: readonly Round[], lane?: string): number | undefined {
  const [first] = rounds;
  if (first === undefined) return undefined;
  const known = kept.get(first) ?? new Map<string, number | undefined>();
  kept.set(first, known);
  const key = JSON.stringify([lane, rounds.length]);
  if (known.has(key)) return known.get(key);
  const texts = rounds.flatMap(({ histograms }) =>
    Object.entries(histograms)
      .filter(([name]) => (lane === undefined ? !name.endsWith(':service') : name === lane))
      .map(([, text]) => text),
  );
  const us = mergedPercentileUs(texts, 99);
  const found = us === 0 ? undefined : us;
  known.set(key, found);
  return found;
}
