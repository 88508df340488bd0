// bareArm(): an arm that keeps nothing between its slices, so that closing it has nothing to verify and nothing to
// let go of. Closing says what the last slice ran with.

import type { Scalars } from '../record/round.ts';
import type { OpenArm, Slice, SliceContext, SliceOrder } from './procedure.ts';

export function bareArm(
  take: (order: SliceOrder, context: SliceContext) => Slice | Promise<Slice>,
): OpenArm {
  let settings: Scalars = {};
  return {
    slice: async (order, context) => {
      const slice = await take(order, context);
      settings = slice.settings;
      return slice;
    },
    close: () => Promise.resolve({ settings, warnings: [] }),
  };
}
