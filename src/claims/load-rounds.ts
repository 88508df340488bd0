// What claims that rest on loads have in common: which rounds may judge at all. Pure. A round whose store
// did not hold what it acknowledged voids the claim. A round whose figures the load generator set is left
// out; where that is many of the deciding ones, the claim is void as well.

import type { ExperimentRound, Warning } from '../record/schema.ts';

/** Of the deciding rounds at most this share may be the generator's. */
const GENERATOR_SHARE_MAX = 0.25;

export interface LoadRounds {
  /** Rounds whose figures are the store's. */
  readonly usable: ExperimentRound[];
  readonly faults: Warning[];
  readonly doubts: Warning[];
}

export function loadRounds(rounds: readonly ExperimentRound[]): LoadRounds {
  const bound = rounds.filter((round) => carries(round, 'generator'));
  const usable = rounds.filter((round) => !carries(round, 'generator'));
  const faults: Warning[] = [];
  const wrong = rounds.filter((round) => carries(round, 'wrong-data')).length;
  if (wrong > 0) {
    const message = `${String(wrong)} rounds left a store that is not as it must be`;
    faults.push({ code: 'wrong-data', message });
  }
  const deciding = (one: ExperimentRound): boolean => one.role === 'deciding';
  const [lost, all] = [bound.filter(deciding).length, rounds.filter(deciding).length];
  if (lost > GENERATOR_SHARE_MAX * all) {
    faults.push({
      code: 'generator',
      message:
        `the load generator, not the store, set the figures of ${String(lost)} of ${String(all)} ` +
        'deciding rounds',
      remedy: 'measure on a machine with more cores, and nothing beside it',
    });
  }
  const doubts: Warning[] = [];
  if (bound.length > 0 && lost <= GENERATOR_SHARE_MAX * all) {
    const message = `${String(bound.length)} rounds left out: the load generator set their figures`;
    doubts.push({ code: 'generator', message });
  }
  return { usable, faults, doubts };
}

function carries({ warnings }: ExperimentRound, code: string): boolean {
  return warnings.some((warning) => warning.code === code);
}
