// The plan of a run's experiments: which of them run, with which cells and how much time, and how a
// budget that was asked for is shared out between them and the freelist's part. Pure.

import type { PlannedCell } from '../record/schema.ts';
import type { Mode } from '../runner/plan.ts';
import type { Experiment, ExperimentCell } from './experiment.ts';

export interface ExperimentPlan {
  readonly claim: string;
  readonly cells: readonly ExperimentCell[];
  readonly budgetSeconds: number;
}

export interface BudgetShares {
  /** For the freelist's cells, its surface included; 0 where they do not run. */
  readonly freelistSeconds: number;
  readonly experiments: readonly ExperimentPlan[];
}

/** Plans the experiments; `budgetSeconds` is shared out in the proportion of the defaults. */
export function shareBudget(
  experiments: readonly Experiment[],
  mode: Mode,
  freelistSeconds: number,
  budgetSeconds?: number,
): BudgetShares {
  const usual = experiments.reduce((sum, one) => sum + one.budgetSeconds[mode], freelistSeconds);
  const scale = budgetSeconds === undefined || usual === 0 ? 1 : budgetSeconds / usual;
  return {
    freelistSeconds: freelistSeconds * scale,
    experiments: experiments.map((experiment) => ({
      claim: experiment.claim,
      cells: experiment.cells(mode),
      budgetSeconds: experiment.budgetSeconds[mode] * scale,
    })),
  };
}

/** Cells as run.json names them. */
export function plannedCells(plans: readonly ExperimentPlan[]): PlannedCell[] {
  return plans.flatMap(({ claim, cells }) =>
    cells.map(({ id, title, role, factors, arms, blocksMin }) => ({
      claim,
      cell: id,
      title,
      role,
      factors: { ...factors },
      arms: [...arms],
      blocksMin,
    })),
  );
}
