// FakeDoor: a store that takes as long as a test says, on a clock that stands still but for what the test and
// the door's own waiting make it move. One server: an operation begins when the one before it has ended,
// and not while the store stands still.

import type { Clock } from '../../measure/clock.ts';
import type { Operation } from '../../../workloads/index.ts';
import type { Door, Started } from '../generator.ts';

export class FakeClock implements Clock {
  now = 0;
  /** What one look at the clock takes: without it a loop that waits for a moment would never end. */
  readonly #lookNs: number;

  constructor(lookNs = 10) {
    this.#lookNs = lookNs;
  }

  nowNs(): number {
    this.now += this.#lookNs;
    return this.now;
  }

  wallIso(): string {
    return '2026-01-01T00:00:00.000Z';
  }
}

export interface FakeDoorOptions {
  readonly serviceNs: (operation: Operation) => number;
  /** From when until when the store does nothing. */
  readonly stall?: { readonly fromNs: number; readonly untilNs: number };
  /** Kinds that end at once, as reads do; they keep the thread busy. */
  readonly atOnce?: readonly Operation['kind'][];
  /** How late a sleep ends. */
  readonly oversleepNs?: number;
  /** Code of the operation's error. */
  readonly errorOf?: (operation: Operation) => string | undefined;
  /** Operations under way at most. */
  readonly room?: number;
}

export class FakeDoor implements Door {
  error: string | undefined;
  entriesRead = 1;
  bytesRead = 10;
  sleptNs = 0;
  readonly #clock: FakeClock;
  readonly #options: FakeDoorOptions;
  readonly #underWay: { client: number; endNs: number; error: string | undefined }[] = [];
  #freeNs = 0;

  constructor(clock: FakeClock, options: FakeDoorOptions) {
    this.#clock = clock;
    this.#options = options;
  }

  start(client: number, operation: Operation): Started {
    const { serviceNs, errorOf, atOnce = [], room = Infinity, stall } = this.#options;
    const { now } = this.#clock;
    this.error = undefined;
    if (atOnce.includes(operation.kind)) {
      this.#clock.now += serviceNs(operation);
      return 'ended';
    }
    if (this.#underWay.length >= room) return 'full';
    let begin = Math.max(now, this.#freeNs);
    if (stall !== undefined && begin >= stall.fromNs) begin = Math.max(begin, stall.untilNs);
    this.#freeNs = begin + serviceNs(operation);
    this.#underWay.push({ client, endNs: this.#freeNs, error: errorOf?.(operation) });
    return 'under way';
  }

  get ready(): boolean {
    return (this.#underWay[0]?.endNs ?? Infinity) <= this.#clock.now;
  }

  take(): number {
    if (!this.ready) return -1;
    const ended = this.#underWay.shift();
    this.error = ended?.error;
    return ended?.client ?? -1;
  }

  ring(): void {
    // It listens all the time.
  }

  wait(milliseconds: number): void {
    const { now } = this.#clock;
    const timeout = now + milliseconds * 1e6 + (this.#options.oversleepNs ?? 0);
    const until = Math.max(now, Math.min(timeout, this.#underWay[0]?.endNs ?? Infinity));
    this.sleptNs += until - now;
    this.#clock.now = until;
  }
}
