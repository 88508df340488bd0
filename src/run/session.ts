// A session: one cell's arms, each in a process of its own, opened, warmed until steady, and then measured in short
// slices in turn, so that all see the same minute of the machine. Hands on each slice as a Round as soon as
// it has ended, and closes with verification. Invariants: while a slice is measured, no other order is under way; processes and folders are gone when a session ends, however it does.
// Which sessions run, and what becomes of a fault, is conduct.ts's.

import { availableParallelism } from 'node:os';
import type { Clock } from '../measure/clock.ts';
import { NO_WARM_UP, type CellOrder } from '../procedures/procedure.ts';
import type { Arm, Cell } from '../question/question.ts';
import { SCHEMA_VERSION, type Round, type Scalars, type Warning } from '../record/round.ts';
import type { WorkFolder } from '../record/work-folder.ts';
import { ArmClient } from './arm-client.ts';
import type { AnswerOf, CloseAnswer, SliceAnswer } from './arm-messages.ts';
import { blockOrder } from './block-order.ts';
import { modelSeconds, slicesOf } from './costs.ts';
import { seedOf } from './seed.ts';
import { warmthOf } from './steadiness.ts';

export interface PrepareOrder {
  readonly cell: Cell;
  readonly seed: number;
  /** Path of the folder to prepare in. */
  readonly prepared: string;
  /** Seconds this machine takes for what the model puts at one second. */
  readonly pace: number;
}

export interface SessionOrder extends PrepareOrder {
  /** Id of the question that brought the cell. */
  readonly question: string;
  /** Names of the arms to open. */
  readonly arms: readonly string[];
  /** Number of the session within the cell, from 0. */
  readonly session: number;
}

export interface SessionContext {
  readonly signal: AbortSignal;
  readonly onProgress: (doing: string, share: number) => void;
}

export interface MeasureContext extends SessionContext {
  readonly onRound: (round: Round) => void;
  /** Asked between blocks and before each warm slice; no: the session is cut short, and closed as usual. */
  readonly mayGoOn: () => boolean;
}

/** Where conduct() has its cells prepared and measured; tests hand in their own. */
export interface SessionOpener {
  /** What prepare() of the procedure made: the first arm's by name, every arm's as '<arm>.<name>'. */
  readonly prepare: (order: PrepareOrder, context: SessionContext) => Promise<Scalars>;
  /** Rejects with a SessionFault, with what a procedure threw, or with the signal's reason. */
  readonly measure: (order: SessionOrder, context: MeasureContext) => Promise<void>;
}

export interface ProcessSessionOptions {
  readonly work: WorkFolder;
  readonly clock: Clock;
  /** Address of a module with PROCEDURES in place of kvtune's own, for tests. */
  readonly procedures?: string;
  /** Fewer seconds of patience, for tests. */
  readonly patienceSeconds?: number;
}

/** An answer may take this many times what was expected, and at least so long. */
const PATIENCE_TIMES = 6;
const PATIENCE_SECONDS = 15;
/** After a Ctrl-C a slice has this long to end with what it has. */
const GRACE_MS = 2000;

/** Sessions in processes. */
export function processSessions(options: ProcessSessionOptions): SessionOpener {
  /** Procedures that prepare nothing: no process is started to hear so again. */
  const idle = new Set<string>();
  return {
    prepare: async (order, context) => {
      const { procedure } = order.cell;
      if (idle.has(procedure)) return {};
      const { prepares, scalars } = await prepare(order, context, options);
      if (!prepares) idle.add(procedure);
      return scalars;
    },
    measure: (order, context) => new Session(order, context, options).run(),
  };
}

async function prepare(
  order: PrepareOrder,
  { signal, onProgress }: SessionContext,
  options: ProcessSessionOptions,
): Promise<{ readonly prepares: boolean; readonly scalars: Scalars }> {
  const { cell } = order;
  const client = new ArmClient('preparation', options.procedures);
  try {
    const cells = cell.arms.map((arm) => cellOrder(order, arm));
    const { prepares, made } = await client.request(
      { kind: 'prepare', procedure: cell.procedure, cells },
      {
        timeoutMs: patienceMs(cell.prepareSeconds * order.pace, options),
        ...{ signal, onProgress },
      },
    );
    const byArm = cell.arms.flatMap(({ name }, i) =>
      Object.entries(made[i] ?? {}).map(([key, value]) => [`${name}.${key}`, value] as const),
    );
    return { prepares, scalars: { ...made[0], ...Object.fromEntries(byArm) } };
  } finally {
    await client.kill();
  }
}

