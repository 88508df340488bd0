// A thread of the store's benches: reads or writes an open store that another thread owns, in one of a
// few ways, until it is told to stop; then says how much it did in how much time. It answers one order
// at a time, and lives for as long as its starter lets it.

import { parentPort, workerData } from 'node:worker_threads';
import { assert } from '../base/assert.ts';
import { nowNs } from '../base/clock.ts';
import { leaseId } from '../base/ids.ts';
import { Random } from '../base/random.ts';
import { END_OF_KEYS, type MvccReader } from '../mvcc/mvcc-reader.ts';
import { nodeVfs } from '../vfs/node-vfs.ts';
import { Answer, ChannelClient, type ChannelShare } from './channel.ts';
import { BenchKey } from './store.bench-keys.ts';
import { attachStoreReader, type StoreShare } from './store-reader.ts';

export interface BenchThreadInput {
  readonly share: StoreShare;
  readonly channel?: ChannelShare;
  /** Keys in the store, or to be written in turn. */
  readonly keys: number;
  readonly valueBytes: number;
  /** One word: 1 once the order under way is to end. */
  readonly stop: SharedArrayBuffer;
}

export type BenchOrder =
  /** Ranges over all keys, one after the other. */
  | { readonly kind: 'range'; readonly pauseMs: number }
  /** Gets of keys drawn at random. */
  | { readonly kind: 'get'; readonly seed: number }
  /** No store: arithmetic in the thread's own memory, to see what the machine gives two threads. */
  | { readonly kind: 'compute' }
  /** So many clients, each putting its next key when its last was answered. */
  | { readonly kind: 'put'; readonly clients: number };

export interface BenchAnswer {
  readonly operations: number;
  readonly seconds: number;
}

/** What it sends for each order: that the clock runs, and then how it went. */
export type BenchMessage = 'begun' | BenchAnswer;

const WARM_UP = 20_000;
const ALL = { key: new Uint8Array(1), end: END_OF_KEYS };
const GETS_A_LOOK = 64;
const STEPS = 10_000;
const NO_LEASE = leaseId(0n);

const input = workerData as BenchThreadInput;
const stop = new Int32Array(input.stop);
const reader = attachStoreReader(input.share, nodeVfs);
const client = input.channel === undefined ? undefined : new ChannelClient(input.channel);

function stopped(): boolean {
  return Atomics.load(stop, 0) === 1;
}

/** Times ranges alone, not the pauses. */
function rangeAll(pauseMs: number): BenchAnswer {
  const answer = { operations: 0, seconds: 0 };
  while (!stopped()) {
    let keys = 0;
    const started = nowNs();
    reader.visit(ALL, 0, () => keys++);
    answer.seconds += (nowNs() - started) / 1e9;
    assert(keys === input.keys, `a range found ${keys} keys of ${input.keys}`);
    answer.operations++;
    Atomics.wait(stop, 0, 0, pauseMs);
  }
  return answer;
}

class Gets {
  readonly #reader: MvccReader;
  readonly #random: Random;
  readonly #key = new BenchKey();
  readonly #target = new Uint8Array(input.valueBytes);

  constructor(source: MvccReader, seed: number) {
    this.#reader = source;
    this.#random = new Random(seed);
  }

  some(count: number): void {
    for (let i = 0; i < count; i++) {
      const length = this.#reader.get(this.#key.set(this.#random.below(input.keys)), this.#target);
      assert(length === input.valueBytes, `a get found ${length} bytes`);
    }
  }
}

function getAll(gets: Gets): number {
  let count = 0;
  for (; !stopped(); count += GETS_A_LOOK) gets.some(GETS_A_LOOK);
  return count;
}

function computeAll(): number {
  const memory = new Float64Array(4096);
  let steps = 0;
  let x = 1;
  for (; !stopped(); steps++) {
    for (let i = 0; i < STEPS; i++) {
      x = (Math.imul(x, 1_664_525) + 1_013_904_223) | 0;
      memory[x & 4095]! += 1;
    }
  }
  assert(
    memory.some((count) => count > 0),
    'something was computed',
  );
  return steps;
}

function putAll(clients: number): number {
  assert(client !== undefined, 'who puts has a channel');
  const answer = new Answer();
  const key = new BenchKey();
  const value = new Uint8Array(input.valueBytes).fill(120);
  let put = 0;
  const next = (): void => {
    const bytes = key.set(put % input.keys);
    const parts = { key: bytes, keyLength: bytes.length, value, valueLength: value.length };
    assert(client.put(put, { ...parts, lease: NO_LEASE }), 'the ring holds a put of each client');
    put++;
  };
  for (let i = 0; i < clients; i++) next();
  client.ring();
  let answered = 0;
  while (client.outstanding > 0) {
    let taken = 0;
    const more = !stopped();
    while (client.take(answer)) {
      assert(answer.error === undefined, `a put was refused: ${answer.error ?? ''}`);
      taken++;
      if (more) next();
    }
    if (more) answered += taken;
    if (taken > 0) client.ring();
    else client.wait(100);
  }
  return answered;
}

/** Tells that the clock runs from here on. */
function begin(): void {
  parentPort!.postMessage('begun' satisfies BenchMessage);
}

function timed(work: () => number): BenchAnswer {
  begin();
  const started = nowNs();
  const operations = work();
  return { operations, seconds: (nowNs() - started) / 1e9 };
}

function carryOut(order: BenchOrder): BenchAnswer {
  switch (order.kind) {
    case 'range':
      begin();
      return rangeAll(order.pauseMs);
    case 'get': {
      const gets = new Gets(reader, order.seed);
      // Before the clock runs: every page into the cache, and the code compiled.
      reader.visit(ALL, 0, () => undefined);
      gets.some(WARM_UP);
      return timed(() => getAll(gets));
    }
    case 'compute':
      return timed(computeAll);
    case 'put':
      return timed(() => putAll(order.clients));
  }
}

parentPort!.on('message', (order: BenchOrder) => {
  parentPort!.postMessage(carryOut(order) satisfies BenchMessage);
});
