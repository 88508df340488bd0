// Flags of the commands that put a workload on a store, and how they become a plan: what is not given comes
// from the workload or from the command. Faults are usage errors, each in one line.

import {
  WORKLOADS,
  workload,
  type ParameterizedWorkload,
  type ParameterSpec,
  type ParameterValues,
  type Workload,
} from '../../workloads/index.ts';
import type { LoadRun } from '../record/load-schema.ts';
import { slowClients, splitClients } from '../runner/load-cells.ts';
import { naming, usageError } from './errors.ts';
import { listFlag, readers, switchFlag, textFlag, type Flag, type FlagValues } from './flag.ts';
import { suggest } from './suggestion.ts';
import { parseBytes, parseCount, parseDurationNs } from './units.ts';

const ARRIVALS = ['poisson', 'constant', 'closed'] as const;

export const loadFlags = {
  target: textFlag({ describe: 'what is put under load: engine', default: 'engine', read: target }),
  param: listFlag({
    describe: 'name=value of the workload, see kvtune workloads; may be repeated',
    read: pair,
  }),
  rate: textFlag({
    describe:
      'operations due a second, of all clients together, e.g. 10k/s (default: a closed loop)',
    read: readers.rate,
  }),
  arrival: textFlag({
    describe: `when operations are due: ${ARRIVALS.join(', ')} (each after the last, for capacity)`,
    read: arrival,
  }),
  clients: textFlag({
    describe: 'clients, each with one operation under way at most (default: 64)',
    read: readers.count,
  }),
  threads: textFlag({
    describe: 'threads that generate the load; the store has one of its own (default: 1)',
    read: readers.count,
  }),
  ops: textFlag({ describe: 'end a round after so many operations', read: readers.count }),
  workDir: textFlag({
    describe: 'folder on the disk to measure, for the store (default: in the run folder)',
  }),
  showConfig: switchFlag({ describe: 'print every setting and where it comes from, and end' }),
} as const;

export type LoadFlagValues = FlagValues<typeof loadFlags>;

/** Flags whose defaults differ by command. */
export interface RoundFlags {
  readonly duration: Flag<number>;
  readonly warmUp: Flag<number>;
  readonly repeat: Flag<number>;
}

export function roundFlags(defaults: {
  readonly duration: string;
  readonly warmUp: string;
  readonly repeat: string;
  readonly what: string;
}): RoundFlags {
  return {
    duration: textFlag({
      describe: 'measured time of a round',
      default: defaults.duration,
      read: readers.durationNs,
    }),
    warmUp: textFlag({
      describe: 'load before it that is not counted',
      default: defaults.warmUp,
      read: readers.durationNs,
    }),
    repeat: textFlag({
      describe: defaults.what,
      default: defaults.repeat,
      read: readers.count,
    }),
  };
}

export interface RoundFlagValues {
  readonly duration: number;
  readonly warmUp: number;
  readonly repeat: number;
}

/** The workload of that name. */
export function findWorkload(id: string): Workload {
  const found = WORKLOADS.find((one) => one.id === id);
  if (found !== undefined) return found;
  const ids = WORKLOADS.map((one) => one.id);
  const near = suggest(id, ids);
  const meant = near === undefined ? '' : `did you mean ${near}? `;
  throw usageError(`there is no workload '${id}'`, `${meant}choose from ${ids.join(', ')}`);
}

/** A plan but for its arms and factors. */
export function planLoad(
  command: LoadRun['command'],
  id: string,
  values: LoadFlagValues & RoundFlagValues,
): Omit<LoadRun, 'arms'> {
  const found = findWorkload(id);
  const given = readParameters(found, values.param);
  const settled = workload(found.id, given);
  const { ops = 1, repeat, duration } = values;
  positive({ clients: values.clients ?? 1, threads: values.threads ?? 1, ops, repeat, duration });
  const clients = values.clients ?? Math.min(64, settled.clientsMax);
  const threads = values.threads ?? (slowClients(settled, clients) > 0 ? 2 : 1);
  return {
    ...{ command, target: 'engine', workload: found.id, parameters: { ...settled.parameters } },
    clientsByThread: splitClients(settled, clients, threads),
    shape: shapeOf(values, settled),
    seconds: values.duration / 1e9,
    warmUpSeconds: values.warmUp / 1e9,
    operations: values.ops ?? 0,
    repeat: values.repeat,
  };
}

function positive(figures: Readonly<Record<string, number>>): void {
  for (const [name, figure] of Object.entries(figures)) {
    if (figure === 0) throw usageError(`--${name} is 0`, 'give more than that');
  }
}

function shapeOf(
  { rate, arrival: asked }: LoadFlagValues,
  { nominalRate }: ParameterizedWorkload,
): LoadRun['shape'] {
  if (asked === 'closed') {
    if (rate === undefined) return { kind: 'closed' };
    throw usageError('--rate and --arrival closed exclude each other', 'give one of them');
  }
  if (rate === 0) throw usageError('--rate is 0', 'give more than that');
  const due = rate ?? nominalRate;
  if (due !== undefined) return { kind: 'open', arrival: asked ?? 'poisson', ratePerSecond: due };
  if (asked === undefined) return { kind: 'closed' };
  throw usageError(`--arrival ${asked} needs --rate`, 'say how many are due, e.g. --rate 5k/s');
}

/** Parameters as given; names and bounds are the workload's to check. */
function readParameters(
  { parameters, id }: Workload,
  pairs: LoadFlagValues['param'],
): ParameterValues {
  const values: Record<string, number | string> = {};
  for (const { name, value } of pairs) {
    if (Object.hasOwn(values, name)) {
      throw usageError(`--param ${name} is given twice`, 'give it once');
    }
    const spec = Object.hasOwn(parameters, name) ? parameters[name] : undefined;
    values[name] = readParameter(id, name, spec, value);
  }
  return values;
}

export function readParameter(
  id: string,
  name: string,
  spec: ParameterSpec | undefined,
  text: string,
): number | string {
  if (spec === undefined) {
    const found = findWorkload(id);
    const near = suggest(name, Object.keys(found.parameters));
    const meant = near === undefined ? '' : `did you mean ${near}? `;
    throw usageError(
      `workload ${id} has no parameter '${name}'`,
      `${meant}kvtune workloads ${id} lists them`,
    );
  }
  if ('choices' in spec) return text;
  if (/^\d+(\.\d+)?$/.test(text)) return Number(text);
  return naming(name, () => {
    if (spec.unit === 'bytes') return parseBytes(text);
    if (spec.unit === 'seconds') return parseDurationNs(text) / 1e9;
    return parseCount(text);
  });
}

function target(text: string): 'engine' {
  if (text === 'engine') return text;
  throw usageError(
    `there is no target '${text}'`,
    'this version loads the bundled engine: --target engine',
  );
}

function arrival(text: string): (typeof ARRIVALS)[number] {
  const found = ARRIVALS.find((one) => one === text);
  if (found !== undefined) return found;
  const near = suggest(text, ARRIVALS);
  const meant = near === undefined ? '' : `did you mean ${near}? `;
  throw usageError(`'${text}' is not known`, `${meant}choose from ${ARRIVALS.join(', ')}`);
}

function pair(text: string): { readonly name: string; readonly value: string } {
  const split = text.indexOf('=');
  const name = text.slice(0, Math.max(0, split));
  const value = text.slice(split + 1);
  if (name !== '' && value !== '') return { name, value };
  throw usageError(`'${text}' is no name=value`, 'write e.g. keys=1000');
}
