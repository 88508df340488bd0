// The clients of the published recipe for reads beside writes (etcd PR 10523), on a store with the keys of its
// workload long-reads: 10 clients put, 10 read single keys, 2 read the whole store. The store is prepared once
// a cell and cloned for each arm, so that an arm opens in the time that copying takes.

import { join } from 'node:path';
import { nodeVfs, Store, type StoreShare } from '../../../engine/index.ts';
import { workload, type ParameterValues } from '../../../workloads/index.ts';
import { loadPlan } from '../../load/load-plan.ts';
import { cloneTemplate, findTemplate, prepareTemplate } from '../../load/template.ts';
import { systemClock } from '../../measure/clock.ts';
import type { Scalars, Warning } from '../../record/round.ts';
import { numberOf, storeOptionsOf } from '../asked.ts';
import type { ArmOrder, CellOrder, SliceContext } from '../procedure.ts';
import { latencyFigures } from './latency-figures.ts';
import { PutClients, type PutPhase } from './put-clients.ts';
import { ReadingThreads, type PhaseReads, type ReadingPlan } from './reading-thread.ts';

/** In the workload's order. */
export const LONG_CLIENTS: readonly number[] = [0, 1];
export const SHORT_CLIENTS: readonly number[] = [2, 3, 4, 5, 6, 7, 8, 9, 10, 11];
export const PUT_CLIENTS: readonly number[] = [12, 13, 14, 15, 16, 17, 18, 19, 20, 21];
const CLIENTS = 22;
const WORKLOAD = 'long-reads';

/** A store with all the recipe's keys, its putting clients and its reading threads. */
export interface RecipeStore {
  readonly store: Store;
  readonly clients: PutClients;
  readonly threads: ReadingThreads;
}

/** Makes what openRecipe() clones, unless it is there. */
export async function prepareRecipe(
  { asked, prepared, seed }: CellOrder,
  { signal, onProgress }: SliceContext,
): Promise<Scalars> {
  const { keys, dbBytes } = await prepareTemplate(planOf(asked), {
    ...{ prepared, seed, signal, clock: systemClock },
    onProgress: (share) => {
      onProgress('loading keys', share);
    },
  });
  return { keys, dbBytes };
}

/** Opens a clone of the prepared store; all of it is on disk before anything else is. */
export async function openRecipe(
  { asked, prepared, folder, seed }: ArmOrder,
  plans: readonly Omit<ReadingPlan, 'parameters' | 'seed' | 'clientsAll'>[],
): Promise<RecipeStore> {
  const path = join(folder, 'store');
  cloneTemplate(findTemplate(planOf(asked), prepared), path);
  syncFile(join(path, 'db'));
  const store = Store.open(path, storeOptionsOf(asked));
  try {
    const parameters = parametersOf(asked);
    const puts = workload(WORKLOAD, parameters);
    const streams = PUT_CLIENTS.map((client) => puts.stream({ seed, client, clients: CLIENTS }));
    const clients = new PutClients(store, streams);
    return { store, clients, threads: await startReaders(store.share(), plans, parameters, seed) };
  } catch (error) {
    store.close();
    throw error;
  }
}

/** Threads that read with clients of the recipe. */
export function startReaders(
  share: StoreShare,
  plans: readonly Omit<ReadingPlan, 'parameters' | 'seed' | 'clientsAll'>[],
  parameters: ParameterValues,
  seed: number,
): Promise<ReadingThreads> {
  return ReadingThreads.start(
    share,
    plans.map((plan) => ({ ...plan, parameters, seed, clientsAll: CLIENTS })),
  );
}

export async function closeRecipe({ store, threads }: RecipeStore): Promise<void> {
  try {
    await threads.stop();
  } finally {
    await threads.kill();
    store.close();
  }
}

export function putFigures({ puts, seconds, latenciesNs }: PutPhase): Record<string, number> {
  const { p50Ns, p99Ns, maxNs } = latencyFigures(latenciesNs);
  return {
    puts,
    putsPerSecond: puts / seconds,
    putP50Us: p50Ns / 1e3,
    putP99Us: p99Ns / 1e3,
    putMaxUs: maxNs / 1e3,
  };
}

/** 'wrong-answers' and 'refused-puts' void a slice: the store did not do what was asked. */
export function clientWarnings(reads: readonly PhaseReads[], puts: readonly PutPhase[]): Warning[] {
  const warnings: Warning[] = [];
  const wrong = reads.reduce((sum, one) => sum + one.wrong, 0);
  if (wrong > 0) {
    const message = `${wrong} reads found less or more than the store holds`;
    warnings.push({ code: 'wrong-answers', message });
  }
  const refused = puts.reduce((sum, one) => sum + one.refused, 0);
  if (refused > 0) {
    warnings.push({ code: 'refused-puts', message: `${refused} puts were refused` });
  }
  return warnings;
}

function planOf(asked: Scalars): Parameters<typeof findTemplate>[0] {
  const levels = { workload: WORKLOAD, ...parametersOf(asked), ...storeOptionsOf(asked) };
  return loadPlan(levels).plan;
}

function parametersOf(asked: Scalars): { readonly standingKeys: number } {
  return { standingKeys: numberOf(asked, 'standingKeys') };
}

function syncFile(path: string): void {
  const file = nodeVfs.open(path, { mode: 'write' });
  file.sync();
  file.close();
}
