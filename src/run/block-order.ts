// The order of a session's slices. A block holds every arm once; blocks come in pairs, one in random order and the
// next in reverse (ABBA), so that a drift within a pair favours no arm. An arm with fewer slices than
// the others is left out of some blocks, spread evenly; the first block has all. Pure.

import { Random } from '../../engine/index.ts';

/** By block: names of arms in the order in which their slices run. */
export function blockOrder(
  arms: readonly { readonly name: string; readonly slices: number }[],
  seed: number,
): string[][] {
  const random = new Random(seed);
  const blocks = Math.max(0, ...arms.map((arm) => arm.slices));
  const order = arms.map((arm) => arm.name);
  return Array.from({ length: blocks }, (_, block) => {
    if (block % 2 === 0) random.shuffle(order);
    else order.reverse();
    const present = arms.filter(
      ({ slices }) =>
        Math.ceil(((block + 1) * slices) / blocks) > Math.ceil((block * slices) / blocks),
    );
    return order.filter((name) => present.some((arm) => arm.name === name));
  });
}
