// ArmClient: the parent's hand on the process of one arm. Gives it one order at a time and waits for the answer, but
// never for good: a process that dies, does not answer in time (hung, stopped) or answers nonsense is a
// SessionFault. Its process, and what that started, are gone once kill() has resolved.

import { fork, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { EngineError, ENGINE_ERROR_CODES, type EngineErrorCode } from '../../engine/index.ts';
import {
  answerSchemas,
  replySchema,
  type AnswerOf,
  type Message,
  type Order,
  type Reply,
} from './arm-messages.ts';
import { engineEnvironment } from './huge-pages.ts';
import { SessionFault } from './session-fault.ts';

const CHILD = fileURLToPath(new URL('./arm-process.js', import.meta.url));
/** How much later than a child this process may hear of a Ctrl-C. */
const INTERRUPT_MS = 250;
/** A process that waits for a dying disk cannot be ended; nobody waits longer than this for it. */
const EXIT_MS = 10_000;
/** Of what a process printed before it died. */
const LAST_WORDS = 4000;

export interface RequestOptions {
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
  /** After an abort the process has this long to answer with what it has; 0: it is ended at once. */
  readonly graceMs?: number;
  readonly onProgress?: (doing: string, share: number) => void;
}

interface Waiting {
  readonly id: number;
  readonly settle: (outcome: Reply | Error) => void;
  readonly onProgress: RequestOptions['onProgress'];
}

export class ArmClient {
  /** As faults name it. */
  readonly name: string;
  readonly #child: ChildProcess;
  readonly #exited: Promise<void>;
  #orders = 0;
  #waiting: Waiting | undefined;
  #ended: Error | undefined;
  #gone = false;
  #lastWords = '';

  /** `procedures`: address of the module with PROCEDURES, where it is not kvtune's own. */
  constructor(name: string, procedures?: string) {
    this.name = name;
    this.#child = fork(CHILD, procedures === undefined ? [] : [procedures], {
      serialization: 'advanced',
      execArgv: [],
      env: engineEnvironment(process.env),
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
      // Out of the terminal's process group: a Ctrl-C is the parent's to act on, and reaches it alone.
      detached: true,
    });
    this.#child.stderr?.on('data', (chunk: Buffer) => {
      this.#lastWords = (this.#lastWords + chunk.toString()).slice(-LAST_WORDS);
    });
    this.#child.on('message', (message) => {
      this.#hear(message);
    });
    this.#exited = new Promise((resolve) => {
      this.#child.on('error', (error) => {
        // One that has started and is gone, so that nothing can be sent to it, also exits.
        if (this.#child.pid !== undefined) return;
        this.#end(error);
        resolve();
      });
      this.#child.once('exit', (code, killedBy) => {
        this.#killGroup();
        this.#gone = true;
        this.#child.stderr?.destroy();
        // A Ctrl-C may reach a child before it is heard here, and is no fault.
        if (killedBy === 'SIGINT')
          setTimeout(() => this.#end(this.#death(code, killedBy)), INTERRUPT_MS);
        else this.#end(this.#death(code, killedBy));
        resolve();
      });
    });
  }

  /** Rejects with a SessionFault, with what the procedure threw, or with the signal's reason. */
  request<Given extends Order>(
    order: Given,
    { timeoutMs, signal, graceMs = 0, onProgress }: RequestOptions,
  ): Promise<AnswerOf<Given['kind']>> {
    const id = this.#orders++;
    return new Promise((resolve, reject) => {
      signal.throwIfAborted();
      let late: NodeJS.Timeout | undefined;
      const settle = (outcome: Reply | Error): void => {
        clearTimeout(timer);
        clearTimeout(late);
        signal.removeEventListener('abort', abort);
        this.#waiting = undefined;
        const answered = outcome instanceof Error ? outcome : this.#answer(order, outcome);
        if (!(answered instanceof Error)) resolve(answered);
        else reject(signal.aborted ? abortReason(signal) : answered);
      };
      const fail = (error: Error): void => {
        this.#killGroup();
        settle(error);
      };
      const abort = (): void => {
        if (graceMs === 0) fail(abortReason(signal));
        else late = setTimeout(() => fail(abortReason(signal)), graceMs);
        this.#send({ abort: true });
      };
      const timer = setTimeout(() => {
        const seconds = Math.round(timeoutMs / 100) / 10;
        fail(new SessionFault(this.name, 'hung', `did not answer within ${seconds} s`));
      }, timeoutMs);
      signal.addEventListener('abort', abort, { once: true });
      this.#waiting = { id, settle, onProgress };
      if (this.#ended === undefined) this.#send({ id, order });
      else settle(this.#ended);
    });
  }

  /** Ends the process and those it started; resolves once it is gone. May be called twice. */
  async kill(): Promise<void> {
    this.#killGroup();
    const bound = new AbortController();
    const tooLong = new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, EXIT_MS);
      bound.signal.addEventListener('abort', () => clearTimeout(timer));
    });
    await Promise.race([this.#exited, tooLong]);
    bound.abort();
  }

  #hear(message: unknown): void {
    const reply = replySchema.safeParse(message);
    const waiting = this.#waiting;
    if (waiting === undefined) return;
    if (!reply.success || reply.data.id !== waiting.id) {
      waiting.settle(this.#nonsense('a message of no known shape'));
    } else if ('progress' in reply.data) {
      waiting.onProgress?.(reply.data.progress.doing, reply.data.progress.share);
    } else {
      waiting.settle(reply.data);
    }
  }

  #answer<Given extends Order>(order: Given, reply: Reply): AnswerOf<Given['kind']> | Error {
    if ('error' in reply) return revived(reply.error);
    if (!('answer' in reply)) return this.#nonsense('no answer');
    const answer = answerSchemas[order.kind].safeParse(reply.answer);
    if (answer.success) return answer.data as AnswerOf<Given['kind']>;
    const [issue] = answer.error.issues;
    return this.#nonsense(`${issue?.path.join('.') ?? ''}: ${issue?.message ?? ''}`);
  }

  #nonsense(what: string): SessionFault {
    return new SessionFault(this.name, 'nonsense', `answered nonsense (${what})`);
  }

  #death(code: number | null, killedBy: NodeJS.Signals | null): SessionFault {
    const how = killedBy === null ? `code ${String(code)}` : `signal ${killedBy}`;
    const lines = this.#lastWords.split('\n').filter((line) => line.trim() !== '');
    const words = lines.find((line) => /\b(\w*Error|FATAL)\b/.test(line)) ?? lines.at(-1);
    const said = words === undefined ? '' : `: ${words.trim()}`;
    return new SessionFault(this.name, 'died', `ended with ${how} before it answered${said}`);
  }

  #end(error: Error): void {
    this.#ended ??= error;
    this.#waiting?.settle(error);
  }

  #send(message: Message): void {
    // A process that is gone is heard of by its exit.
    if (this.#child.connected) this.#child.send(message, () => undefined);
  }

  /** Peers that a procedure started are in the group of its process. */
  #killGroup(): void {
    const { pid } = this.#child;
    // Once all of the group are gone its number may be another's.
    if (pid === undefined || this.#gone) return;
    try {
      process.kill(-pid, 'SIGKILL');
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? error.code : undefined;
      // What some systems say of a group in which nobody runs any more.
      if (code !== 'ESRCH' && code !== 'EPERM') throw error;
    }
  }
}

/** An error of the procedure as it was thrown over there. */
function revived({ name, message, code, syscall }: ErrorFields): Error {
  if (name === 'EngineError' && code !== undefined && isEngineCode(code)) {
    return new EngineError(code, message);
  }
  return Object.assign(new Error(message), {
    name,
    ...(code === undefined ? {} : { code }),
    ...(syscall === undefined ? {} : { syscall }),
  });
}

type ErrorFields = Extract<Reply, { error: unknown }>['error'];

function isEngineCode(code: string): code is EngineErrorCode {
  return (ENGINE_ERROR_CODES as readonly string[]).includes(code);
}

export function abortReason(signal: AbortSignal): Error {
  const reason: unknown = signal.reason;
  return reason instanceof Error ? reason : new DOMException('aborted', 'AbortError');
}
