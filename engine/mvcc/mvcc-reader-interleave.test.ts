// Reads of the store and what its writer does meanwhile, step by step in one thread (stepping.ts): whole reads
// from every moment of a change, and at every moment of a read a whole change, or two at two moments. Every
// answer must be the state at one revision (stepped-store.ts). Here nobody locks; mvcc-reader-locks.test.ts has
// the locks, mvcc-reader-order.test.ts machines that reorder loads, and what only chance finds is for
// store-threads.stress.test.ts.

import { afterEach, expect, it } from 'vitest';
import { Random } from '../base/random.ts';
import {
  ACT_NAMES,
  actAtEveryStep,
  actAtSteps,
  READ_NAMES,
  readAtEveryStep,
  type ActName,
} from '../testing/stepped-reads.ts';
import { SteppedStore } from '../testing/stepped-store.ts';

const opened: SteppedStore[] = [];
afterEach(() => {
  for (const store of opened.splice(0)) store.close();
});

function open(): SteppedStore {
  const store = new SteppedStore('concurrent');
  opened.push(store);
  return store;
}

it('answers whole at every step of the writer', () => {
  const store = open();
  for (const name of ACT_NAMES) if (name !== 'goRound') readAtEveryStep(store, name);
  const { answers, compacted, waits } = store.outcomes;
  expect(compacted).toBeGreaterThan(0);
  // A leaf of the index that is being changed.
  expect(waits).toBeGreaterThan(0);
  expect(answers).toBeGreaterThan(50 * waits);
});

it.each(READ_NAMES)('answers whole whatever happens at one step of a %s', (read) => {
  const store = open();
  actAtEveryStep(store, read);
  const { answers, compacted, lost } = store.outcomes;
  expect(answers).toBeGreaterThan(4 * lost);
  // A count needs no messages.
  expect(lost > 0).toBe(read !== 'count');
  expect(compacted > 0).toBe(read === 'range of an older revision');
});

it.each(READ_NAMES)('answers whole whatever happens at two steps of a %s', (read) => {
  const store = open();
  const random = new Random(7);
  const two = (steps: number): Map<number, ActName> => {
    const acts = new Map<number, ActName>();
    while (acts.size < 2) acts.set(random.below(steps), ACT_NAMES[random.below(ACT_NAMES.length)]!);
    return acts;
  };
  let steps = 40;
  for (let i = 0; i < 100; i++) steps = actAtSteps(store, read, two(steps));
  expect(store.outcomes.answers).toBeGreaterThan(50);
});

// What it lost long ago must not be given room again: others' entries lie there.
it.each(['get', 'range'] as const)('answers whole while another read stands still: %s', (read) => {
  const store = open();
  const still = store.attach();
  still.backend.begin();
  actAtEveryStep(store, read);
  still.detach();
  expect(store.outcomes.answers).toBeGreaterThan(4 * store.outcomes.lost);
});
