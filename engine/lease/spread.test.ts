import { describe, expect, it } from 'vitest';
import { Random } from '../base/random.ts';
import { orderBySeconds, spreadExpiries } from './spread.ts';

describe('spreadExpiries', () => {
  const delays = (remainingMs: readonly number[], revokeRate: number): [number, number][] => {
    const found: [number, number][] = [];
    const times = Float64Array.from(remainingMs);
    spreadExpiries(times, revokeRate, (index, ms) => found.push([index, Math.round(ms)]));
    return found;
  };

  it('moves what is over the cap, by less the later it is already', () => {
    // Followed by hand through Lessor.Promote of etcd 3.5: three a second may be over.
    expect(delays([0, 0, 0, 0, 1000, 1000, 3000], 4)).toEqual([
      [3, 1333],
      [4, 667],
    ]);
  });

  it('begins a window where none reaches', () => {
    expect(delays([0, 0, 0, 1001, 1001, 1001, 5000], 4)).toEqual([]);
    expect(delays([0, 0, 0, 1000, 1001, 1001, 1001], 4)).toEqual([[3, 333]]);
    expect(delays([], 4)).toEqual([]);
  });
});

it('orders slots by seconds, short and long, and keeps the order of equal ones', () => {
  const random = new Random(5);
  const bounds = [10, 70_000, 2 ** 20, 2 ** 32, 9_000_000_000];
  const seconds = Float64Array.from({ length: 3000 }, (_, i) =>
    Math.floor(random.unit() * bounds[i % bounds.length]!),
  );
  const slots = Array.from({ length: 2000 }, (_, i) => 3000 - 1 - i);
  const expected = slots.toSorted((a, b) => seconds[a]! - seconds[b]!);
  expect([...orderBySeconds(Uint32Array.from(slots), seconds)]).toEqual(expected);
});
