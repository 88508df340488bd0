// reads-beside: what a long read costs the puts beside it. A slice is a phase of puts with short reads alone, and in
// some of the slices one with long reads beside them after it, both in one store, so that each is the other's
// control. The control is the finer comparison and gets more slices, short ones in turn. Writes are in the log
// and synced before they are answered. A slice ends with a commit, outside of what is measured, so that the
// next begins with an empty buffer.

import type { Store } from '../../engine/index.ts';
import type { Scalars } from '../record/round.ts';
import { numberOf } from './asked.ts';
import { latencyFigures } from './clients/latency-figures.ts';
import type { PutPhase } from './clients/put-clients.ts';
import { phaseOf, type PhaseReads } from './clients/reading-thread.ts';
import {
  clientWarnings,
  closeRecipe,
  LONG_CLIENTS,
  openRecipe,
  prepareRecipe,
  PUT_CLIENTS,
  putFigures,
  SHORT_CLIENTS,
  type RecipeStore,
} from './clients/recipe.ts';
import type { ArmOrder, Closing, OpenArm, Procedure, Slice, SliceOrder } from './procedure.ts';

const SHORT_READS_PER_SECOND = 10_000;
const ALONE = 1;
const BESIDE = 2;

export const readsBeside: Procedure = {
  name: 'reads-beside',
  warmUp: { figure: 'alonePutsPerSecond', slicesMin: 4, slicesMax: 9, sideBySide: true },
  prepare: prepareRecipe,
  open: (order) => BesideArm.open(order),
};

class BesideArm implements OpenArm {
  readonly #recipe: RecipeStore;
  readonly #asked: Scalars;
  /** Slices so far, by whether they were warm-up. */
  readonly #slices = { warm: 0, measured: 0 };

  static async open(order: ArmOrder): Promise<BesideArm> {
    /** Part of the time in which a long read is under way, above 0 to 1, as far as the rests make it. */
    const longShare = numberOf(order.asked, 'sharePercent') / 100;
    const recipe = await openRecipe(order, [
      {
        ...{ clients: SHORT_CLIENTS, phases: [ALONE, BESIDE], warmUpReads: 20_000 },
        ...{ readsPerSecond: SHORT_READS_PER_SECOND, restRatio: 0 },
      },
      {
        ...{ clients: LONG_CLIENTS, phases: [BESIDE], warmUpReads: 2 },
        ...{ readsPerSecond: 0, restRatio: 1 / longShare - 1 },
      },
    ]);
    return new BesideArm(recipe, order.asked);
  }

  private constructor(recipe: RecipeStore, asked: Scalars) {
    this.#recipe = recipe;
    this.#asked = asked;
  }

  async slice({ warm }: SliceOrder): Promise<Slice> {
    const { store, clients, threads } = this.#recipe;
    threads.enter(ALONE);
    const alone = clients.closed(numberOf(this.#asked, 'aloneSeconds'), untilCommit(store));
    const beside = this.#isBeside(warm) ? this.#beside() : undefined;
    const [shorts, longs] = await threads.rest();
    store.commit();
    const quiet = foundAlone(alone, phaseOf(shorts, ALONE));
    const busy =
      beside &&
      foundBeside(beside, { short: phaseOf(shorts, BESIDE), long: phaseOf(longs, BESIDE) });
    return {
      seconds: alone.seconds + (beside?.puts.seconds ?? 0),
      settings: { ...store.settings(), putClients: PUT_CLIENTS.length },
      figures: { ...busy?.figures, ...quiet.figures },
      histograms: { ...busy?.histograms, ...quiet.histograms },
      warnings: [...quiet.warnings, ...(busy?.warnings ?? [])],
    };
  }

  /** The first slice of each kind, and of those that are measured every one of so many. */
  #isBeside(warm: boolean): boolean {
    const every = numberOf(this.#asked, 'besideEvery');
    return warm ? this.#slices.warm++ === 0 : this.#slices.measured++ % every === 0;
  }

  #beside(): PutsBeside {
    const { store, clients, threads } = this.#recipe;
    const waitedNs = store.stats().readersWaitedNs;
    threads.enter(BESIDE);
    const puts = clients.closed(numberOf(this.#asked, 'besideSeconds'));
    const waitedShare = (store.stats().readersWaitedNs - waitedNs) / 1e9 / puts.seconds;
    return { puts, waitedShare };
  }

  async close(): Promise<Closing> {
    const settings = this.#recipe.store.settings();
    await closeRecipe(this.#recipe);
    return { settings, warnings: [] };
  }
}

/** Whether the store has not committed since this was asked first: a phase then holds whole batches alone. */
function untilCommit(store: Store): () => boolean {
  let before: number | undefined;
  return () => {
    const { backendCommits } = store.stats();
    before ??= backendCommits;
    return backendCommits === before;
  };
}

interface PutsBeside {
  readonly puts: PutPhase;
  /** Of the time, what the writer waited for readers. */
  readonly waitedShare: number;
}

type Found = Pick<Slice, 'figures' | 'histograms' | 'warnings'>;

function foundAlone(puts: PutPhase, short: PhaseReads): Found {
  return {
    figures: {
      ...namedAlone(putFigures(puts)),
      aloneShortReadsPerSecond: short.reads / short.seconds,
      aloneShortReadP99Us: short.p99Ns / 1e3,
    },
    histograms: { alonePut: latencyFigures(puts.latenciesNs).histogram },
    warnings: clientWarnings([short], [puts]),
  };
}

function foundBeside(
  { puts, waitedShare }: PutsBeside,
  { short, long }: { readonly short: PhaseReads; readonly long: PhaseReads },
): Found {
  return {
    figures: {
      ...putFigures(puts),
      writerWaitedShare: waitedShare,
      longReads: long.reads,
      longReadMs: long.p50Ns / 1e6,
      longReadMsMax: long.maxNs / 1e6,
      longReadShare: long.busySeconds / long.seconds,
      longKeysPerSecond: long.keysRead / long.busySeconds,
      shortReadsPerSecond: short.reads / short.seconds,
      shortReadP99Us: short.p99Ns / 1e3,
    },
    histograms: {
      put: latencyFigures(puts.latenciesNs).histogram,
      shortRead: short.histogram,
      longRead: long.histogram,
    },
    warnings: clientWarnings([short, long], [puts]),
  };
}

/** putP99Us of the time without long reads is alonePutP99Us. */
function namedAlone(figures: Readonly<Record<string, number>>): Record<string, number> {
  const entries = Object.entries(figures).map(([name, value]): [string, number] => [
    `alone${name.charAt(0).toUpperCase()}${name.slice(1)}`,
    value,
  ]);
  return Object.fromEntries(entries);
}
