// short-reads: how many single keys threads read as fast as they can, beside puts at the rate of the published
// recipe. A thread holds one of the recipe's reading clients.

import type { Scalars } from '../record/round.ts';
import { numberOf } from './asked.ts';
import { phaseOf } from './clients/reading-thread.ts';
import {
  clientWarnings,
  closeRecipe,
  openRecipe,
  prepareRecipe,
  putFigures,
  SHORT_CLIENTS,
  type RecipeStore,
} from './clients/recipe.ts';
import type { ArmOrder, Closing, OpenArm, Procedure, Slice, SliceOrder } from './procedure.ts';

const PUTS_PER_SECOND = 2000;
const READING = 1;

export const shortReads: Procedure = {
  name: 'short-reads',
  warmUp: { figure: undefined, slicesMin: 1, slicesMax: 1, sideBySide: false },
  prepare: prepareRecipe,
  open: (order) => ShortReadsArm.open(order),
};

class ShortReadsArm implements OpenArm {
  readonly #recipe: RecipeStore;
  readonly #asked: Scalars;

  static async open(order: ArmOrder): Promise<ShortReadsArm> {
    const threads = numberOf(order.asked, 'threads');
    const clients = SHORT_CLIENTS.slice(0, threads);
    if (clients.length < threads) throw new Error('more threads than clients that read');
    const recipe = await openRecipe(
      order,
      clients.map((client) => ({
        ...{ clients: [client], phases: [READING], warmUpReads: 50_000 },
        ...{ readsPerSecond: 0, restRatio: 0 },
      })),
    );
    return new ShortReadsArm(recipe, order.asked);
  }

  private constructor(recipe: RecipeStore, asked: Scalars) {
    this.#recipe = recipe;
    this.#asked = asked;
  }

  async slice({ warm }: SliceOrder): Promise<Slice> {
    const { store, clients, threads } = this.#recipe;
    const seconds = numberOf(this.#asked, 'seconds') * (warm ? 0.5 : 1);
    threads.enter(READING);
    const puts = clients.paced(seconds, PUTS_PER_SECOND);
    const reads = (await threads.rest()).map((phases) => phaseOf(phases, READING));
    store.commit();
    const perSecond = reads.map((one) => one.reads / one.seconds);
    return {
      seconds: puts.seconds,
      settings: { ...store.settings(), readingThreads: reads.length },
      figures: {
        readsPerSecond: perSecond.reduce((sum, one) => sum + one, 0),
        readP99Us: Math.max(...reads.map((one) => one.p99Ns)) / 1e3,
        ...putFigures(puts),
      },
      series: { readsPerSecondByThread: perSecond },
      warnings: clientWarnings(reads, [puts]),
    };
  }

  async close(): Promise<Closing> {
    const settings = this.#recipe.store.settings();
    await closeRecipe(this.#recipe);
    return { settings, warnings: [] };
  }
}
