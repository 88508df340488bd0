// Flags of the commands that put a workload on a store, and how they become a request: what is not given comes from
// the workload, from the factor table, or from the command. Faults are usage errors, each in one line.

import { availableParallelism } from 'node:os';
import { ARRIVAL_NAMES, WORKLOADS, workload, type Workload } from '../../workloads/index.ts';
import { slowClients } from '../load/split-clients.ts';
import { loadPlan } from '../load/load-plan.ts';
import { laneShares } from '../questions/load-cell.ts';
import { findFactor, readLevel, type Factor, type Factors } from '../question/factor.ts';
import { factorsFor } from '../question/factors.ts';
import type { Question } from '../question/question.ts';
import type { Scalar, Scalars } from '../record/round.ts';
import type { LoadRequest } from '../record/run.ts';
import { naming, usageError } from './errors.ts';
import { listFlag, readers, switchFlag, textFlag, type Flag, type FlagValues } from './flag.ts';
import { suggest } from './suggestion.ts';
import { reading } from './units.ts';

type Command = LoadRequest['command'];

/** What a command does where nothing else is asked for. */
interface Habits {
  /** Of a slice. */
  readonly seconds: number;
  readonly sessions: number;
  /** Measured seconds of each arm a session, made up of slices: so many at least, and at most. */
  readonly armSeconds: number;
  readonly slices: readonly [number, number];
}

/**
 * Slices of a comparison are short and many, so that both arms see every second of the machine: a disk whose syncs
 * are slow for a while is slow for both.
 */
const HABITS: Readonly<Record<Command, Habits>> = {
  run: { seconds: 8, sessions: 1, armSeconds: 8, slices: [1, 1] },
  ab: { seconds: 0.25, sessions: 8, armSeconds: 4, slices: [2, 16] },
  sweep: { seconds: 1, sessions: 2, armSeconds: 1, slices: [1, 1] },
};
/** A slice holds so many intervals of the slowest batch at least: without its commits it is no picture of an arm. */
const BATCHES_A_SLICE = 2.5;
/** Operations of its most frequent lane that a comparison at a rate has of each arm a session, for a p99. */
const P99_OPERATIONS = 1000;
const ARM_SECONDS_MAX = 12;
/** Sessions of a comparison before its first look. */
const FIRST_LOOK = 4;
const MARGIN = 1.05;
const ARRIVALS = [...ARRIVAL_NAMES, 'closed'] as const;
/** A thread that waits for a core measures the wait. */
const THREADS_A_CORE = 4;
const THREADS_MAX = 64;

export const positionals = {
  workload: textFlag({ describe: 'its name, see kvtune workloads' }),
} as const;

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
  ops: textFlag({ describe: 'end a slice after so many operations', read: readers.count }),
  workDir: textFlag({
    describe: 'folder on the disk to measure, for the store (default: in the run folder)',
  }),
  resume: textFlag({ describe: 'folder of a run to go on with, as it was planned' }),
  showConfig: switchFlag({
    describe: 'print every setting with its origin, range and meaning, and end',
  }),
} as const;

/** Flags whose defaults differ by command. */
export function sessionFlags(
  command: Command,
  about: { readonly repeat: string; readonly budget: string },
): {
  readonly duration: Flag<number | undefined>;
  readonly repeat: Flag<number | undefined>;
  readonly budget: Flag<number | undefined>;
} {
  const { seconds, sessions } = HABITS[command];
  const more = command === 'ab' ? ', more for a low rate or a batchInterval over 100ms' : '';
  return {
    duration: textFlag({
      describe: `measured time of a slice (default: ${String(seconds * 1000)}ms${more})`,
      read: readers.durationNs,
    }),
    repeat: textFlag({
      describe: `${about.repeat} (default: ${String(sessions)})`,
      read: readers.count,
    }),
    budget: budgetFlag(about.budget),
  };
}

export function budgetFlag(describe: string): Flag<number | undefined> {
  return textFlag({ describe, read: readBudget });
}

export type LoadFlagValues = FlagValues<
  typeof loadFlags & typeof positionals & ReturnType<typeof sessionFlags>
>;

/** Flags as given; those that are not there were not. */
type Given = { readonly [Name in keyof LoadFlagValues]?: LoadFlagValues[Name] | undefined };

