// The guarded put means what the general form of the same transaction means.

import { describe, expect, it } from 'vitest';
import { leaseId } from '../base/ids.ts';
import { bytesOf } from '../testing/model.ts';
import { GuardedPut } from './guarded-put.ts';
import { MessageWriter } from './message-writer.ts';
import { decodeRequest } from './requests.ts';

describe('GuardedPut', () => {
  it.each([
    { key: 'k', value: 'v', lease: 0n, modRevision: 0 },
    { key: 'key'.repeat(100), value: '', lease: 7n, modRevision: 12 },
    { key: 'k', value: 'x'.repeat(300_000), lease: -1n, modRevision: 2 ** 52 },
  ])('$modRevision', ({ key, value, lease, modRevision }) => {
    const guarded = new GuardedPut();
    const writer = new MessageWriter();
    const parts = {
      // Longer buffers than what is meant.
      ...{ key: bytesOf(`${key}#`), keyLength: key.length, value: bytesOf(`${value}#`) },
      ...{ valueLength: value.length, lease: leaseId(lease) },
    };
    writer.byte(99);
    guarded.write(writer, parts, modRevision);
    const request = decodeRequest(writer.u8, 1, writer.length - 1);
    const none = leaseId(0n);
    const compare = { result: 'equal', target: 'mod', key: bytesOf(key), end: undefined } as const;
    const flags = { prevKv: false, ignoreValue: false, ignoreLease: false };
    expect(request).toMatchObject({
      kind: 'txn',
      compares: [{ ...compare, number: modRevision, lease: none }],
      success: [{ kind: 'put', key: bytesOf(key), value: bytesOf(value), lease, ...flags }],
      failure: [{ kind: 'range', range: { key: bytesOf(key), end: undefined, limit: 0 } }],
    });
  });
});
