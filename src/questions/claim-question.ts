// What questions about published claims share: the frame of such a question, the looks of a mode, the interval and
// the noise that rules speak of, words that stand in several, and the verdict that a rule gives even where
// the rounds are void. Pure; no sentence of a single claim is written here.

import { floorOf } from '../judge/sides.ts';
import { timesWithin, within } from '../judge/words.ts';
import type {
  Arm,
  Cell,
  Contrast,
  Estimates,
  Evidence,
  Peers,
  Question,
  QuestionSource,
  Wording,
} from '../question/question.ts';
import type { Answer, Estimate, Panel, Published, Verdict } from '../record/answer.ts';
import type { Round } from '../record/round.ts';
import type { Mode } from '../record/run.ts';

/** How an interval lies to the noise of equal arms. */
export { floorOf, sideOf } from '../judge/sides.ts';

export const ALPHA = 0.05;

/**
 * Numbers of sessions at which the data are looked at. Two sessions leave one degree of freedom: no look. Three show
 * what is far from every value that a rule asks about, as the headline claims mostly are.
 */
export const HEADLINE_LOOKS: Readonly<Record<Mode, readonly number[]>> = {
  quick: [3, 5],
  default: [3, 5, 8, 12],
  full: [3, 5, 8, 12, 16],
};
/** A fourth session makes an interval less than half as wide as three do. */
export const LOOKS: Readonly<Record<Mode, readonly number[]>> = {
  quick: [3, 5],
  default: [4, 6, 9, 12],
  full: [4, 6, 9, 12, 16],
};

/** Of every rule text: which interval is meant, and which noise. */
export const INTERVAL = 'interval over sessions (95% over all looks and contrasts)';
export const FLOOR =
  "A/A floor (95% over sessions of what equal arms differ by: the halves of an arm's slices within sessions, or " +
  'whole sessions where a session has one slice of an arm)';

/** Of rule texts of claims that put a load on a store: when their rounds may not judge. */
export const LOAD_INVALID =
  'Wrong-data if a store was not as it must be afterwards. Invalid if a session did not run as its arm, or if the load ' +
  'generator set the figures of over a quarter of the deciding slices (a smaller share is left out).';

/** Of limits and caveats: what no figure of the engine says. */
export const LAYER = "Measured on kvtune's engine: storage layer only, no consensus, no network.";

/** Of caveats: what added sync latency is. */
export const ADDED_LATENCY =
  'Added sync latency is a sleep after every sync, of the log and of the backend alike; real slow disks ' +
  'also vary.';

/** Of titles: the sync latency of a cell. */
export function addedWords(syncDelayMs: number): string {
  return syncDelayMs === 0
    ? 'syncs as the disk has them'
    : `${String(syncDelayMs)} ms added to each sync`;
}

/** A question about a claim, without what is alike for all. */
interface ClaimShape
  extends
    Pick<Question, 'id' | 'title' | 'ruleText' | 'cells' | 'contrasts' | 'looks' | 'rule'>,
    Partial<Pick<Question, 'target' | 'priority' | 'faults'>> {
  readonly published: Published;
  /** `decided`: what the rule says, even where the rounds are void. */
  readonly wording: (evidence: Evidence, decided: Verdict) => Wording;
}

function claimQuestion(shape: ClaimShape): Question {
  return {
    kind: 'claim',
    target: 'engine',
    alpha: ALPHA,
    priority: 1,
    faults: () => [],
    ...shape,
    wording: (evidence) => shape.wording(evidence, shape.rule(evidence.estimates)),
  };
}

/** What a claim words its answer from: the evidence, its own cells, and what its rule says of void rounds too. */
export interface Told extends Pick<Evidence, 'rounds' | 'estimates' | 'describe'> {
  readonly cells: readonly Cell[];
  readonly decided: Verdict;
}

/** A claim in a module of its own: the same question in every mode, by other cells and looks. */
export interface Claim extends Pick<
  ClaimShape,
  'id' | 'title' | 'ruleText' | 'published' | 'priority' | 'faults'
> {
  readonly looks: Readonly<Record<Mode, readonly number[]>>;
  /** Those that hold of every answer. */
  readonly caveats?: readonly string[];
  /** By the rounds alone. */
  readonly facts?: (rounds: readonly Round[]) => Wording['facts'];
  readonly cells: (mode: Mode, peers: Peers) => readonly Cell[];
  readonly contrasts: (cells: readonly Cell[]) => readonly Contrast[];
  readonly rule: (found: Estimates, cells: readonly Cell[]) => Verdict;
  readonly wording: (told: Told) => ClaimWording;
}

