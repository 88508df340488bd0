// conduct(): measures what the questions of a run need, and answers them. Takes the step that scheduler.ts names,
// has the cell prepared and a session of it measured, records each round as it ends, judges, and goes on until
// nothing is left to do or fits the budget. Invariants: what was measured is on disk before anything is made of
// it; a cell that fails costs its questions their data, and no other question anything; durations are those
// of the monotonic clock, so that a wall clock that is set changes stamps and nothing else.

import { freemem } from 'node:os';
import { finishProfile, profileHost } from '../hardware/profile.ts';
import { answerOf, judge } from '../judge/judge.ts';
import type { Clock } from '../measure/clock.ts';
import type { Cell, Question } from '../question/question.ts';
import type { Answer } from '../record/answer.ts';
import { RecordError, type RunFolder, type StoredRun } from '../record/folder.ts';
import type { Host } from '../record/host.ts';
import { messageOf } from '../record/record-error.ts';
import type { Round } from '../record/round.ts';
import type { Run } from '../record/run.ts';
import type { WorkFolder } from '../record/work-folder.ts';
import { abortReason } from './arm-client.ts';
import { plannedCells } from './cells.ts';
import { Costs } from './costs.ts';
import { leftOut } from './left-out.ts';
import { NothingFits, shortestSeconds, tooShort } from './nothing-fits.ts';
import { PreparedCells } from './prepared-cells.ts';
import { FAULTS_MAX, isMain, Schedule, type Ask, type Situation, type Step } from './scheduler.ts';
import { seedOf } from './seed.ts';
import { SessionCount } from './session-count.ts';
import { SessionFault } from './session-fault.ts';
import type { SessionOpener } from './session.ts';

export interface ConductOptions {
  readonly questions: readonly Question[];
  /** The run as it starts; what is measured is filled in here. */
  readonly run: Omit<Run, FilledIn>;
  /** The run to resume, as it was recorded. */
  readonly previous: StoredRun | undefined;
  readonly folder: Pick<RunFolder, 'writeRun' | 'appendRound'>;
  readonly work: WorkFolder;
  readonly seed: number;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** Undefined: until all is done. */
  readonly budgetSeconds: number | undefined;
  readonly sessions: SessionOpener;
  /** The command that asks one question alone. */
  readonly commandOf: (question: Question) => string;
  readonly onProgress: (share: number, doing: string, secondsLeft: number) => void;
  /** A question has its answer, while others are still measured. */
  readonly onAnswer: (question: Question, answer: Answer) => void;
  /** Tests hand in their own. */
  readonly profiler?: Profiler;
  readonly memoryBytes?: () => number;
}

type FilledIn =
  | 'host'
  | 'status'
  | 'finishedAt'
  | 'questions'
  | 'cells'
  | 'untested'
  | 'seconds'
  | 'measuredSeconds';

/** Describes the machine before and after. */
export interface Profiler {
  readonly before: (path: string) => Promise<Host>;
  readonly after: (host: Host, path: string) => Promise<Host>;
}

export interface Conducted extends StoredRun {
  /** Of the questions given, in their order. */
  readonly answers: readonly Answer[];
  /** The first thing that went wrong, other than an interruption; other questions were measured all the same. */
  readonly error: unknown;
}

/** The profile before and after, nearly all of it syncs. */
const PROFILE_SECONDS = 2.5;
/** A session that runs is cut short once the budget is over by this share. */
const OVERRUN = 1.1;

const HOST_PROFILER: Profiler = { before: profileHost, after: finishProfile };

/** Throws NothingFits, RecordError or the signal's reason before anything is measured. */
export async function conduct(options: ConductOptions): Promise<Conducted> {
  const { questions, previous, work, signal, profiler = HOST_PROFILER, clock } = options;
  const startedNs = clock.nowNs();
  if (previous === undefined) assertTime(options);
  options.onProgress(0, 'profiling the host', 2 * PROFILE_SECONDS);
  const host = await unlessAborted(profiler.before(work.path), signal);
  if (previous !== undefined && previous.run.host.fingerprint !== host.fingerprint) {
    throw new RecordError(
      'elsewhere',
      `the run was measured on another machine or disk (${previous.run.host.fingerprint}, here ` +
        `${host.fingerprint}); start a new one without --resume`,
    );
  }
  return new Conductor(options, startedNs, {
    ...options.run,
    ...{ host, status: 'running', untested: [] },
    cells: plannedCells(questions, previous?.run.cells ?? []),
    questions: [...new Set([...(previous?.run.questions ?? []), ...questions.map(({ id }) => id)])],
    seconds: previous?.run.seconds ?? 0,
    measuredSeconds: previous?.run.measuredSeconds ?? 0,
  }).run();
}

