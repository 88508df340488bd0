// A thread of ReadingThreads: attaches to the store, reads as its plan says in the phases that the control word
// names, and posts what came of them whenever it is told to rest.

import { parentPort, workerData } from 'node:worker_threads';
import { attachStoreReader, nodeVfs, type MvccReader } from '../../../engine/index.ts';
import { Operation, workload, type OperationStream } from '../../../workloads/index.ts';
import { systemClock } from '../../measure/clock.ts';
import { latencyFigures } from './latency-figures.ts';
import {
  BEGUN_WORD,
  PHASE_WORD,
  phaseIn,
  RESTING,
  STOPPED,
  type PhaseReads,
  type ReadingInput,
  type ReadingMessage,
  type ReadingPlan,
} from './reading-thread.ts';

const BURST_MS = 1;
/** Where answers go: as large as a core's cache, like a buffer that is sent from. */
const ANSWER_BYTES = 4 * 1024 ** 2;

class StreamReader {
  readonly #reader: MvccReader;
  readonly #streams: readonly OperationStream[];
  readonly #operation = new Operation();
  readonly #answer = new Uint8Array(ANSWER_BYTES);
  readonly #keysOfLong: number;
  #at = 0;
  #next = 0;
  #keys = 0;
  keysRead = 0;
  wrong = 0;

  constructor(reader: MvccReader, plan: ReadingPlan) {
    const { parameters, seed, clients, clientsAll } = plan;
    const longReads = workload('long-reads', parameters);
    const { keys, standingKeys, longKeys } = longReads.parameters;
    const asked = Number(longKeys);
    this.#keysOfLong = asked === 0 ? Number(keys) + Number(standingKeys) : asked;
    this.#reader = reader;
    this.#streams = clients.map((client) =>
      longReads.stream({ seed, client, clients: clientsAll }),
    );
  }

  /** One read, its answer copied. */
  read(): void {
    const operation = this.#operation;
    this.#streams[this.#next]?.next(operation);
    this.#next = (this.#next + 1) % this.#streams.length;
    const key = operation.key.subarray(0, operation.keyLength);
    if (operation.kind === 'get') {
      if (this.#reader.get(key, this.#answer) < 0) this.wrong++;
      this.keysRead++;
      return;
    }
    const end = operation.end.subarray(0, operation.endLength);
    this.#keys = 0;
    this.#reader.visit({ key, end }, 0, this.#copy);
    if (this.#keys !== this.#keysOfLong) this.wrong++;
    this.keysRead += this.#keys;
  }

  readonly #copy = (u8: Uint8Array, start: number, length: number): void => {
    if (this.#at + length > ANSWER_BYTES) this.#at = 0;
    this.#answer.set(u8.subarray(start, start + length), this.#at);
    this.#at += length;
    this.#keys++;
  };
}

function readThrough(
  reader: StreamReader,
  plan: ReadingPlan,
  words: Int32Array,
  word: number,
): PhaseReads {
  const { readsPerSecond, restRatio } = plan;
  const burst = Math.max(1, Math.round((readsPerSecond * BURST_MS) / 1e3));
  const intervalNs = readsPerSecond === 0 ? 0 : (burst * 1e9) / readsPerSecond;
  const latencies: number[] = [];
  const before = { wrong: reader.wrong, keysRead: reader.keysRead };
  const begun = systemClock.nowNs();
  let due = begun;
  let left = burst;
  let busyNs = 0;
  while (Atomics.load(words, PHASE_WORD) === word) {
    const started = systemClock.nowNs();
    if (intervalNs > 0 && started < due) {
      Atomics.wait(words, PHASE_WORD, word, (due - started) / 1e6);
      continue;
    }
    reader.read();
    const ended = systemClock.nowNs();
    latencies.push(ended - (intervalNs > 0 ? due : started));
    busyNs += ended - started;
    if (--left === 0) {
      left = burst;
      due += intervalNs;
    }
    if (restRatio > 0) {
      Atomics.wait(words, PHASE_WORD, word, ((ended - started) * restRatio) / 1e6);
    }
  }
  const { wrong, keysRead } = reader;
  return {
    phase: phaseIn(word),
    reads: latencies.length,
    wrong: wrong - before.wrong,
    seconds: (systemClock.nowNs() - begun) / 1e9,
    busySeconds: busyNs / 1e9,
    keysRead: keysRead - before.keysRead,
    ...latencyFigures(latencies),
  };
}

function run({ share, plan, control }: ReadingInput): void {
  const words = new Int32Array(control);
  const attached = attachStoreReader(share, nodeVfs);
  try {
    const reader = new StreamReader(attached, plan);
    for (let i = 0; i < plan.warmUpReads; i++) reader.read();
    let phases: PhaseReads[] = [];
    for (;;) {
      const word = Atomics.load(words, PHASE_WORD);
      const phase = phaseIn(word);
      if (phase === STOPPED) break;
      if (phase !== RESTING && plan.phases.includes(phase)) {
        Atomics.add(words, BEGUN_WORD, 1);
        Atomics.notify(words, BEGUN_WORD);
        phases.push(readThrough(reader, plan, words, word));
        continue;
      }
      if (phase === RESTING) {
        tell(phases);
        phases = [];
      }
      Atomics.wait(words, PHASE_WORD, word);
    }
  } finally {
    attached.detach();
  }
}

function tell(message: ReadingMessage): void {
  parentPort?.postMessage(message);
}

// Whoever starts this file gives it that input.
run(workerData as ReadingInput);
