import { describe, expect, it } from 'vitest';
import type { Round, Warning } from '../record/round.ts';
import { madeUpCell, madeUpRounds, measuredOf } from './testing/made-up.ts';
import { doubtsOf, faultsOf } from './validity.ts';

type Of = (round: Round) => Partial<Round>;

const faults = (of: Of): Warning[] => {
  const { run, rounds } = measuredOf(madeUpRounds(2, { of }));
  return faultsOf(run, rounds, { usesDisk: true });
};
const doubts = (of: Of, cell = madeUpCell(), status: 'finished' | 'failed' = 'finished') => {
  const { run, rounds, cells } = measuredOf(madeUpRounds(2, { of, cell }), { cells: [cell] });
  return doubtsOf({ ...run, status }, rounds, cells);
};
const codes = (warnings: readonly Warning[]): string[] => warnings.map(({ code }) => code);

it('has nothing against quiet rounds', () => {
  expect([faults(() => ({})), doubts(() => ({}))]).toEqual([[], []]);
});

describe('faults', () => {
  it('name settings that were not read back as asked, where both name them', () => {
    const found = faults(({ settings }) => ({ settings: { ...settings, lock: 'b' } }));
    expect(codes(found)).toEqual(['settings-mismatch']);
    expect(found[0]?.message).toContain('8 rounds did not run as their arm');
    expect(found[0]?.message).toContain('asked for lock a and read back b');
    expect(faults(() => ({ settings: { other: 1 } }))).toEqual([]);
  });

  it('tell a number from its text', () => {
    expect(codes(faults(() => ({ settings: { threads: '1' } })))).toEqual(['settings-mismatch']);
  });

  it('compare digests of one file alone', () => {
    const digest = (name: (round: Round) => string, dbBytes: (round: Round) => number): Of => {
      return (round) => ({ state: { digest: name(round), dbBytes: dbBytes(round) } });
    };
    const differ = digest(
      ({ session }) => String(session),
      () => 1e9,
    );
    expect(codes(faults(differ))).toEqual(['state-differs']);
    const twoFiles = digest(
      ({ arm }) => arm,
      ({ arm }) => (arm === 'a' ? 1e9 : 2e9),
    );
    expect(faults(twoFiles)).toEqual([]);
  });

  it('take warnings of rounds that void, one a code', () => {
    const found = faults(({ position }) =>
      position === 0 ? { warnings: [{ code: 'refused-puts', message: 'no room' }] } : {},
    );
    expect(found).toHaveLength(1);
    expect(found[0]?.message).toBe('made-up/main, arm a: no room (the first of 2 such rounds)');
  });

  it('want a disk only where it is used, and rounds', () => {
    const { run, rounds } = measuredOf(madeUpRounds(1));
    const workDir = { ...run.host.workDir, fileSystem: 'tmpfs' };
    const memory = { ...run, host: { ...run.host, workDir } };
    expect(codes(faultsOf(memory, rounds, { usesDisk: true }))).toEqual(['memory-file-system']);
    expect(faultsOf(memory, rounds, { usesDisk: false })).toEqual([]);
    expect(faultsOf(memory, [], { usesDisk: true })).toEqual([]);
  });
});

describe('doubts', () => {
  it('name settings that differ unasked between arms on one target', () => {
    const unasked: Of = ({ settings, arm }) => ({ settings: { ...settings, pages: arm } });
    expect(doubts(unasked)[0]?.message).toMatch(/differ in more than they were asked to: pages$/);
    const [a, b] = madeUpCell().arms;
    const peers = madeUpCell({ arms: [a!, { ...b!, target: 'bbolt' }] });
    expect(doubts(unasked, peers)).toEqual([]);
  });

  it('name starting files that differ in blocks or cache', () => {
    const state: Of = ({ session }) => ({
      state: { allocatedBytes: 100 + 2 * session, pageCache: session === 0 ? 'warm' : 'cold' },
    });
    expect(codes(doubts(state))).toEqual(['allocation-differs', 'page-cache-differs']);
  });

  it('merge warnings of rounds that differ in figures alone, without those that void', () => {
    const found = doubts(({ position, session }) => ({
      warnings: [
        { code: 'slow', message: `waited ${String(position + 10 * session)} ms` },
        { code: 'refused-puts', message: 'no room' },
      ],
    }));
    expect(found).toEqual([{ code: 'slow', message: 'made-up/main, 16 rounds: waited 0 ms' }]);
  });

  it('say how the run ended', () => {
    expect(codes(doubts(() => ({}), madeUpCell(), 'failed'))).toEqual(['run-failed']);
  });
});
