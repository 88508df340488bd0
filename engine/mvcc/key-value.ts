// KeyValue: what is stored under a revision: etcd's mvccpb.KeyValue message (api/mvccpb/kv.proto), with
// the bytes gogo/protobuf writes: fields ascending, zeros and empties left out. A tombstone holds the
// key alone.

import type { LeaseId } from '../base/ids.ts';
import { leaseId } from '../base/ids.ts';
import {
  FieldReader,
  int64Bytes,
  VARINT,
  varintBytes,
  writeBytesField,
  writeInt64,
  writeNumberField,
} from '../base/protobuf.ts';

const KEY = 1;
const CREATE_REVISION = 2;
const MOD_REVISION = 3;
const VERSION = 4;
const VALUE = 5;
const LEASE = 6;

/** A decoded message; key and value are copies. */
export interface KeyValue {
  readonly key: Uint8Array;
  readonly value: Uint8Array;
  readonly createRevision: number;
  readonly modRevision: number;
  readonly version: number;
  /** 0n: none. */
  readonly lease: LeaseId;
}

/** What an encoder needs; reused from put to put. */
export class KeyValueDraft {
  key: Uint8Array = new Uint8Array(0);
  keyLength = 0;
  value: Uint8Array = new Uint8Array(0);
  valueStart = 0;
  valueLength = 0;
  createRevision = 0;
  modRevision = 0;
  version = 0;
  lease = 0n;

  /** Bytes the message takes. */
  get bytes(): number {
    const { keyLength, valueLength, lease } = this;
    let bytes = keyLength === 0 ? 0 : 1 + varintBytes(keyLength) + keyLength;
    if (valueLength !== 0) bytes += 1 + varintBytes(valueLength) + valueLength;
    if (this.createRevision !== 0) bytes += 1 + varintBytes(this.createRevision);
    if (this.modRevision !== 0) bytes += 1 + varintBytes(this.modRevision);
    if (this.version !== 0) bytes += 1 + varintBytes(this.version);
    return lease === 0n ? bytes : bytes + 1 + int64Bytes(lease);
  }

  /** Writes the message at `at`, where there must be room; returns where it ends. */
  write(target: Uint8Array, at: number): number {
    const { key, keyLength, value, valueStart, valueLength } = this;
    if (keyLength !== 0) at = writeBytesField(target, at, KEY, key, 0, keyLength);
    if (this.createRevision !== 0) {
      at = writeNumberField(target, at, CREATE_REVISION, this.createRevision);
    }
    if (this.modRevision !== 0) at = writeNumberField(target, at, MOD_REVISION, this.modRevision);
    if (this.version !== 0) at = writeNumberField(target, at, VERSION, this.version);
    if (valueLength !== 0) {
      at = writeBytesField(target, at, VALUE, value, valueStart, valueLength);
    }
    if (this.lease === 0n) return at;
    target[at++] = (LEASE << 3) | VARINT;
    return writeInt64(target, at, this.lease);
  }
}

/** A message read in place: where its parts lie in `source`. Reusable; copies nothing. */
export class KeyValueView {
  source: Uint8Array = new Uint8Array(0);
  keyStart = 0;
  keyLength = 0;
  valueStart = 0;
  valueLength = 0;
  createRevision = 0;
  modRevision = 0;
  version = 0;
  lease = 0n;
  readonly #fields = new FieldReader();

  /** Throws CORRUPT. */
  read(source: Uint8Array, start: number, length: number): this {
    const fields = this.#fields.reset(source, start, length);
    this.source = source;
    this.keyLength = this.valueLength = 0;
    this.createRevision = this.modRevision = this.version = 0;
    this.lease = 0n;
    while (fields.next()) {
      if (fields.field === KEY) {
        this.keyStart = fields.start;
        this.keyLength = fields.length;
      } else if (fields.field === VALUE) {
        this.valueStart = fields.start;
        this.valueLength = fields.length;
      } else if (fields.field === CREATE_REVISION) this.createRevision = fields.number();
      else if (fields.field === MOD_REVISION) this.modRevision = fields.number();
      else if (fields.field === VERSION) this.version = fields.number();
      else if (fields.field === LEASE) this.lease = fields.int64();
    }
    return this;
  }

  /** A copy of what was read. */
  copy(): KeyValue {
    const { source, keyStart, keyLength, valueStart, valueLength } = this;
    return {
      key: source.slice(keyStart, keyStart + keyLength),
      value: source.slice(valueStart, valueStart + valueLength),
      createRevision: this.createRevision,
      modRevision: this.modRevision,
      version: this.version,
      lease: leaseId(this.lease),
    };
  }
}
