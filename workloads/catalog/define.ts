// What all workloads share: defineWorkload() joins declared parameters with typed generators; ClientState
// is a client's chance, its own slots and its count of writes; begin() resets an operation.

import { EngineError } from '../../engine/base/errors.ts';
import { Random } from '../../engine/base/random.ts';
import {
  resolveParameters,
  type ParameterSpecs,
  type ParameterValues,
  type ValuesOf,
} from '../parameters.ts';
import { PRELOAD_CLIENT, ValueWriter, bodyWord } from '../value.ts';
import type {
  Operation,
  OperationKind,
  OperationStream,
  Preload,
  StreamOptions,
  Workload,
} from '../workload.ts';

export interface Definition<Specs extends ParameterSpecs> extends Pick<
  Workload,
  'id' | 'title' | 'what' | 'source' | 'lanes' | 'prefix'
> {
  readonly parameters: Specs;
  /** Faults that no single parameter shows. */
  readonly check?: (values: ValuesOf<Specs>) => readonly string[];
  readonly slots: (values: ValuesOf<Specs>) => number;
  /** Default: one client a slot. */
  readonly clientsMax?: (values: ValuesOf<Specs>) => number;
  readonly nominalRate?: (values: ValuesOf<Specs>) => number;
  readonly rateShare?: (values: ValuesOf<Specs>, client: number, clients: number) => number;
  readonly preload: (values: ValuesOf<Specs>, seed: number) => Preload;
  readonly stream: (values: ValuesOf<Specs>, options: StreamOptions) => OperationStream;
}

/** Every method resolves and checks the parameters it is given, so partial ones will do. */
export function defineWorkload<Specs extends ParameterSpecs>(
  definition: Definition<Specs>,
): Workload {
  const { parameters, check = () => [], slots, nominalRate, rateShare } = definition;
  const clientsMax = (values: ValuesOf<Specs>): number =>
    Math.min(PRELOAD_CLIENT, (definition.clientsMax ?? slots)(values));
  const { id, title, what, source, lanes, prefix } = definition;
  const typed = (given: ParameterValues): ValuesOf<Specs> =>
    resolveParameters(parameters, given, check);
  return {
    ...{ id, title, what, source, lanes, prefix, parameters },
    resolve: (given) => ({ ...typed(given) }),
    slots: (given) => slots(typed(given)),
    clientsMax: (given) => clientsMax(typed(given)),
    nominalRate: (given) => nominalRate?.(typed(given)),
    rateShare: (given, client, clients) =>
      rateShare?.(typed(given), client, clients) ?? 1 / clients,
    preload: (given, seed) => definition.preload(typed(given), seed),
    stream: (given, options) => {
      const values = typed(given);
      checkClients(options, clientsMax(values));
      return definition.stream(values, options);
    },
  };
}

function checkClients({ seed, client, clients }: StreamOptions, clientsMax: number): void {
  const faults: string[] = [];
  if (!Number.isSafeInteger(seed) || seed < 0) faults.push(`seed ${seed} is no whole number >= 0`);
  if (!Number.isInteger(clients) || clients < 1 || clients > clientsMax) {
    faults.push(`clients ${clients} is no whole number from 1 to ${clientsMax}: each owns a key`);
  }
  if (!Number.isInteger(client) || client < 0 || client >= clients) {
    faults.push(`client ${client} is not one of ${clients}`);
  }
  if (faults.length > 0) throw new EngineError('INVALID_ARGUMENT', faults.join('; '));
}

/** Makes `operation` an empty one of that kind. */
export function begin(operation: Operation, kind: OperationKind, lane: number): void {
  operation.kind = kind;
  operation.lane = lane;
  operation.keyId = 0;
  operation.slot = 0;
  operation.keyLength = 0;
  operation.endLength = 0;
  operation.limit = 0;
  operation.countOnly = false;
  operation.keysOnly = false;
  operation.creates = false;
  operation.valueLength = 0;
  operation.lease = 0;
  operation.ttlSeconds = 0;
  operation.retainRevisions = 0;
  operation.sequence = 0;
}

/** Stream of chance that belongs to one client of one seed. */
function clientRandom(seed: number, client: number): Random {
  const low = bodyWord(seed, client, 1, 0) >>> 0;
  const high = bodyWord(seed, client, 2, 0) & 0xf_ffff;
  return new Random(high * 0x1_0000_0000 + low);
}

/** Slots below `slots` that client `client` owns: client, client + clients, and so on. */
export function ownedSlots(slots: number, client: number, clients: number): number {
  return Math.max(0, Math.ceil((slots - client) / clients));
}

/** A client's place among those that share keys out: number `index` of `count`. */
export interface OwnerPlace {
  readonly index: number;
  readonly count: number;
}

export class ClientState {
  readonly random: Random;
  readonly #index: number;
  readonly #count: number;
  readonly #values: ValueWriter;
  #sequence = 0;

  /** `place` where not all clients own keys. */
  constructor(
    { seed, client, clients, bodies }: StreamOptions,
    place: OwnerPlace = { index: client, count: clients },
  ) {
    this.random = clientRandom(seed, client);
    this.#index = place.index;
    this.#count = place.count;
    this.#values = new ValueWriter(seed, client, bodies);
  }

  /** Slot of this client's j-th own key. */
  slotOf(own: number): number {
    return own * this.#count + this.#index;
  }

  /** Gives a put or txn, whose key is set, the value of this client's next write. */
  write(operation: Operation, bytes: number): void {
    operation.sequence = ++this.#sequence;
    this.#values.write(operation, bytes);
  }
}

/** Preloaded puts: chance that depends on the key alone, so that key i never depends on the one before. */
export class PreloadState {
  readonly #seed: number;
  readonly #values: ValueWriter;

  constructor(seed: number) {
    this.#seed = seed;
    this.#values = new ValueWriter(seed, PRELOAD_CLIENT);
  }

  randomOf(keyId: number): Random {
    return clientRandom(this.#seed + 1, keyId);
  }

  /** Gives a put, whose key is set, its value. */
  write(operation: Operation, bytes: number): void {
    operation.sequence = 0;
    this.#values.write(operation, bytes);
  }
}

/** fillLease of a workload that preloads no leases. */
export function noLease(): void {
  throw new EngineError('INVALID_ARGUMENT', 'this workload preloads no leases');
}
