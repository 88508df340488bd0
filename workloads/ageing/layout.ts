// layOut(): a file's worth of used and free runs that follow a recipe's histograms, zone by zone. Each
// length occurs in its zone as often as in the histogram, scaled to the file's size (largest remainder);
// the order within a zone is drawn. Free runs never touch each other, so their lengths stay what they
// are. The longest used run gives or takes what rounding left over: the file has the size asked for.

import type { Random } from '../../engine/base/random.ts';
import {
  pagesIn,
  wholeFile,
  type Runs,
  type SpanHistogram,
  type SpanZone,
} from './span-histogram.ts';

/** Runs in address order: a positive number of used pages, or a negative one of free pages. */
export type AgedLayout = Float64Array;

/** Lays out about `pages` pages. Costs 8 bytes a run; 100 GB of 4 KiB pages have under 3 million. */
export function layOut(histogram: SpanHistogram, pages: number, random: Random): AgedLayout {
  const whole = wholeFile(histogram);
  const scale = pages / (pagesIn(whole.free) + pagesIn(whole.used));
  const layout = new Float64Array(
    histogram.zones.flatMap((zone) => interleaved(zone, scale, random)),
  );
  let longest = 0;
  let rest = pages;
  for (let i = 0; i < layout.length; i++) {
    const run = layout[i] ?? 0;
    rest -= Math.abs(run);
    if (run > (layout[longest] ?? 0)) longest = i;
  }
  layout[longest] = Math.max(1, (layout[longest] ?? 0) + rest);
  return layout;
}

/** A zone's runs, used and free in turn; used runs that are left over come first, as one. */
function interleaved(zone: SpanZone, scale: number, random: Random): number[] {
  const free = scaled(zone.free, scale);
  const used = scaled(zone.used, scale);
  random.shuffle(free);
  random.shuffle(used);
  const runs = used.splice(0, Math.max(0, used.length - free.length));
  for (let i = 0; i < free.length; i++) {
    // One used page keeps two free runs apart where used ones are too few.
    runs.push(used[i] ?? 1, -(free[i] ?? 0));
  }
  return runs;
}

/** Every run length, `scale` times as often, rounded so that the total number of runs is right. */
function scaled(runs: Runs, scale: number): number[] {
  const total = Math.round(runs.reduce((sum, [, count]) => sum + count, 0) * scale);
  const shares = runs.map(([pages, count]) => ({
    pages,
    whole: Math.floor(count * scale),
    rest: (count * scale) % 1,
  }));
  let missing = total - shares.reduce((sum, share) => sum + share.whole, 0);
  for (const share of [...shares].sort((a, b) => b.rest - a.rest)) {
    if (missing-- <= 0) break;
    share.whole++;
  }
  return shares.flatMap(({ pages, whole }) => new Array<number>(whole).fill(pages));
}
