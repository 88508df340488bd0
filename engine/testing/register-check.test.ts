import { describe, expect, it } from 'vitest';
import { Random } from '../base/random.ts';
import {
  checkRegisters,
  describeFault,
  NEVER_WRITTEN,
  type RegisterFault,
  type RegisterOperation,
} from './register-check.ts';

const SEED = 20261122;

function write(revision: number, begin: number, end: number, key = 'a'): RegisterOperation {
  return { kind: 'write', key, revision, begin, end };
}

function read(revision: number, begin: number, end: number, key = 'a'): RegisterOperation {
  return { kind: 'read', key, revision, begin, end };
}

function kinds(...history: RegisterOperation[]): RegisterFault['kind'][] {
  return checkRegisters(history).map(({ kind }) => kind);
}

/** Tries every order: the definition itself, for histories of a few operations of one key. */
function linearizable(left: readonly RegisterOperation[], shown: number): boolean {
  if (left.every(({ kind, end }) => kind === 'write' && end === Infinity)) return true;
  return left.some((next) => {
    if (left.some((other) => other.end < next.begin)) return false;
    const possible = next.kind === 'write' ? next.revision > shown : next.revision === shown;
    return (
      possible &&
      linearizable(
        left.filter((other) => other !== next),
        next.revision,
      )
    );
  });
}

function randomHistory(random: Random): RegisterOperation[] {
  const writes = random.below(4);
  const history: RegisterOperation[] = [];
  let from = 0;
  for (let revision = 1; revision <= writes; revision++) {
    const begin = random.below(5) === 0 ? random.below(12) : from + random.below(3);
    const end = begin + random.below(5);
    history.push(write(revision, begin, end));
    from = end - random.below(3);
  }
  for (let i = random.below(5); i > 0; i--) {
    const begin = random.below(14);
    history.push(read(random.below(writes + 1), begin, begin + random.below(5)));
  }
  return history;
}

describe('checkRegisters', () => {
  it('accepts what one register can do', () => {
    expect(kinds()).toEqual([]);
    expect(kinds(read(NEVER_WRITTEN, 0, 1), write(3, 2, 5), read(3, 6, 7))).toEqual([]);
    // While a write runs, reads show it or not, and change once.
    expect(kinds(write(3, 0, 1), write(7, 2, 9), read(3, 3, 4), read(7, 5, 6))).toEqual([]);
    expect(kinds(write(3, 0, 1), write(7, 2, 9), read(7, 3, 6), read(3, 4, 5))).toEqual([]);
    // Writes at the same time, in either order; moments that touch overlap.
    expect(kinds(write(3, 2, 9), write(7, 1, 4), read(7, 9, 12))).toEqual([]);
    expect(kinds(write(3, 0, 2), read(NEVER_WRITTEN, 2, 4))).toEqual([]);
  });

  it('finds a stale read', () => {
    const old = read(3, 5, 6);
    const newer = write(7, 2, 4);
    const faults = checkRegisters([write(3, 0, 1), newer, old]);
    expect(faults).toEqual([{ kind: 'stale', operation: old, other: newer }]);
    expect(describeFault(faults[0]!)).toBe(
      'stale: a: read of revision 3 in [5, 6], against write of revision 7 in [2, 4]',
    );
    expect(kinds(write(3, 0, 1), read(NEVER_WRITTEN, 2, 3))).toEqual(['stale']);
  });

  it('finds a read of the future', () => {
    expect(kinds(write(3, 5, 6), read(3, 1, 4))).toEqual(['future']);
  });

  it('finds reads that go backwards while a write runs', () => {
    expect(kinds(write(3, 0, 1), write(7, 2, 9), read(7, 3, 4), read(3, 5, 6))).toEqual([
      'backwards',
    ]);
  });

  it('finds writes whose revisions are not in their order', () => {
    expect(kinds(write(7, 0, 1), write(3, 2, 3))).toEqual(['order']);
    expect(kinds(write(3, 0, 1), write(3, 0, 1))).toEqual(['order']);
    // A read showed the later one before the earlier began.
    expect(kinds(write(7, 0, 9), read(7, 1, 2), write(3, 4, 5))).toEqual(['order']);
  });

  it('finds what nobody wrote', () => {
    const unknown = read(5, 2, 3);
    const faults = checkRegisters([write(3, 0, 1), unknown]);
    expect(faults).toEqual([{ kind: 'unknown', operation: unknown, other: undefined }]);
    expect(describeFault(faults[0]!)).toBe('unknown: a: read of revision 5 in [2, 3]');
    const wrong = { ...read(3, 2, 3), value: 'y' };
    expect(kinds({ ...write(3, 0, 1), value: 'x' }, wrong)).toEqual(['unknown']);
    expect(kinds({ ...write(3, 0, 1), value: 'y' }, wrong)).toEqual([]);
  });

  it('lets an operation without an answer have happened or not', () => {
    const lost = write(7, 2, Infinity);
    expect(kinds(write(3, 0, 1), lost, read(3, 8, 9))).toEqual([]);
    expect(kinds(write(3, 0, 1), lost, read(7, 8, 9), read(7, 10, 11))).toEqual([]);
    expect(kinds(write(3, 0, 1), lost, read(7, 4, 5), read(3, 8, 9))).toEqual(['backwards']);
    expect(kinds(write(3, 0, 1), read(NEVER_WRITTEN, 5, Infinity))).toEqual([]);
  });

  it('tells keys apart', () => {
    expect(kinds(write(3, 0, 1, 'a'), read(NEVER_WRITTEN, 2, 3, 'b'))).toEqual([]);
    expect(kinds(write(3, 0, 1, 'a'), read(3, 2, 3, 'b'))).toEqual(['unknown']);
  });

  it(`agrees with trying every order, seed ${SEED}`, () => {
    const random = new Random(SEED);
    let sound = 0;
    let broken = 0;
    for (let i = 0; i < 20_000; i++) {
      const history = randomHistory(random);
      const expected = linearizable(history, NEVER_WRITTEN);
      const faults = checkRegisters(history);
      expect(faults.length === 0, JSON.stringify(history)).toBe(expected);
      if (expected) sound++;
      else broken++;
    }
    expect(Math.min(sound, broken)).toBeGreaterThan(2000);
  });
});