class Conductor {
  readonly #options: ConductOptions;
  readonly #startedNs: number;
  readonly #rounds: Round[];
  readonly #sessions = new SessionCount();
  readonly #begun = new Map<string, number>();
  readonly #faults = new Map<string, number>();
  readonly #givenUp = new Set<string>();
  readonly #costs = new Costs();
  readonly #prepared: PreparedCells;
  readonly #answered = new Set<Question>();
  readonly #secondsBefore: number;
  /** In the order in which they are asked; a question that cannot be judged is taken out. */
  #asks: readonly Ask[] = [];
  #run: Run;
  #error: unknown;
  /** Seconds from the start at which all is expected to be done. */
  #endSeconds = 2 * PROFILE_SECONDS;
  #share = 0;

  constructor(options: ConductOptions, startedNs: number, run: Run) {
    this.#options = options;
    this.#startedNs = startedNs;
    this.#run = run;
    this.#secondsBefore = run.seconds;
    this.#rounds = [...(options.previous?.rounds ?? [])];
    for (const round of this.#rounds) this.#sessions.add(round);
    this.#prepared = new PreparedCells(options.work);
  }

  async run(): Promise<Conducted> {
    const { signal, questions } = this.#options;
    try {
      this.#write();
      await this.#measure();
    } catch (error) {
      if (error instanceof Unrecorded) this.#error = error.cause;
      else if (!signal.aborted) this.#error ??= error;
    }
    await this.#finish();
    const answers = questions.flatMap((question) => this.#answerOf(question) ?? []);
    return { run: this.#run, rounds: this.#rounds, answers, error: this.#error };
  }

  async #measure(): Promise<void> {
    const { signal, questions } = this.#options;
    const order = [...questions].sort((a, b) => a.priority - b.priority);
    this.#asks = order.flatMap((question) => this.#ask(question) ?? []);
    for (;;) {
      const situation = this.#situation();
      const schedule = new Schedule(situation);
      this.#announce(schedule);
      if (signal.aborted) return;
      const step = schedule.next();
      if (step === undefined) {
        this.#leaveOut(situation, schedule);
        return;
      }
      this.#endSeconds =
        this.#elapsed() + Math.min(schedule.secondsToDo(), situation.secondsLeft) + PROFILE_SECONDS;
      await this.#session(step);
      this.#asks = this.#asks.flatMap(({ question }) => this.#ask(question) ?? []);
    }
  }

  async #session(step: Step): Promise<void> {
    const { cell } = step;
    const session = this.#sessions.next(cell.id);
    this.#begun.set(cell.id, (this.#begun.get(cell.id) ?? 0) + 1);
    try {
      const prepared = await this.#prepared.take(cell, (path) => this.#prepare(cell, path));
      await this.#measureSession(step, session, prepared);
    } catch (error) {
      // Nobody knows in which state a process left it that was ended.
      this.#prepared.drop(cell.id);
      if (this.#options.signal.aborted || error instanceof Unrecorded) throw error;
      this.#failed(step, session, error);
    }
    this.#write();
  }

  async #prepare(cell: Cell, path: string): Promise<void> {
    const { sessions, signal, seed, clock } = this.#options;
    const started = clock.nowNs();
    const made = await sessions.prepare(
      { cell, seed: seedOf(seed, cell.id), prepared: path, pace: this.#pace() },
      {
        signal,
        onProgress: (doing) => {
          this.#progress(`${cell.title}: preparing, ${doing}`);
        },
      },
    );
    this.#costs.notePrepared(cell, (clock.nowNs() - started) / 1e9);
    const cells = this.#run.cells.map((planned) =>
      planned.id === cell.id ? { ...planned, prepared: { ...made } } : planned,
    );
    this.#run = { ...this.#run, cells };
    this.#write();
  }

  async #measureSession(step: Step, session: number, prepared: string): Promise<void> {
    const { sessions, signal, seed, clock, budgetSeconds } = this.#options;
    const { cell, arms, question } = step;
    const started = clock.nowNs();
    const ends = { early: false };
    const order = { cell, arms, question, session, prepared, pace: this.#pace() };
    await sessions.measure(
      { ...order, seed: seedOf(seed, cell.id, session) },
      {
        signal,
        onRound: (round) => {
          this.#record(round);
        },
        mayGoOn: () => {
          ends.early ||= this.#elapsed() > (budgetSeconds ?? Number.POSITIVE_INFINITY) * OVERRUN;
          return !ends.early;
        },
        onProgress: (doing) => {
          this.#progress(`${cell.title}: session ${session + 1}, ${doing}`);
        },
      },
    );
    if (!ends.early) this.#costs.noteSession(cell, arms, (clock.nowNs() - started) / 1e9);
  }

  /** A fault of a process may be chance; what a procedure says of itself would be said again. */
  #failed({ cell }: Step, session: number, error: unknown): void {
    const message = `${cell.title}, session ${session + 1}: ${messageOf(error)}`;
    if (error instanceof SessionFault) {
      const faults = (this.#faults.get(cell.id) ?? 0) + 1;
      this.#faults.set(cell.id, faults);
      this.#warn('session-fault', `${message}; the slices that it had ended are kept`);
      if (faults < FAULTS_MAX) return;
      this.#giveUp(cell, `${message}; given up after ${faults} such sessions`);
    } else {
      this.#giveUp(cell, `${message}; the cell is left out`);
    }
    this.#error ??= error;
  }

  #giveUp(cell: Cell, sentence: string): void {
    this.#givenUp.add(cell.id);
    this.#run = { ...this.#run, untested: [...this.#run.untested, sentence] };
  }

