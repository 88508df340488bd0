// One round of puts beside reads: a store of its own with the keys of the workload long-reads, put clients
// in the store's thread, readers in threads of their own. First without long reads, then with them, both
// in one store, so that each is the other's control. Or, for the throughput of short reads: puts at
// the recipe's rate beside so many threads that read as fast as they can.

import { join } from 'node:path';
import { leaseId, Store, type StoreOptions } from '../../engine/index.ts';
import { Operation, workload, type ParameterValues } from '../../workloads/index.ts';
import type { Warning } from '../record/schema.ts';
import type { RoundFigures } from './experiment.ts';
import { latencyFigures } from './latency-figures.ts';
import { PutClients, type PutPhase } from './put-clients.ts';
import {
  phaseOf,
  withReadingThreads,
  type PhaseReads,
  type ReadingPlan,
} from './reading-thread.ts';

/** Clients of the published recipe (etcd PR 10523), in the workload's order. */
const LONG_CLIENTS: readonly number[] = [0, 1];
export const SHORT_CLIENTS: readonly number[] = [2, 3, 4, 5, 6, 7, 8, 9, 10, 11];
const PUT_CLIENTS: readonly number[] = [12, 13, 14, 15, 16, 17, 18, 19, 20, 21];
export const RECIPE_CLIENTS = 22;
const SHORT_READS_PER_SECOND = 10_000;
const PUTS_PER_SECOND = 2000;

const NO_LEASE = leaseId(0n);

const ALONE = 1;
const BESIDE = 2;

export interface BesideRound {
  readonly folder: string;
  readonly store: Partial<StoreOptions>;
  /** Of the workload long-reads. */
  readonly parameters: ParameterValues;
  readonly seed: number;
  readonly warmUpSeconds: number;
  readonly aloneSeconds: number;
  readonly besideSeconds: number;
  /** Part of the time in which a long read is under way, above 0 to 1, as far as the rests make it. */
  readonly longShare: number;
}

export interface ReadersRound extends Pick<
  BesideRound,
  'folder' | 'store' | 'parameters' | 'seed'
> {
  readonly threads: number;
  readonly warmUpSeconds: number;
  readonly seconds: number;
}

/** Puts without and with long reads beside them. */
export async function runBesideRound(round: BesideRound): Promise<RoundFigures> {
  const store = openStore(round);
  try {
    const clients = putClients(store, round);
    const plans: ReadingPlan[] = [
      readingPlan(round, SHORT_CLIENTS, {
        readsPerSecond: SHORT_READS_PER_SECOND,
        phases: [ALONE, BESIDE],
        warmUpReads: 20_000,
      }),
      readingPlan(round, LONG_CLIENTS, {
        restRatio: 1 / round.longShare - 1,
        phases: [BESIDE],
        warmUpReads: 2,
      }),
    ];
    const { result, reads } = await withReadingThreads(store.share(), plans, (enter) => {
      clients.closed(round.warmUpSeconds);
      enter(ALONE);
      const aloneBefore = clients.closed(round.aloneSeconds);
      const waitedNs = store.stats().readersWaitedNs;
      enter(BESIDE);
      const beside = clients.closed(round.besideSeconds);
      const waitedShare = (store.stats().readersWaitedNs - waitedNs) / 1e9 / beside.seconds;
      return { aloneBefore, beside, waitedShare };
    });
    const [short, long] = reads;
    return besideFigures(store, result, {
      aloneShort: phaseOf(short, ALONE),
      short: phaseOf(short, BESIDE),
      long: phaseOf(long, BESIDE),
    });
  } finally {
    store.close();
  }
}

/** Short reads of so many threads beside paced puts. */
export async function runReadersRound(round: ReadersRound): Promise<RoundFigures> {
  const store = openStore(round);
  try {
    const clients = putClients(store, round);
    const plans = SHORT_CLIENTS.slice(0, round.threads).map((client) =>
      readingPlan(round, [client], { phases: [BESIDE], warmUpReads: 50_000 }),
    );
    if (plans.length < round.threads) throw new Error('more threads than clients that read');
    const { result, reads } = await withReadingThreads(store.share(), plans, (enter) => {
      clients.paced(round.warmUpSeconds, PUTS_PER_SECOND);
      enter(BESIDE);
      return clients.paced(round.seconds, PUTS_PER_SECOND);
    });
    const phases = reads.map((one) => phaseOf(one, BESIDE));
    const perSecond = phases.map((one) => one.reads / one.seconds);
    return {
      settings: { ...store.settings(), readingThreads: round.threads },
      figures: {
        readsPerSecond: perSecond.reduce((sum, one) => sum + one, 0),
        readP99Us: Math.max(...phases.map((one) => one.p99Ns)) / 1e3,
        ...putFigures(result),
      },
      series: { readsPerSecondByThread: perSecond },
      warnings: warningsOf(phases, [result]),
    };
  } finally {
    store.close();
  }
}

