// A generating thread of a load: takes tasks as messages (load-tasks.ts), one at a time, and answers each.
// Started by load-thread.ts. An error of the engine is an answer; any other ends the thread.

import { parentPort, workerData } from 'node:worker_threads';
import {
  attachStoreReader,
  ChannelClient,
  EngineError,
  nodeVfs,
  Random,
  type MvccReader,
} from '../../engine/index.ts';
import {
  createArrivals,
  Operation,
  workload,
  type Arrivals,
  type ClientProgress,
} from '../../workloads/index.ts';
import { threadCpuNs } from '../hardware/cpu-times.ts';
import { systemClock } from '../measure/clock.ts';
import { Generator, type Client } from './generator.ts';
import { LoadControl } from './load-control.ts';
import { LoadRecord } from './load-record.ts';
import type {
  LoadAnswer,
  LoadResults,
  LoadTask,
  LoadThreadData,
  ThreadSettings,
} from './load-tasks.ts';
import { StoreDoor } from './store-door.ts';
import { verifyStore } from './verify.ts';

const WORD = 0x1_0000_0000;

interface Attached {
  readonly channel: ChannelClient;
  readonly reader: MvccReader;
  readonly generator: Generator;
}

class LoadWorker {
  readonly #data: LoadThreadData;
  readonly #control: LoadControl;
  readonly #workload: ReturnType<typeof workload>;
  #clients: readonly Client[] = [];
  #store: Attached | undefined;

  constructor(data: LoadThreadData) {
    this.#data = data;
    this.#control = new LoadControl(data.control);
    this.#workload = workload(data.plan.workload, data.plan.parameters);
  }

  carryOut(task: LoadTask): LoadResults[LoadTask['kind']] {
    switch (task.kind) {
      case 'prepare':
        this.#clients = Array.from({ length: this.#data.clients }, (_, i) => this.#client(i));
        return this.#settings();
      case 'attach':
        this.#attach(task);
        return undefined;
      case 'slice':
        return this.#slice(task.seconds, task.seed);
      case 'progress':
        return this.#clients.map(progressOf);
      case 'verify': {
        const { seed, preloadSeed } = this.#data;
        const { channel, reader } = this.#attached();
        return verifyStore({
          ...{ ...task, channel, reader, workload: this.#workload, seed, preloadSeed },
        });
      }
    }
  }

  #settings(): ThreadSettings {
    const { shape } = this.#data.plan;
    const { id, parameters } = this.#workload;
    const { kind: loop, ...offered } = shape;
    return {
      clients: this.#clients.length,
      load: { workload: id, ...parameters, loop, ...offered },
    };
  }

  #attach({ channel: shared, share }: Extract<LoadTask, { kind: 'attach' }>): void {
    const { thread, spins } = this.#data;
    const channel = new ChannelClient(shared);
    const reader = attachStoreReader(share, nodeVfs);
    const clients = this.#clients;
    const { slots } = this.#workload;
    const door = new StoreDoor({ channel, reader, clients: clients.length, slots });
    const common = { clock: systemClock, control: this.#control, cpuNs: threadCpuNs };
    const generator = new Generator({ clients, door, thread, spins, ...common });
    this.#store = { channel, reader, generator };
  }

  #slice(seconds: number, seed: number): LoadResults['slice'] {
    const { plan } = this.#data;
    const open = plan.shape.kind === 'open';
    const record = new LoadRecord(this.#workload.lanes.length, seconds, open);
    const arrivals = this.#clients.map((_, i) => this.#arrivalsOf(i, seed));
    this.#attached().generator.run({ arrivals, record });
    return record.plain();
  }

  #client(i: number): Client {
    const { firstClient, clientsOfAll: clients, seed } = this.#data;
    const stream = this.#workload.stream({ seed, client: firstClient + i, clients });
    const operation = new Operation();
    return { stream, operation, acknowledged: 0, refused: undefined, unsure: false };
  }

  #arrivalsOf(i: number, seed: number): Arrivals | undefined {
    const { plan, firstClient, clientsOfAll: clients } = this.#data;
    const { shape } = plan;
    if (shape.kind === 'closed') return undefined;
    const client = firstClient + i;
    const rate = shape.ratePerSecond * this.#workload.rateShare(client, clients);
    if (rate === 0) return NEVER;
    // Clients are below 2^16, so the sum stays a safe integer.
    const random = new Random(((seed ^ Math.floor(seed / WORD)) >>> 0) + (client + 1) * WORD);
    return createArrivals(shape.arrival, rate * clients, random, { client, clients });
  }

  #attached(): Attached {
    if (this.#store === undefined) throw new Error('not attached to a store');
    return this.#store;
  }
}

/** Of a client whose part of the rate is nothing. */
const NEVER: Arrivals = { next: () => Number.POSITIVE_INFINITY };

function progressOf({ acknowledged, refused, unsure }: Client): ClientProgress {
  return {
    ...{ acknowledged, unsure: unsure ? 1 : 0 },
    ...(refused === undefined ? {} : { refused: new Set(refused) }),
  };
}

function answer(message: LoadAnswer): void {
  parentPort?.postMessage(message);
}

const worker = new LoadWorker(workerData as LoadThreadData);
parentPort?.on('message', (task: LoadTask) => {
  try {
    answer({ kind: 'done', result: worker.carryOut(task) });
  } catch (error) {
    if (!(error instanceof EngineError)) throw error;
    answer({ kind: 'failed', code: error.code, message: error.message });
  }
});
