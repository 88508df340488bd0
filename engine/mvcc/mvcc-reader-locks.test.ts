// As mvcc-reader-interleave.test.ts, with the locks that etcd had. Who would wait is not: a reader ends there, as
// if its thread had died in the lock, and the writer does at that step only what needs none.

import { afterEach, describe, expect, it, vi } from 'vitest';
import {
  ACT_NAMES,
  actAtEveryStep,
  READ_NAMES,
  readAtEveryStep,
} from '../testing/stepped-reads.ts';
import { SteppedStore } from '../testing/stepped-store.ts';
import type { ReadLock } from './options.ts';

/** Who acts: locks know their threads by number. */
const thread = vi.hoisted(() => ({ id: 0 }));
vi.mock('node:worker_threads', async (original) => ({
  ...(await original<object>()),
  get threadId() {
    return thread.id;
  },
}));

const opened: SteppedStore[] = [];
afterEach(() => {
  for (const store of opened.splice(0)) store.close();
});

function open(readLock: ReadLock): SteppedStore {
  const store = new SteppedStore(readLock, thread);
  opened.push(store);
  return store;
}

describe.each(['copy', 'global'] as const)('readLock %s', (readLock) => {
  it('answers whole at every step of the writer', () => {
    const store = open(readLock);
    const { outcomes } = store;
    for (const name of ACT_NAMES) {
      if (name === 'goRound') continue;
      const { waits } = outcomes;
      readAtEveryStep(store, name);
      // Who shows a change or commits keeps everybody out.
      if (name !== 'append' && name !== 'compactStep')
        expect(outcomes.waits - waits).toBeGreaterThan(0);
    }
    expect(outcomes.compacted).toBeGreaterThan(0);
    expect(outcomes.answers).toBeGreaterThan(outcomes.waits);
  });

  it.each(READ_NAMES)('answers whole whatever happens at one step of a %s', (read) => {
    const store = open(readLock);
    actAtEveryStep(store, read);
    const { answers, compacted, lost } = store.outcomes;
    expect(answers).toBeGreaterThan(4 * lost);
    // Who holds the lock throughout loses nothing.
    expect(lost > 0).toBe(readLock === 'copy' && read !== 'count');
    expect(compacted > 0).toBe(read === 'range of an older revision');
  });
});
