// Arrivals: gaps against their laws with fixed seeds, rates over many clients, no drift.

import { expect, it } from 'vitest';
import { Random } from '../../engine/base/random.ts';
import { fitsLaw } from '../testing/goodness-of-fit.ts';
import { ConstantArrivals, createArrivals, PoissonArrivals, type Arrivals } from './arrivals.ts';

const DRAWS = 50_000;
const RATE = 20_000;
const GAP_NS = 1e9 / RATE;

function offsets(arrivals: Arrivals, count = DRAWS): number[] {
  return Array.from({ length: count }, () => arrivals.next());
}

function gaps(of: readonly number[]): number[] {
  return of.map((at, i) => at - (i === 0 ? 0 : (of[i - 1] ?? 0)));
}

const exponential =
  (meanNs: number) =>
  (gapNs: number): number =>
    1 - Math.exp(-gapNs / meanNs);

it('poisson has exponential gaps of the mean asked for', () => {
  const found = gaps(offsets(new PoissonArrivals(RATE, new Random(20261124))));
  expect(found.every((gap) => gap >= 0)).toBe(true);
  expect(fitsLaw(found, exponential(GAP_NS))).toBe(true);
  expect(fitsLaw(found, exponential(GAP_NS * 1.03))).toBe(false);
  const metronome = gaps(offsets(new ConstantArrivals(RATE)));
  expect(fitsLaw(metronome, exponential(GAP_NS))).toBe(false);
});

it('poisson gaps do not depend on the one before', () => {
  const found = gaps(offsets(new PoissonArrivals(RATE, new Random(20261124))));
  const afterLong = found.filter((_, i) => i > 0 && (found[i - 1] ?? 0) > GAP_NS);
  expect(fitsLaw(afterLong, exponential(GAP_NS))).toBe(true);
});

it('clients add up to the whole rate', () => {
  for (const name of ['poisson', 'constant'] as const) {
    const clients = 4;
    const all = Array.from({ length: clients }, (_, client) => {
      const arrivals = createArrivals(name, RATE, new Random(client), { client, clients });
      return offsets(arrivals, 5000);
    }).flat();
    const within = all.filter((at) => at < 0.9e9).length;
    expect(Math.abs(within - 0.9 * RATE)).toBeLessThan(5 * Math.sqrt(0.9 * RATE));
  }
});

it('constant arrivals take turns, and do not drift', () => {
  const all = [0, 1, 2, 3].flatMap((client) =>
    offsets(createArrivals('constant', RATE, new Random(1), { client, clients: 4 }), 3),
  );
  const expected = Array.from({ length: 12 }, (_, i) => i * GAP_NS);
  for (const [i, at] of all.toSorted((a, b) => a - b).entries()) {
    expect(at).toBeCloseTo(expected[i] ?? 0, 3);
  }
  const third = new ConstantArrivals(3);
  for (let i = 0; i < 3_000_000; i++) third.next();
  expect(third.next()).toBeCloseTo(1e6 * 1e9, 0);
});
