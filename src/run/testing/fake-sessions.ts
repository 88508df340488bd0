// Sessions in which nothing is measured: time is a number that slices move, figures are what a test says, and every
// order is kept. Rounds are valid by the schema.

import { SCHEMA_VERSION, type Round, type Scalars } from '../../record/round.ts';
import { seedOf } from '../seed.ts';
import type { MeasureContext, PrepareOrder, SessionOpener, SessionOrder } from '../session.ts';
import type { FakeClock } from './fake-clock.ts';

export interface FakeSessionsOptions {
  readonly clock: FakeClock;
  /** Of a slice; default: arm a 50% above arm b, with a scatter of 0.2% from session to session. */
  readonly perSecond?: (at: { cell: string; arm: string; session: number }) => number;
  /** Seconds that this machine takes for a second of the model. */
  readonly pace?: number;
  /** Called before the n-th slice of a cell's n-th session; may throw, or abort. */
  readonly before?: (at: { cell: string; arm: string; session: number; block: number }) => void;
}

export class FakeSessions implements SessionOpener {
  /** '<cell> prepare' and '<cell> <session>: <arms>'. */
  readonly log: string[] = [];
  readonly orders: SessionOrder[] = [];
  readonly #options: FakeSessionsOptions;

  constructor(options: FakeSessionsOptions) {
    this.#options = options;
  }

  readonly prepare = (order: PrepareOrder): Promise<Scalars> => {
    const { clock, pace = 1 } = this.#options;
    this.log.push(`${order.cell.id} prepare`);
    clock.advance(order.cell.prepareSeconds * pace);
    return Promise.resolve({ 'a.size': 7, size: 7 });
  };

  readonly measure = async (order: SessionOrder, context: MeasureContext): Promise<void> => {
    const { clock, pace = 1, before } = this.#options;
    const { cell, arms, session } = order;
    this.orders.push(order);
    this.log.push(`${cell.id} ${session}: ${arms.join(' ')}`);
    clock.advance(arms.length * cell.openSeconds * pace);
    let position = 0;
    for (let block = 0; block < cell.slices && context.mayGoOn(); block++) {
      for (const arm of arms) {
        context.onProgress(`block ${block + 1}, ${arm}`, block / cell.slices);
        await Promise.resolve();
        before?.({ cell: cell.id, arm, session, block });
        clock.advance(cell.sliceSeconds * pace);
        context.onRound(this.#round(order, { arm, block, position: position++ }));
        context.signal.throwIfAborted();
      }
    }
  };

  #round(
    { cell, question, session }: SessionOrder,
    { arm, block, position }: { arm: string; block: number; position: number },
  ): Round {
    const { clock, pace = 1, perSecond = usual } = this.#options;
    const settings = cell.arms.find((one) => one.name === arm)?.settings ?? {};
    const asked = { ...cell.factors, ...settings };
    return {
      ...{ schemaVersion: SCHEMA_VERSION, kind: 'slice', question, cell: cell.id, arm },
      ...{ session, block, position, replicate: block, startedAt: clock.wallIso() },
      ...{ seconds: cell.sliceSeconds * pace, asked, settings: asked },
      figures: { perSecond: perSecond({ cell: cell.id, arm, session }) },
      ...{ counts: {}, histograms: {}, series: {}, state: {}, warnings: [] },
      resources: { rssBytesMax: 1e8, userSeconds: 1, systemSeconds: 0 },
    };
  }
}

function usual({ cell, arm, session }: { cell: string; arm: string; session: number }): number {
  const scatter = (seedOf(1, cell, arm, session) / 2 ** 32 - 0.5) / 250;
  return (arm === 'a' ? 150 : 100) * (1 + scatter);
}
