// Generator: the loop of one generating thread: starts the operations of its clients when they are due,
// takes what has ended, notes it, and rests in between. A client has one operation under way at most.
//
// Open loop: a client's intended starts come from its arrivals, whatever the store does; one that falls
// into an operation under way starts when that has ended. Latency counts from the intended start, service
// from the start itself. An operation is late by what passed until its start since it was due and its client
// had nothing under way: that is the generator's own doing, for which the store cannot be blamed.
// Nothing is dropped: what was due and not started when the time is over is counted as skipped. Closed
// loop: a client's next operation starts when its last has ended, and both latencies are one.
//
// Rest: a sleep ends 70 us late or more, which a point read of 3 us must not be told to have taken. So the
// last SPIN_NS before an intended start are spent looking at the clock, where the caller says that there
// is a core to spare for it. Answers of the store end a sleep by themselves.

import type { Arrivals, Operation, OperationStream } from '../../../workloads/index.ts';
import type { Clock } from '../../measure/clock.ts';
import type { LoadControl } from './load-control.ts';
import type { LoadRecord } from './load-record.ts';
import { StartQueue } from './start-queue.ts';

/** What start() says: it has ended, an answer will come, or there is no room: try again. */
export type Started = 'ended' | 'under way' | 'full';

/** Where operations go. Clients are numbered from 0 within the thread. */
export interface Door {
  /** Starts an operation of a client that has none under way. Throws where the store has failed. */
  start(client: number, operation: Operation): Started;
  /** Takes one that has ended; its client, or -1 where there is none. Throws as start() does. */
  take(): number;
  /** Whether take() would find one. */
  readonly ready: boolean;
  /** Of the last that ended: a code, or undefined where all went well. */
  readonly error: string | undefined;
  /** Of the last that ended at once: what it read. */
  readonly entriesRead: number;
  readonly bytesRead: number;
  /** Makes sure that the store sees what was started. */
  ring(): void;
  /** Sleeps until something has ended or `milliseconds` have passed. */
  wait(milliseconds: number): void;
}

export interface Client {
  readonly stream: OperationStream;
  readonly operation: Operation;
  /** Undefined: closed loop. */
  readonly arrivals: Arrivals | undefined;
  /** Operations answered so far. */
  acknowledged: number;
  /** Indexes of those that were refused; undefined: none. */
  refused: number[] | undefined;
  /** Started and never answered. */
  unsure: boolean;
}

export interface GeneratorOptions {
  readonly clients: readonly Client[];
  readonly door: Door;
  readonly clock: Clock;
  readonly control: LoadControl;
  readonly record: LoadRecord;
  readonly thread: number;
  /** Whether there is a core to spare for looking at the clock. */
  readonly spins: boolean;
  /** CPU time of this thread so far. */
  readonly cpuNs: () => number | undefined;
}

const SPIN_NS = 120_000;
/** A sleeper looks at the control this often. */
const SLEEP_MS_MAX = 20;
/** Operations started between two looks at the control. */
const STARTS_A_TURN = 64;
/** For answers to what was under way at the end. */
const DRAIN_NS_MAX = 10e9;

export class Generator {
  readonly #options: GeneratorOptions;
  readonly #queue: StartQueue;
  /** By client: moments of the operation under way, and of the next one. */
  readonly #intended: Float64Array;
  readonly #started: Float64Array;
  readonly #next: Float64Array;
  /** Since when a client has nothing under way. */
  readonly #idleSince: Float64Array;
  readonly #busy: Uint8Array;
  #underWay = 0;
  #ended = 0;
  #cpuBefore: number | undefined;
  #measuring = false;

  constructor(options: GeneratorOptions) {
    const { length } = options.clients;
    this.#options = options;
    this.#queue = new StartQueue(length);
    this.#intended = new Float64Array(length);
    this.#started = new Float64Array(length);
    this.#next = new Float64Array(length);
    this.#idleSince = new Float64Array(length);
    this.#busy = new Uint8Array(length);
  }

  /** Runs from the control's start to its end. Throws what the door throws. */
  run(): void {
    const { clients, clock, control, thread } = this.#options;
    for (const [client, { arrivals }] of clients.entries()) {
      const first = control.startNs + (arrivals === undefined ? 0 : arrivals.next());
      this.#next[client] = first;
      if (first < Number.POSITIVE_INFINITY) this.#queue.push(first, client);
    }
    for (;;) {
      const now = clock.nowNs();
      if (now >= control.endNs || control.stopped) break;
      if (!this.#measuring && now >= control.measureNs) this.#beginMeasuring();
      const taken = this.#take();
      const started = this.#startDue();
      control.progress(thread, this.#ended);
      if (taken === 0 && started === 0) this.#rest();
    }
    this.#finish();
  }

  #beginMeasuring(): void {
    this.#measuring = true;
    this.#cpuBefore = this.#options.cpuNs();
  }

  /** Takes all that has ended; returns how many. */
  #take(): number {
    const { door } = this.#options;
    let count = 0;
    for (let client = door.take(); client >= 0; client = door.take()) {
      this.#end(client, this.#options.clock.nowNs());
      count++;
    }
    return count;
  }

