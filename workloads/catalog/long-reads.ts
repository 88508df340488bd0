// long-reads: expensive ranges beside cheap reads and writes, the load that concurrent reads were made for.
// Recipe of etcd PR #10523: 1 long range a second by 2 clients, 10,000 short reads a second by 10, 2,000
// puts a second by 10, puts of 10 kB to 100 keys of 256 bytes. How much the store held was not published:
// the standing keys are those of etcd #9384 (100,000 of 1 kB).
//
// From three clients on each has one role, in the recipe's proportion, so that a long range holds nobody
// else up; clients then differ in rate (rateShare). One or two clients do all of it, mixed.

import { KeyFormat } from '../key-format.ts';
import type { ValuesOf } from '../parameters.ts';
import { VALUE_HEADER_BYTES } from '../value.ts';
import type { Operation, OperationStream, StreamOptions, Workload } from '../workload.ts';
import { begin, ClientState, defineWorkload, noLease, ownedSlots, PreloadState } from './define.ts';

const WRITE = 0;
const SHORT = 1;
const LONG = 2;
const PREFIX = 'long-reads/';
const WRITTEN_PREFIX = `${PREFIX}put-`;
const STANDING_PREFIX = `${PREFIX}standing-`;

const rate = (what: string, byDefault: number) =>
  ({
    what,
    unit: 'operations/s',
    default: byDefault,
    minimum: 0,
    maximum: 1e7,
    fractions: true,
  }) as const;

const PARAMETERS = {
  keys: {
    what: 'Keys that are overwritten.',
    unit: 'keys',
    default: 100,
    minimum: 1,
    maximum: 1e7,
  },
  keyBytes: { what: 'Length of a key.', unit: 'bytes', default: 256, minimum: 36, maximum: 512 },
  valueBytes: {
    what: 'Size of an overwritten value.',
    unit: 'bytes',
    default: 10_240,
    minimum: VALUE_HEADER_BYTES,
    maximum: 1_500_000,
  },
  standingKeys: {
    what: 'Keys that are only read.',
    unit: 'keys',
    default: 100_000,
    minimum: 1,
    maximum: 1e8,
  },
  standingValueBytes: {
    what: 'Size of a value that is only read.',
    unit: 'bytes',
    default: 1024,
    minimum: VALUE_HEADER_BYTES,
    maximum: 1_500_000,
  },
  longKeys: {
    what: 'Keys of a long range, anywhere among the standing ones; 0: the whole store.',
    unit: 'keys',
    default: 0,
    minimum: 0,
    maximum: 1e8,
  },
  longAnswer: {
    what: 'What a long range asks for.',
    default: 'values',
    choices: ['values', 'keys', 'count'],
  },
  shortKeys: {
    what: 'Keys of a short read; 1: a point read.',
    unit: 'keys',
    default: 1,
    minimum: 1,
    maximum: 10_000,
  },
  longRate: rate('Part of long ranges in the whole.', 1),
  shortRate: rate('Part of short reads in the whole.', 10_000),
  putRate: rate('Part of puts in the whole.', 2000),
} as const;

type Values = ValuesOf<typeof PARAMETERS>;

type Role = 'mixed' | 'long' | 'short' | 'put';

/** A client's role, and its place among those of the role. */
interface Part {
  readonly role: Role;
  readonly index: number;
  readonly count: number;
}

const RECIPE_LONG_CLIENTS = 2;
const RECIPE_CLIENTS = 22;

function partOf(client: number, clients: number): Part {
  if (clients < 3) return { role: 'mixed', index: client, count: clients };
  const long = Math.max(1, Math.round((clients * RECIPE_LONG_CLIENTS) / RECIPE_CLIENTS));
  const short = Math.ceil((clients - long) / 2);
  if (client < long) return { role: 'long', index: client, count: long };
  if (client < long + short) return { role: 'short', index: client - long, count: short };
  return { role: 'put', index: client - long - short, count: clients - long - short };
}

function rateOf({ longRate, shortRate, putRate }: Values, role: Role): number {
  switch (role) {
    case 'mixed':
      return longRate + shortRate + putRate;
    case 'long':
      return longRate;
    case 'short':
      return shortRate;
    case 'put':
      return putRate;
  }
}

