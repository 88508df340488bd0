// read-heavy: nearly only reads of small values, some keys much hotter than others. Point reads, and by
// choice some short ranges; each client overwrites its own keys now and then.

import { KEY_CHOICE_NAMES, createKeyChoice, type KeyChoice } from '../distributions/key-choice.ts';
import { KeyFormat } from '../key-format.ts';
import { share, type ValuesOf } from '../parameters.ts';
import { VALUE_HEADER_BYTES } from '../value.ts';
import type { Operation, OperationStream, StreamOptions, Workload } from '../workload.ts';
import { begin, ClientState, defineWorkload, noLease, ownedSlots, PreloadState } from './define.ts';

const WRITE = 0;
const READ = 1;
const RANGE = 2;
const PREFIX = 'read-heavy/';

const PARAMETERS = {
  keys: { what: 'Keys.', unit: 'keys', default: 65_536, minimum: 1, maximum: 1e8 },
  keyBytes: { what: 'Length of a key.', unit: 'bytes', default: 256, minimum: 32, maximum: 512 },
  valueBytes: {
    what: 'Size of a value.',
    unit: 'bytes',
    default: 1024,
    minimum: VALUE_HEADER_BYTES,
    maximum: 1_500_000,
  },
  writeShare: share('Part of the operations that overwrite.', 0.05),
  rangeShare: share('Part of the operations that read a range.', 0),
  rangeKeys: { what: 'Limit of a range.', unit: 'keys', default: 100, minimum: 1, maximum: 1e6 },
  keyChoice: {
    what: 'Which keys are hot.',
    default: 'scrambled-zipfian',
    choices: KEY_CHOICE_NAMES,
  },
} as const;

type Values = ValuesOf<typeof PARAMETERS>;

class Stream implements OperationStream {
  readonly #state: ClientState;
  readonly #format: KeyFormat;
  readonly #own: KeyChoice;
  readonly #all: KeyChoice;
  readonly #values: Values;

  constructor(values: Values, options: StreamOptions) {
    this.#state = new ClientState(options);
    this.#format = new KeyFormat(PREFIX, values.keyBytes);
    const own = ownedSlots(values.keys, options.client, options.clients);
    this.#own = createKeyChoice(values.keyChoice, own);
    this.#all = createKeyChoice(values.keyChoice, values.keys);
    this.#values = values;
  }

  next(operation: Operation): void {
    const { random } = this.#state;
    const { writeShare, rangeShare, rangeKeys, keys, valueBytes } = this.#values;
    const kind = random.unit();
    if (kind < writeShare) {
      begin(operation, 'put', WRITE);
      operation.slot = this.#state.slotOf(this.#own.draw(random));
      this.#format.write(operation, operation.slot);
      this.#state.write(operation, valueBytes);
      return;
    }
    const ranges = kind < writeShare + rangeShare;
    begin(operation, ranges ? 'range' : 'get', ranges ? RANGE : READ);
    operation.slot = this.#all.draw(random);
    this.#format.write(operation, operation.slot);
    if (!ranges) return;
    operation.limit = rangeKeys;
    this.#format.writeEnd(operation, keys);
  }
}

export const READ_HEAVY: Workload = defineWorkload({
  id: 'read-heavy',
  title: 'Mostly reads',
  what: 'Reads small values, a few keys far more often than the rest, and seldom overwrites one.',
  source:
    'Shares and hot keys of YCSB workload B (95% reads, scrambled zipfian 0.99); 65,536 keys of 256 bytes ' +
    'and ranges of 100 as in the heat maps of etcd 3.6 (rw-heatmaps); 1 kB values as in dbtester.',
  lanes: ['write', 'read', 'range'],
  prefix: PREFIX,
  parameters: PARAMETERS,
  check: ({ writeShare, rangeShare }) =>
    writeShare + rangeShare > 1 ? ['writeShare and rangeShare are over 1 together'] : [],
  slots: ({ keys }) => keys,
  preload: ({ keys, keyBytes, valueBytes }, seed) => {
    const format = new KeyFormat(PREFIX, keyBytes);
    const state = new PreloadState(seed);
    return {
      leases: 0,
      keys,
      fillLease: noLease,
      fill: (i, operation) => {
        begin(operation, 'put', WRITE);
        operation.slot = i;
        format.write(operation, i);
        state.write(operation, valueBytes);
      },
    };
  },
  stream: (values, options) => new Stream(values, options),
});
