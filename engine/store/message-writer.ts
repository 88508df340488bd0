// MessageWriter: protocol-buffers messages into one buffer that grows; fields as proto3 writes them, zeros
// and empties left out. reset() keeps the memory for the next message.

import { copyRange } from '../base/bytes.ts';
import { BYTES, VARINT, writeInt64, writeVarint } from '../base/protobuf.ts';

const FIRST_BYTES = 64;
/** A tag and a number take no more. */
const NUMBER_BYTES_MAX = 15;
/** Where a message's length takes one byte, and how many a longer one gets: room for 2^28 bytes. */
const LENGTH_BYTES = 4;

export class MessageWriter {
  /** What was written lies in [0, length). */
  u8: Uint8Array = new Uint8Array(FIRST_BYTES);
  length = 0;

  reset(): void {
    this.length = 0;
  }

  /** Makes room for `bytes` more. */
  reserve(bytes: number): void {
    if (this.length + bytes <= this.u8.length) return;
    const grown = new Uint8Array(Math.max(2 * this.u8.length, this.length + bytes));
    grown.set(this.u8.subarray(0, this.length));
    this.u8 = grown;
  }

  byte(value: number): void {
    this.reserve(1);
    this.u8[this.length++] = value;
  }

  /** Appends source[start, start+length) as it is. */
  raw(source: Uint8Array, start: number, length: number): void {
    this.reserve(length);
    copyRange(source, start, length, this.u8, this.length);
    this.length += length;
  }

  /** A safe integer; a negative one takes ten bytes, as in any int64 field. */
  number(field: number, value: number): void {
    if (value === 0) return;
    if (value < 0) {
      this.int64(field, BigInt(value));
      return;
    }
    this.#tag(field, VARINT);
    this.length = writeVarint(this.u8, this.length, value);
  }

  flag(field: number, value: boolean): void {
    this.number(field, value ? 1 : 0);
  }

  int64(field: number, value: bigint): void {
    if (value === 0n) return;
    this.#tag(field, VARINT);
    this.length = writeInt64(this.u8, this.length, value);
  }

  bytes(field: number, value: Uint8Array): void {
    if (value.length === 0) return;
    this.reserve(NUMBER_BYTES_MAX + value.length);
    this.#tag(field, BYTES);
    this.length = writeVarint(this.u8, this.length, value.length);
    this.u8.set(value, this.length);
    this.length += value.length;
  }

  /** A message within this one, empty or not. Its length is padded to four bytes, which readers allow. */
  message(field: number, write: (writer: MessageWriter) => void): void {
    this.#tag(field, BYTES);
    const at = this.length;
    this.length += LENGTH_BYTES;
    write(this);
    let rest = this.length - at - LENGTH_BYTES;
    for (let i = 0; i < LENGTH_BYTES; i++) {
      this.u8[at + i] = i < LENGTH_BYTES - 1 ? (rest & 0x7f) | 0x80 : rest;
      rest >>>= 7;
    }
  }

  #tag(field: number, wire: number): void {
    this.reserve(NUMBER_BYTES_MAX + LENGTH_BYTES);
    this.length = writeVarint(this.u8, this.length, field * 8 + wire);
  }
}