/** Panels that are undefined had nothing to show; further caveats come after those of the claim. */
export interface ClaimWording extends Pick<Wording, 'finding' | 'limits' | 'measured'> {
  readonly caveats?: readonly string[];
  readonly panels?: readonly (Panel | undefined)[];
  readonly tables?: Wording['tables'];
}

export function claimSource(claim: Claim): QuestionSource {
  const { cells: cellsOf, contrasts, looks, rule, wording, caveats = [], ...own } = claim;
  const { facts = () => [], ...same } = own;
  return {
    ...{ id: claim.id, title: claim.title },
    build: ({ mode, peers }) => {
      const cells = cellsOf(mode, peers);
      return claimQuestion({
        ...{ ...same, cells, contrasts: contrasts(cells), looks: looks[mode] },
        rule: (found) => rule(found, cells),
        wording: ({ rounds, estimates, describe }, decided) => {
          const worded = wording({ rounds, estimates, describe, cells, decided });
          return {
            ...{ tables: [], facts: facts(rounds), ...worded },
            caveats: [...caveats, ...(worded.caveats ?? [])],
            panels: (worded.panels ?? []).filter((panel) => panel !== undefined),
          };
        },
      });
    },
  };
}

/** Where not even this much is possible, there is no gain worth speaking of. */
export const NOTABLE = 1.25;

/** Whether the interval excludes a gain of NOTABLE, by a noise floor that is no larger than that. */
export function excludesGain(estimate: Estimate | undefined): boolean {
  const { high = NOTABLE } = intervalOf(estimate) ?? {};
  return high < NOTABLE && (floorOf(estimate) ?? 1) <= NOTABLE;
}

/** An estimate that has an interval. */
export interface Interval {
  readonly value: number;
  readonly low: number;
  readonly high: number;
}

export function intervalOf(estimate: Estimate | undefined): Interval | undefined {
  if (estimate === undefined) return undefined;
  const { value, low, high } = estimate;
  return value === null || low === null || high === null ? undefined : { value, low, high };
}

/** '14.0x (interval 13.1x to 15.2x, 3 sessions)'. */
export function ratioWords(estimate: Estimate | undefined): string {
  return estimate === undefined ? 'not measured' : timesWithin(estimate);
}

/** '0.98 (interval 0.91 to 1.05, 3 sessions)'. */
export function slopeWords(estimate: Estimate): string {
  return within(estimate, (slope) => slope.toFixed(2));
}

/** '1,230 ms'. */
export function msWords(ms: number): string {
  return `${Number(ms.toPrecision(3)).toLocaleString('en-US')} ms`;
}

/** What was found and why the verdict is what it is, in one sentence; parts not measured are undefined. */
export function findingWords(parts: readonly (string | undefined)[], reason: string): string {
  const told = parts.filter((part) => part !== undefined).join('; ');
  return told === '' ? 'Too little of it was measured.' : `${capital(told)}: ${reason}.`;
}

export function capital(words: string): string {
  return `${words.charAt(0).toUpperCase()}${words.slice(1)}`;
}

/** Arms of the engine that differ in one setting, named by its level. */
export function armsBy(setting: string, levels: readonly string[]): Arm[] {
  return levels.map((name) => ({ name, target: 'engine', settings: { [setting]: name } }));
}

/** The interval of a contrast by its id. */
export function intervalIn(estimates: Estimates, id: string): Interval | undefined {
  return intervalOf(estimates.get(id));
}

/** What stands beside the published figure, divided by `per` where its unit is a larger one; null without an interval. */
export function measuredOf(
  estimate: Estimate | undefined,
  about: Pick<NonNullable<Answer['measured']>, 'unit' | 'what' | 'at'> & { readonly per?: number },
): Answer['measured'] {
  const interval = intervalOf(estimate);
  if (estimate === undefined || interval === undefined) return null;
  const { per = 1, unit, what, at } = about;
  const [value, low, high] = [interval.value / per, interval.low / per, interval.high / per];
  return { value, low, high, sessions: estimate.sessions, unit, what, at };
}

/** Slices of one arm of a cell. */
export function slicesOf(rounds: readonly Round[], cell: string, arm?: string): Round[] {
  return rounds.filter(
    (round) =>
      round.kind === 'slice' && round.cell === cell && (arm === undefined || round.arm === arm),
  );
}
