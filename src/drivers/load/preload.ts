// preload(): puts what a workload wants in the store before the measurement through a channel: leases first,
// then keys in order, as many under way as the channel takes. Blocks its thread until all is answered.

import {
  Answer,
  EngineError,
  leaseId,
  type ChannelClient,
  type LeaseId,
} from '../../../engine/index.ts';
import { Operation, type Preload } from '../../../workloads/index.ts';
import type { LoadControl } from './load-control.ts';

const RING_EVERY = 256;
const WAIT_MS = 20;

/** Returns whether it came to its end: not where the control says stop. Throws what the store refused. */
export function preloadAll(
  preload: Preload,
  channel: ChannelClient,
  control: LoadControl,
): boolean {
  const operation = new Operation();
  const loader = new Loader(channel, control);
  for (let i = 0; i < preload.leases && !control.stopped; i++) {
    preload.fillLease(i, operation);
    const id = leaseId(BigInt(operation.lease));
    const { ttlSeconds } = operation;
    loader.send(() => channel.submit(i, { kind: 'leaseGrant', id, ttlSeconds }));
  }
  loader.drain();
  for (let i = 0; i < preload.keys && !control.stopped; i++) {
    preload.fill(i, operation);
    const lease: LeaseId = leaseId(BigInt(operation.lease));
    const { key, keyLength, value, valueLength } = operation;
    loader.send(() => channel.put(i, { key, keyLength, value, valueLength, lease }));
  }
  loader.drain();
  return !control.stopped;
}

class Loader {
  readonly #channel: ChannelClient;
  readonly #control: LoadControl;
  readonly #answer = new Answer();
  #sent = 0;
  #answered = 0;

  constructor(channel: ChannelClient, control: LoadControl) {
    this.#channel = channel;
    this.#control = control;
  }

  /** `queue` says false while there is no room. */
  send(queue: () => boolean): void {
    while (!queue()) {
      if (this.#control.stopped) return;
      this.#channel.ring();
      if (!this.#take()) this.#channel.wait(WAIT_MS);
    }
    this.#sent++;
    if (this.#sent % RING_EVERY !== 0) return;
    this.#channel.ring();
    this.#take();
  }

  /** Waits for all answers. */
  drain(): void {
    this.#channel.ring();
    while (this.#channel.outstanding > 0 && !this.#control.stopped) {
      if (!this.#take()) this.#channel.wait(WAIT_MS);
    }
  }

  #take(): boolean {
    let some = false;
    while (this.#channel.take(this.#answer)) {
      some = true;
      this.#answered++;
      const { error } = this.#answer;
      if (error !== undefined) {
        throw new EngineError(error, `the store refused what is loaded beforehand: ${error}`);
      }
    }
    if (some) this.#control.progress(0, this.#answered);
    return some;
  }
}
