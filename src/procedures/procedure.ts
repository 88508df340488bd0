// Procedure: how one arm of one cell is measured. It runs in the arm's own process, which run/arm-process.ts
// starts for each arm of each session, so that no two arms share a heap, compiled code or page cache of
// their own. What goes over the process boundary is plain data. A procedure measures and never judges.

import type { Health, Scalars, Warning } from '../record/round.ts';

export interface CellOrder {
  readonly cell: string;
  /** The cell's factors with the arm's settings over them. */
  readonly asked: Scalars;
  readonly target: string;
  readonly arm: string;
  /** Equal for all arms of a session, so that they get equal inputs. */
  readonly seed: number;
  /** On the disk under measurement: what prepare() made, shared by all arms and sessions of the cell. */
  readonly prepared: string;
}

export interface ArmOrder extends CellOrder {
  /** An empty folder on the disk under measurement, of this arm in this session alone; removed afterwards. */
  readonly folder: string;
}

export interface SliceOrder {
  /** Number of the slice, warm-up slices included, from 0. */
  readonly index: number;
  readonly seed: number;
  /** Warm-up: not recorded; a procedure may make it shorter. */
  readonly warm: boolean;
}

export interface SliceContext {
  /** Aborted where the user stops: a slice ends early with what it has, or throws. */
  readonly signal: AbortSignal;
  readonly onProgress: (doing: string, share: number) => void;
}

/** What one slice found. */
export interface Slice {
  readonly seconds: number;
  readonly settings: Scalars;
  readonly figures: Readonly<Record<string, number>>;
  readonly counts?: Readonly<Record<string, number>>;
  readonly histograms?: Readonly<Record<string, string>>;
  readonly series?: Readonly<Record<string, readonly number[]>>;
  readonly state?: Scalars;
  readonly health?: Health;
  readonly warnings: readonly Warning[];
}

/** What an arm says when it is closed: verification and what goes with it. */
export type Closing = Pick<Slice, 'settings' | 'warnings'> & { readonly counts?: Slice['counts'] };

export interface OpenArm {
  slice(order: SliceOrder, context: SliceContext): Promise<Slice>;
  /** Lets go of everything; verifies where that is asked for. `kill`: only let go. */
  close(how: 'verify' | 'kill', context: SliceContext): Promise<Closing>;
}

/** When a warmed arm is steady. */
export interface WarmUp {
  /** Figure that has to be steady; undefined: `slicesMin` slices are enough. */
  readonly figure: string | undefined;
  readonly slicesMin: number;
  readonly slicesMax: number;
  /** Arms share nothing, so that they may warm up at the same time. */
  readonly sideBySide: boolean;
}

/** Of procedures whose arms need none: what they measure starts cold, or warms up by itself. */
export const NO_WARM_UP: WarmUp = {
  ...{ figure: undefined, slicesMin: 0, slicesMax: 0, sideBySide: false },
};

export interface Procedure {
  readonly name: string;
  readonly warmUp: WarmUp;
  /**
   * Makes what every session of the cell starts from, in `prepared`; says what it made. Called for each arm of
   * the cell in turn, in one process, once a run: it leaves alone what an earlier arm's call has made.
   */
  prepare?(order: CellOrder, context: SliceContext): Promise<Scalars>;
  open(order: ArmOrder, context: SliceContext): Promise<OpenArm>;
}
