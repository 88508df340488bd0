// The factor table: everything that may vary in a measurement. Flags, validation, help, sweeps and plans read it
// from here and nowhere else; what a store or a workload declares of its own is taken from there. Pure.

import {
  STORE_DEFAULTS,
  STORE_OPTION_RULES,
  type OptionRule,
  type StoreOptions,
} from '../../engine/index.ts';
import {
  ARRIVAL_NAMES,
  PRELOAD_CLIENT,
  RECIPES,
  WORKLOADS,
  type ArrivalName,
  type ParameterSpec,
  type ParameterValues,
} from '../../workloads/index.ts';
import type { Scalar, Scalars } from '../record/round.ts';
import {
  levelFault,
  type ChoiceFactor,
  type Factor,
  type FactorOwner,
  type Factors,
  type NumberFactor,
  type SwitchFactor,
} from './factor.ts';
import { LevelError } from './units.ts';

const SECONDS_MAX = 7 * 86_400;
const THREADS_MAX = 64;
const OPERATIONS_MAX = 2 ** 31 - 1;

const LOAD_FACTORS: readonly Factor[] = [
  choice(
    'load',
    'workload',
    WORKLOADS.map(({ id }) => id),
    'what is put on the store',
  ),
  choice(
    'load',
    'loop',
    ['closed', 'open'],
    'whether operations start one after the other or when due',
  ),
  choice('load', 'arrival', ARRIVAL_NAMES, 'when operations of an open loop are due'),
  {
    ...number('load', 'ratePerSecond', '/s', [0, 1e8], 0),
    whole: false,
    meaning: 'operations due a second in an open loop, of all clients together',
  },
  {
    ...number('load', 'clients', 'clients', [1, PRELOAD_CLIENT], 64),
    meaning: 'clients, each with one operation under way at most',
  },
  {
    ...number('load', 'threads', 'threads', [1, THREADS_MAX], 1),
    meaning: 'threads that generate the load; the store has one of its own',
  },
  {
    ...number('load', 'seconds', 's', [0.001, SECONDS_MAX], 0.5),
    whole: false,
    meaning: 'measured time of a slice',
  },
  {
    ...number('load', 'operationsMax', 'operations', [0, OPERATIONS_MAX], 0),
    meaning: 'operations after which a slice ends; 0: no bound',
  },
  {
    ...number('load', 'syncDelayMs', 'ms', [0, 10_000], 0),
    whole: false,
    meaning: 'time added to every sync of the store',
  },
  {
    ...number('load', 'putDelayUs', 'us', [0, 1e6], 0),
    ...{ whole: false, hidden: true },
    meaning: "time added to every put in the store's thread",
  },
  onOff('probeSync', false, "whether the disk's sync latency is measured before each slice"),
  onOff('verify', true, 'whether the store is held against what it acknowledged at the end'),
];

const FILE_FACTORS: readonly Factor[] = [
  choice(
    'file',
    'recipe',
    RECIPES.map(({ name }) => name),
    'how the aged file comes to be',
  ),
  {
    ...number('file', 'dbBytes', 'bytes', [1e6, 2 ** 42], 100e9),
    meaning: 'size of the aged file',
  },
  {
    ...number('file', 'valueBytes', 'bytes', [1, 1_500_000], 10_000),
    meaning: 'size of a value that the job puts',
  },
  {
    ...number('file', 'putsPerCommit', 'puts', [1, 1e6], 10),
    meaning: 'puts in a commit of the job',
  },
  { ...number('file', 'commits', 'commits', [1, 1e6], 100), meaning: 'commits of the job' },
  {
    ...number('file', 'warmUpCommits', 'commits', [0, 1e6], 10),
    meaning: 'commits before them that are not counted',
  },
];

const STORE_FACTORS: readonly Factor[] = Object.entries(STORE_OPTION_RULES)
  // A store is never opened for reading only.
  .filter(([name]) => name !== 'readOnly')
  .map(([name, rule]) => storeFactor(name, rule));

/**
 * All factors of a cell by name: the store's, the workload's and the load's; without a workload those of the
 * job on an aged file. Throws LevelError for a workload that is unknown.
 */
export function factorsFor(workload?: string): Factors {
  const own =
    workload === undefined ? FILE_FACTORS : [...workloadFactors(workload), ...LOAD_FACTORS];
  return new Map([...STORE_FACTORS, ...own].map((factor) => [factor.name, factor]));
}

