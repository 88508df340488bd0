// KeyFormat: keys as prefix, twelve decimal digits of the key's id, and '-' up to the wished length. The
// digits stand before the filling, so that keys differ early, as those of etcd's own benchmark do; byte
// order within a prefix is the order of ids. keyIdOf() reads an id back from any such key.

import { assert } from '../engine/base/assert.ts';
import { copyRange } from '../engine/base/bytes.ts';
import type { Operation } from './workload.ts';

const KEY_DIGITS = 12;
const KEY_ID_LIMIT = 10 ** KEY_DIGITS;
const HALF = 10 ** 6;
const ZERO = 0x30;
const DASH = 0x2d;

export class KeyFormat {
  readonly bytes: number;
  readonly #template: Uint8Array;
  readonly #digitsAt: number;

  /** Keys of `bytes` bytes, or longer where prefix and digits need it. Prefixes are ASCII. */
  constructor(prefix: string, bytes = 0) {
    this.#digitsAt = prefix.length;
    this.bytes = Math.max(bytes, prefix.length + KEY_DIGITS);
    this.#template = new Uint8Array(this.bytes).fill(DASH);
    for (let i = 0; i < prefix.length; i++) this.#template[i] = prefix.charCodeAt(i);
  }

  /** Makes key `keyId` the operation's key. */
  write(operation: Operation, keyId: number): void {
    assert(keyId < KEY_ID_LIMIT, 'a key id has twelve digits at most');
    operation.keyId = keyId;
    operation.keyLength = this.bytes;
    copyTemplate(this.#template, operation.key);
    writeDigits(operation.key, this.#digitsAt, keyId);
  }

  /** Makes key `keyId` the operation's exclusive end. */
  writeEnd(operation: Operation, keyId: number): void {
    operation.endLength = this.bytes;
    copyTemplate(this.#template, operation.end);
    writeDigits(operation.end, this.#digitsAt, keyId);
  }

  /** Makes everything under the prefix the operation's range. */
  writeAll(operation: Operation): void {
    operation.keyId = 0;
    operation.keyLength = this.#digitsAt;
    copyRange(this.#template, 0, this.#digitsAt, operation.key, 0);
    operation.endLength = this.#digitsAt;
    copyRange(this.#template, 0, this.#digitsAt, operation.end, 0);
    const last = this.#digitsAt - 1;
    operation.end[last] = (operation.end[last] ?? 0) + 1;
  }
}

/** set() allocates nothing where the whole source is meant; short copies skip its call. */
function copyTemplate(template: Uint8Array, target: Uint8Array): void {
  if (template.length > 64) {
    target.set(template);
    return;
  }
  for (let i = 0; i < template.length; i++) target[i] = template[i] ?? 0;
}

function writeDigits(target: Uint8Array, at: number, value: number): void {
  const upper = Math.floor(value / HALF);
  writeSix(target, at, upper);
  writeSix(target, at + 6, value - upper * HALF);
}

function writeSix(target: Uint8Array, at: number, value: number): void {
  let rest = value | 0;
  for (let i = at + 5; i >= at; i--) {
    const tenth = (rest / 10) | 0;
    target[i] = ZERO + rest - tenth * 10;
    rest = tenth;
  }
}

/** Id in a key of `length` bytes that a KeyFormat wrote; NaN if it is none. */
export function keyIdOf(key: Uint8Array, length: number = key.length): number {
  let end = length;
  while (end > 0 && key[end - 1] === DASH) end--;
  if (end < KEY_DIGITS) return Number.NaN;
  let keyId = 0;
  for (let i = end - KEY_DIGITS; i < end; i++) {
    const digit = (key[i] ?? 0) - ZERO;
    if (digit < 0 || digit > 9) return Number.NaN;
    keyId = keyId * 10 + digit;
  }
  return keyId;
}
