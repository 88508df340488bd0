// As mvcc-reader-interleave.test.ts, on a machine that reorders loads: on arm64 an atomic load may be done before
// plain ones that the program has in front of it, so only a read-modify-write tells whether what they found
// belongs together (second-look.ts). Here every atomic load is done as early as it may be.

import { afterEach, expect, it, vi } from 'vitest';
import { actAtEveryStep, READ_NAMES } from '../testing/stepped-reads.ts';
import { SteppedStore } from '../testing/stepped-store.ts';

// Before the engine is loaded, which asks once.
vi.hoisted(() => {
  Object.defineProperty(process, 'arch', { value: 'arm64' });
});

const opened: SteppedStore[] = [];
afterEach(() => {
  for (const store of opened.splice(0)) store.close();
});

it.each(READ_NAMES)('answers whole whatever happens at one step of a %s', (read) => {
  const store = new SteppedStore('concurrent');
  opened.push(store);
  actAtEveryStep(store, read, true);
  const { answers, lost } = store.outcomes;
  expect(answers).toBeGreaterThan(4 * lost);
  expect(lost > 0).toBe(read !== 'count');
});
