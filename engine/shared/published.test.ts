// Numbers that are read together while they change: at every moment of a read, between any two numbers as well,
// new ones are published. Loads come in order, and as early as they may (second-look.ts).

import { expect, it, vi } from 'vitest';
import { inSteps } from '../testing/stepping.ts';
import { Published, publishedBytes } from './published.ts';

// Before the module is loaded that asks: there an atomic load is not enough.
vi.hoisted(() => {
  Object.defineProperty(process, 'arch', { value: 'arm64' });
});

const FIELDS = 3;

it.each([1, 2, 3])(
  'reads the numbers of one state, %i of them published at any moment',
  (states) => {
    const memory = new SharedArrayBuffer(publishedBytes(FIELDS));
    const owner = new Published(memory, 0, FIELDS);
    const reader = new Published(memory, 0, FIELDS);
    let newest = 0;
    const publish = (): void => {
      owner.publish(new Float64Array(FIELDS).fill(++newest));
    };
    for (const loadsEarly of [false, true]) {
      for (let at = 0, steps = 1; at < steps; at++) {
        steps = 0;
        const first = newest;
        const numbers = new Float64Array(FIELDS);
        const read = (step: () => void): void => {
          reader.read(stepping(numbers, step));
        };
        const pause = (): void => {
          if (steps++ === at) for (let i = 0; i < states; i++) publish();
        };
        inSteps(read, pause, loadsEarly);
        expect([...numbers]).toEqual(new Array(FIELDS).fill(numbers[0]));
        expect(numbers[0]).toBeGreaterThanOrEqual(first);
        expect(numbers[0]).toBeLessThanOrEqual(newest);
      }
    }
    // Also where it began with the slot that is filled next.
    expect(newest).toBeGreaterThan(10);
  },
);

it('tells states apart beyond 2^31 of them', () => {
  const memory = new SharedArrayBuffer(publishedBytes(FIELDS));
  new Int32Array(memory)[0] = 0x7fff_fffe;
  const owner = new Published(memory, 0, FIELDS);
  for (let state = 1; state < 6; state++) {
    owner.publish(new Float64Array(FIELDS).fill(state));
    const numbers = new Float64Array(FIELDS);
    owner.read(numbers);
    expect([...numbers]).toEqual(new Array(FIELDS).fill(state));
  }
});

/** The array, with a step behind each number that is put into it. */
function stepping(numbers: Float64Array, step: () => void): Float64Array {
  return new Proxy(numbers, {
    set: (target, index, value: number) => {
      target[Number(index)] = value;
      step();
      return true;
    },
  });
}
