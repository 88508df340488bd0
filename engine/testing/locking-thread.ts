// Locking thread: the test's side of lock-worker.js. Either it does one act at a time, may be stopped
// before any step of it, and is watched without giving up the test's own thread; or it reads and writes
// in a stream. LockBoard is the memory such threads share: the lock and what it guards.
// Test support; not part of the engine.

import { Worker } from 'node:worker_threads';
import { assert } from '../base/assert.ts';
import { RwLock } from '../shared/rw-lock.ts';

const WORKER = new URL('./lock-worker.js', import.meta.url);
/** Workers load no TypeScript: `npm test` compiles the engine first. */
const LOCK = new URL('../../dist/engine/shared/rw-lock.js', import.meta.url);
const RANDOM = new URL('../../dist/engine/base/random.js', import.meta.url);
/** Long enough for a machine that is busy with other things; to wait so long is to hang. */
const HANGS_MS = 20_000;

/** Words of one thread. */
const WORD = {
  /** Raised by the test: do `act`; in a stream: stop. */
  command: 0,
  act: 1,
  /** Number of the step to stop before; 0: none. */
  stopAt: 2,
  /** Whether a look at a word is a step. */
  loads: 3,
  steps: 4,
  state: 5,
  resumed: 6,
} as const;
const WORDS = 8;

const STATE = { done: 0, running: 1, stopped: 2, asleep: 3 } as const;
const NAMES = ['done', 'running', 'stopped', 'asleep'] as const;
type ThreadState = (typeof NAMES)[number];

const ACTS = [
  'read',
  'write',
  'lockShared',
  'unlockShared',
  'lockExclusive',
  'unlockExclusive',
] as const;
export type LockAct = (typeof ACTS)[number];

const COUNTED_THREADS = 256;
/** Words of a board. */
const TALLY = {
  /** Two that writers keep equal. */
  first: 0,
  second: 1,
  /** The thread that writes, and the one that is being killed, each + 1; 0: none. */
  inside: 2,
  dying: 3,
  /** Of each thread; then the lock. */
  reads: 16,
  writes: 16 + COUNTED_THREADS,
  lock: 16 + 2 * COUNTED_THREADS,
} as const;

export interface LockStream {
  readonly seed: number;
  /** Of a thousand turns, how many write. */
  readonly writesIn1000: number;
  /** One atomic operation in so many pauses (slow-atomics.js); 0: none. */
  readonly pauseEvery: number;
}

export class LockBoard {
  readonly words = new Int32Array(new SharedArrayBuffer(4 * (TALLY.lock + RwLock.words)));
  /** The lock, of the test's own thread. */
  readonly lock = new RwLock(this.words, TALLY.lock);
  /** Threads made so far. */
  threads = 0;

  /** Words of the lock alone. */
  get lockWords(): Int32Array {
    return this.words.subarray(TALLY.lock);
  }

  readsOf(thread: number): number {
    return this.words[TALLY.reads + thread]!;
  }

  writesOf(thread: number): number {
    return this.words[TALLY.writes + thread]!;
  }

  /** What writers counted together; they keep the two words equal. */
  get counted(): readonly [number, number] {
    return [this.words[TALLY.first]!, this.words[TALLY.second]!];
  }

  get writes(): number {
    let sum = 0;
    for (let thread = 0; thread < this.threads; thread++) sum += this.writesOf(thread);
    return sum;
  }

  /** Mends what a writer that died inside left half done. Only under the exclusive lock. */
  mend(): void {
    this.words[TALLY.first] = this.words[TALLY.second] = this.writes;
    this.words[TALLY.inside] = this.words[TALLY.dying] = 0;
  }
}

export class LockingThread {
  readonly ready: Promise<void>;
  readonly index: number;
  /** Its number as a thread, which is how the lock knows it. */
  readonly thread: number;
  /** What the thread died of, other than being killed. */
  failure: Error | undefined;
  readonly #worker: Worker;
  readonly #words = new Int32Array(new SharedArrayBuffer(4 * WORDS));
  readonly #board: LockBoard;

