// Truth of scripted clients: what leases, refusals and unanswered operations make of the final state.

import { expect, it } from 'vitest';
import { begin, noLease } from './catalog/define.ts';
import { KeyFormat } from './key-format.ts';
import { ABSENT, replayTruth, TruthCheck, type ClientProgress, type Truth } from './truth.ts';
import { ValueWriter } from './value.ts';
import { Operation, type OperationKind, type ParameterizedWorkload } from './workload.ts';

type Step = readonly [kind: OperationKind, keyId: number, lease?: number];

const format = new KeyFormat('scripted/');
const SEED = 5;

function scripted(steps: readonly Step[]): ParameterizedWorkload {
  return {
    ...{ id: 'scripted', lanes: ['all'], prefix: 'scripted/', parameters: {} },
    ...{ slots: 100, clientsMax: 1, nominalRate: undefined, rateShare: () => 1 },
    preload: () => ({ leases: 0, keys: 0, fillLease: noLease, fill: () => undefined }),
    stream: () => {
      let at = 0;
      return {
        next: (operation) => {
          const [kind, keyId, lease = 0] = steps[at++] ?? ['get', 0];
          begin(operation, kind, 0);
          format.write(operation, keyId);
          operation.lease = lease;
          operation.sequence = at;
        },
      };
    },
  };
}

function truthOf(steps: readonly Step[], progress: Partial<ClientProgress> = {}): Truth {
  return replayTruth(scripted(steps), SEED, [{ acknowledged: steps.length, ...progress }]);
}

/** Entry of the write that was step `sequence`, from 1. */
function entry(keyId: number, sequence: number): [key: Uint8Array, value: Uint8Array] {
  const operation = new Operation();
  format.write(operation, keyId);
  operation.sequence = sequence;
  new ValueWriter(SEED, 0).write(operation, 40);
  const { key, keyLength, value, valueLength } = operation;
  return [key.slice(0, keyLength), value.slice(0, valueLength)];
}

const living = (truth: Truth): number[] => [...truth.alive.keys()];

it('takes the keys of a revoked lease away, but not those put again without or with another', () => {
  const steps: Step[] = [
    ['leaseGrant', 0, 7],
    ['leaseGrant', 0, 8],
    ['put', 1, 7],
    ['put', 2, 7],
    ['put', 3, 7],
    ['put', 2],
    ['put', 3, 8],
    ['leaseRevoke', 0, 7],
  ];
  const truth = truthOf(steps);
  expect(living(truth)).toEqual([2, 3]);
  expect([...truth.leaseOfKey]).toEqual([[3, 8]]);
  expect([...truth.leases.keys()]).toEqual([8]);
});

it('skips what was refused', () => {
  const steps: Step[] = [
    ['put', 1],
    ['put', 2],
    ['delete', 1],
  ];
  expect(living(truthOf(steps, { refused: new Set([1, 2]) }))).toEqual([1]);
});

it('lets keys be gone or late as their lease allows', () => {
  const truth = truthOf([
    ['leaseGrant', 0, 7],
    ['put', 1, 7],
    ['put', 2],
  ]);
  const check = new TruthCheck(truth);
  expect(check.missing(() => true)).toEqual([2]);
  expect(check.missing(() => false)).toEqual([1, 2]);
  expect(check.see(...entry(1, 2))).toBeUndefined();
  expect(check.overdue(() => true)).toEqual([1]);
  expect(check.overdue(() => false)).toEqual([]);
});

it('doubts what was not answered, in both directions', () => {
  const steps: Step[] = [
    ['leaseGrant', 0, 7],
    ['put', 1, 7],
    ['put', 2],
    ['put', 3],
    ['leaseRevoke', 0, 7],
    ['put', 2],
    ['delete', 3],
    ['put', 4],
  ];
  const truth = truthOf(steps, { acknowledged: 4, unsure: 4 });
  expect(living(truth)).toEqual([1, 2, 3]);
  expect(truth.unsure.get(1)).toEqual([ABSENT]);
  const after = new TruthCheck(truth);
  expect(after.see(...entry(2, 6))).toBeUndefined();
  expect(after.see(...entry(4, 8))).toBeUndefined();
  expect(after.missing(() => false)).toEqual([]);
  const before = new TruthCheck(truth);
  for (const [keyId, sequence] of [[1, 2] as const, [2, 3] as const, [3, 4] as const]) {
    expect(before.see(...entry(keyId, sequence))).toBeUndefined();
  }
  expect(before.missing(() => false)).toEqual([]);
  expect(new TruthCheck(truth).see(...entry(2, 5))).toBe(
    'key 2 holds write 5 of client 0, and should hold write 3 of client 0',
  );
  expect(new TruthCheck(truth).see(...entry(9, 1))).toContain('should be gone');
});