function cellOrder({ cell, seed, prepared }: PrepareOrder, arm: Arm): CellOrder {
  const asked = { ...cell.factors, ...arm.settings };
  return { cell: cell.id, asked, target: arm.target, arm: arm.name, seed, prepared };
}

function patienceMs(expectedSeconds: number, { patienceSeconds }: ProcessSessionOptions): number {
  const least = patienceSeconds ?? PATIENCE_SECONDS;
  return 1000 * Math.max(least, PATIENCE_TIMES * expectedSeconds);
}

/** One arm while its session lasts. */
interface RunningArm {
  readonly arm: Arm;
  readonly order: CellOrder;
  readonly client: ArmClient;
  readonly folder: string;
  readonly timeoutMs: number;
  warmUp: AnswerOf<'open'>['warmUp'];
  slices: number;
  replicates: number;
  readonly warnings: Warning[];
}

class Session {
  readonly #order: SessionOrder;
  readonly #context: MeasureContext;
  readonly #options: ProcessSessionOptions;
  readonly #arms: RunningArm[] = [];
  readonly #seconds: number;
  #doneSeconds = 0;
  #position = 0;
  #block = 0;

  constructor(order: SessionOrder, context: MeasureContext, options: ProcessSessionOptions) {
    this.#order = order;
    this.#context = context;
    this.#options = options;
    this.#seconds = modelSeconds(order.cell, order.arms);
  }

  async run(): Promise<void> {
    try {
      await this.#open();
      await this.#warmAll();
      await this.#measure();
      if (this.#position > 0) await this.#close();
    } finally {
      await Promise.all(this.#arms.map(({ client }) => client.kill()));
      for (const { folder } of this.#arms) this.#options.work.removeFolder(folder);
    }
  }

  async #open(): Promise<void> {
    const { cell, arms, pace } = this.#order;
    const { work, procedures } = this.#options;
    const { signal } = this.#context;
    const present = cell.arms.filter((arm) => arms.includes(arm.name));
    for (const [i, arm] of present.entries()) {
      const sliceSeconds = arm.sliceSeconds ?? cell.sliceSeconds;
      this.#arms.push({
        ...{ arm, order: cellOrder(this.#order, arm), folder: `arm-${i}` },
        client: new ArmClient(arm.name, procedures),
        timeoutMs: patienceMs(sliceSeconds * pace, this.#options),
        warmUp: NO_WARM_UP,
        ...{ slices: 0, replicates: 0, warnings: [] },
      });
    }
    // Opening is not measuring: arms do it side by side, and only read what was prepared.
    const timeoutMs = patienceMs(cell.openSeconds * pace * this.#arms.length, this.#options);
    this.#progress('opening');
    await allOf(
      this.#arms.map(async (one) => {
        const arm = { ...one.order, folder: work.emptyFolder(one.folder) };
        const order = { kind: 'open' as const, procedure: cell.procedure, arm };
        const opened = await one.client.request(order, { timeoutMs, signal });
        one.warmUp = opened.warmUp;
        this.#doneSeconds += cell.openSeconds;
      }),
    );
  }

  /**
   * As many at once as there are cores, where the procedure allows it: what is waited for is that an arm's own figure
   * stops rising while its code is compiled, and the others slow that down without hiding it.
   */
  async #warmAll(): Promise<void> {
    const together = this.#arms.every(({ warmUp }) => warmUp.sideBySide)
      ? availableParallelism()
      : 1;
    for (let from = 0; from < this.#arms.length; from += together) {
      await allOf(this.#arms.slice(from, from + together).map((arm) => this.#warm(arm)));
    }
  }

  async #warm(arm: RunningArm): Promise<void> {
    const { figure } = arm.warmUp;
    const figures: (number | undefined)[] = [];
    for (;;) {
      const warmth = warmthOf(arm.warmUp, figures);
      if (warmth === 'never') arm.warnings.push(notSteady(arm, figures.length));
      if (warmth !== 'cold' || !this.#context.mayGoOn()) return;
      const seed = seedOf(this.#order.seed, 'warm-up', figures.length);
      const at = `warm-up of ${arm.arm.name}, slice ${figures.length + 1}`;
      const { figures: found } = await this.#slice(arm, { seed, warm: true, at });
      this.#context.signal.throwIfAborted();
      figures.push(figure === undefined ? undefined : found[figure]);
    }
  }

  async #measure(): Promise<void> {
    const { cell, seed } = this.#order;
    const { clock } = this.#options;
    const arms = this.#arms.map(({ arm }) => ({ name: arm.name, slices: slicesOf(cell, arm) }));
    const blocks = blockOrder(arms, seedOf(seed, 'order'));
    for (const [block, names] of blocks.entries()) {
      if (!this.#context.mayGoOn()) return;
      this.#block = block;
      const sliceSeed = seedOf(seed, 'slice', block);
      for (const name of names) {
        const arm = this.#arms.find((one) => one.arm.name === name);
        if (arm === undefined) continue;
        const startedAt = clock.wallIso();
        const at = `block ${block + 1} of ${blocks.length}, ${name}`;
        const slice = await this.#slice(arm, { seed: sliceSeed, warm: false, at });
        this.#context.onRound(this.#sliceRound(arm, slice, startedAt));
        // What an interrupted slice had is kept.
        this.#context.signal.throwIfAborted();
      }
    }
  }

  async #slice(
    arm: RunningArm,
    { seed, warm, at }: { readonly seed: number; readonly warm: boolean; readonly at: string },
  ): Promise<SliceAnswer> {
    const { signal } = this.#context;
    const takes = arm.arm.sliceSeconds ?? this.#order.cell.sliceSeconds;
    this.#progress(at);
    const slice = await arm.client.request(
      { kind: 'slice', slice: { index: arm.slices++, seed, warm } },
      {
        ...{ timeoutMs: arm.timeoutMs, signal, graceMs: warm ? 0 : GRACE_MS },
        onProgress: (doing, share) => {
          this.#progress(`${at}, ${doing}`, share * takes);
        },
      },
    );
    this.#doneSeconds += takes;
    return slice;
  }

  /** Verifying is not measuring: arms do it side by side. */
  async #close(): Promise<void> {
    const { cell, pace } = this.#order;
    const { signal } = this.#context;
    this.#progress('verifying');
    const timeoutMs = patienceMs(cell.openSeconds * pace * this.#arms.length, this.#options);
    const startedAt = this.#options.clock.wallIso();
    await allOf(
      this.#arms.map(async (arm) => {
        const closing = await arm.client.request({ kind: 'close' }, { timeoutMs, signal });
        this.#context.onRound(this.#closeRound(arm, closing, startedAt));
      }),
    );
  }