class Stream implements OperationStream {
  readonly #state: ClientState;
  readonly #written: KeyFormat;
  readonly #standing: KeyFormat;
  readonly #all = new KeyFormat(PREFIX);
  readonly #values: Values;
  readonly #own: number;
  /** A draw below this is a long range, below the next a short read, else a put. */
  readonly #longBelow: number;
  readonly #shortBelow: number;

  constructor(values: Values, options: StreamOptions) {
    const part = partOf(options.client, options.clients);
    this.#state = new ClientState(options, part);
    this.#written = new KeyFormat(WRITTEN_PREFIX, values.keyBytes);
    this.#standing = new KeyFormat(STANDING_PREFIX, values.keyBytes);
    this.#values = values;
    this.#own =
      part.role === 'put' || part.role === 'mixed'
        ? ownedSlots(values.keys, part.index, part.count)
        : 0;
    const { longRate, shortRate } = values;
    const all = rateOf(values, 'mixed');
    this.#longBelow = part.role === 'mixed' ? longRate / all : Number(part.role === 'long');
    this.#shortBelow =
      part.role === 'mixed' ? (longRate + shortRate) / all : Number(part.role !== 'put');
  }

  next(operation: Operation): void {
    const { random } = this.#state;
    const kind = random.unit();
    if (kind < this.#longBelow) {
      this.#long(operation);
    } else if (kind < this.#shortBelow) {
      this.#short(operation);
    } else {
      begin(operation, 'put', WRITE);
      operation.slot = this.#state.slotOf(random.below(this.#own));
      this.#written.write(operation, operation.slot);
      this.#state.write(operation, this.#values.valueBytes);
    }
  }

  #long(operation: Operation): void {
    const { longKeys, longAnswer } = this.#values;
    begin(operation, 'range', LONG);
    operation.countOnly = longAnswer === 'count';
    operation.keysOnly = longAnswer === 'keys';
    if (longKeys === 0) this.#all.writeAll(operation);
    else this.#range(operation, longKeys);
  }

  #short(operation: Operation): void {
    const { shortKeys, keys, standingKeys } = this.#values;
    if (shortKeys === 1) {
      begin(operation, 'get', SHORT);
      operation.slot = keys + this.#state.random.below(standingKeys);
      this.#standing.write(operation, operation.slot);
      return;
    }
    begin(operation, 'range', SHORT);
    this.#range(operation, shortKeys);
  }

  /** A range of `count` standing keys, or all there are. */
  #range(operation: Operation, count: number): void {
    const { keys, standingKeys } = this.#values;
    const length = Math.min(count, standingKeys);
    operation.slot = keys + this.#state.random.below(standingKeys - length + 1);
    this.#standing.write(operation, operation.slot);
    this.#standing.writeEnd(operation, operation.slot + length);
  }
}

export const LONG_READS: Workload = defineWorkload({
  id: 'long-reads',
  title: 'Long reads beside short ones',
  what: 'Reads the whole store now and then while others read and write single keys.',
  source:
    'Rates, clients and put sizes of etcd PR #10523; standing keys of etcd #9384 (100,000 of 1 kB), ' +
    'since the size of the store in #10523 was not published. Its short read is taken as a point read.',
  lanes: ['write', 'short-read', 'long-read'],
  prefix: PREFIX,
  parameters: PARAMETERS,
  check: (values) => (rateOf(values, 'mixed') > 0 ? [] : ['the three rates are 0 together']),
  slots: ({ keys, standingKeys }) => keys + standingKeys,
  clientsMax: ({ keys }) => keys,
  nominalRate: (values) => rateOf(values, 'mixed'),
  rateShare: (values, client, clients) => {
    const { role, count } = partOf(client, clients);
    return rateOf(values, role) / rateOf(values, 'mixed') / count;
  },
  preload: ({ keys, keyBytes, valueBytes, standingKeys, standingValueBytes }, seed) => {
    const written = new KeyFormat(WRITTEN_PREFIX, keyBytes);
    const standing = new KeyFormat(STANDING_PREFIX, keyBytes);
    const state = new PreloadState(seed);
    return {
      leases: 0,
      keys: keys + standingKeys,
      fillLease: noLease,
      fill: (i, operation) => {
        begin(operation, 'put', WRITE);
        operation.slot = i;
        (i < keys ? written : standing).write(operation, i);
        state.write(operation, i < keys ? valueBytes : standingValueBytes);
      },
    };
  },
  stream: (values, options) => new Stream(values, options),
});
