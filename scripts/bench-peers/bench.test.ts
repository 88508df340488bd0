// Whether all sides did the same: what workFaults() sees in made-up rounds, and what it leaves alone.

import { describe, expect, it } from 'vitest';
import { roundsOf, type MadeUpArm } from '../../src/questions/testing/rounds.ts';
import { workFaults } from './bench.ts';
import { cellOf } from './cells.ts';
import { OURS } from './context.ts';
import { QUICK } from './scale.ts';

const SIDES = {
  peers: [{ version: '1.3.6', plain: 'plain', metered: 'metered' }],
  etcds: [{ version: '3.5', program: 'etcd' }],
  scale: QUICK,
} as const;

function faults(
  name: Parameters<typeof cellOf>[0],
  ours: MadeUpArm,
  theirs: MadeUpArm,
  prepared: Record<string, string> = {},
): string[] {
  const cell = cellOf(name, SIDES, { metered: false, checked: true });
  const peer = cell.arms[1]?.name ?? '';
  const rounds = roundsOf(cell, { arms: { [OURS]: ours, [peer]: theirs }, sessions: 2 });
  const { question, ...planned } = { ...cell, question: name, arms: [...cell.arms] };
  const cells = [{ ...planned, question, prepared }];
  return workFaults(cell, { rounds, cells }).map(({ message }) => message);
}

describe('workFaults', () => {
  it('finds nothing where both sides did the same', () => {
    const same = { state: { checksum: 7, freePages: 0 }, settings: { pageSize: 4096, sync: true } };
    const memory = (memoryBytes: number): MadeUpArm => ({
      ...same,
      settings: { ...same.settings, memoryBytes },
    });
    expect(faults('scan', memory(1), memory(2))).toEqual([]);
  });

  it.each([
    [
      'scan',
      { state: { checksum: 7 } },
      { state: { checksum: 8 } },
      /^checksum: 7 \(kvtune\) against 8/,
    ],
    ['open-unsynced', { state: { freePages: 1 } }, { state: { freePages: 2 } }, /^freePages: 1 /],
    [
      'put-random',
      { settings: { contents: 'a' } },
      { settings: { contents: 'b' } },
      /^contents: a /,
    ],
    [
      'mvcc-put-random',
      { state: { end: 'x' } },
      { state: { end: 'y' } },
      /^end: x \(kvtune\) against y \(3\.5\)/,
    ],
    [
      'put-single',
      { settings: { sync: true } },
      { settings: { sync: false } },
      /^settings, sync: true /,
    ],
    [
      'read-copy-1',
      { figures: { bytesPerKey: 1300 } },
      { figures: { bytesPerKey: 900 } },
      /^bytesPerKey: /,
    ],
  ] as const)('sees a side of %s that did something else', (name, ours, theirs, message) => {
    const found = faults(name, ours, theirs);
    expect(found).toHaveLength(1);
    expect(found[0]).toMatch(message);
  });

  it('lets a side have its own freelist where that was asked for', () => {
    const settings = (freelist: string): MadeUpArm => ({ settings: { freelist } });
    expect(faults('aged-bitmap', settings('bitmap'), settings('hashmap'))).toEqual([]);
    expect(faults('put-random', settings('bitmap'), settings('hashmap'))).toHaveLength(1);
  });

  it("hands on what bbolt's check of a file found", () => {
    const found = faults(
      'aged-array',
      {},
      {},
      {
        'check of the churned file': 'no fault',
        'check of the synthesized file': 'page 7: unreachable',
      },
    );
    expect(found).toEqual(["bbolt's check of the synthesized file: page 7: unreachable"]);
  });
});