  #warn(code: string, message: string): void {
    this.#run = { ...this.#run, warnings: [...this.#run.warnings, { code, message }] };
  }

  #record(round: Round): void {
    try {
      this.#options.folder.appendRound(round);
    } catch (error) {
      throw new Unrecorded(error);
    }
    this.#rounds.push(round);
    this.#sessions.add(round);
    const measuredSeconds =
      this.#run.measuredSeconds + (round.kind === 'slice' ? round.seconds : 0);
    this.#run = { ...this.#run, measuredSeconds };
  }

  /** The judged question; undefined where judging it failed, which is its end. */
  #ask(question: Question): Ask | undefined {
    try {
      return { question, judged: judge(question, this.#evidence(), false) };
    } catch (error) {
      this.#error ??= error;
      return undefined;
    }
  }

  #answerOf(question: Question): Answer | undefined {
    try {
      const command = this.#options.commandOf(question);
      return answerOf(question, { ...this.#evidence(), command });
    } catch (error) {
      this.#error ??= error;
      return undefined;
    }
  }

  #evidence(): Pick<StoredRun, 'run' | 'rounds'> & Pick<Run, 'cells'> {
    return { run: this.#run, rounds: this.#rounds, cells: this.#run.cells };
  }

  /** Hands on the answers of questions that nothing more is measured for. */
  #announce({ open }: Schedule): void {
    for (const { question, judged } of this.#asks) {
      const isOpen = open.some(({ ask }) => ask.question === question);
      const ends =
        question.contrasts.length > 0 || question.cells.some((cell) => isMain(question, cell));
      if (isOpen || !ends || judged.verdict === 'nothing' || this.#answered.has(question)) continue;
      this.#answered.add(question);
      const answer = this.#answerOf(question);
      if (answer !== undefined) this.#options.onAnswer(question, answer);
    }
  }

  #leaveOut(situation: Situation, schedule: Schedule): void {
    this.#run = { ...this.#run, untested: [...this.#run.untested, ...leftOut(situation)] };
    if (this.#rounds.length > 0 || this.#error !== undefined) return;
    const unbounded = new Schedule({ ...situation, secondsLeft: Number.POSITIVE_INFINITY });
    const { budgetSeconds, questions } = this.#options;
    if (unbounded.next() !== undefined && budgetSeconds !== undefined) {
      const about = { questions, costs: this.#costs };
      this.#error = tooShort(budgetSeconds, this.#elapsed() + PROFILE_SECONDS, about);
    } else if (schedule.open.length > 0) {
      this.#error = new NothingFits(
        'room',
        this.#run.untested[0] ?? 'there is no room for any cell',
      );
    }
  }

  #situation(): Situation {
    const { seed, memoryBytes = freeMemory } = this.#options;
    return {
      asks: this.#asks,
      sessions: (cell, arms) => this.#sessions.of(cell, arms),
      begun: (cell) => this.#begun.get(cell) ?? 0,
      costs: this.#costs,
      secondsLeft: this.#secondsLeft(),
      room: { diskBytes: this.#prepared.roomBytes(), memoryBytes: memoryBytes() },
      prepared: this.#prepared.ids,
      ...{ givenUp: this.#givenUp, seed },
    };
  }

  /** Profiles the host again, unless a user waits for the end. */
  async #finish(): Promise<void> {
    const { signal, work, clock, profiler = HOST_PROFILER } = this.#options;
    let { host } = this.#run;
    if (!signal.aborted) {
      this.#endSeconds = this.#elapsed() + PROFILE_SECONDS;
      this.#progress('profiling the host again');
      const after = unlessAborted(profiler.after(host, work.path), signal);
      host = await after.catch(() => host);
    }
    const ended = this.#error === undefined ? ('finished' as const) : ('failed' as const);
    const status = signal.aborted ? ('interrupted' as const) : ended;
    this.#run = { ...this.#run, host, status, finishedAt: clock.wallIso() };
    try {
      this.#write();
    } catch (error) {
      this.#error ??= error;
    }
  }

  #write(): void {
    const seconds = this.#secondsBefore + this.#elapsed();
    this.#run = { ...this.#run, seconds };
    try {
      this.#options.folder.writeRun(this.#run);
    } catch (error) {
      throw new Unrecorded(error);
    }
  }

  #secondsLeft(): number {
    const { budgetSeconds = Number.POSITIVE_INFINITY } = this.#options;
    return budgetSeconds - this.#elapsed() - PROFILE_SECONDS;
  }

  #elapsed(): number {
    return (this.#options.clock.nowNs() - this.#startedNs) / 1e9;
  }

  /** For deadlines: no machine is taken for faster than the model. */
  #pace(): number {
    return Math.max(1, this.#costs.pace);
  }

  #progress(doing: string): void {
    const elapsed = this.#elapsed();
    const end = Math.max(this.#endSeconds, elapsed);
    // An end that moves away does not take back what is done.
    this.#share = Math.max(this.#share, end === 0 ? 0 : Math.min(0.99, elapsed / end));
    this.#options.onProgress(this.#share, doing, end - elapsed);
  }
}

/** What was measured could not be written down: nothing more is measured. */
class Unrecorded extends Error {
  override readonly name = 'Unrecorded';

  constructor(cause: unknown) {
    super(messageOf(cause), { cause });
  }
}

function assertTime({ questions, budgetSeconds }: ConductOptions): void {
  if (budgetSeconds === undefined) return;
  const costs = new Costs();
  const besides = 2 * PROFILE_SECONDS;
  if (besides + shortestSeconds(questions, costs) <= budgetSeconds) return;
  throw tooShort(budgetSeconds, besides, { questions, costs });
}

/** What a memory limit of a container leaves counts, too. */
function freeMemory(): number {
  return Math.min(freemem(), process.availableMemory());
}

/** Work that cannot be told to stop goes on unheeded. */
function unlessAborted<Value>(work: Promise<Value>, signal: AbortSignal): Promise<Value> {
  return new Promise((resolve, reject) => {
    const abort = (): void => reject(abortReason(signal));
    if (signal.aborted) abort();
    signal.addEventListener('abort', abort, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });
}