  #startDue(): number {
    const { clock, control, door } = this.#options;
    let count = 0;
    while (count < STARTS_A_TURN) {
      const now = clock.nowNs();
      if (this.#queue.first > now || now >= control.endNs || control.stopped) break;
      this.#start(this.#queue.pop(), now);
      count++;
      // What has ended meanwhile is seen as soon as can be, whatever a read takes.
      if (door.ready) this.#take();
    }
    if (count > 0) door.ring();
    return count;
  }

  #start(client: number, now: number): void {
    const { door, control, record } = this.#options;
    const one = this.#clientAt(client);
    const { arrivals, operation } = one;
    const intended = arrivals === undefined ? now : (this.#next[client] ?? now);
    one.stream.next(operation);
    if (arrivals !== undefined) {
      this.#next[client] = control.startNs + arrivals.next();
      const free = Math.max(intended, this.#idleSince[client] ?? 0);
      if (now >= control.measureNs) record.started(operation.lane, now - free);
    }
    this.#intended[client] = intended;
    this.#started[client] = now;
    this.#busy[client] = 1;
    this.#underWay++;
    let started = door.start(client, operation);
    while (started === 'full') {
      door.ring();
      if (this.#take() === 0) door.wait(1);
      if (control.stopped) {
        // Never given to the store: it did not happen.
        this.#busy[client] = 0;
        this.#underWay--;
        if (arrivals !== undefined && intended >= control.measureNs) record.skipped++;
        return;
      }
      started = door.start(client, operation);
    }
    if (started === 'ended') this.#endRead(client);
  }

  #endRead(client: number): void {
    const { door, control, record, clock } = this.#options;
    const now = clock.nowNs();
    if (now >= control.measureNs && now < control.endNs) {
      const took = now - Math.max(this.#started[client] ?? 0, control.measureNs);
      const { lane } = this.#clientAt(client).operation;
      record.read(lane, door.entriesRead, door.bytesRead, took);
    }
    this.#end(client, now);
  }

  #end(client: number, now: number): void {
    const { door, control, record } = this.#options;
    const one = this.#clientAt(client);
    const { error } = door;
    if (error !== undefined) (one.refused ??= []).push(one.acknowledged);
    one.acknowledged++;
    this.#busy[client] = 0;
    this.#idleSince[client] = now;
    this.#underWay--;
    this.#ended++;
    if (now >= control.measureNs && now < control.endNs && control.claim(now)) {
      const { lane } = one.operation;
      if (error !== undefined) record.failed(lane, error);
      else {
        const latency = now - (this.#intended[client] ?? 0);
        const service = now - (this.#started[client] ?? 0);
        record.ended(lane, now - control.measureNs, latency, service);
      }
    }
    if (one.arrivals === undefined) this.#queue.push(now, client);
    else {
      const next = this.#next[client] ?? 0;
      if (next < Number.POSITIVE_INFINITY) this.#queue.push(next, client);
    }
  }

  /** Nothing is due: sleeps, or looks at the clock where the next start is near. */
  #rest(): void {
    const { clock, control, door, record, spins } = this.#options;
    const from = clock.nowNs();
    const until = Math.min(this.#queue.first, control.endNs);
    const left = until - from;
    const spin = spins ? SPIN_NS : 0;
    let now = from;
    if (left > spin) {
      door.wait(Math.min((left - spin) / 1e6, SLEEP_MS_MAX));
      now = clock.nowNs();
    } else while (now < until && !door.ready) now = clock.nowNs();
    const measured = Math.min(now, control.endNs) - Math.max(from, control.measureNs);
    if (measured > 0) record.idleNs += measured;
  }

  /** The time is over: what was due and not started is counted, what is under way is waited for. */
  #finish(): void {
    const { clients, control, record, cpuNs } = this.#options;
    const { measureNs, startNs, endNs } = control;
    if (this.#cpuBefore !== undefined) record.cpuNs = (cpuNs() ?? 0) - this.#cpuBefore;
    record.unfinished = this.#underWay;
    for (const [client, { arrivals }] of clients.entries()) {
      if (arrivals === undefined) continue;
      let next = this.#next[client] ?? 0;
      for (; next < endNs; next = startNs + arrivals.next())
        if (next >= measureNs) record.skipped++;
    }
    this.#drain();
    for (const [client, one] of clients.entries()) one.unsure = this.#busy[client] === 1;
  }

  #drain(): void {
    const { clock, door } = this.#options;
    const until = clock.nowNs() + DRAIN_NS_MAX;
    door.ring();
    while (this.#underWay > 0 && clock.nowNs() < until) {
      if (this.#take() === 0) door.wait(SLEEP_MS_MAX);
    }
  }

  #clientAt(client: number): Client {
    const one = this.#options.clients[client];
    if (one === undefined) throw new RangeError(`there is no client ${client}`);
    return one;
  }
}
