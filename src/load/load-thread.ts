// LoadThread: one generating thread as seen by whoever started it: tasks go in, results come out, one at a
// time. However the thread ends, what it waited for is rejected and nothing hangs.

import { Worker } from 'node:worker_threads';
import { EngineError } from '../../engine/index.ts';
import type { LoadAnswer, LoadResults, LoadTask, LoadThreadData } from './load-tasks.ts';

/** Workers load no TypeScript: from sources, the compiled one is taken. */
const WORKER = new URL(
  import.meta.url.endsWith('.ts') ? '../../dist/src/load/load-worker.js' : './load-worker.js',
  import.meta.url,
);

interface Waiting {
  readonly resolve: (result: LoadResults[LoadTask['kind']]) => void;
  readonly reject: (error: Error) => void;
}

export class LoadThread {
  readonly worker: Worker;
  #waiting: Waiting | undefined;
  #ended: Error | undefined;

  constructor(data: LoadThreadData) {
    this.worker = new Worker(WORKER, { workerData: data });
    this.worker.on('message', (answer: LoadAnswer) => {
      this.#answered(answer);
    });
    this.worker.once('error', (error: Error) => {
      this.#end(error);
    });
    this.worker.once('exit', () => {
      this.#end(new Error('a generating thread ended before it was asked to'));
    });
  }

  /** Has the thread carry out a task; it must have none. */
  ask<Kind extends LoadTask['kind']>(
    task: Extract<LoadTask, { kind: Kind }>,
  ): Promise<LoadResults[Kind]> {
    return new Promise((resolve, reject) => {
      if (this.#ended !== undefined) {
        reject(this.#ended);
        return;
      }
      // The thread answers a task with the result of its kind.
      this.#waiting = { resolve: resolve as Waiting['resolve'], reject };
      this.worker.postMessage(task);
    });
  }

  /** Ends the thread wherever it is. */
  async end(): Promise<void> {
    await this.worker.terminate();
  }

  #answered(answer: LoadAnswer): void {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    if (answer.kind === 'done') waiting?.resolve(answer.result);
    else waiting?.reject(new EngineError(answer.code, answer.message));
  }

  #end(error: Error): void {
    this.#ended ??= error;
    this.#waiting?.reject(error);
    this.#waiting = undefined;
  }
}
