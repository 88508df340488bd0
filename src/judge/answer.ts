// What a question came to, as the record holds it and reports show it. Pure. The question words its finding and
// draws; the judge fills in estimates, method, error, settings and warnings, and overrules a finding that
// rests on rounds which may not judge, or on too few of them.

import type { Evidence, Question } from '../question/question.ts';
import type { Answer } from '../record/answer.ts';
import type { Round } from '../record/round.ts';
import { describe } from './estimate.ts';
import type { Judged, Measured } from './judged.ts';
import { sessionsOf } from './rounds.ts';
import { sessionsMin, shareOf } from './sequential.ts';
import { WRONG_DATA } from './validity.ts';
import { list } from './words.ts';

export function wordAnswer(
  question: Question,
  judged: Judged,
  { run, cells, command }: Measured & { readonly command: string },
): Answer {
  const { verdict, estimates, rounds } = judged;
  const evidence: Evidence = {
    ...{ run, rounds, cells, estimates, verdict, command },
    describe: (contrast) => describe(contrast, rounds, question.alpha),
  };
  const wording = question.wording(evidence);
  const { id, kind, title, target, published, alpha, ruleText } = question;
  return {
    ...{ question: id, kind, title, target, verdict },
    ...(published === undefined ? {} : { published }),
    ...wording,
    finding: findingOf(question, judged, wording.finding),
    estimates: [...estimates.values()],
    ...{ rule: ruleText, method: methodOf(question), alpha, looks: judged.looks },
    arms: armsOf(question, rounds),
    warnings: [...judged.faults, ...judged.warnings],
    untested: untestedOf(question, rounds),
    command,
  };
}

function findingOf(question: Question, judged: Judged, finding: string): string {
  const { verdict, faults } = judged;
  if (verdict === 'nothing') return 'Nothing was measured.';
  if (verdict === 'wrong-data') {
    const fault = faults.find(({ code }) => code === WRONG_DATA);
    return `The store did not hold what it acknowledged: ${fault?.message ?? ''}.`;
  }
  const said = tooFew(question, judged) ?? finding;
  if (verdict !== 'invalid') return said;
  const reason = faults[0]?.message ?? '';
  return `Not valid as measured (${reason}); for what it is worth: ${said}`;
}

/** Said in place of figures where no deciding contrast has the sessions of its first look. */
function tooFew(question: Question, { estimates }: Judged): string | undefined {
  const deciding = question.contrasts.filter(({ supporting }) => supporting !== true);
  const short = deciding.flatMap((contrast) => {
    const sessions = estimates.get(contrast.id)?.sessions ?? 0;
    const least = sessionsMin(question, contrast);
    return sessions < least ? [{ sessions, least }] : [];
  });
  if (deciding.length === 0 || short.length < deciding.length) return undefined;
  const sessions = Math.max(...short.map((one) => one.sessions));
  const least = Math.max(...short.map((one) => one.least));
  return `Too few sessions: ${sessions} of at least ${least}.`;
}

function methodOf(question: Question): string {
  const { contrasts, looks, alpha } = question;
  const sharing = contrasts.filter(
    ({ exact, supporting }) => exact !== true && supporting !== true,
  );
  const unit =
    'a session opens each arm in a process of its own and takes slices of all arms in turn';
  if (contrasts.length === 0) return `figures are means over sessions; ${unit}`;
  if (sharing.length === 0) return 'counted or simulated: repeats exactly, one session suffices';
  const shares = sharing.map((one) => Number((shareOf(question, one) * 100).toPrecision(2)));
  const [least, most] = [Math.min(...shares), Math.max(...shares)];
  const share = least === most ? `an error of ${least}% each` : `errors of ${least}% to ${most}%`;
  const after = list(looks.map(String));
  return (
    `one number a session; ${unit}. Intervals are Student's t over sessions, widened for sessions that ` +
    `resemble the one before; ${share}, so that ${alpha * 100}% are shared by ` +
    `${sharing.length} ${sharing.length === 1 ? 'contrast' : 'contrasts'} and looks after ${after} sessions`
  );
}

/** Settings of the deciding cells' arms as read back, from the first slice of each. */
function armsOf({ cells }: Question, rounds: readonly Round[]): Answer['arms'] {
  const deciding = cells.filter(({ role }) => role === 'deciding');
  return deciding.flatMap(({ id, arms }) =>
    arms.flatMap(({ name }) => {
      const own = ({ kind, cell, arm }: Round): boolean =>
        kind === 'slice' && cell === id && arm === name;
      const settings = rounds.find(own)?.settings;
      return settings === undefined ? [] : [{ cell: id, arm: name, settings }];
    }),
  );
}

function untestedOf({ cells }: Question, rounds: readonly Round[]): string[] {
  const missing = cells.filter(({ id }) => sessionsOf(rounds, id).length === 0);
  if (missing.length === 0) return [];
  return [`not measured: ${list(missing.map(({ title }) => title))}`];
}
