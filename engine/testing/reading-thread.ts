// Reading thread: the test's side of reader-worker.js: starts it, shares words with it, and turns its
// end into a result or an error. The database is told to free what the thread holds when it ends.
// Test support; not part of the engine.

import { Worker } from 'node:worker_threads';
import type { Db } from '../db/db.ts';

const WORKER = new URL('./reader-worker.js', import.meta.url);
/** Workers load no TypeScript: `npm test` compiles the engine first. */
const ENGINE = new URL('../../dist/engine/index.js', import.meta.url);

/** Words shared with the thread. */
const WORD = {
  /** Set by the test: end. */
  stop: 0,
  /** Times the thread verified a state, and the different states among them. */
  verified: 1,
  states: 2,
  /** Transactions open in the thread now. */
  open: 3,
  /** mode 'hold': raised by the test to have the state verified, and by the thread when it was. */
  questions: 4,
  answers: 5,
} as const;
const WORDS = 6;

interface Message {
  readonly kind: 'ready' | 'done';
}

export class ReadingThread {
  readonly ready: Promise<void>;
  /** Resolves when the thread stopped by itself; rejects with what it found wrong, or with its death. */
  readonly done: Promise<void>;
  /** The thread ended with an error, which `done` has. */
  failed = false;
  readonly #worker: Worker;
  readonly #words = new Int32Array(new SharedArrayBuffer(4 * WORDS));

  constructor(db: Db, options: { readonly seed: number; readonly mode: 'roam' | 'hold' }) {
    const shared = { engine: ENGINE.href, share: db.share(), words: this.#words.buffer, WORD };
    this.#worker = new Worker(WORKER, { workerData: { ...shared, ...options } });
    db.releaseOnExit(this.#worker);
    this.ready = this.#message('ready');
    this.done = this.#message('done');
    // Looked at when the test waits for it; until then a failure is not lost, only late.
    this.done.catch(() => {
      this.failed = true;
    });
  }

  get verified(): number {
    return Atomics.load(this.#words, WORD.verified);
  }

  get states(): number {
    return Atomics.load(this.#words, WORD.states);
  }

  get openTransactions(): number {
    return Atomics.load(this.#words, WORD.open);
  }

  /** mode 'hold': waits until the thread has verified its state once more, or has failed. */
  async verifyAgain(): Promise<void> {
    const asked = Atomics.add(this.#words, WORD.questions, 1) + 1;
    Atomics.notify(this.#words, WORD.questions);
    await this.#answered(asked + 1);
  }

  /** mode 'hold': waits until the thread holds its transaction. */
  holding(): Promise<void> {
    return this.#answered(1);
  }

  /** Asks the thread to stop; `done` tells when it has. */
  stop(): void {
    Atomics.store(this.#words, WORD.stop, 1);
    Atomics.add(this.#words, WORD.questions, 1);
    Atomics.notify(this.#words, WORD.questions);
  }

  /** Ends the thread wherever it is; resolves once the database knows. */
  async kill(): Promise<void> {
    await this.#worker.terminate();
  }

  async #answered(answers: number): Promise<void> {
    while (Atomics.load(this.#words, WORD.answers) < answers && !this.failed) {
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    if (this.failed) await this.done;
  }

  #message(kind: Message['kind']): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#worker.on('message', (message: Message) => {
        if (message.kind === kind) resolve();
      });
      this.#worker.once('error', reject);
      this.#worker.once('exit', (code) => {
        reject(new Error(`the thread ended with code ${code} before it was ${kind}`));
      });
    });
  }
}