  #sliceRound(arm: RunningArm, slice: SliceAnswer, startedAt: string): Round {
    const { health, warnings, ...found } = slice;
    const cut: Warning[] = this.#context.signal.aborted ? [CUT_SHORT] : [];
    return {
      ...this.#place(arm, 'slice', startedAt),
      ...{ ...found, settings: { ...found.settings }, state: { ...found.state } },
      ...(health === undefined ? {} : { health }),
      warnings: [...warnings, ...arm.warnings, ...cut],
    };
  }

  #closeRound(arm: RunningArm, closing: CloseAnswer, startedAt: string): Round {
    const { settings, counts, resources, warnings } = closing;
    return {
      ...this.#place(arm, 'close', startedAt),
      ...{ seconds: 0, settings, figures: {}, counts, histograms: {}, series: {}, state: {} },
      ...{ resources, warnings },
    };
  }

  #place(arm: RunningArm, kind: Round['kind'], startedAt: string): Place {
    const { question, cell, session } = this.#order;
    return {
      ...{ schemaVersion: SCHEMA_VERSION, kind, question, cell: cell.id, arm: arm.arm.name },
      ...{ session, block: this.#block, position: this.#position++ },
      ...{ replicate: kind === 'slice' ? arm.replicates++ : 0, startedAt },
      asked: { ...arm.order.asked },
    };
  }

  #progress(doing: string, withinSeconds = 0): void {
    const share = this.#seconds === 0 ? 0 : (this.#doneSeconds + withinSeconds) / this.#seconds;
    this.#context.onProgress(doing, Math.min(1, share));
  }
}

/** Where a round belongs, and what it was asked to be. */
type Place = Pick<
  Round,
  | 'schemaVersion'
  | 'kind'
  | 'question'
  | 'cell'
  | 'arm'
  | 'session'
  | 'block'
  | 'position'
  | 'replicate'
  | 'startedAt'
  | 'asked'
>;

const CUT_SHORT: Warning = {
  code: 'cut-short',
  message: 'an interrupt ended the slice early',
};

function notSteady({ arm, warmUp }: RunningArm, slices: number): Warning {
  return {
    code: 'not-steady',
    message: `${arm.name}: ${warmUp.figure ?? ''} still moved after ${slices} warm-up slices`,
    remedy: 'stop other work on this machine, or measure longer slices',
  };
}

/** Waits for all before the first failure is thrown, so that the others' ends are not lost. */
async function allOf(work: readonly Promise<void>[]): Promise<void> {
  for (const outcome of await Promise.allSettled(work)) {
    if (outcome.status === 'rejected') throw outcome.reason;
  }
}
