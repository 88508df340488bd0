// Values that prove themselves: a header of 32 bytes says who wrote the value, as which of his writes, for
// which key and how long it is; the body follows from the header. So any value read back is checked on
// its own (verifyValue), at any time, and a final state needs no more than the last write of each key.
//
// Header, eight little-endian words: check (of the other seven), body, client, length, sequence (low, high),
// key id (low, high). `body` is a mix of seed, client, sequence and key id: values of another seed differ.
// The body is cut from a block of pseudo-random bytes, the same for all, at a place that `body` names; values
// longer than the block start again at its beginning. The check is against mix-ups and damage, not malice.

import { WORD_RANGE } from '../engine/base/bytes.ts';
import { Random } from '../engine/base/random.ts';
import { keyIdOf } from './key-format.ts';
import type { Operation } from './workload.ts';

export const VALUE_HEADER_BYTES = 32;
/** Client in the header of what was loaded before the run; clients have smaller numbers. */
export const PRELOAD_CLIENT = 0xffff;

const HEADER_WORDS = VALUE_HEADER_BYTES / 4;
/** A power of two; half a level-2 cache. */
const BLOCK_WORDS = 1 << 16;
const BLOCK_SEED = 20261124;
/** Longer bodies are copied by set() through a short-lived view; a word loop costs more there. */
const WORD_LOOP_MAX = 1024;

let block: Int32Array | undefined;

/** The block, made at first use: 256 KiB, 1 ms. */
function bodyBlock(): Int32Array {
  if (block === undefined) {
    const random = new Random(BLOCK_SEED);
    block = Int32Array.from({ length: BLOCK_WORDS }, () => random.uint32() | 0);
  }
  return block;
}

function scramble(word: number): number {
  let mixed = word;
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return mixed ^ (mixed >>> 16);
}

/** The word `body` of a write. */
export function bodyWord(seed: number, client: number, sequence: number, keyId: number): number {
  let mixed = scramble((seed ^ Math.floor(seed / WORD_RANGE)) | 0);
  mixed = scramble((mixed + client) | 0);
  mixed = scramble((mixed + sequence + Math.floor(sequence / WORD_RANGE)) | 0);
  return scramble((mixed + keyId + Math.floor(keyId / WORD_RANGE)) | 0);
}

/** Writes the values of one client. */
export class ValueWriter {
  readonly #seed: number;
  readonly #client: number;
  readonly #bodies: boolean;
  readonly #block = bodyBlock();

  constructor(seed: number, client: number, bodies = true) {
    this.#seed = seed;
    this.#client = client;
    this.#bodies = bodies;
  }

  /** Gives the operation, whose keyId and sequence are set, a value of `bytes`, at least the header. */
  write(operation: Operation, bytes: number): void {
    const { sequence, keyId } = operation;
    const length = bytes < VALUE_HEADER_BYTES ? VALUE_HEADER_BYTES : bytes;
    operation.valueLength = length;
    operation.reserve(length);
    const { words } = operation;
    const body = bodyWord(this.#seed, this.#client, sequence, keyId);
    words[1] = body;
    words[2] = this.#client | 0;
    words[3] = length;
    words[4] = sequence | 0;
    words[5] = Math.floor(sequence / WORD_RANGE);
    words[6] = keyId | 0;
    words[7] = Math.floor(keyId / WORD_RANGE);
    words[0] = checkOf(words);
    if (this.#bodies) this.#writeBody(words, body, Math.ceil(length / 4));
  }

  #writeBody(words: Int32Array, body: number, end: number): void {
    const source = this.#block;
    const start = body & (BLOCK_WORDS - 1);
    if (end <= WORD_LOOP_MAX) {
      let from = start;
      for (let i = HEADER_WORDS; i < end; i++) {
        words[i] = source[from] ?? 0;
        from = (from + 1) & (BLOCK_WORDS - 1);
      }
      return;
    }
    let at = HEADER_WORDS;
    let from = start;
    while (at < end) {
      const count = Math.min(end - at, BLOCK_WORDS - from);
      words.set(source.subarray(from, from + count), at);
      at += count;
      from = 0;
    }
  }
}

function checkOf(words: Int32Array): number {
  let mixed = 0x9e3779b9 | 0;
  for (let i = 1; i < HEADER_WORDS; i++) mixed = Math.imul(mixed ^ (words[i] ?? 0), 0x01000193) + i;
  return scramble(mixed);
}

export interface ValueHeader {
  readonly client: number;
  readonly sequence: number;
  readonly keyId: number;
  readonly body: number;
}

/** What a value's header says, or undefined where it is damaged. */
export function readValueHeader(value: Uint8Array): ValueHeader | undefined {
  if (value.length < VALUE_HEADER_BYTES) return undefined;
  const words = new Int32Array(HEADER_WORDS);
  new Uint8Array(words.buffer).set(value.subarray(0, VALUE_HEADER_BYTES));
  const [check = 0, body = 0, client = 0, length = 0, low = 0, high = 0, keyLow = 0, keyHigh = 0] =
    words;
  if (check !== checkOf(words) || length !== value.length) return undefined;
  return {
    body,
    client: client >>> 0,
    sequence: high * WORD_RANGE + (low >>> 0),
    keyId: keyHigh * WORD_RANGE + (keyLow >>> 0),
  };
}

/** Whether `value` is, to the last byte, one that was written for `key`; else what is wrong with it. */
export function verifyValue(key: Uint8Array, value: Uint8Array): string | undefined {
  const header = readValueHeader(value);
  if (header === undefined) {
    return `a value of ${value.length} bytes has a damaged header or a wrong length`;
  }
  const keyId = keyIdOf(key);
  if (header.keyId !== keyId) return `the value of key ${keyId} was written for ${header.keyId}`;
  const source = new Uint8Array(bodyBlock().buffer);
  let from = (header.body & (BLOCK_WORDS - 1)) * 4;
  for (let i = VALUE_HEADER_BYTES; i < value.length; i++) {
    if (value[i] !== source[from]) return `byte ${i} of the value of key ${keyId} is damaged`;
    from = from + 1 === source.length ? 0 : from + 1;
  }
  return undefined;
}