function openStore(round: Pick<BesideRound, 'folder' | 'store' | 'parameters' | 'seed'>): Store {
  const store = Store.open(join(round.folder, 'store'), round.store);
  preloadStore(store, round.parameters, round.seed);
  return store;
}

/** Puts the keys of long-reads into the store, all committed and none of them in the log. */
export function preloadStore(store: Store, parameters: ParameterValues, seed: number): void {
  const preload = workload('long-reads', parameters).preload(seed);
  const operation = new Operation();
  const value = { u8: operation.value, start: 0, length: 0 };
  const { mvcc } = store;
  for (let i = 0; i < preload.keys; i++) {
    preload.fill(i, operation);
    value.u8 = operation.value;
    value.length = operation.valueLength;
    mvcc.begin();
    mvcc.put(operation.key, operation.keyLength, value, NO_LEASE);
    mvcc.end();
  }
  store.commit();
}

function putClients(
  store: Store,
  { parameters, seed }: Pick<BesideRound, 'parameters' | 'seed'>,
): PutClients {
  const puts = workload('long-reads', parameters);
  const streams = PUT_CLIENTS.map((client) =>
    puts.stream({ seed, client, clients: RECIPE_CLIENTS }),
  );
  return new PutClients(store, streams);
}

function readingPlan(
  { parameters, seed }: Pick<BesideRound, 'parameters' | 'seed'>,
  clients: readonly number[],
  about: Pick<ReadingPlan, 'phases' | 'warmUpReads'> &
    Partial<Pick<ReadingPlan, 'readsPerSecond' | 'restRatio'>>,
): ReadingPlan {
  const common = { parameters, seed, clients, clientsAll: RECIPE_CLIENTS };
  return { ...common, readsPerSecond: 0, restRatio: 0, ...about };
}

interface BesidePhases {
  readonly aloneBefore: PutPhase;
  readonly beside: PutPhase;
  /** Of the time beside long reads, what the writer waited for readers. */
  readonly waitedShare: number;
}

function besideFigures(
  store: Store,
  { aloneBefore, beside, waitedShare }: BesidePhases,
  reads: { aloneShort: PhaseReads; short: PhaseReads; long: PhaseReads },
): RoundFigures {
  const { aloneShort, short, long } = reads;
  return {
    settings: { ...store.settings(), putClients: PUT_CLIENTS.length },
    figures: {
      ...putFigures(beside),
      ...alone(putFigures(aloneBefore)),
      writerWaitedShare: waitedShare,
      longReads: long.reads,
      longReadMs: long.p50Ns / 1e6,
      longReadMsMax: long.maxNs / 1e6,
      longReadShare: long.busySeconds / long.seconds,
      longKeysPerSecond: long.keysRead / long.busySeconds,
      shortReadsPerSecond: short.reads / short.seconds,
      shortReadP99Us: short.p99Ns / 1e3,
      aloneShortReadsPerSecond: aloneShort.reads / aloneShort.seconds,
      aloneShortReadP99Us: aloneShort.p99Ns / 1e3,
    },
    histograms: {
      put: latencyFigures(beside.latenciesNs).histogram,
      alonePut: latencyFigures(aloneBefore.latenciesNs).histogram,
      shortRead: short.histogram,
      longRead: long.histogram,
    },
    warnings: warningsOf([aloneShort, short, long], [aloneBefore, beside]),
  };
}

function putFigures({ puts, seconds, latenciesNs }: PutPhase): Record<string, number> {
  const { p50Ns, p99Ns, maxNs } = latencyFigures(latenciesNs);
  return {
    puts,
    putsPerSecond: puts / seconds,
    putP50Us: p50Ns / 1e3,
    putP99Us: p99Ns / 1e3,
    putMaxUs: maxNs / 1e3,
  };
}

/** putP99Us of the time without long reads is alonePutP99Us. */
function alone(figures: Readonly<Record<string, number>>): Record<string, number> {
  const entries = Object.entries(figures).map(([name, value]): [string, number] => [
    `alone${name.charAt(0).toUpperCase()}${name.slice(1)}`,
    value,
  ]);
  return Object.fromEntries(entries);
}

/** 'wrong-answers' and 'refused-puts' void a round: the store did not do what was asked. */
function warningsOf(reads: readonly PhaseReads[], puts: readonly PutPhase[]): Warning[] {
  const warnings: Warning[] = [];
  const wrong = reads.reduce((sum, one) => sum + one.wrong, 0);
  if (wrong > 0) {
    const message = `${String(wrong)} reads found less or more than the store holds`;
    warnings.push({ code: 'wrong-answers', message });
  }
  const refused = puts.reduce((sum, one) => sum + one.refused, 0);
  if (refused > 0) {
    warnings.push({ code: 'refused-puts', message: `${String(refused)} puts were refused` });
  }
  return warnings;
}
