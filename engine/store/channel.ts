// Channel: how a thread hands writes to the thread that owns the store, and gets answers, in shared memory:
// a ring of requests one way, in the form they have in the log, and a ring of answers back. One thread
// on each side. A side that has nothing to do sleeps on its bell; the other wakes it only if it sleeps.
//
// Renewals of leases have a kind of their own here, since they are not logged: they are carried out when the
// store takes them, beside the order of writes.
//
// Positions count up and wrap at 2^32; rings are powers of two. A frame of the request ring is {length, ticket}
// as 32-bit words and the request, padded to 8 bytes; it never wraps: where the rest of the ring is too short,
// a frame of length SKIP fills it. A client may have no more unanswered requests than the answer ring holds.

import { assert } from '../base/assert.ts';
import { ENGINE_ERROR_CODES, EngineError } from '../base/errors.ts';
import { leaseId, type LeaseId } from '../base/ids.ts';
import { GuardedPut } from './guarded-put.ts';
import { MessageWriter } from './message-writer.ts';
import { writePutHead, type PutParts } from './put-draft.ts';
import { encodeRequest, type Request } from './requests.ts';
import type { Response } from './responses.ts';
import type { Store } from './store.ts';

const REQUESTS_WRITTEN = 0;
const REQUESTS_READ = 16;
const ANSWERS_WRITTEN = 32;
const ANSWERS_READ = 48;
/** 1 while the client sleeps, or is about to. */
const CLIENT_SLEEPS = 64;
const CHANNEL_WORDS = 80;

/** Words of the store's bell: 1 while it sleeps; 1 when it is to stop; how often stats were asked for. */
const STORE_SLEEPS = 0;
const STORE_STOPS = 1;
const STATS_ASKED = 2;
const BELL_WORDS = 3;

/** Kind byte of a renewal, which no logged request has; its lease lies in the third word of 8 bytes. */
const KEEP_ALIVE = 0xff;
const KEEP_ALIVE_BYTES = 16;
const KEEP_ALIVE_LEASE = 2;

const FRAME_HEADER_BYTES = 8;
const SKIP = 0xffff_ffff;
const ANSWER_BYTES = 32;

export interface ChannelShare {
  readonly words: SharedArrayBuffer;
  readonly requests: SharedArrayBuffer;
  readonly answers: SharedArrayBuffer;
  /** The store's bell, one for all channels. */
  readonly bell: SharedArrayBuffer;
}

export function createBell(): SharedArrayBuffer {
  return new SharedArrayBuffer(4 * BELL_WORDS);
}

/** `requestBytes` and `answersMax` are powers of two; a request may take half of the bytes. */
export function createChannel(
  bell: SharedArrayBuffer,
  requestBytes: number = 8 * 1024 ** 2,
  answersMax = 16_384,
): ChannelShare {
  return {
    words: new SharedArrayBuffer(4 * CHANNEL_WORDS),
    requests: new SharedArrayBuffer(requestBytes),
    answers: new SharedArrayBuffer(ANSWER_BYTES * answersMax),
    bell,
  };
}

/** Tells the thread that serves the channels of this bell to stop. */
export function stopStore(bell: SharedArrayBuffer): void {
  const words = new Int32Array(bell);
  Atomics.store(words, STORE_STOPS, 1);
  wake(words, STORE_SLEEPS);
}

/** Has the thread that serves the channels of this bell tell its stats: see serveChannels(). */
export function askForStats(bell: SharedArrayBuffer): void {
  const words = new Int32Array(bell);
  Atomics.add(words, STATS_ASKED, 1);
  wake(words, STORE_SLEEPS);
}

/** One answer, reused: valid until the next. */
export class Answer {
  ticket = 0;
  error: EngineError['code'] | undefined;
  revision = 0;
  /** Keys deleted, seconds granted, or 1 for a transaction that succeeded. */
  figure = 0;
  lease: LeaseId = leaseId(0n);
}

export class ChannelClient {
  readonly #words: Int32Array;
  readonly #bell: Int32Array;
  readonly #u8: Uint8Array;
  readonly #u32: Uint32Array;
  readonly #answers: AnswerRing;
  readonly #writer = new MessageWriter();
  readonly #guarded = new GuardedPut();
  readonly #renewal = new Uint8Array(KEEP_ALIVE_BYTES);
  readonly #renewalLease = new BigInt64Array(this.#renewal.buffer, 8, 1);
  #written = 0;
  #answered = 0;
  #outstanding = 0;

  constructor(share: ChannelShare) {
    this.#words = new Int32Array(share.words);
    this.#bell = new Int32Array(share.bell);
    this.#u8 = new Uint8Array(share.requests);
    this.#u32 = new Uint32Array(share.requests);
    this.#answers = new AnswerRing(share.answers);
  }

  /** Requests without an answer. */
  get outstanding(): number {
    return this.#outstanding;
  }

