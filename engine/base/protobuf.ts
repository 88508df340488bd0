// Protocol-buffers wire format, as much of it as etcd's storage messages need: varints, 64-bit
// integers, bytes. Source: the encoding page of the protocol buffers documentation. Writers need a
// target that is large enough; readers check every bound and throw CORRUPT.

import { copyRange, WORD_RANGE } from './bytes.ts';
import { EngineError } from './errors.ts';

export const VARINT = 0;
const FIXED64 = 1;
export const BYTES = 2;
const FIXED32 = 5;

const VARINT_BYTES_MAX = 10;
const INT64_BITS = 64;

/** Bytes a non-negative safe integer takes. */
export function varintBytes(value: number): number {
  if (value < 0x80) return 1;
  if (value < 0x4000) return 2;
  if (value < 0x20_0000) return 3;
  if (value < 0x1000_0000) return 4;
  let bytes = 5;
  for (let rest = value / 0x8_0000_0000; rest >= 1; rest /= 0x80) bytes++;
  return bytes;
}

/** Writes a non-negative safe integer at `at`; returns where it ends. */
export function writeVarint(target: Uint8Array, at: number, value: number): number {
  let rest = value;
  while (rest >= 0x1000_0000) {
    target[at++] = (rest & 0x7f) | 0x80;
    rest = Math.floor(rest / 0x80);
  }
  while (rest >= 0x80) {
    target[at++] = (rest & 0x7f) | 0x80;
    rest >>>= 7;
  }
  target[at++] = rest;
  return at;
}

/** Bytes an int64 takes: ten when it is negative. */
export function int64Bytes(value: bigint): number {
  let bytes = 1;
  for (let rest = BigInt.asUintN(INT64_BITS, value) >> 7n; rest > 0n; rest >>= 7n) bytes++;
  return bytes;
}

/** Writes an int64 as protobuf does, negative ones in two's complement; returns where it ends. */
export function writeInt64(target: Uint8Array, at: number, value: bigint): number {
  let rest = BigInt.asUintN(INT64_BITS, value);
  while (rest >= 0x80n) {
    target[at++] = Number(rest & 0x7fn) | 0x80;
    rest >>= 7n;
  }
  target[at++] = Number(rest);
  return at;
}

/** Writes tag, length and bytes of source[start, start+length); returns where they end. */
export function writeBytesField(
  target: Uint8Array,
  at: number,
  field: number,
  source: Uint8Array,
  start: number,
  length: number,
): number {
  target[at++] = (field << 3) | BYTES;
  const from = writeVarint(target, at, length);
  copyRange(source, start, length, target, from);
  return from + length;
}

/** Writes tag and value; returns where they end. */
export function writeNumberField(
  target: Uint8Array,
  at: number,
  field: number,
  value: number,
): number {
  target[at++] = (field << 3) | VARINT;
  return writeVarint(target, at, value);
}

/** Walks the fields of one message in place; reusable. Call next() until it is false. */
export class FieldReader {
  field = 0;
  wire = 0;
  /** Of a bytes field: where its contents lie. */
  start = 0;
  length = 0;
  /** Low and high word of a varint or fixed field. */
  low = 0;
  high = 0;
  source: Uint8Array = new Uint8Array(0);
  #at = 0;
  #end = 0;

  /** Starts over on source[start, start+length). */
  reset(source: Uint8Array, start = 0, length: number = source.length - start): this {
    this.source = source;
    this.#at = start;
    this.#end = start + length;
    return this;
  }

  /** Goes to the next field; false at the end. Throws CORRUPT. */
  next(): boolean {
    if (this.#at >= this.#end) return false;
    this.#varint();
    const tag = this.low;
    this.field = tag >>> 3;
    this.wire = tag & 7;
    if (this.field === 0) throw malformed('a field has number 0');
    if (this.wire === VARINT) this.#varint();
    else if (this.wire === BYTES) this.#bytes();
    else if (this.wire === FIXED64) this.#fixed(8);
    else if (this.wire === FIXED32) this.#fixed(4);
    else throw malformed(`wire type ${this.wire} is not used here`);
    return true;
  }

  /** The varint as a safe integer. Throws CORRUPT for a negative or larger one. */
  number(): number {
    if (this.high >= 0x20_0000) throw malformed('a number is negative or beyond 2^53');
    return this.high * WORD_RANGE + this.low;
  }

  /** The varint as an int64. */
  int64(): bigint {
    if (this.high === 0) return BigInt(this.low);
    return BigInt.asIntN(INT64_BITS, (BigInt(this.high) << 32n) | BigInt(this.low));
  }

  /** A copy of a bytes field. */
  bytes(): Uint8Array {
    return this.source.slice(this.start, this.start + this.length);
  }

  #bytes(): void {
    this.#varint();
    const length = this.high * WORD_RANGE + this.low;
    if (length > this.#end - this.#at) throw malformed('a field is longer than its message');
    this.start = this.#at;
    this.length = length;
    this.#at += length;
  }

  #fixed(bytes: number): void {
    if (this.#end - this.#at < bytes) throw malformed('a number is cut short');
    this.#at += bytes;
  }

  #varint(): void {
    let low = 0;
    let high = 0;
    for (let i = 0; i < VARINT_BYTES_MAX; i++) {
      if (this.#at >= this.#end) throw malformed('a number is cut short');
      const byte = this.source[this.#at++]!;
      const bits = byte & 0x7f;
      const shift = 7 * i;
      if (shift < 28) low |= bits << shift;
      else if (shift === 28) {
        low |= bits << 28;
        high |= bits >>> 4;
      } else high |= bits << (shift - 32);
      if (byte < 0x80) {
        this.low = low >>> 0;
        this.high = high >>> 0;
        return;
      }
    }
    throw malformed('a number has no end');
  }
}

function malformed(what: string): EngineError {
  return new EngineError('CORRUPT', `a stored message is malformed: ${what}`);
}
