// Sorts rounds for judging: which belong to a cell, which form a session, which may judge at all. Pure. A
// round whose figures the load generator set is left out; where those are many of the deciding ones, none is
// trusted, and all are kept so that a report has something to show.

import type { SessionRounds } from '../question/question.ts';
import type { Round, Warning } from '../record/round.ts';

/** Of the deciding slices at most this share may be the generator's. */
const GENERATOR_SHARE_MAX = 0.25;

/** Slices of a cell by session, both in the order in which they ran; a session without a slice is not there. */
export function sessionsOf(rounds: readonly Round[], cell: string): SessionRounds[] {
  const sessions = new Map<number, Round[]>();
  for (const round of rounds) {
    if (round.cell !== cell || round.kind !== 'slice') continue;
    const own = sessions.get(round.session);
    if (own === undefined) sessions.set(round.session, [round]);
    else own.push(round);
  }
  return [...sessions]
    .sort(([left], [right]) => left - right)
    .map(([session, own]) => ({
      session,
      rounds: own.sort((left, right) => left.position - right.position),
    }));
}

export interface UsableRounds {
  /** Those that may judge, 'close' rounds included. */
  readonly usable: readonly Round[];
  /** Set where so many were left out that nothing may judge. */
  readonly fault: Warning | undefined;
  readonly doubt: Warning | undefined;
}

/** `deciding` holds the ids of the cells that judge. */
export function usableRounds(
  rounds: readonly Round[],
  deciding: ReadonlySet<string>,
): UsableRounds {
  const bound = rounds.filter(isBound);
  if (bound.length === 0) return { usable: rounds, fault: undefined, doubt: undefined };
  const slices = rounds.filter(({ kind }) => kind === 'slice');
  const decides = slices.some(({ cell }) => deciding.has(cell))
    ? ({ cell }: Round): boolean => deciding.has(cell)
    : (): boolean => true;
  const [lost, all] = [bound.filter(decides).length, slices.filter(decides).length];
  const reason = bound.find(decides)?.health?.reason ?? bound[0]?.health?.reason ?? '';
  const code = 'generator';
  if (lost > GENERATOR_SHARE_MAX * all) {
    const message =
      `the load generator, not the store, set the figures of ${lost} of ${all} deciding slices ` +
      `(the first: ${reason})`;
    const remedy = 'measure on a machine with more cores, and nothing beside it';
    return { usable: rounds, fault: { code, message, remedy }, doubt: undefined };
  }
  const message =
    `${bound.length} of ${slices.length} slices left out: the load generator set their figures ` +
    `(the first: ${reason})`;
  const usable = rounds.filter((round) => !isBound(round));
  return { usable, fault: undefined, doubt: { code, message } };
}

function isBound({ kind, health }: Round): boolean {
  return kind === 'slice' && health?.bottleneck === true;
}