/** What a command asks for before its arms and levels are known. */
export type LoadBase = Omit<LoadRequest, 'arms' | 'levels'>;

/** The workload of that name. */
export function findWorkload(id: string): Workload {
  const found = WORKLOADS.find((one) => one.id === id);
  if (found !== undefined) return found;
  const ids = WORKLOADS.map((one) => one.id);
  const near = suggest(id, ids);
  const meant = near === undefined ? '' : `did you mean ${near}? `;
  throw usageError(`there is no workload '${id}'`, `${meant}choose from ${ids.join(', ')}`);
}

/** `arms`: of a comparison. */
export function requestBase(
  command: Command,
  values: Given,
  {
    margin = MARGIN,
    arms = [],
  }: { readonly margin?: number; readonly arms?: LoadRequest['arms'] } = {},
): LoadBase {
  if (values.workload === undefined) {
    throw usageError('no workload given', 'kvtune workloads lists them');
  }
  const { id } = findWorkload(values.workload);
  const { sessions, slices } = HABITS[command];
  const { duration, ops, repeat = sessions } = values;
  positive({ ...{ clients: values.clients, threads: values.threads }, ops, repeat, duration });
  const parameters = readParameters(id, values.param ?? []);
  const load = {
    ...{ workload: id, ...parameters },
    ...loopOf(values, workload(id, parameters).nominalRate),
    ...clientsOf(id, parameters, values),
  };
  const armSeconds = armSecondsOf(command, load);
  const seconds = duration === undefined ? secondsOf(command, armSeconds, arms) : duration / 1e9;
  return {
    ...{ command, workload: id, margin },
    factors: {
      ...load,
      ...{ seconds, operationsMax: ops ?? 0, probeSync: false, verify: true },
    },
    sessionsMin: command === 'ab' ? Math.min(FIRST_LOOK, repeat) : repeat,
    sessionsMax: repeat,
    slicesPerSession: Math.max(slices[0], Math.min(slices[1], Math.round(armSeconds / seconds))),
  };
}

/** Measured of each arm a session: of a comparison at a rate as long as its p99 takes, within bounds. */
function armSecondsOf(command: Command, load: Scalars): number {
  const { armSeconds } = HABITS[command];
  if (command !== 'ab' || load['loop'] !== 'open') return armSeconds;
  const perSecond = Number(load['ratePerSecond']) * Math.max(...laneShares(load).values());
  return Math.min(ARM_SECONDS_MAX, Math.max(armSeconds, P99_OPERATIONS / perSecond));
}

/** Of a slice. */
function secondsOf(command: Command, armSeconds: number, arms: LoadRequest['arms']): number {
  const { seconds, slices } = HABITS[command];
  const intervals = arms.flatMap(({ settings }) =>
    settings.flatMap(({ name, value }) => (name === 'batchIntervalMs' ? [Number(value)] : [])),
  );
  return Math.max(
    seconds,
    armSeconds / slices[1],
    (BATCHES_A_SLICE * Math.max(0, ...intervals)) / 1e3,
  );
}

/** What a command asks of a workload where no flag says anything. */
export function defaultFactors(command: Command, workload: string): Scalars {
  return requestBase(command, { workload }).factors;
}

/** Throws what is wrong with levels of which some arm could not be measured. */
export function checkCells({ cells }: Question): void {
  for (const { factors, arms } of cells) {
    for (const { settings } of arms) loadPlan({ ...factors, ...settings });
  }
}

/** The factor that `name` means, of the workload, the load or the store. */
export function factorNamed(id: string, name: string): Factor {
  const factors = factorsFor(id);
  const found = findFactor(factors, name);
  if (found !== undefined && found.name !== 'workload') return found;
  const known = [...factors.values()].filter(({ hidden, owner }) => !hidden && owner !== 'store');
  throw usageError(
    `nothing is called '${name}'`,
    `an option of the store, or one of ${known.map((one) => one.name).join(', ')}`,
  );
}

