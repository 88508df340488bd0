// Readers that register while states are published: at every moment of enter(), between any two fields of the meta
// as well, one to three commits come in. Loads come in order, and as early as they may (second-look.ts).

import { expect, it, vi } from 'vitest';
import { inSteps } from '../testing/stepping.ts';
import { Control, createControl, type SharedMeta } from './control.ts';

// Before the module is loaded that asks: there an atomic load is not enough.
vi.hoisted(() => {
  Object.defineProperty(process, 'arch', { value: 'arm64' });
});

function metaOf(epoch: number): SharedMeta {
  return { root: epoch, sequence: epoch, highWater: epoch, txid: epoch, note: epoch };
}

it.each([1, 2, 3])(
  'copies one state and keeps it, %i of them published at any moment',
  (states) => {
    const share = createControl(4);
    const owner = new Control(share);
    owner.initialize(metaOf(0));
    const reader = new Control(share);
    for (const loadsEarly of [false, true]) {
      for (let at = 0, steps = 1; at < steps; at++) {
        steps = 0;
        const first = owner.epoch;
        const meta = metaOf(-1);
        const enter = (step: () => void): number => reader.enter(stepping(meta, step));
        /** Where the owner would take room back: the oldest state that was read whenever it asked. */
        let oldest = first;
        const pause = (): void => {
          if (steps++ !== at) return;
          for (let i = 0; i < states; i++) owner.publish(metaOf(owner.epoch + 1));
          oldest = owner.oldestEpoch();
        };
        const slot = inSteps(enter, pause, loadsEarly);
        expect(meta).toEqual(metaOf(meta.txid));
        expect(meta.txid).toBeGreaterThanOrEqual(Math.max(first, oldest));
        expect(owner.oldestEpoch()).toBeLessThanOrEqual(meta.txid);
        reader.leave(slot);
      }
    }
    expect(owner.epoch).toBeGreaterThan(20);
  },
);

/** The meta, with a step behind each field that is set. */
function stepping(meta: SharedMeta, step: () => void): SharedMeta {
  return new Proxy(meta, {
    set: (target, field, value: number) => {
      target[field as keyof SharedMeta] = value;
      step();
      return true;
    },
  });
}