  /** Queues a put; false when the ring is full: take answers first. ring() wakes the store. */
  put(ticket: number, parts: PutParts): boolean {
    this.#writer.reset();
    writePutHead(this.#writer, parts);
    return this.#queue(ticket);
  }

  /** Queues a put that happens if the key's mod revision is that one: its answer's figure is 1 then. */
  putIf(ticket: number, parts: PutParts, modRevision: number): boolean {
    this.#writer.reset();
    this.#guarded.write(this.#writer, parts, modRevision);
    return this.#queue(ticket);
  }

  /** Queues a renewal of a lease; its answer's figure is the lease's seconds. */
  keepAlive(ticket: number, id: LeaseId): boolean {
    this.#renewal[0] = KEEP_ALIVE;
    this.#renewalLease[0] = id;
    this.#writer.reset();
    this.#writer.raw(this.#renewal, 0, KEEP_ALIVE_BYTES);
    return this.#queue(ticket);
  }

  /** Queues any request; false when the ring is full. */
  submit(ticket: number, request: Request): boolean {
    this.#writer.reset();
    encodeRequest(request, this.#writer);
    return this.#queue(ticket);
  }

  /** Wakes the store if it sleeps. */
  ring(): void {
    wake(this.#bell, STORE_SLEEPS);
  }

  /** Whether take() would find an answer. */
  get ready(): boolean {
    return Atomics.load(this.#words, ANSWERS_WRITTEN) >>> 0 !== this.#answered;
  }

  /** Takes the next answer into `answer`; false when there is none. */
  take(answer: Answer): boolean {
    if (!this.ready) return false;
    this.#answers.read(this.#answered, answer);
    this.#answered = (this.#answered + 1) >>> 0;
    Atomics.store(this.#words, ANSWERS_READ, this.#answered | 0);
    this.#outstanding--;
    return true;
  }

  /** Sleeps until there is an answer or `milliseconds` have passed. */
  wait(milliseconds: number): void {
    Atomics.store(this.#words, CLIENT_SLEEPS, 1);
    if (!this.ready) Atomics.wait(this.#words, CLIENT_SLEEPS, 1, milliseconds);
    Atomics.store(this.#words, CLIENT_SLEEPS, 0);
  }

  #queue(ticket: number): boolean {
    const { u8, length } = this.#writer;
    const size = this.#u8.length;
    const frame = FRAME_HEADER_BYTES + ((length + 7) & ~7);
    assert(frame <= size / 2, 'a request fits into half of the ring');
    if (this.#outstanding >= this.#answers.capacity) return false;
    const free = size - ((this.#written - Atomics.load(this.#words, REQUESTS_READ)) >>> 0);
    let at = this.#written & (size - 1);
    const skipped = at + frame > size ? size - at : 0;
    if (skipped + frame > free) return false;
    if (skipped > 0) {
      this.#u32[at >>> 2] = SKIP;
      at = 0;
    }
    this.#u32[at >>> 2] = length;
    this.#u32[(at >>> 2) + 1] = ticket;
    this.#u8.set(u8.subarray(0, length), at + FRAME_HEADER_BYTES);
    this.#written = (this.#written + skipped + frame) >>> 0;
    Atomics.store(this.#words, REQUESTS_WRITTEN, this.#written | 0);
    this.#outstanding++;
    return true;
  }
}

/** The store's side of one channel. */
export class ChannelServer {
  readonly #words: Int32Array;
  readonly #u8: Uint8Array;
  readonly #u32: Uint32Array;
  readonly #i64: BigInt64Array;
  readonly #answers: AnswerRing;
  /** A renewal is answered as a grant, which says the same. */
  readonly #renewed = { kind: 'leaseGrant', revision: 0, id: leaseId(0n), ttlSeconds: 0 } as {
    readonly kind: 'leaseGrant';
    revision: number;
    id: LeaseId;
    ttlSeconds: number;
  };
  #read = 0;
  #answered = 0;

  constructor(share: ChannelShare) {
    this.#words = new Int32Array(share.words);
    this.#u8 = new Uint8Array(share.requests);
    this.#u32 = new Uint32Array(share.requests);
    this.#i64 = new BigInt64Array(share.requests);
    this.#answers = new AnswerRing(share.answers);
  }

  /** Whether the client has written something that drain() has not seen. */
  get waiting(): boolean {
    return Atomics.load(this.#words, REQUESTS_WRITTEN) >>> 0 !== this.#read;
  }

  /** Submits up to `requestsMax` requests to the store; returns their number. */
  drain(store: Store, requestsMax: number): number {
    const written = Atomics.load(this.#words, REQUESTS_WRITTEN) >>> 0;
    const mask = this.#u8.length - 1;
    let count = 0;
    while (this.#read !== written && count < requestsMax) {
      const at = this.#read & mask;
      const length = this.#u32[at >>> 2]!;
      if (length === SKIP) {
        this.#read = (this.#read + this.#u8.length - at) >>> 0;
        continue;
      }
      const ticket = this.#u32[(at >>> 2) + 1]!;
      const start = at + FRAME_HEADER_BYTES;
      if (this.#u8[start] === KEEP_ALIVE) this.#keepAlive(store, ticket, at);
      else {
        store.submitEncoded(this.#u8, start, length, (error, response) => {
          this.#answer(ticket, error, response);
        });
      }
      this.#read = (this.#read + FRAME_HEADER_BYTES + ((length + 7) & ~7)) >>> 0;
      count++;
    }
    Atomics.store(this.#words, REQUESTS_READ, this.#read | 0);
    return count;
  }

  /** Wakes the client if it sleeps. */
  ring(): void {
    wake(this.#words, CLIENT_SLEEPS);
  }

  #keepAlive(store: Store, ticket: number, at: number): void {
    const id = leaseId(this.#i64[(at >>> 3) + KEEP_ALIVE_LEASE]!);
    try {
      this.#renewed.ttlSeconds = store.keepAlive(id);
    } catch (error) {
      if (!(error instanceof EngineError)) throw error;
      this.#answer(ticket, error, undefined);
      return;
    }
    this.#renewed.revision = store.revision;
    this.#renewed.id = id;
    this.#answer(ticket, undefined, this.#renewed);
  }

  #answer(ticket: number, error: EngineError | undefined, response: Response | undefined): void {
    this.#answers.write(this.#answered, ticket, error, response);
    this.#answered = (this.#answered + 1) >>> 0;
    Atomics.store(this.#words, ANSWERS_WRITTEN, this.#answered | 0);
  }
}

/** Requests of one channel taken into a group: a limit, so that no client starves the others. */
const REQUESTS_A_TURN = 1024;
/** Longest sleep: commits, leases and compactions have their times. */
const SLEEP_MS_MAX = 5;

/**
 * Serves the channels until stopStore(): takes what clients queued, flushes it as one group, answers, and
 * does what is due in between. Calls `tellStats` once for each askForStats(). Blocks the thread, which is
 * the store's own.
 */
export function serveChannels(
  store: Store,
  channels: readonly ChannelServer[],
  bell: SharedArrayBuffer,
  tellStats: () => void,
): void {
  const words = new Int32Array(bell);
  let told = 0;
  while (Atomics.load(words, STORE_STOPS) === 0) {
    for (const asked = Atomics.load(words, STATS_ASKED); told < asked; told++) tellStats();
    let taken = 0;
    for (const channel of channels) taken += channel.drain(store, REQUESTS_A_TURN);
    if (store.queued > 0) store.flush();
    const more = store.tick();
    for (const channel of channels) channel.ring();
    if (taken > 0 || more) continue;
    Atomics.store(words, STORE_SLEEPS, 1);
    const asked = Atomics.load(words, STORE_STOPS) !== 0 || Atomics.load(words, STATS_ASKED) > told;
    if (!asked && !channels.some((channel) => channel.waiting)) {
      Atomics.wait(words, STORE_SLEEPS, 1, SLEEP_MS_MAX);
    }
    Atomics.store(words, STORE_SLEEPS, 0);
  }
  store.flush();
  for (const channel of channels) channel.ring();
}

/** Answers as records of 32 bytes: ticket, error, revision, figure, lease. */
class AnswerRing {
  readonly capacity: number;
  readonly #u32: Uint32Array;
  readonly #f64: Float64Array;
  readonly #i64: BigInt64Array;

  constructor(memory: SharedArrayBuffer) {
    this.capacity = memory.byteLength / ANSWER_BYTES;
    this.#u32 = new Uint32Array(memory);
    this.#f64 = new Float64Array(memory);
    this.#i64 = new BigInt64Array(memory);
  }

  write(
    position: number,
    ticket: number,
    error: EngineError | undefined,
    response: Response | undefined,
  ): void {
    const at = position & (this.capacity - 1);
    this.#u32[8 * at] = ticket;
    this.#u32[8 * at + 1] = error === undefined ? 0 : 1 + ENGINE_ERROR_CODES.indexOf(error.code);
    this.#f64[4 * at + 1] = response === undefined ? 0 : response.revision;
    this.#f64[4 * at + 2] = response === undefined ? 0 : figureOf(response);
    this.#i64[4 * at + 3] = response?.kind === 'leaseGrant' ? response.id : 0n;
  }

  read(position: number, answer: Answer): void {
    const at = position & (this.capacity - 1);
    const error = this.#u32[8 * at + 1]!;
    answer.ticket = this.#u32[8 * at]!;
    answer.error = error === 0 ? undefined : ENGINE_ERROR_CODES[error - 1];
    answer.revision = this.#f64[4 * at + 1]!;
    answer.figure = this.#f64[4 * at + 2]!;
    answer.lease = leaseId(this.#i64[4 * at + 3]!);
  }
}

function figureOf(response: Response): number {
  switch (response.kind) {
    case 'deleteRange':
    case 'leaseRevoke':
      return response.deleted;
    case 'leaseGrant':
      return response.ttlSeconds;
    case 'txn':
      return response.succeeded ? 1 : 0;
    case 'put':
    case 'compact':
    case 'leaseCheckpoint':
    case 'alarm':
      return 0;
  }
}

/** The sleeper stored 1, looked for work once more, and sleeps while the word is 1. */
function wake(words: Int32Array, sleeps: number): void {
  if (Atomics.load(words, sleeps) === 0) return;
  Atomics.store(words, sleeps, 0);
  Atomics.notify(words, sleeps);
}
