// What is said of an answer in a line, on a page and in a terminal alike: its verdict in words and tone, what
// was published and measured, and what would have been seen where no difference was. Pure.

import type { Answer, AnswersFile, Estimate, Verdict } from '../record/answer.ts';
import type { Run } from '../record/run.ts';
import {
  formatAllNamed,
  formatEstimate,
  formatPublished,
  formatSignificant,
  isFigure,
  NOT_MEASURED,
  plural,
  TOO_FEW,
  withUnit,
  type Figure,
} from './format.ts';

export type Tone = 'good' | 'warn' | 'bad';
export type Status = Run['status'];

const TONES: Readonly<Record<Verdict, Tone>> = {
  reproduced: 'good',
  exceeded: 'good',
  better: 'good',
  alike: 'good',
  measured: 'good',
  partly: 'warn',
  inconclusive: 'warn',
  nothing: 'warn',
  'not-reproduced': 'bad',
  worse: 'bad',
  invalid: 'bad',
  'wrong-data': 'bad',
};
const WORDS: Readonly<Partial<Record<Verdict, string>>> = {
  alike: 'no difference that matters',
  nothing: 'nothing measured',
};
/** Verdicts that more rounds may change; the others hold however the run ended. */
const OPEN: ReadonlySet<Verdict> = new Set<Verdict>(['inconclusive', 'measured', 'nothing']);
/** A ratio up to here is told as such; beyond it the sessions could have told next to nothing. */
const VISIBLE_RATIO_MAX = 5;

export function toneOf({ verdict }: Answer): Tone {
  return TONES[verdict];
}

/** The verdict in words; says so where the run stopped before it could be decided. */
export function verdictText({ verdict }: Answer, status: Status): string {
  const words = WORDS[verdict] ?? verdict.replaceAll('-', ' ');
  return status === 'finished' || !OPEN.has(verdict) ? words : `${words} (incomplete run)`;
}

/** The less finished of what the two files say: a page must not call half a run whole. */
export function statusOf(run: Run, answers: AnswersFile): Status {
  return run.status === 'finished' ? answers.status : run.status;
}

/** Empty where nothing was published. */
export function publishedText({ published }: Answer): string {
  if (published === undefined) return '';
  return published.words ?? formatPublished(published.value, published.unit);
}

/** Empty where there is no single figure to show and none was published to hold it against. */
export function measuredText({ measured, published }: Answer): string {
  if (measured === null) return published === undefined ? '' : NOT_MEASURED;
  return formatEstimate(measured, measured.unit);
}

/** What the measured figure is, from how much, and where: 'completion time; 5 sessions at db 100 GB'. */
export function measuredWhat({ measured, published }: Answer): string {
  if (measured === null) return published?.what ?? '';
  const at = formatAllNamed(measured.at);
  const sessions = plural(measured.sessions, 'session');
  return `${measured.what}; ${sessions}${at === '' ? '' : ` at ${at}`}`;
}

/** Of a claim, a map or a calibration that never had its turn; a load that measured nothing says why in its finding. */
export function isUnmeasured({ verdict, kind }: Answer): boolean {
  return verdict === 'nothing' && (kind === 'claim' || kind === 'map' || kind === 'calibration');
}

/** One line for all that is unmeasured, with the command that measures it: 'not measured: a, b; kvtune ...'; or ''. */
export function unmeasuredText(answers: readonly Answer[]): string {
  const unmeasured = answers.filter(isUnmeasured);
  if (unmeasured.length === 0) return '';
  const ids = unmeasured.map(({ question }) => question);
  // Each answer's command asks for it alone.
  const commands = unmeasured.map(({ question, command }) =>
    command.replace(`--claims ${question}`, `--claims ${ids.join(',')}`),
  );
  return `not measured: ${ids.join(', ')}; ${[...new Set(commands)].join('; ')}`;
}

/** A line for each deciding ratio of which no difference was shown, with the smallest that would have been. */
export function noDifferences(answer: Answer): string[] {
  return withoutDifference(answer).map((one) => {
    const found = `${one.words}: ${formatEstimate(one, one.unit)}`;
    const visible = visibleText(one);
    if (visible === TOO_FEW) return `Too few sessions to show a difference in ${found}.`;
    return `No difference shown in ${found}. The smallest that these sessions could have shown is ${visible}.`;
  });
}

/** The same in a few words, of the noisiest of them; empty where there are none. */
export function visibleFrom(answer: Answer): string {
  const [noisiest] = withoutDifference(answer).sort(
    (a, b) => (b.smallestVisible ?? Infinity) - (a.smallestVisible ?? Infinity),
  );
  if (noisiest === undefined) return '';
  const visible = visibleText(noisiest);
  return visible === TOO_FEW ? TOO_FEW : `visible from ${visible}`;
}

/** Smallest visible difference: a ratio; a distance where the interval's ends show a linear scale. */
export function visibleText({ smallestVisible, value, high, unit }: Estimate): string {
  if (!isFigure(smallestVisible) || !isFigure(value) || !isFigure(high)) return TOO_FEW;
  if (high === value) return 'any';
  const linear = Math.abs(value + smallestVisible - high) < 1e-6 * smallestVisible;
  if (linear) return withUnit(formatSignificant(smallestVisible, 2), unit);
  return smallestVisible > VISIBLE_RATIO_MAX ? TOO_FEW : ratioText(smallestVisible);
}

/** A ratio near 1 as noise is told: 1.02x; 'unknown' where it was not measured. */
export function floorText(floor: Figure): string {
  return isFigure(floor) ? ratioText(floor) : 'unknown';
}

function ratioText(ratio: number): string {
  return `${formatSignificant(ratio, ratio < 1.1 ? 4 : 3)}x`;
}

/** Deciding ratios whose interval holds 1. */
function withoutDifference({ estimates }: Answer): Estimate[] {
  return estimates.filter(
    ({ deciding, kind, value, low, high }) =>
      deciding &&
      kind === 'ratio' &&
      isFigure(value) &&
      !(isFigure(low) && low > 1) &&
      !(isFigure(high) && high < 1),
  );
}
