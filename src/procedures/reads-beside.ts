// reads-beside: what a long read costs the puts beside it. A slice is a phase of puts with short reads alone, then
// one with long reads beside them, both in one store, so that each is the other's control. Writes are in the
// log and synced before they are answered. A slice ends with a commit, outside of what is measured, so that
// the next begins with an empty buffer.

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
  warmUp: { figure: undefined, slicesMin: 1, slicesMax: 1 },
  prepare: prepareRecipe,
  open: (order) => BesideArm.open(order),
};

class BesideArm implements OpenArm {
  readonly #recipe: RecipeStore;
  readonly #asked: Scalars;

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
    const part = warm ? 0.5 : 1;
    threads.enter(ALONE);
    const alone = clients.closed(part * numberOf(this.#asked, 'aloneSeconds'));
    const waitedNs = store.stats().readersWaitedNs;
    threads.enter(BESIDE);
    const beside = clients.closed(part * numberOf(this.#asked, 'besideSeconds'));
    const waitedShare = (store.stats().readersWaitedNs - waitedNs) / 1e9 / beside.seconds;
    const [shorts, longs] = await threads.rest();
    store.commit();
    return {
      seconds: alone.seconds + beside.seconds,
      settings: { ...store.settings(), putClients: PUT_CLIENTS.length },
      ...found(
        { alone, beside, waitedShare },
        {
          aloneShort: phaseOf(shorts, ALONE),
          short: phaseOf(shorts, BESIDE),
          long: phaseOf(longs, BESIDE),
        },
      ),
    };
  }

  async close(): Promise<Closing> {
    const settings = this.#recipe.store.settings();
    await closeRecipe(this.#recipe);
    return { settings, warnings: [] };
  }
}

interface Puts {
  readonly alone: PutPhase;
  readonly beside: PutPhase;
  /** Of the time beside long reads, what the writer waited for readers. */
  readonly waitedShare: number;
}

interface Reads {
  readonly aloneShort: PhaseReads;
  readonly short: PhaseReads;
  readonly long: PhaseReads;
}

function found(
  { alone, beside, waitedShare }: Puts,
  { aloneShort, short, long }: Reads,
): Pick<Slice, 'figures' | 'histograms' | 'warnings'> {
  return {
    figures: {
      ...putFigures(beside),
      ...namedAlone(putFigures(alone)),
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
      alonePut: latencyFigures(alone.latenciesNs).histogram,
      shortRead: short.histogram,
      longRead: long.histogram,
    },
    warnings: clientWarnings([aloneShort, short, long], [alone, beside]),
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
