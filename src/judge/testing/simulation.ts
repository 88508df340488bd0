// Simulated sessions: what a question decides, and when, where the truth is known and sessions scatter as chosen.
// It goes the way of a run: look after look, each time the sessions that the question says it needs. Draws
// from the generator it is given. Used by tests, and for the table of power in the documentation.

import type { Random } from '../../../engine/index.ts';
import type { Contrast } from '../../question/question.ts';
import type { Verdict } from '../../record/answer.ts';
import { customOf } from '../../question/contrast.ts';
import type { SessionValue } from '../estimate.ts';
import { decide, type Sequential } from '../sequential.ts';

/**
 * How a session's effect scatters. heavy-tailed: Student's t with 3 degrees of freedom; skewed: the mean of four
 * Gumbel values, as of maxima; drifting: normal, while all arms drift by as much again with each session;
 * correlated: each session's effect carries on 0.3, or 0.5, of the one before.
 */
export const NOISES = [
  'normal',
  'heavy-tailed',
  'skewed',
  'drifting',
  'correlated-0.3',
  'correlated-0.5',
] as const;
export type Noise = (typeof NOISES)[number];

/** A contrast's true value, and the standard deviation of a session's, both on the contrast's scale. */
export interface Truth {
  readonly middle: number;
  readonly spread: number;
}

export interface Outcome {
  readonly verdict: Verdict;
  readonly settled: boolean;
  /** Of the contrast that had the most. */
  readonly sessions: number;
}

/** Slices of a session scatter as much as sessions do; a session has so many of each arm. */
const SLICES = 8;

/** A contrast in a cell of its own, for a simulated question. */
export function simulated(
  id: string,
  about: Pick<Contrast, 'cuts'> & Partial<Pick<Contrast, 'oneSided' | 'scale' | 'kind'>>,
): Contrast {
  const arms = about.kind === 'level' ? ['a'] : ['a', 'b'];
  return customOf({
    ...{ id, words: id, cell: id, arms, unit: 'x', kind: 'ratio', scale: 'log' },
    ...about,
    of: () => undefined,
  });
}

/** One run of a question: `truths` in the order of its contrasts, which may share cells. */
export function simulate(
  question: Sequential,
  {
    truths,
    noise,
    random,
  }: {
    readonly truths: readonly Truth[];
    readonly noise: Noise;
    readonly random: Random;
  },
): Outcome {
  const last = question.looks.at(-1) ?? 0;
  const all = question.contrasts.map((contrast, index) => {
    const truth = truths[index] ?? { middle: 0, spread: 0 };
    return sessionsOf(contrast, truth, { noise, random, count: last });
  });
  const have = new Map(question.contrasts.map(({ cell }) => [cell, question.looks[0] ?? 0]));
  for (;;) {
    const values = question.contrasts.map(
      ({ id, cell }, index) => [id, all[index]?.slice(0, have.get(cell)) ?? []] as const,
    );
    const { verdict, settled, needs } = decide(question, new Map(values), false);
    if (needs.length === 0) return { verdict, settled, sessions: Math.max(...have.values()) };
    for (const { cell, sessions } of needs) have.set(cell, (have.get(cell) ?? 0) + sessions);
  }
}

function sessionsOf(
  { arms }: Contrast,
  { middle, spread }: Truth,
  {
    noise,
    random,
    count,
  }: { readonly noise: Noise; readonly random: Random; readonly count: number },
): SessionValue[] {
  // The effects of two arms make that of their ratio.
  const own = arms.length === 1 ? spread : spread / Math.SQRT2;
  const effects = arms.map(() => effectsOf(noise, count, random));
  return Array.from({ length: count }, (_, session) => {
    const drift = noise === 'drifting' ? spread * session : 0;
    const means = effects.map((arm) => drift + own * (arm[session] ?? 0));
    const value =
      arms.length === 1 ? own * (effects[0]?.[session] ?? 0) : (means[0] ?? 0) - (means[1] ?? 0);
    const split = (2 * spread) / Math.sqrt(SLICES);
    return {
      session,
      value: middle + value,
      slices: SLICES * arms.length,
      arms: means.map((mean) => ({ mean, split: split * normal(random) })),
    };
  });
}

/** Of one arm, session after session: mean 0, standard deviation 1. */
function effectsOf(noise: Noise, count: number, random: Random): number[] {
  const carried = noise === 'correlated-0.3' ? 0.3 : noise === 'correlated-0.5' ? 0.5 : 0;
  const effects: number[] = [];
  for (let session = 0; session < count; session++) {
    const fresh = drawOf(noise, random);
    const before = effects.at(-1);
    effects.push(
      before === undefined ? fresh : carried * before + Math.sqrt(1 - carried ** 2) * fresh,
    );
  }
  return effects;
}

function drawOf(noise: Noise, random: Random): number {
  switch (noise) {
    case 'heavy-tailed': {
      const squares = normal(random) ** 2 + normal(random) ** 2 + normal(random) ** 2;
      return normal(random) / Math.sqrt(squares);
    }
    case 'skewed': {
      let sum = 0;
      for (let slice = 0; slice < 4; slice++) sum += -Math.log(-Math.log(positive(random)));
      return (sum / 4 - EULER) / (GUMBEL_DEVIATION / 2);
    }
    case 'normal':
    case 'drifting':
    case 'correlated-0.3':
    case 'correlated-0.5':
      return normal(random);
  }
}

/** Mean and standard deviation of a Gumbel value. */
const EULER = 0.5772156649015329;
const GUMBEL_DEVIATION = Math.PI / Math.sqrt(6);

/** Standard normal, by Box and Muller. */
function normal(random: Random): number {
  return Math.sqrt(-2 * Math.log(positive(random))) * Math.cos(2 * Math.PI * random.unit());
}

/** In (0, 1]. */
function positive(random: Random): number {
  return 1 - random.unit();
}
