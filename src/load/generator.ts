// Generator: the loop of one generating thread: starts the operations of its clients when they are due,
// takes what has ended, notes it, and rests in between. A client has one operation under way at most.
//
// It runs slice after slice. Streams go on from one to the next, so that each operation drawn from a stream is
// given to the store once and in order; intended starts begin anew with each slice, and what was due in one
// and not started is due in no other. What is under way at a slice's end is waited for.
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

import type { Arrivals, Operation, OperationStream } from '../../workloads/index.ts';
import type { Clock } from '../measure/clock.ts';
import type { LoadControl } from './load-control.ts';
import { LoadRecord } from './load-record.ts';
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

/** What one slice is run with. */
export interface GeneratorSlice {
  /** By client, counted from the slice's start; undefined: closed loop. */
  readonly arrivals: readonly (Arrivals | undefined)[];
  readonly record: LoadRecord;
}

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
  /** 1: the client's operation was drawn and not yet given to the store, which had no room for it. */
  readonly #drawn: Uint8Array;
  #slice: GeneratorSlice = { arrivals: [], record: new LoadRecord(0, 0) };
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
    this.#drawn = new Uint8Array(length);
  }

  /** Runs a slice from the control's start to its end. Throws what the door throws. */
  run(slice: GeneratorSlice): void {
    const { clock, control, thread } = this.#options;
    this.#begin(slice);
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

  #begin(slice: GeneratorSlice): void {
    const { clients, control } = this.#options;
    this.#slice = slice;
    this.#ended = 0;
    this.#measuring = false;
    this.#queue.clear();
    for (const client of clients.keys()) {
      const first = control.startNs + (slice.arrivals[client]?.next() ?? 0);
      this.#next[client] = first;
      // One that is still under way since an earlier slice follows when it has ended.
      if (this.#busy[client] === 0 && first < Number.POSITIVE_INFINITY) {
        this.#queue.push(first, client);
      }
    }
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
    const { door, control } = this.#options;
    const { record } = this.#slice;
    const arrivals = this.#slice.arrivals[client];
    const { stream, operation } = this.#clientAt(client);
    const intended = arrivals === undefined ? now : (this.#next[client] ?? now);
    if (this.#drawn[client] === 0) stream.next(operation);
    this.#drawn[client] = 0;
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
        // Never given to the store: it is the client's first one in the next slice.
        this.#drawn[client] = 1;
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
    const { door, control, clock } = this.#options;
    const now = clock.nowNs();
    if (now >= control.measureNs && now < control.endNs) {
      const took = now - Math.max(this.#started[client] ?? 0, control.measureNs);
      const { lane } = this.#clientAt(client).operation;
      this.#slice.record.read(lane, door.entriesRead, door.bytesRead, took);
    }
    this.#end(client, now);
  }

  #end(client: number, now: number): void {
    const { door, control } = this.#options;
    const { arrivals, record } = this.#slice;
    const one = this.#clientAt(client);
    const { error } = door;
    if (error !== undefined) (one.refused ??= []).push(one.acknowledged);
    one.acknowledged++;
    this.#busy[client] = 0;
    this.#idleSince[client] = now;
    this.#underWay--;
    this.#ended++;
    const started = this.#started[client] ?? 0;
    const counts = now >= control.measureNs && now < control.endNs && started >= control.startNs;
    if (counts && control.claim(now)) {
      const { lane } = one.operation;
      if (error !== undefined) record.failed(lane, error);
      else {
        const latency = now - (this.#intended[client] ?? 0);
        record.ended(lane, now - control.measureNs, latency, now - started);
      }
    }
    if (arrivals[client] === undefined) this.#queue.push(now, client);
    else {
      const next = this.#next[client] ?? 0;
      if (next < Number.POSITIVE_INFINITY) this.#queue.push(next, client);
    }
  }

  /** Nothing is due: sleeps, or looks at the clock where the next start is near. */
  #rest(): void {
    const { clock, control, door, spins } = this.#options;
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
    if (measured > 0) this.#slice.record.idleNs += measured;
  }

  /** The time is over: what was due and not started is counted, what is under way is waited for. */
  #finish(): void {
    const { clients, control, cpuNs } = this.#options;
    const { arrivals: all, record } = this.#slice;
    const { measureNs, startNs, endNs } = control;
    if (this.#measuring && this.#cpuBefore !== undefined)
      record.cpuNs = (cpuNs() ?? 0) - this.#cpuBefore;
    record.unfinished = this.#underWay;
    for (const client of clients.keys()) {
      const arrivals = all[client];
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
