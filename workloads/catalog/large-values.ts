// large-values: whole objects of tens to hundreds of kilobytes, overwritten and read back, as custom
// resources do that were never meant for a store of configuration. Each client overwrites its own keys.

import { KEY_CHOICE_NAMES, createKeyChoice, type KeyChoice } from '../distributions/key-choice.ts';
import { FixedSize, LognormalSize, type ValueSizes } from '../distributions/value-sizes.ts';
import { KeyFormat } from '../key-format.ts';
import { share, type ValuesOf } from '../parameters.ts';
import { VALUE_HEADER_BYTES } from '../value.ts';
import type { Operation, OperationStream, StreamOptions, Workload } from '../workload.ts';
import { begin, ClientState, defineWorkload, noLease, ownedSlots, PreloadState } from './define.ts';

const WRITE = 0;
const READ = 1;
const PREFIX = 'large-values/';

const PARAMETERS = {
  keys: { what: 'Keys.', unit: 'keys', default: 1000, minimum: 1, maximum: 1e7 },
  keyBytes: { what: 'Length of a key.', unit: 'bytes', default: 48, minimum: 32, maximum: 512 },
  valueBytes: {
    what: 'Size of a value; the median where sizes are lognormal.',
    unit: 'bytes',
    default: 100_000,
    minimum: VALUE_HEADER_BYTES,
    maximum: 1_500_000,
  },
  sizes: {
    what: 'fixed: all alike; lognormal: half to twice as large, two times in three.',
    default: 'fixed',
    choices: ['fixed', 'lognormal'],
  },
  readShare: share('Part of the operations that read one key.', 0.5),
  keyChoice: { what: 'Which keys are hot.', default: 'uniform', choices: KEY_CHOICE_NAMES },
} as const;

type Values = ValuesOf<typeof PARAMETERS>;

/** Largest value that fits etcd's request of 1.5 MiB. */
const VALUE_BYTES_MAX = 1_500_000;

function sizesOf({ sizes, valueBytes }: Values): ValueSizes {
  if (sizes === 'fixed') return new FixedSize(valueBytes);
  return new LognormalSize({
    bytesMedian: valueBytes,
    sigma: Math.LN2,
    bytesMin: VALUE_HEADER_BYTES,
    bytesMax: VALUE_BYTES_MAX,
  });
}

class Stream implements OperationStream {
  readonly #state: ClientState;
  readonly #format: KeyFormat;
  readonly #sizes: ValueSizes;
  readonly #own: KeyChoice;
  readonly #all: KeyChoice;
  readonly #readShare: number;

  constructor(values: Values, options: StreamOptions) {
    this.#state = new ClientState(options);
    this.#format = new KeyFormat(PREFIX, values.keyBytes);
    this.#sizes = sizesOf(values);
    const own = ownedSlots(values.keys, options.client, options.clients);
    this.#own = createKeyChoice(values.keyChoice, own);
    this.#all = createKeyChoice(values.keyChoice, values.keys);
    this.#readShare = values.readShare;
  }

  next(operation: Operation): void {
    const { random } = this.#state;
    if (random.unit() < this.#readShare) {
      begin(operation, 'get', READ);
      operation.slot = this.#all.draw(random);
      this.#format.write(operation, operation.slot);
      return;
    }
    begin(operation, 'put', WRITE);
    operation.slot = this.#state.slotOf(this.#own.draw(random));
    this.#format.write(operation, operation.slot);
    this.#state.write(operation, this.#sizes.draw(random));
  }
}

export const LARGE_VALUES: Workload = defineWorkload({
  id: 'large-values',
  title: 'Large values',
  what: 'Reads and overwrites objects of 100 kB, as oversized custom resources do.',
  source:
    'Advice of the article (no large values), which came without figures; etcd refuses requests over ' +
    '1.5 MiB (docs v3.6, limits). Size and shares are assumptions.',
  lanes: ['write', 'read'],
  prefix: PREFIX,
  parameters: PARAMETERS,
  slots: ({ keys }) => keys,
  preload: (values, seed) => {
    const format = new KeyFormat(PREFIX, values.keyBytes);
    const sizes = sizesOf(values);
    const state = new PreloadState(seed);
    return {
      leases: 0,
      keys: values.keys,
      fillLease: noLease,
      fill: (i, operation) => {
        begin(operation, 'put', WRITE);
        operation.slot = i;
        format.write(operation, i);
        state.write(operation, sizes.draw(state.randomOf(i)));
      },
    };
  },
  stream: (values, options) => new Stream(values, options),
});