/** All parameters of the workload, as given or by default. */
function readParameters(
  id: string,
  pairs: LoadFlagValues['param'],
): Readonly<Record<string, number | string>> {
  const own: Factors = new Map([...factorsFor(id)].filter(([, { owner }]) => owner === 'workload'));
  const given = new Map<string, Scalar>();
  for (const { name, value } of pairs) {
    const factor = findFactor(own, name);
    if (factor === undefined) throw unknownParameter(id, name, own);
    if (given.has(factor.name)) {
      throw usageError(`--param ${factor.name} is given twice`, 'give it once');
    }
    given.set(
      factor.name,
      reading(() => readLevel(factor, value, name)),
    );
  }
  const all = [...own.values()].map((one) => [one.name, given.get(one.name) ?? one.default]);
  // No parameter of a workload is a switch.
  return Object.fromEntries(all) as Readonly<Record<string, number | string>>;
}

function unknownParameter(id: string, name: string, own: Factors): Error {
  const near = suggest(name, [...own.keys()]);
  const meant = near === undefined ? '' : `did you mean ${near}? `;
  return usageError(
    `workload ${id} has no parameter '${name}'`,
    `${meant}kvtune workloads ${id} lists them`,
  );
}

function clientsOf(
  id: string,
  parameters: Readonly<Record<string, number | string>>,
  values: Given,
): { readonly clients: number; readonly threads: number } {
  const settled = workload(id, parameters);
  const { clientsMax } = settled;
  const { clients = Math.min(64, clientsMax) } = values;
  // Before anything counts to their number.
  if (clients > clientsMax) {
    throw usageError(
      `--clients ${String(clients)} is more than this workload takes`,
      `give 1 to ${String(clientsMax)}`,
    );
  }
  const cores = availableParallelism();
  const threadsMax = Math.min(THREADS_MAX, THREADS_A_CORE * cores);
  const { threads = slowClients(settled, clients) > 0 ? 2 : 1 } = values;
  if (threads > threadsMax) {
    throw usageError(
      `--threads ${String(threads)} is more than ${String(cores)} cores can run`,
      `give 1 to ${String(threadsMax)}`,
    );
  }
  return { clients, threads: Math.min(threads, clients) };
}

/** The levels that say how operations start. */
function loopOf({ rate, arrival: asked }: Given, nominalRate: number | undefined): Scalars {
  if (asked === 'closed') {
    if (rate === undefined) return { loop: 'closed' };
    throw usageError('--rate and --arrival closed exclude each other', 'give one of them');
  }
  if (rate === 0) throw usageError('--rate is 0', 'give more than that');
  const due = rate ?? nominalRate;
  if (due !== undefined) return openLoop(due, asked);
  if (asked === undefined) return { loop: 'closed' };
  throw usageError(`--arrival ${asked} needs --rate`, 'say how many are due, e.g. --rate 5k/s');
}

export function openLoop(ratePerSecond: number, asked: Scalar = 'poisson'): Scalars {
  return { loop: 'open', arrival: asked, ratePerSecond };
}

function positive(figures: Readonly<Record<string, number | undefined>>): void {
  for (const [name, figure] of Object.entries(figures)) {
    if (figure === 0) throw usageError(`--${name} is 0`, 'give more than that');
  }
}

function readBudget(text: string): number {
  const ns = readers.durationNs(text);
  if (ns > 0) return ns;
  throw usageError('0 leaves no time for anything', 'give more than that');
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

/** '5%' as the ratio that is still alike: 1.05. */
export function readMargin(text: string): number {
  const percent = /^\d+(\.\d+)?%$/.test(text) ? Number(text.slice(0, -1)) : Number.NaN;
  if (percent > 0 && percent <= 100) return 1 + percent / 100;
  throw usageError(`'${text}' is no margin over 0% and up to 100%`, 'write e.g. 5%');
}

function pair(text: string): { readonly name: string; readonly value: string } {
  const split = text.indexOf('=');
  const name = text.slice(0, Math.max(0, split));
  const value = text.slice(split + 1);
  if (name !== '' && value !== '') return { name, value };
  throw usageError(`'${text}' is no name=value`, 'write e.g. keys=1000');
}

/** The levels of one factor: 'clients=1,8,64'. */
export function readLevels(factor: Factor, name: string, levels: readonly string[]): Scalar[] {
  return naming(name, () => levels.map((level) => reading(() => readLevel(factor, level, name))));
}
