// What judging gives: where a question stands, and which rounds it stands on. Types alone, for judge.ts, which makes
// it, and answer.ts, which words it.

import type { Evidence } from '../question/question.ts';
import type { Round, Warning } from '../record/round.ts';
import type { Decision } from './sequential.ts';

/** What a run has measured so far. */
export type Measured = Pick<Evidence, 'run' | 'rounds' | 'cells'>;

/** `settled` and empty `needs` besides where the rounds are void for good. */
export interface Judged extends Decision {
  /** Why the rounds may not judge: the verdict is 'invalid', or 'wrong-data'. */
  readonly faults: readonly Warning[];
  /** Doubts, which leave the verdict to the rule. */
  readonly warnings: readonly Warning[];
  /** Rounds that may judge, and those of other questions' cells. */
  readonly rounds: readonly Round[];
}