/** Levels of the load's own factors, defaults filled in. */
export interface LoadLevels {
  readonly loop: 'open' | 'closed';
  readonly arrival: ArrivalName;
  readonly ratePerSecond: number;
  readonly clients: number;
  readonly threads: number;
  readonly seconds: number;
  readonly operationsMax: number;
  readonly syncDelayMs: number;
  readonly putDelayUs: number;
  readonly probeSync: boolean;
  readonly verify: boolean;
}

export interface SplitAsked {
  /** Only what was asked for. */
  readonly store: Partial<StoreOptions>;
  readonly workload: string;
  readonly parameters: ParameterValues;
  readonly load: LoadLevels;
}

/** Gives each level of a load's cell to its owner. Throws LevelError with every fault. */
export function splitAsked(asked: Scalars): SplitAsked {
  const workload = String(asked['workload'] ?? '');
  const factors = factorsFor(workload);
  const parts = { store: new Map<string, Scalar>(), workload: new Map<string, Scalar>() };
  const load = new Map<string, Scalar>(LOAD_FACTORS.map((one) => [one.name, one.default]));
  const faults: string[] = [];
  for (const [name, level] of Object.entries(asked)) {
    const factor = factors.get(name);
    const fault = factor === undefined ? `there is no factor '${name}'` : levelFault(factor, level);
    if (fault !== undefined) faults.push(fault);
    else if (factor?.owner === 'store') parts.store.set(name, level);
    else if (factor?.owner === 'workload') parts.workload.set(name, level);
    else load.set(name, level);
  }
  if (load.get('loop') === 'open' && load.get('ratePerSecond') === 0) {
    faults.push('ratePerSecond 0 is no rate of an open loop');
  }
  if (faults.length > 0) throw new LevelError(faults.join('; '), 'give other levels');
  // Names and types were checked against the table above.
  return {
    store: Object.fromEntries(parts.store),
    workload,
    parameters: Object.fromEntries(parts.workload) as ParameterValues,
    load: Object.fromEntries(load) as unknown as LoadLevels,
  };
}

function storeFactor(name: string, rule: OptionRule): Factor {
  const common = { name, owner: 'store', meaning: rule.meaning, hidden: false } as const;
  const byDefault: unknown = STORE_DEFAULTS[name as keyof StoreOptions];
  switch (rule.kind) {
    case 'number': {
      const { unit, min, max, whole, scale } = rule;
      const bounds = { unit, min, max, whole, scale };
      return { ...common, type: 'number', ...bounds, default: Number(byDefault) };
    }
    case 'choice':
      return { ...common, type: 'choice', choices: rule.choices, default: String(byDefault) };
    case 'switch':
      return { ...common, type: 'switch', default: byDefault === true };
  }
}

function workloadFactors(id: string): Factor[] {
  const found = WORKLOADS.find((one) => one.id === id);
  if (found === undefined) {
    const ids = WORKLOADS.map((one) => one.id).join(', ');
    throw new LevelError(`there is no workload '${id}'`, `choose from ${ids}`);
  }
  return Object.entries(found.parameters).map(([name, spec]) => parameterFactor(name, spec));
}

/** Units of parameters that have another name here. */
const UNITS: Readonly<Record<string, string>> = { seconds: 's', share: '', 'operations/s': '/s' };

function parameterFactor(name: string, spec: ParameterSpec): Factor {
  const meaning = spec.what.replace(/\.$/, '');
  const common = { name, owner: 'workload', meaning, hidden: false } as const;
  if ('choices' in spec) {
    return { ...common, type: 'choice', choices: spec.choices, default: spec.default };
  }
  return {
    ...{ ...common, type: 'number', default: spec.default },
    unit: UNITS[spec.unit] ?? spec.unit,
    ...{ min: spec.minimum, max: spec.maximum, whole: spec.fractions !== true },
    scale: spec.unit === 'share' ? 'linear' : 'log',
  };
}

function number(
  owner: FactorOwner,
  name: string,
  unit: string,
  [min, max]: readonly [number, number],
  byDefault: number,
): NumberFactor {
  return {
    ...{ name, owner, type: 'number', unit, min, max, whole: true, scale: 'log' },
    ...{ default: byDefault, meaning: '', hidden: false },
  };
}

function choice(
  owner: FactorOwner,
  name: string,
  choices: readonly string[],
  meaning: string,
): ChoiceFactor {
  const [first = ''] = choices;
  return { name, owner, type: 'choice', choices, default: first, meaning, hidden: false };
}

function onOff(name: string, byDefault: boolean, meaning: string): SwitchFactor {
  return { name, owner: 'load', type: 'switch', default: byDefault, meaning, hidden: false };
}
