// mass-leases: very many leases at once. Most operations renew one; the rest replaces the oldest: revokes it
// (or lets it expire), grants a new one and attaches its keys. Lease slots are shared out among clients, and
// the keys of a lease belong to its owner.

import { KEY_CHOICE_NAMES, createKeyChoice, type KeyChoice } from '../distributions/key-choice.ts';
import { KeyFormat } from '../key-format.ts';
import { share, type ValuesOf } from '../parameters.ts';
import { VALUE_HEADER_BYTES } from '../value.ts';
import type { Operation, OperationStream, StreamOptions, Workload } from '../workload.ts';
import { begin, ClientState, defineWorkload, ownedSlots, PreloadState } from './define.ts';

const KEEP_ALIVE = 0;
const GRANT = 1;
const WRITE = 2;
const REVOKE = 3;
const PREFIX = 'mass-leases/';

const PARAMETERS = {
  leases: {
    what: 'Leases alive at once.',
    unit: 'leases',
    default: 100_000,
    minimum: 1,
    maximum: 2e7,
  },
  keysPerLease: {
    what: 'Keys on a lease.',
    unit: 'keys',
    default: 1,
    minimum: 0,
    maximum: 100_000,
  },
  ttlSeconds: {
    what: 'Time to live of a lease.',
    unit: 'seconds',
    default: 3600,
    minimum: 1,
    maximum: 9e9,
  },
  keyBytes: { what: 'Length of a key.', unit: 'bytes', default: 48, minimum: 32, maximum: 512 },
  valueBytes: {
    what: 'Size of a value.',
    unit: 'bytes',
    default: 256,
    minimum: VALUE_HEADER_BYTES,
    maximum: 1_500_000,
  },
  replaceShare: share('Part of the operations that replaces leases; the rest renews.', 0.1),
  end: {
    what: 'How a replaced lease ends: revoked, or left to expire.',
    default: 'revoke',
    choices: ['revoke', 'expire'],
  },
  renewal: {
    what: 'Which lease is renewed next.',
    default: 'sequential',
    choices: KEY_CHOICE_NAMES,
  },
} as const;

type Values = ValuesOf<typeof PARAMETERS>;

class Stream implements OperationStream {
  readonly #state: ClientState;
  readonly #format: KeyFormat;
  readonly #renewal: KeyChoice;
  readonly #values: Values;
  readonly #own: number;
  readonly #generations: Uint32Array;
  /** Chance that a decision starts a replacement. */
  readonly #replacements: number;
  /** Own index of the lease that is replaced next. */
  #oldest = 0;
  /** Steps left of the current replacement: the grant and a put a key. */
  #stepsLeft = 0;

  constructor(values: Values, options: StreamOptions) {
    this.#state = new ClientState(options);
    this.#format = new KeyFormat(PREFIX, values.keyBytes);
    this.#own = ownedSlots(values.leases, options.client, options.clients);
    this.#renewal = createKeyChoice(values.renewal, this.#own);
    this.#generations = new Uint32Array(this.#own);
    this.#values = values;
    const steps = values.keysPerLease + (values.end === 'revoke' ? 2 : 1);
    this.#replacements = values.replaceShare / (steps - (steps - 1) * values.replaceShare);
  }

  next(operation: Operation): void {
    if (this.#stepsLeft > 0) {
      this.#replace(operation);
      return;
    }
    const { random } = this.#state;
    if (random.unit() >= this.#replacements) {
      begin(operation, 'leaseKeepAlive', KEEP_ALIVE);
      operation.lease = this.#leaseOf(this.#renewal.draw(random));
      return;
    }
    this.#stepsLeft = this.#values.keysPerLease + 1;
    if (this.#values.end === 'revoke') {
      begin(operation, 'leaseRevoke', REVOKE);
      operation.lease = this.#leaseOf(this.#oldest);
      return;
    }
    this.#replace(operation);
  }

  #replace(operation: Operation): void {
    const { keysPerLease, ttlSeconds, valueBytes, leases } = this.#values;
    const own = this.#oldest;
    if (this.#stepsLeft === keysPerLease + 1) {
      this.#generations[own] = (this.#generations[own] ?? 0) + 1;
      begin(operation, 'leaseGrant', GRANT);
      operation.lease = this.#leaseOf(own);
      operation.ttlSeconds = ttlSeconds;
    } else {
      begin(operation, 'put', WRITE);
      const slot = this.#state.slotOf(own) * keysPerLease + keysPerLease - this.#stepsLeft;
      operation.slot = slot;
      operation.lease = this.#leaseOf(own);
      const generation = this.#generations[own] ?? 0;
      this.#format.write(operation, slot + generation * leases * keysPerLease);
      this.#state.write(operation, valueBytes);
    }
    this.#stepsLeft--;
    if (this.#stepsLeft === 0) this.#oldest = own + 1 === this.#own ? 0 : own + 1;
  }

  /** Number of the lease in the j-th own slot. */
  #leaseOf(own: number): number {
    const generation = this.#generations[own] ?? 0;
    return this.#state.slotOf(own) + generation * this.#values.leases + 1;
  }
}

export const MASS_LEASES: Workload = defineWorkload({
  id: 'mass-leases',
  title: 'Very many leases',
  what: 'Keeps a great many leases alive, and replaces the oldest by new ones with keys on them.',
  source:
    'Scale as in etcd reports: 900k leases (#12105), 10M (#9496); the article advises to share leases. ' +
    'Shares, time to live and keys a lease are assumptions.',
  lanes: ['keep-alive', 'grant', 'write', 'revoke'],
  prefix: PREFIX,
  parameters: PARAMETERS,
  slots: ({ leases, keysPerLease }) => leases * keysPerLease,
  clientsMax: ({ leases }) => leases,
  preload: ({ leases, keysPerLease, ttlSeconds, keyBytes, valueBytes }, seed) => {
    const format = new KeyFormat(PREFIX, keyBytes);
    const state = new PreloadState(seed);
    return {
      leases,
      keys: leases * keysPerLease,
      fillLease: (i, operation) => {
        begin(operation, 'leaseGrant', GRANT);
        operation.lease = i + 1;
        operation.ttlSeconds = ttlSeconds;
      },
      fill: (i, operation) => {
        begin(operation, 'put', WRITE);
        operation.slot = i;
        operation.lease = Math.floor(i / keysPerLease) + 1;
        format.write(operation, i);
        state.write(operation, valueBytes);
      },
    };
  },
  stream: (values, options) => new Stream(values, options),
});
