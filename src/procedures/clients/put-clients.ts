// PutClients: clients of a store that put from the store's own thread, so that no hop between threads is
// part of a put: each has one put under way, all that are under way are logged and synced as one group,
// and the store does what is due in between. Closed: each client's next put begins when its last was
// answered. Paced: puts begin by an intended schedule, from which their latency counts.

import { leaseId, type Store } from '../../../engine/index.ts';
import { Operation, type OperationStream } from '../../../workloads/index.ts';
import { systemClock } from '../../measure/clock.ts';

export interface PutPhase {
  readonly puts: number;
  readonly seconds: number;
  readonly latenciesNs: readonly number[];
  /** Puts that were refused; they are in no other figure. */
  readonly refused: number;
}

/** Most puts that a schedule that is behind hands on at once: the log takes groups of 4 MiB. */
const GROUP_MAX = 8192;
const NO_LEASE = leaseId(0n);

export class PutClients {
  readonly #store: Store;
  readonly #streams: readonly OperationStream[];
  readonly #operation = new Operation();
  #latencies: number[] = [];
  #refused = 0;

  /** Each stream is a client's and holds puts alone. */
  constructor(store: Store, streams: readonly OperationStream[]) {
    this.#store = store;
    this.#streams = streams;
  }

  /** Ends with the first group that is answered after so many seconds, and goes on for as long as `isUnderWay`. */
  closed(seconds: number, isUnderWay?: () => boolean): PutPhase {
    return this.#phase(
      seconds,
      () => {
        const started = systemClock.nowNs();
        for (const stream of this.#streams) this.#submit(stream, started);
      },
      isUnderWay,
    );
  }

  /** At so many puts a second of all clients together; goes on for as long as `isUnderWay`. */
  paced(seconds: number, putsPerSecond: number, isUnderWay: () => boolean = () => false): PutPhase {
    const intervalNs = 1e9 / putsPerSecond;
    let due = systemClock.nowNs();
    let next = 0;
    return this.#phase(
      seconds,
      () => {
        const now = systemClock.nowNs();
        for (let group = 0; due <= now && group < GROUP_MAX; group++) {
          const stream = this.#streams[next++ % this.#streams.length];
          if (stream !== undefined) this.#submit(stream, due);
          due += intervalNs;
        }
      },
      isUnderWay,
    );
  }

  #phase(seconds: number, submit: () => void, isUnderWay: () => boolean = () => false): PutPhase {
    this.#latencies = [];
    this.#refused = 0;
    const started = systemClock.nowNs();
    const end = started + seconds * 1e9;
    while (systemClock.nowNs() < end || isUnderWay()) {
      submit();
      this.#store.flush();
      this.#store.tick();
    }
    return {
      puts: this.#latencies.length,
      seconds: (systemClock.nowNs() - started) / 1e9,
      latenciesNs: this.#latencies,
      refused: this.#refused,
    };
  }

  #submit(stream: OperationStream, sinceNs: number): void {
    const operation = this.#operation;
    stream.next(operation);
    const { key, keyLength, value, valueLength } = operation;
    this.#store.submitPut(key, keyLength, value, valueLength, NO_LEASE, (error) => {
      if (error === undefined) this.#latencies.push(systemClock.nowNs() - sinceNs);
      else this.#refused++;
    });
  }
}
