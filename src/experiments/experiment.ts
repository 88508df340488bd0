// Experiment: how one claim is measured: its cells, their arms, and the function that runs one round.
// A round runs in a child process of its own, where nothing of another round is left; what goes over
// the process boundary is plain data. An experiment measures and never judges: rules stand in claims/.

import type { LoadPlan } from '../drivers/load-plan.ts';
import type { LoadRound } from '../record/load-schema.ts';
import type { ExperimentRole, ExperimentRound, Scalar, Warning } from '../record/schema.ts';
import type { Mode } from '../runner/plan.ts';

/** A load without what each round of it has of its own. */
export type ArmLoad = Omit<LoadPlan, 'folder' | 'seed'>;

/** One measured condition. All its arms run in every block, in random order. */
export interface ExperimentCell {
  /** Names the cell within its experiment; equal in every run. */
  readonly id: string;
  readonly title: string;
  /** 'deciding' cells judge and run first, 'curve' cells draw, 'labelled' ones stand beside. */
  readonly role: ExperimentRole;
  readonly factors: Readonly<Record<string, Scalar>>;
  readonly arms: readonly string[];
  /** Rounds of each arm a block; default 1. Two give pairs of equal arms, and so the A/A floor. */
  readonly replicates?: number;
  /** Blocks that the claim needs; fewer are measured only where the budget ends. */
  readonly blocksMin: number;
  readonly blocksMax: number;
  /** Seconds of one round on 2 cores of a virtual machine, its process included; for budgets. */
  readonly roundSeconds: number;
  /** By arm: what the commands run, ab and sweep measure (loads.ts); other experiments know theirs. */
  readonly loads?: Readonly<Record<string, ArmLoad>>;
}

/** What one round found. */
export interface RoundFigures {
  /** Read back from what was measured, never the ones asked for. */
  readonly settings: Readonly<Record<string, Scalar>>;
  /** Named with their units: putsPerSecond, putP99Us. One that is not finite is dropped with a warning. */
  readonly figures: Readonly<Record<string, number>>;
  /** HDR histograms of nanoseconds, V2 encoding, base64. */
  readonly histograms?: Readonly<Record<string, string>>;
  readonly series?: Readonly<Record<string, readonly number[]>>;
  readonly load?: LoadRound;
  readonly warnings: readonly Warning[];
}

export interface RoundOrder {
  readonly cell: ExperimentCell;
  readonly arm: string;
  /** Equal for all rounds of a block, so that its arms get equal inputs. */
  readonly seed: number;
  /** An empty folder on the disk under measurement; removed with all it holds afterwards. */
  readonly folder: string;
}

export interface Experiment {
  /** Id of the claim it measures. */
  readonly claim: string;
  readonly budgetSeconds: Readonly<Record<Mode, number>>;
  /** In the order of their factors: where time is short, cells are measured spread over this list. */
  readonly cells: (mode: Mode) => readonly ExperimentCell[];
  /** Runs one round, in the process that calls it. */
  readonly runRound: (order: RoundOrder) => RoundFigures | Promise<RoundFigures>;
}

/** What the child process of a round is asked to do. */
export interface ExperimentTask extends RoundOrder {
  readonly claim: string;
}

/** What it answers. */
export interface ExperimentResult extends RoundFigures {
  readonly resources: ExperimentRound['resources'];
}

/** Runs one round somewhere; tests hand in their own. */
export type ExperimentRunner = (
  task: ExperimentTask,
  timeoutMs: number,
) => Promise<ExperimentResult>;
