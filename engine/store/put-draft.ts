// PutDraft: the plain put in the log, read and written without objects: kind byte, then key, value and
// lease of etcd's PutRequest (requests.ts has the general form, which it is a case of).

import { copyRange } from '../base/bytes.ts';
import { leaseId, type LeaseId } from '../base/ids.ts';
import { FieldReader, writeBytesField } from '../base/protobuf.ts';
import type { MessageWriter } from './message-writer.ts';
import { KIND_BYTES, refusalOf } from './requests.ts';

/** Kind, tags, lengths and lease. */
const HEAD_BYTES_MAX = 40;
const KEY = 1;
const VALUE = 2;
const LEASE = 3;

export interface PutParts {
  readonly key: Uint8Array;
  readonly keyLength: number;
  readonly value: Uint8Array;
  readonly valueLength: number;
  readonly lease: LeaseId;
}

/** Appends a put request to the group. */
export function writePutHead(writer: MessageWriter, parts: PutParts): void {
  const { key, keyLength, value, valueLength, lease } = parts;
  writer.reserve(HEAD_BYTES_MAX + keyLength + valueLength);
  const { u8 } = writer;
  let at = writer.length;
  u8[at++] = KIND_BYTES.put;
  if (keyLength > 0) at = writeBytesField(u8, at, KEY, key, 0, keyLength);
  if (valueLength > 0) at = writeBytesField(u8, at, VALUE, value, 0, valueLength);
  writer.length = at;
  if (lease !== 0n) writer.int64(LEASE, lease);
}

export class PutDraft {
  /** The key, copied; grows to the longest one. */
  key: Uint8Array = new Uint8Array(256);
  keyLength = 0;
  /** Where the value lies in the source. */
  readonly value: { u8: Uint8Array; start: number; length: number } = {
    u8: new Uint8Array(0),
    start: 0,
    length: 0,
  };
  lease: LeaseId = leaseId(0n);
  readonly #fields = new FieldReader();

  /** False for a put that asks for more than key, value and lease. Throws INVALID_ARGUMENT. */
  read(source: Uint8Array, start: number, length: number): boolean {
    try {
      return this.#read(source, start, length);
    } catch (error) {
      throw refusalOf(error);
    }
  }

  #read(source: Uint8Array, start: number, length: number): boolean {
    const fields = this.#fields.reset(source, start, length);
    this.keyLength = 0;
    this.value.u8 = source;
    this.value.start = this.value.length = 0;
    this.lease = leaseId(0n);
    while (fields.next()) {
      if (fields.field === KEY) this.#takeKey(source, fields.start, fields.length);
      else if (fields.field === VALUE) {
        this.value.start = fields.start;
        this.value.length = fields.length;
      } else if (fields.field === LEASE) this.lease = leaseId(fields.int64());
      else return false;
    }
    return true;
  }

  #takeKey(source: Uint8Array, start: number, length: number): void {
    if (length > this.key.length) this.key = new Uint8Array(2 * length);
    copyRange(source, start, length, this.key, 0);
    this.keyLength = length;
  }
}
