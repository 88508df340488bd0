// Layouts: every free length as often as the recipe's histogram says, scaled; zones in their order;
// the size asked for; repeated by seed.

import { describe, expect, it } from 'vitest';
import { Random } from '../../engine/base/random.ts';
import { layOut, type AgedLayout } from './layout.ts';
import { RECIPES } from './recipe.ts';
import { pagesIn, wholeFile } from './span-histogram.ts';

const SEED = 20261122;
const LONG = process.env['KVTUNE_LONG_TESTS'] === '1';
/** The large ones under KVTUNE_LONG_TESTS=1. */
const SIZES = LONG ? [2e9, 8e9, 25e9, 50e9, 100e9] : [2e9, 8e9];

function counts(lengths: readonly number[]): Map<number, number> {
  const found = new Map<number, number>();
  for (const length of lengths) found.set(length, (found.get(length) ?? 0) + 1);
  return found;
}

function freeRuns(layout: AgedLayout): number[] {
  return [...layout].filter((run) => run < 0).map(Math.abs);
}

function total(layout: AgedLayout): number {
  return layout.reduce((all, run) => all + Math.abs(run), 0);
}

describe.each(RECIPES)('layOut for $name', ({ spans }) => {
  const whole = wholeFile(spans);

  it.each(SIZES)('has the size asked for: %d bytes', (dbBytes) => {
    const pages = Math.floor(dbBytes / 4096);
    const layout = layOut(spans, pages, new Random(SEED));
    expect(Math.abs(total(layout) / pages - 1)).toBeLessThan(0.01);
  });

  it.each(SIZES)('has each free length as often as the histogram, scaled: %d bytes', (dbBytes) => {
    const pages = Math.floor(dbBytes / 4096);
    const found = counts(freeRuns(layOut(spans, pages, new Random(SEED))));
    const scale = pages / (pagesIn(whole.free) + pagesIn(whole.used));
    // Rounded zone by zone: off by less than 1 in each zone that has the length.
    for (const [length, count] of whole.free) {
      const zones = spans.zones.filter((zone) => zone.free.some(([pages_]) => pages_ === length));
      const off = Math.abs((found.get(length) ?? 0) - count * scale);
      expect(off, `length ${length}`).toBeLessThan(zones.length + 0.001);
    }
    expect([...found.keys()].every((length) => whole.free.some(([one]) => one === length))).toBe(
      true,
    );
  });

  it('keeps free runs apart, and no run is empty', () => {
    const layout = [...layOut(spans, 500_000, new Random(SEED))];
    expect(layout.length).toBeGreaterThan(1000);
    expect(layout.some((run) => run === 0)).toBe(false);
    expect(layout.some((run, i) => run < 0 && (layout[i - 1] ?? -1) < 0)).toBe(false);
  });

  it('keeps the zones in their order', () => {
    const layout = layOut(spans, 2_000_000, new Random(SEED));
    const shareBefore = (runs: readonly number[]): number =>
      runs.reduce((sum, run) => sum + Math.max(0, -run), 0);
    const half = spans.zones.length / 2;
    const freeIn = (zones: typeof spans.zones): number =>
      zones.reduce((sum, zone) => sum + pagesIn(zone.free), 0);
    const wanted = freeIn(spans.zones.slice(0, Math.floor(half))) / freeIn(spans.zones);
    let at = 0;
    const first: number[] = [];
    const end = total(layout) * (Math.floor(half) / spans.zones.length);
    for (const run of layout) {
      if (at < end) first.push(run);
      at += Math.abs(run);
    }
    expect(shareBefore(first) / shareBefore([...layout])).toBeCloseTo(wanted, 1);
  });

  it('repeats by seed; another seed gives another order of the same runs', () => {
    const one = layOut(spans, 500_000, new Random(1));
    expect(layOut(spans, 500_000, new Random(1))).toEqual(one);
    const other = layOut(spans, 500_000, new Random(2));
    if (whole.free.length > 1) expect(other).not.toEqual(one);
    expect(counts(freeRuns(other))).toEqual(counts(freeRuns(one)));
  });
});