  constructor(board: LockBoard, stream?: LockStream) {
    this.#board = board;
    this.index = board.threads++;
    assert(this.index < COUNTED_THREADS, 'a board counts for so many threads');
    const workerData = {
      ...{ WORD, STATE, ACTS, TALLY, stream, own: this.index },
      ...{ lock: LOCK.href, random: RANDOM.href },
      words: this.#words.buffer,
      tally: board.words.buffer,
    };
    this.#worker = new Worker(WORKER, { workerData });
    this.thread = this.#worker.threadId;
    this.#worker.on('error', (error: Error) => {
      this.failure = error;
    });
    this.ready = new Promise((resolve, reject) => {
      this.#worker.once('message', () => {
        resolve();
      });
      this.#worker.once('error', reject);
    });
  }

  get state(): ThreadState {
    return NAMES[Atomics.load(this.#words, WORD.state)]!;
  }

  /** Steps of all acts so far. */
  get steps(): number {
    return Atomics.load(this.#words, WORD.steps);
  }

  /**
   * Begins the act and returns once it is done, asleep, or stopped before step `stopAt` (0: never).
   * `loads`: looks at words are steps as well.
   */
  act(act: LockAct, stop: { readonly at: number; readonly loads: boolean } = NEVER): ThreadState {
    assert(this.state === 'done', 'an act follows the end of the one before');
    Atomics.store(this.#words, WORD.act, ACTS.indexOf(act));
    Atomics.store(this.#words, WORD.steps, 0);
    Atomics.store(this.#words, WORD.stopAt, stop.at);
    Atomics.store(this.#words, WORD.loads, stop.loads ? 1 : 0);
    // Said here, so that what is seen next is of this act.
    Atomics.store(this.#words, WORD.state, STATE.running);
    Atomics.add(this.#words, WORD.command, 1);
    Atomics.notify(this.#words, WORD.command);
    return this.settle();
  }

  /** Lets a stopped thread go on, until it is done, asleep, or before step `stopAt` (0: never). */
  resume(stopAt = 0): ThreadState {
    Atomics.store(this.#words, WORD.stopAt, stopAt);
    Atomics.store(this.#words, WORD.state, STATE.running);
    Atomics.add(this.#words, WORD.resumed, 1);
    Atomics.notify(this.#words, WORD.resumed);
    return this.settle();
  }

  /** Waits, without the event loop, for as long as the thread runs. */
  settle(): ThreadState {
    // Waking proves nothing: the thread also says when it runs on.
    while (this.state === 'running') {
      const ended = Atomics.wait(this.#words, WORD.state, STATE.running, HANGS_MS);
      assert(ended !== 'timed-out', `thread ${this.index} runs on after ${HANGS_MS / 1000} s`);
    }
    return this.state;
  }

  /** Waits for a sleeping thread to wake up, or a moment. */
  awaken(): void {
    Atomics.wait(this.#words, WORD.state, STATE.asleep, 1);
  }

  /** Waits until the thread, which sleeps or runs, is done or stopped. */
  proceed(): ThreadState {
    const end = performance.now() + HANGS_MS;
    while (this.settle() === 'asleep') {
      this.awaken();
      assert(performance.now() < end, `thread ${this.index} sleeps after ${HANGS_MS / 1000} s`);
    }
    return this.state;
  }

  /** Waits until the thread has done what it does; others must have made that possible. */
  finish(): void {
    finishAll([this]);
  }

  /** Ends a stream; resolves once it has. */
  async stop(): Promise<void> {
    Atomics.add(this.#words, WORD.command, 1);
    await new Promise((resolve) => this.#worker.once('exit', resolve));
    if (this.failure !== undefined) throw this.failure;
    this.#board.lock.releaseThread(this.thread);
  }

  /** Ends the thread wherever it is; the lock is not told yet: release() does. */
  async kill(): Promise<void> {
    this.#board.words[TALLY.dying] = this.index + 1;
    await this.#worker.terminate();
  }

  release(): void {
    this.#board.lock.releaseThread(this.thread);
  }
}

const NEVER = { at: 0, loads: false } as const;

/** Lets threads go on, the stopped ones as well, until each has done what it does. */
export function finishAll(threads: readonly LockingThread[]): void {
  const end = performance.now() + HANGS_MS;
  for (;;) {
    for (const thread of threads) if (thread.state === 'stopped') thread.resume();
    const late = threads.find((thread) => thread.settle() !== 'done');
    if (late === undefined) return;
    late.awaken();
    assert(performance.now() < end, `threads are ${threads.map(({ state }) => state).join(', ')}`);
  }
}
