// interleave(): runs all sides of a measurement in turn, so many times. The order is reversed every
// second time, so that a drift of the machine's speed favours nobody. One run at a time.

import type { Sample } from './rows.ts';

/** Our side's name. Peers are named by their version. */
export const OURS = 'kvtune';

export interface Side {
  readonly name: string;
  readonly run: () => Promise<Sample>;
}

/** Samples by side; the nth of each belong together. */
export async function interleave(
  sides: readonly Side[],
  pairs: number,
  onRun: (pair: number, side: string) => void,
): Promise<ReadonlyMap<string, readonly Sample[]>> {
  const samples = new Map<string, Sample[]>(sides.map((side) => [side.name, []]));
  for (let pair = 1; pair <= pairs; pair++) {
    for (const side of pair % 2 === 1 ? sides : sides.toReversed()) {
      onRun(pair, side.name);
      samples.get(side.name)?.push(await side.run());
    }
  }
  return samples;
}
