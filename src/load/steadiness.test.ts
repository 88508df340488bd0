// Even, noisy, growing and falling loads, and ones that are too short.

import { describe, expect, it } from 'vitest';
import { steadinessOf, wholeSeconds } from './steadiness.ts';

function tenths(count: number, of: (i: number) => number): Float64Array {
  return Float64Array.from({ length: count }, (_, i) => of(i));
}

describe('steadinessOf', () => {
  it('takes an even load for steady, and a noisy one', () => {
    expect(
      steadinessOf(
        tenths(100, () => 50),
        10,
      ),
    ).toMatchObject({ steady: true });
    const noisy = tenths(100, (i) => (i % 2 === 0 ? 20 : 80));
    expect(steadinessOf(noisy, 10)).toMatchObject({ steady: true });
  });

  it('sees a load that grows or falls by more than a tenth', () => {
    const falling = steadinessOf(
      tenths(100, (i) => 1000 - 3 * i),
      10,
    );
    expect(falling).toEqual({
      steady: false,
      seen: 'the last third ran 23% slower than the first',
    });
    expect(
      steadinessOf(
        tenths(100, (i) => 1000 + i),
        10,
      ),
    ).toMatchObject({ steady: true });
    expect(
      steadinessOf(
        tenths(100, (i) => 1000 + 2 * i),
        10,
      ),
    ).toMatchObject({ steady: false });
  });

  it('looks at the time that was measured only', () => {
    const early = tenths(100, (i) => (i < 40 ? 50 : 0));
    expect(steadinessOf(early, 4)).toMatchObject({ steady: true });
    expect(steadinessOf(early, 10)).toMatchObject({ steady: false });
  });

  it('cannot tell of a short time', () => {
    const short = tenths(11, () => 50);
    expect(steadinessOf(short, 1.1)).toBeUndefined();
  });
});

describe('wholeSeconds', () => {
  it('sums slices, and leaves out the last part of a second', () => {
    expect(
      wholeSeconds(
        tenths(25, () => 2),
        2.5,
      ),
    ).toEqual([20, 20]);
    expect(
      wholeSeconds(
        tenths(9, () => 2),
        0.9,
      ),
    ).toEqual([]);
  });
});
