// From a stored run to answers, a report and an exit code. Used when a run ends and when it is rendered again, so
// that both say the same: the questions are made anew from run.json, and judged by the rules of today.

import { answerOf } from '../judge/judge.ts';
import type { Peers, Question } from '../question/question.ts';
import { loadQuestion } from '../questions/load.ts';
import { QUESTION_IDS, questionsFor } from '../questions/questions.ts';
import type { Answer, AnswersFile, Verdict } from '../record/answer.ts';
import { claimsView, type ClaimsView } from '../record/claims-view.ts';
import type { StoredRun } from '../record/folder.ts';
import { SCHEMA_VERSION } from '../record/round.ts';
import type { Run } from '../record/run.ts';
import { EXIT, type ExitCode } from './exit-codes.ts';

/** The questions of a stored run; those that this kvtune does not know any more are left out. */
function questionsOf(run: Run): Question[] {
  if (run.load !== undefined) return [loadQuestion(run.load)];
  const known = run.questions.filter((id) => QUESTION_IDS.includes(id));
  return questionsFor(known, run.mode, peersOf(run));
}

/** As at the time of the run: a peer that had a cell was at hand. Its path matters to nobody any more. */
function peersOf({ cells }: Run): Peers {
  const targets = cells.flatMap(({ arms }) => arms.map(({ target }) => target));
  return {
    ...(targets.includes('bbolt') ? { bbolt: '' } : {}),
    ...(targets.includes('etcd-mvcc') ? { etcdMvcc: '' } : {}),
  };
}

/** Judges a stored run again. Pure. */
export function answersOf({ run, rounds }: StoredRun): AnswersFile {
  const answers = questionsOf(run).map((question) =>
    answerOf(question, { run, rounds, cells: run.cells, command: commandOf(question, run) }),
  );
  return answersFile(run, answers);
}

export function answersFile(run: Run, answers: readonly Answer[]): AnswersFile {
  const { kvtune, seed, mode, startedAt, status, host } = run;
  return {
    ...{ schemaVersion: SCHEMA_VERSION, kvtune, seed, mode, startedAt, status },
    ...{ host: { fingerprint: host.fingerprint }, answers: [...answers] },
  };
}

/** claims.json is there where claims were asked. */
export function claimsOf(answers: AnswersFile, { load }: Run): { claims?: ClaimsView } {
  return load === undefined ? { claims: claimsView(answers) } : {};
}

/** What --json prints: answers.json, and the claims of claims.json, for scripts that read those. */
export function jsonOf(answers: AnswersFile, run: Run): object {
  const { claims } = claimsOf(answers, run);
  return claims === undefined ? answers : { ...answers, claims: claims.claims };
}

/** The command that asks one question alone. */
export function commandOf(
  { id }: Pick<Question, 'id'>,
  { load, command, mode, seed }: Pick<Run, 'load' | 'command' | 'mode' | 'seed'>,
): string {
  if (load !== undefined) return command;
  const flags = [
    ...(mode === 'default' ? [] : [`--${mode}`]),
    ...(seed === 1 ? [] : [`--seed ${seed}`]),
  ];
  return ['kvtune reproduce --claims', id, ...flags].join(' ');
}

/** The worst verdict's code: wrong data first, an invalid measurement, then what is shown to be worse or not to hold. */
export function verdictCode(answers: readonly Pick<Answer, 'verdict'>[]): ExitCode {
  const codes = new Set(answers.map(({ verdict }) => CODES[verdict]));
  return WORST_FIRST.find((code) => codes.has(code)) ?? EXIT.ok;
}

const { target, invalid, regression, inconclusive } = EXIT;
const WORST_FIRST: readonly ExitCode[] = [target, invalid, regression, inconclusive];

const CODES: Readonly<Record<Verdict, ExitCode>> = {
  'wrong-data': EXIT.target,
  invalid: EXIT.invalid,
  worse: EXIT.regression,
  partly: EXIT.regression,
  'not-reproduced': EXIT.regression,
  inconclusive: EXIT.inconclusive,
  nothing: EXIT.inconclusive,
  reproduced: EXIT.ok,
  exceeded: EXIT.ok,
  better: EXIT.ok,
  alike: EXIT.ok,
  measured: EXIT.ok,
};
