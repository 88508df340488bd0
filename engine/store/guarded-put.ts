// GuardedPut: the write of a Kubernetes API server, encoded without objects: a transaction that puts a key if
// its mod revision is the one that the writer saw last (0: the key is absent), and else gets the key. Bytes
// are those of the general form (requests.ts), which is what the store reads them with.

import { leaseId } from '../base/ids.ts';
import { writeBytesField } from '../base/protobuf.ts';
import type { MessageWriter } from './message-writer.ts';
import type { PutParts } from './put-draft.ts';
import { COMPARE_TARGETS, KIND_BYTES } from './requests.ts';

const COMPARES = 1;
const SUCCESS = 2;
const FAILURE = 3;
const TARGET = 2;
const COMPARE_KEY = 3;
const COMPARE_MOD = 6;
const OPERATION_RANGE = 1;
const OPERATION_PUT = 2;
const KEY = 1;
const VALUE = 2;
const LEASE = 3;
/** Tags, numbers and lengths of all messages. */
const HEAD_BYTES_MAX = 128;
const NO_LEASE = leaseId(0n);

export class GuardedPut {
  #parts: PutParts = {
    ...{ key: new Uint8Array(0), keyLength: 0, value: new Uint8Array(0), valueLength: 0 },
    lease: NO_LEASE,
  };
  #modRevision = 0;

  /** Appends the request to the writer. */
  write(writer: MessageWriter, parts: PutParts, modRevision: number): void {
    this.#parts = parts;
    this.#modRevision = modRevision;
    writer.reserve(HEAD_BYTES_MAX + 3 * parts.keyLength + parts.valueLength);
    writer.byte(KIND_BYTES.txn);
    writer.message(COMPARES, this.#compare);
    writer.message(SUCCESS, this.#success);
    writer.message(FAILURE, this.#failure);
  }

  readonly #compare = (writer: MessageWriter): void => {
    writer.number(TARGET, COMPARE_TARGETS.indexOf('mod'));
    this.#key(COMPARE_KEY, writer);
    writer.number(COMPARE_MOD, this.#modRevision);
  };

  readonly #success = (writer: MessageWriter): void => {
    writer.message(OPERATION_PUT, this.#put);
  };

  readonly #put = (writer: MessageWriter): void => {
    this.#key(KEY, writer);
    const { value, valueLength, lease } = this.#parts;
    if (valueLength > 0) {
      writer.length = writeBytesField(writer.u8, writer.length, VALUE, value, 0, valueLength);
    }
    writer.int64(LEASE, lease);
  };

  readonly #failure = (writer: MessageWriter): void => {
    writer.message(OPERATION_RANGE, this.#range);
  };

  readonly #range = (writer: MessageWriter): void => {
    this.#key(KEY, writer);
  };

  #key(field: number, writer: MessageWriter): void {
    const { key, keyLength } = this.#parts;
    writer.length = writeBytesField(writer.u8, writer.length, field, key, 0, keyLength);
  }
}
