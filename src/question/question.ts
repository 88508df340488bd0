// Question: what is asked of a store, as data with pure functions: cells with factors and arms, contrasts between
// arms, and a rule. It says nothing of how an arm is measured (procedures/), when (run/), nor of how an
// interval is drawn (judge/). Invariants: a cell's id is unique in a run, so that questions may share a
// cell; an arm is data, never a string to be parsed; a contrast is one number a session.

import type { Answer, Estimate, Role, Verdict } from '../record/answer.ts';
import type { Round, Scalars, Warning } from '../record/round.ts';
import type { Mode, PlannedCell, Run } from '../record/run.ts';

/** What is put under the cell's load: a target with settings over the cell's factors. */
export interface Arm {
  /** Unique in its cell. */
  readonly name: string;
  /** 'engine', or a peer: 'bbolt', 'etcd-mvcc'. */
  readonly target: string;
  readonly settings: Scalars;
  /** Slices a session has of it; default: the cell's. */
  readonly slices?: number;
  /** Expected seconds of a slice, its own overhead included; default: the cell's. */
  readonly sliceSeconds?: number;
}

/** One measured condition. A session opens all its arms, each in a process of its own, and takes slices in turn. */
export interface Cell {
  /** '<question>/<name>'. */
  readonly id: string;
  readonly title: string;
  readonly role: Role;
  /** Name of the procedure that measures it. */
  readonly procedure: string;
  /** What all arms share. An arm's `asked` is these with its settings over them. */
  readonly factors: Scalars;
  readonly arms: readonly Arm[];
  /** Slices of each arm a session. */
  readonly slices: number;
  /** Sessions after which a cell that decides nothing is done. Cells of role 'deciding' follow the question's looks. */
  readonly sessions: number;
  /** Holds the engine against its peer, and may void the question: it is measured before what only draws. */
  readonly calibrates?: boolean;
  /** Expected seconds on 2 cores of a virtual machine, for plans: preparing once, opening an arm, a slice. */
  readonly prepareSeconds: number;
  readonly openSeconds: number;
  readonly sliceSeconds: number;
  /** Bytes of disk that the prepared cell and its open arms take at most; memory of all its processes. */
  readonly diskBytes: number;
  readonly memoryBytes: number;
}

/** All slices of one session of one cell. */
export interface SessionRounds {
  readonly session: number;
  /** Of kind 'slice', usable ones alone, in the order in which they ran. */
  readonly rounds: readonly Round[];
}

/** One number a session, and what it may be held against. */
export interface Contrast {
  readonly id: string;
  /** 'completion time, array / hashmap'. */
  readonly words: string;
  readonly cell: string;
  /** Arms it needs; a session for this contrast alone opens no others. */
  readonly arms: readonly string[];
  readonly unit: string;
  /** 'ratio' and positive levels live on a log scale; slopes on a linear one. */
  readonly kind: 'ratio' | 'level';
  readonly scale: 'log' | 'linear';
  /** Values at which the rule's answer changes: a look is not settled while its interval holds one. */
  readonly cuts: readonly number[];
  /** Undefined where the session's rounds do not give it. Finite; above 0 on a log scale. */
  readonly of: (session: SessionRounds) => number | undefined;
  /** Of each arm by itself, on the same scale; for the noise floors. */
  readonly byArm: (session: SessionRounds, arm: string) => readonly number[];
  /**
   * 1 - 2 * alpha in place of 1 - alpha: two one-sided tests at alpha, for equivalence.
   */
  readonly oneSided?: boolean;
  /** Its share of the question's error to that of the others, fixed before anything is measured; default 1. */
  readonly weight?: number;
  /** What is simulated or counted and repeats exactly: one session suffices, low = high = value. */
  readonly exact?: boolean;
  /**
   * What only qualifies a verdict: described at the question's alpha, as for pictures, and handed to the rule as
   * it stands. It takes no share of alpha, asks for no sessions, and no look waits for it.
   */
  readonly supporting?: boolean;
}

/** What the deciding contrasts came to, by id. A missing or interval-less one has nulls. */
export type Estimates = ReadonlyMap<string, Estimate>;

/** What a question answers from. */
export interface Evidence {
  readonly run: Run;
  /** All rounds of the run; a question takes those of its cells. Void ones are left out already. */
  readonly rounds: readonly Round[];
  /** Cells as planned and prepared. */
  readonly cells: readonly PlannedCell[];
  readonly estimates: Estimates;
  /** By the rule, or 'invalid', 'wrong-data', 'nothing' by the judge. */
  readonly verdict: Verdict;
  /** The command that asks this question alone. */
  readonly command: string;
  /** Interval of any figure over sessions, at the question's alpha, for pictures: not adjusted for their number. */
  readonly describe: (contrast: Contrast) => Estimate;
}

/** What a question says beside what the judge fills in. */
export type Wording = Pick<
  Answer,
  'finding' | 'measured' | 'limits' | 'caveats' | 'panels' | 'tables' | 'facts'
>;

export interface Question {
  readonly id: string;
  readonly kind: Answer['kind'];
  readonly title: string;
  readonly target: string;
  readonly published?: NonNullable<Answer['published']>;
  /** The rule in words; fixed before anything is measured. */
  readonly ruleText: string;
  /** Chance of a wrong answer, over all contrasts and looks: 0.05. */
  readonly alpha: number;
  /** Lower runs first; headline questions have 0. */
  readonly priority: number;
  /** Cells that this question brings; it may read others' too. */
  readonly cells: readonly Cell[];
  /** What the verdict rests on. Empty: the question is open until its cells had their sessions. */
  readonly contrasts: readonly Contrast[];
  /** Numbers of sessions after which the data are looked at, ascending; the last ends the question. */
  readonly looks: readonly number[];
  /** The rule itself, on intervals. Given intervals without width it must say what would be true of such values. */
  readonly rule: (found: Estimates) => Verdict;
  /** Why the rounds may not judge: the question's own checks, beside those of judge/validity.ts. */
  readonly faults: (evidence: Pick<Evidence, 'run' | 'rounds' | 'cells'>) => readonly Warning[];
  readonly wording: (evidence: Evidence) => Wording;
}

/** How a question is made for a run. */
export interface QuestionSource {
  readonly id: string;
  readonly title: string;
  readonly build: (about: { readonly mode: Mode; readonly peers: Peers }) => Question;
}

/** Peers at hand, by path; absent: none. */
export interface Peers {
  readonly bbolt?: string;
  readonly etcdMvcc?: string;
}
