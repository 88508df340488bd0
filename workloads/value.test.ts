// Values prove themselves: whatever was written verifies, whatever was changed does not.

import { expect, it } from 'vitest';
import { Random } from '../engine/base/random.ts';
import { KeyFormat, keyIdOf } from './key-format.ts';
import { readValueHeader, ValueWriter, verifyValue, VALUE_HEADER_BYTES } from './value.ts';
import { Operation } from './workload.ts';

const format = new KeyFormat('test/', 48);

function written(bytes: number, { seed = 7, client = 3, sequence = 9, keyId = 2 ** 33 } = {}) {
  const operation = new Operation(64);
  format.write(operation, keyId);
  operation.sequence = sequence;
  new ValueWriter(seed, client).write(operation, bytes);
  return {
    key: operation.key.slice(0, operation.keyLength),
    value: operation.value.slice(0, operation.valueLength),
  };
}

const SIZES = [VALUE_HEADER_BYTES, 33, 35, 36, 256, 4097, 262_144, 700_001, 1_500_000];

it.each(SIZES)('verifies %d bytes', (bytes) => {
  const { key, value } = written(bytes);
  expect(value.length).toBe(bytes);
  expect(verifyValue(key, value)).toBeUndefined();
  expect(readValueHeader(value)).toMatchObject({ client: 3, sequence: 9, keyId: 2 ** 33 });
});

it('gives short values room for the header', () => {
  const { key, value } = written(1);
  expect(value.length).toBe(VALUE_HEADER_BYTES);
  expect(verifyValue(key, value)).toBeUndefined();
});

it('refuses every flipped byte, every cut, and the value of another key', () => {
  const { key, value } = written(301);
  for (let i = 0; i < value.length; i++) {
    const damaged = value.slice();
    damaged[i] = (damaged[i] ?? 0) ^ 0x10;
    expect(verifyValue(key, damaged), `byte ${i}`).toBeTypeOf('string');
    expect(verifyValue(key, value.subarray(0, i)), `cut at ${i}`).toBeTypeOf('string');
  }
  const other = written(301, { keyId: 5 });
  expect(verifyValue(other.key, value)).toContain('was written for');
  expect(verifyValue(Uint8Array.of(1, 2, 3), value)).toContain('NaN');
});

it('differs by seed, client, write and key', () => {
  const bodies = [
    written(256),
    written(256, { seed: 8 }),
    written(256, { seed: 7 + 2 ** 40 }),
    written(256, { client: 4 }),
    written(256, { sequence: 10 }),
    written(256, { keyId: 2 ** 33 + 1 }),
  ].map(({ value }) => Buffer.from(value.subarray(VALUE_HEADER_BYTES)).toString('hex'));
  expect(new Set(bodies).size).toBe(bodies.length);
});

it('writes keys in the order of their ids, and reads them back', () => {
  const random = new Random(20261124);
  const operation = new Operation();
  const ids = [0, 9, 10, 999_999, 1_000_000, 2 ** 32, 10 ** 12 - 1];
  for (let i = 0; i < 2000; i++) ids.push(Math.floor(random.unit() * 10 ** (1 + (i % 12))));
  ids.sort((a, b) => a - b);
  let before = Buffer.alloc(0);
  for (const id of ids) {
    format.write(operation, id);
    const key = Buffer.from(operation.key.subarray(0, operation.keyLength));
    expect(key.toString('latin1')).toBe(`test/${String(id).padStart(12, '0')}`.padEnd(48, '-'));
    expect(keyIdOf(key)).toBe(id);
    expect(Buffer.compare(before, key)).toBeLessThanOrEqual(0);
    before = key;
  }
  expect(keyIdOf(Buffer.from('test/0000x0000001'))).toBeNaN();
  expect(() => format.write(operation, 10 ** 12)).toThrow('twelve digits');
});
