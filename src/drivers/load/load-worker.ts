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
} from '../../../engine/index.ts';
import {
  createArrivals,
  Operation,
  workload,
  type Arrivals,
  type ClientProgress,
} from '../../../workloads/index.ts';
import { threadCpuNs } from '../../hardware/cpu-times.ts';
import { systemClock } from '../../measure/clock.ts';
import { Generator, type Client } from './generator.ts';
import { LoadControl } from './load-control.ts';
import { LoadRecord } from './load-record.ts';
import type { LoadAnswer, LoadResults, LoadTask, LoadThreadData } from './load-tasks.ts';
import { preloadAll } from './preload.ts';
import { StoreDoor } from './store-door.ts';
import { verifyStore } from './verify.ts';

const WORD = 0x1_0000_0000;

class LoadWorker {
  readonly #data: LoadThreadData;
  readonly #control: LoadControl;
  readonly #workload: ReturnType<typeof workload>;
  #clients: readonly Client[] = [];
  #channel: ChannelClient | undefined;
  #reader: MvccReader | undefined;

  constructor(data: LoadThreadData) {
    this.#data = data;
    this.#control = new LoadControl(data.control);
    this.#workload = workload(data.plan.workload, data.plan.parameters);
  }

  carryOut(task: LoadTask): LoadResults[LoadTask['kind']] {
    switch (task.kind) {
      case 'prepare':
        this.#clients = Array.from({ length: this.#data.clients }, (_, i) => this.#client(i));
        return undefined;
      case 'preload': {
        const { seed } = this.#data.plan;
        const channel = new ChannelClient(task.channel);
        preloadAll(this.#workload.preload(seed), channel, this.#control);
        return undefined;
      }
      case 'attach':
        this.#channel = new ChannelClient(task.channel);
        this.#reader = attachStoreReader(task.share, nodeVfs);
        return undefined;
      case 'run':
        return this.#run();
      case 'verify':
        return verifyStore({
          ...task,
          ...this.#attached(),
          workload: this.#workload,
          seed: this.#data.plan.seed,
        });
      case 'detach':
        this.#reader?.detach();
        return undefined;
    }
  }

  #run(): LoadResults['run'] {
    const { plan, thread, spins } = this.#data;
    const record = new LoadRecord(this.#workload.lanes.length, plan.seconds);
    const { slots } = this.#workload;
    const clients = this.#clients;
    const door = new StoreDoor({ ...this.#attached(), clients: clients.length, slots });
    const control = this.#control;
    const common = { clock: systemClock, cpuNs: threadCpuNs };
    new Generator({ clients, door, control, record, thread, spins, ...common }).run();
    return { record: record.plain(), progress: clients.map(progressOf) };
  }

  #client(i: number): Client {
    const { plan, firstClient, clientsOfAll } = this.#data;
    const { seed } = plan;
    const client = firstClient + i;
    const stream = this.#workload.stream({ seed, client, clients: clientsOfAll });
    const arrivals = this.#arrivalsOf(client);
    const operation = new Operation();
    return { stream, operation, arrivals, acknowledged: 0, refused: undefined, unsure: false };
  }

  #arrivalsOf(client: number): Arrivals | undefined {
    const { plan, clientsOfAll: clients } = this.#data;
    const { shape, seed } = plan;
    if (shape.kind === 'closed') return undefined;
    const rate = shape.ratePerSecond * this.#workload.rateShare(client, clients);
    if (rate === 0) return NEVER;
    // Clients are below 2^16, so the sum stays a safe integer.
    const random = new Random(((seed ^ Math.floor(seed / WORD)) >>> 0) + (client + 1) * WORD);
    return createArrivals(shape.arrival, rate * clients, random, { client, clients });
  }

  #attached(): { channel: ChannelClient; reader: MvccReader } {
    const channel = this.#channel;
    const reader = this.#reader;
    if (channel === undefined || reader === undefined) throw new Error('not attached to a store');
    return { channel, reader };
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
