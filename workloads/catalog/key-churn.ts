// key-churn: keys that change all the time. Most writes overwrite a few hot keys, as node status did before
// there were leases for it; others delete a key and create one with a new name, as short jobs do. Both
// leave revisions behind, which a compaction by client 0 drops from time to time. A client deals with its
// own slots only: no other knows which generation of a key lives.

import { KEY_CHOICE_NAMES, createKeyChoice, type KeyChoice } from '../distributions/key-choice.ts';
import { KeyFormat } from '../key-format.ts';
import { share, type ValuesOf } from '../parameters.ts';
import { VALUE_HEADER_BYTES } from '../value.ts';
import type { Operation, OperationStream, StreamOptions, Workload } from '../workload.ts';
import { begin, ClientState, defineWorkload, noLease, ownedSlots, PreloadState } from './define.ts';

const UPDATE = 0;
const CREATE = 1;
const DELETE = 2;
const READ = 3;
const COMPACT = 4;
const PREFIX = 'key-churn/';

const PARAMETERS = {
  keys: { what: 'Keys alive.', unit: 'keys', default: 10_000, minimum: 1, maximum: 1e7 },
  keyBytes: { what: 'Length of a key.', unit: 'bytes', default: 48, minimum: 32, maximum: 512 },
  valueBytes: {
    what: 'Size of a value.',
    unit: 'bytes',
    default: 1024,
    minimum: VALUE_HEADER_BYTES,
    maximum: 1_500_000,
  },
  readShare: share('Part of the operations that read one key.', 0.1),
  replaceShare: share('Part that deletes a key or creates its successor.', 0.2),
  keyChoice: { what: 'Which keys are hot.', default: 'hotspot', choices: KEY_CHOICE_NAMES },
  compactEvery: {
    what: 'Operations of client 0 between compactions; 0: none.',
    unit: 'operations',
    default: 100_000,
    minimum: 0,
    maximum: 1e9,
  },
  retainRevisions: {
    what: 'Revisions that a compaction keeps.',
    unit: 'revisions',
    default: 10_000,
    minimum: 0,
    maximum: 1e9,
  },
} as const;

type Values = ValuesOf<typeof PARAMETERS>;

class Stream implements OperationStream {
  readonly #state: ClientState;
  readonly #format: KeyFormat;
  readonly #choice: KeyChoice;
  readonly #values: Values;
  /** How often each own slot was given a new key. */
  readonly #generations: Uint32Array;
  readonly #compactEvery: number;
  readonly #replacements: number;
  /** Own index of the slot whose key was just deleted; -1: none. */
  #empty = -1;
  #count = 0;

  constructor(values: Values, options: StreamOptions) {
    this.#state = new ClientState(options);
    this.#format = new KeyFormat(PREFIX, values.keyBytes);
    const own = ownedSlots(values.keys, options.client, options.clients);
    this.#choice = createKeyChoice(values.keyChoice, own);
    this.#generations = new Uint32Array(own);
    this.#values = values;
    this.#compactEvery = options.client === 0 ? values.compactEvery : 0;
    // Each replacement is two operations; the chance is per decision, of which a create is none.
    this.#replacements = values.replaceShare / (2 - values.replaceShare);
  }

  next(operation: Operation): void {
    this.#count++;
    if (this.#compactEvery > 0 && this.#count % this.#compactEvery === 0) {
      begin(operation, 'compact', COMPACT);
      operation.retainRevisions = this.#values.retainRevisions;
      return;
    }
    const { random } = this.#state;
    if (this.#empty !== -1) {
      begin(operation, 'put', CREATE);
      this.#name(operation, this.#empty);
      this.#state.write(operation, this.#values.valueBytes);
      this.#empty = -1;
      return;
    }
    const kind = random.unit();
    const own = this.#choice.draw(random);
    if (kind < this.#replacements) {
      begin(operation, 'delete', DELETE);
      this.#name(operation, own);
      this.#generations[own] = (this.#generations[own] ?? 0) + 1;
      this.#empty = own;
      return;
    }
    // Of the decisions, so that reads are their share of all operations.
    if (kind < this.#replacements + this.#values.readShare * (1 + this.#replacements)) {
      begin(operation, 'get', READ);
      this.#name(operation, own);
      return;
    }
    begin(operation, 'put', UPDATE);
    this.#name(operation, own);
    this.#state.write(operation, this.#values.valueBytes);
  }

  #name(operation: Operation, own: number): void {
    const slot = this.#state.slotOf(own);
    operation.slot = slot;
    this.#format.write(operation, slot + (this.#generations[own] ?? 0) * this.#values.keys);
  }
}

export const KEY_CHURN: Workload = defineWorkload({
  id: 'key-churn',
  title: 'Key churn',
  what: 'Overwrites a few hot keys all the time, deletes keys and creates new ones, and compacts.',
  source:
    'Advice of the article (avoid rapidly changing keys, such as node status), which came without ' +
    'figures; hot keys as YCSB hotspot (20% of the keys, 80% of the draws). Shares are assumptions.',
  lanes: ['update', 'create', 'delete', 'read', 'compact'],
  prefix: PREFIX,
  parameters: PARAMETERS,
  check: ({ readShare, replaceShare }) =>
    readShare + replaceShare > 1 ? ['readShare and replaceShare are over 1 together'] : [],
  slots: ({ keys }) => keys,
  preload: ({ keys, keyBytes, valueBytes }, seed) => {
    const format = new KeyFormat(PREFIX, keyBytes);
    const state = new PreloadState(seed);
    return {
      leases: 0,
      keys,
      fillLease: noLease,
      fill: (i, operation) => {
        begin(operation, 'put', CREATE);
        operation.slot = i;
        format.write(operation, i);
        state.write(operation, valueBytes);
      },
    };
  },
  stream: (values, options) => new Stream(values, options),
});
