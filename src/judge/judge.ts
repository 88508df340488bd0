// judge(): where a question stands with the rounds there are. Pure. Which rounds may judge is said by rounds.ts and
// validity.ts, whether they suffice by sequential.ts, what they mean by the question's rule; this file puts the
// three in order. Wrong data beat every verdict, faults beat the rule.

import type { Estimates, Question } from '../question/question.ts';
import type { Answer, Verdict } from '../record/answer.ts';
import type { Round, Warning } from '../record/round.ts';
import { wordAnswer } from './answer.ts';
import { sessionValues } from './estimate.ts';
import type { Judged, Measured } from './judged.ts';
import { sessionsOf, usableRounds } from './rounds.ts';
import { decide, sessionsMin, type Decision } from './sequential.ts';
import { doubtsOf, faultsOf, WRONG_DATA } from './validity.ts';

export type { Judged, Measured } from './judged.ts';
export type { Need } from './sequential.ts';

/** `final`: the last judgement, by all sessions, whether or not they make a look. */
export function judge(question: Question, measured: Measured, final: boolean): Judged {
  const { run, cells } = measured;
  const ids = cellIds(question);
  const own = measured.rounds.filter(({ cell }) => ids.all.has(cell));
  const { usable, fault, doubt } = usableRounds(own, ids.deciding);
  const rounds = [...usable, ...measured.rounds.filter(({ cell }) => !ids.all.has(cell))];

  // Without deciding cells all are alike.
  const rests = question.cells.filter(({ id }) => ids.deciding.size === 0 || ids.deciding.has(id));
  const usesDisk = rests.some(({ diskBytes }) => diskBytes > 0);
  // What rounds say against themselves does not heal; a ratio of two arms, or a busy generator, may.
  const lasting = faultsOf(run, own, { usesDisk });
  const passing = own.length === 0 ? [] : [fault ?? [], question.faults({ run, rounds, cells })];
  const faults = [...lasting, ...passing.flat()];

  const decision =
    question.contrasts.length === 0
      ? countSessions(question, usable)
      : compare(question, usable, final);
  const verdict = verdictOf(decision.verdict, faults, usable);
  const ownCells = cells.filter(({ id }) => ids.all.has(id));
  const warnings = [
    ...(doubt === undefined ? [] : [doubt]),
    ...contrastDoubts(question, decision.estimates),
    ...doubtsOf(run, own, ownCells),
  ];
  const over = lasting.length > 0 ? { settled: true, needs: [] } : {};
  return { ...decision, ...over, verdict, faults, warnings, rounds };
}

/** The last judgement, with everything a report shows. `command` asks this question alone. */
export function answerOf(
  question: Question,
  about: Measured & { readonly command: string },
): Answer {
  return wordAnswer(question, judge(question, about, true), about);
}

/** Cells that a question reads, and those that it rests on. */
function cellIds({ cells, contrasts }: Question): {
  readonly all: ReadonlySet<string>;
  readonly deciding: ReadonlySet<string>;
} {
  const contrasted = contrasts.filter(({ supporting }) => supporting !== true);
  const brought = cells.filter(({ role }) => role === 'deciding');
  return {
    all: new Set([...cells.map(({ id }) => id), ...contrasts.map(({ cell }) => cell)]),
    deciding: new Set([...brought.map(({ id }) => id), ...contrasted.map(({ cell }) => cell)]),
  };
}

function verdictOf(
  decided: Verdict,
  faults: readonly Warning[],
  usable: readonly Round[],
): Verdict {
  if (faults.some(({ code }) => code === WRONG_DATA)) return 'wrong-data';
  if (!usable.some(({ kind }) => kind === 'slice')) return 'nothing';
  return faults.length > 0 ? 'invalid' : decided;
}

function compare(question: Question, rounds: readonly Round[], final: boolean): Decision {
  const values = question.contrasts.map(
    (contrast) => [contrast.id, sessionValues(contrast, rounds)] as const,
  );
  return decide(question, new Map(values), final);
}

/** Without contrasts there is nothing to tell apart: the question is open until its cells had their sessions. */
function countSessions({ cells }: Question, rounds: readonly Round[]): Decision {
  const missing = cells.map((cell) => ({
    cell,
    sessions: cell.sessions - sessionsOf(rounds, cell.id).length,
  }));
  const open = missing.filter(({ sessions }) => sessions > 0);
  return {
    verdict: 'measured',
    estimates: new Map(),
    settled: open.length === 0,
    looks: 1,
    needs: open
      .filter(({ cell }) => cell.role === 'deciding')
      .map(({ cell: { id, arms }, sessions }) => ({
        ...{ cell: id, sessions },
        arms: arms.map(({ name }) => name),
      })),
  };
}

/** What weakens single estimates. */
function contrastDoubts(question: Question, estimates: Estimates): Warning[] {
  return question.contrasts.flatMap((contrast): Warning[] => {
    const estimate = estimates.get(contrast.id);
    if (estimate === undefined || contrast.exact === true || !estimate.deciding) return [];
    const { words, cell, sessions, low, high } = estimate;
    const least = sessionsMin(question, contrast);
    const about = `${words} (${cell})`;
    if (sessions < least) {
      const message = `${about}: ${sessions} sessions of at least ${least}`;
      return [{ code: 'few-sessions', message, remedy: 'raise the budget' }];
    }
    if (low === null || high === null) {
      const message = `${about}: ${sessions} sessions differ so much that their interval has no bound`;
      return [{ code: 'unbounded-interval', message, remedy: 'measure on a quieter machine' }];
    }
    if (low < high) return [];
    const message = `${about}: all ${sessions} sessions gave the same, the interval has no width`;
    return [{ code: 'zero-variance', message, remedy: 'check the timer' }];
  });
}
