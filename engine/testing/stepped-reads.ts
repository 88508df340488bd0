// What readers of a SteppedStore ask, what its writer does, and how the two meet, for tests: a whole read at every
// step of the writer, or whole acts of the writer at some steps of a read. Test support; not part of the engine.

import { END_OF_KEYS, type RangeRequest } from '../mvcc/mvcc-reader.ts';
import { bytesOf } from '../../scripts/simulation/model.ts';
import type { SteppedStore } from './stepped-store.ts';
import { inSteps } from './stepping.ts';

const ALL: RangeRequest = { key: bytesOf('k'), end: END_OF_KEYS };

const READS = {
  get: (store) => {
    store.get('k1');
  },
  range: (store) => {
    store.range(ALL);
  },
  'range of an older revision': (store, revision) => {
    store.range({ ...ALL, revision });
  },
  count: (store) => {
    store.range({ ...ALL, countOnly: true });
  },
  'range with a limit': (store) => {
    store.range({ ...ALL, limit: 2 });
  },
} as const satisfies Record<string, (store: SteppedStore, older: number) => void>;
export type ReadName = keyof typeof READS;
export const READ_NAMES = Object.keys(READS) as readonly ReadName[];

const ACTS = {
  append: (store) => {
    store.append();
  },
  put: (store) => {
    store.put();
  },
  txn: (store) => {
    store.txn();
  },
  commit: (store) => {
    store.commit();
  },
  goHalfRound: (store) => {
    store.goRound(0.5);
  },
  goRound: (store) => {
    store.goRound(1);
  },
  compact: (store) => {
    store.compact();
  },
  compactStep: (store) => {
    store.compactStep();
  },
  compactAll: (store) => {
    store.compactAll();
  },
} as const satisfies Record<string, (store: SteppedStore) => void>;
export type ActName = keyof typeof ACTS;
export const ACT_NAMES = Object.keys(ACTS) as readonly ActName[];

/** Something in the file, and something in the buffer that is not; returns a revision before the newest. */
function prepare(store: SteppedStore): number {
  store.end();
  store.put();
  store.txn();
  return store.revision - 2;
}

/** Does it unless the writer would have to wait for the reader, who waits for it here. */
function act(store: SteppedStore, name: ActName): void {
  store.asWriter(() => {
    if (name !== 'append') {
      if (store.locked) return;
      store.end();
    }
    ACTS[name](store);
  });
}

/** Reads all there is to read at every step of the act. */
export function readAtEveryStep(store: SteppedStore, name: ActName): void {
  const older = prepare(store);
  const look = (): void => {
    store.impatient(() => {
      for (const read of READ_NAMES) READS[read](store, older);
    });
  };
  const work = (): void => {
    ACTS[name](store);
  };
  inSteps(work, look);
}

/** Reads, and does at some steps of the read what `acts` has for them; returns how many steps it took. */
export function actAtSteps(
  store: SteppedStore,
  read: ReadName,
  acts: ReadonlyMap<number, ActName>,
  loadsEarly = false,
): number {
  const older = prepare(store);
  let steps = 0;
  const pause = (): void => {
    const name = acts.get(steps++);
    if (name !== undefined) act(store, name);
  };
  const work = (): void => {
    READS[read](store, older);
  };
  inSteps(work, pause, loadsEarly);
  return steps;
}

/** Reads over and over, and does each act at each step of the read once. */
export function actAtEveryStep(store: SteppedStore, read: ReadName, loadsEarly = false): void {
  for (const name of ACT_NAMES) {
    for (let at = 0, steps = 1; at < steps; at++) {
      steps = actAtSteps(store, read, new Map([[at, name]]), loadsEarly);
    }
  }
}
