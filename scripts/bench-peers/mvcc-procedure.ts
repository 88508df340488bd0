// Procedure 'mvcc-put': puts through key index, buffer and backend of a fresh store, without a log of requests: the
// bundled engine's, or that of etcd's own packages. The end state stands in `state`: all arms must agree on
// it. An arm of ours warms up on a store of its own on the same disk, since code that was compiled for a disk in
// memory is compiled again for a real one.

import { join } from 'node:path';
import { systemClock } from '../../src/measure/clock.ts';
import type { ArmOrder, OpenArm, Procedure, Slice } from '../../src/procedures/procedure.ts';
import type { Scalars } from '../../src/record/round.ts';
import { runEtcdPuts } from '../../src/targets/etcd-mvcc-peer.ts';
import { putThroughMvcc, type MvccPutsRequest } from './mvcc-work.ts';

/** Factors of a cell; an arm of etcd adds `program`. */
export interface MvccFactors {
  /** As many as keys. */
  readonly puts: number;
  readonly order: 'sequential' | 'random';
  readonly program?: string;
}

const WARM_UP_PUTS = 30_000;
/** What decides the figure. */
const SETTINGS = ['batchLimit', 'batchIntervalMs', 'freelist', 'syncFreelist'];

export const MVCC_PUT: Procedure = {
  name: 'mvcc-put',
  warmUp: { figure: undefined, slicesMin: 0, slicesMax: 0, sideBySide: false },
  open: (order) => {
    if (order.target === 'engine') warmUp(order);
    return Promise.resolve(armOf(order));
  },
};

function armOf(order: ArmOrder): OpenArm {
  return {
    slice: async ({ index }, { signal }) => {
      const request = requestOf(order, `slice-${index}`);
      const { program } = factorsOf(order.asked);
      if (program === undefined) {
        const { seconds, end, settings } = putThroughMvcc(request, systemClock);
        return sliceOf(request, { seconds, end, settings });
      }
      const { folder: path, ...asked } = request;
      const found = await runEtcdPuts({ peer: program, path, signal }, asked);
      return sliceOf(request, { ...found, seconds: found.cost.seconds });
    },
    close: () => Promise.resolve({ settings: {}, warnings: [] }),
  };
}

function warmUp(order: ArmOrder): void {
  const request = requestOf(order, 'warm-up');
  const puts = Math.min(WARM_UP_PUTS, request.puts);
  // Left until the arm's folder goes: blocks given back would be the disk's work in measured commits.
  putThroughMvcc({ ...request, puts }, systemClock);
}

function requestOf({ asked, folder, seed }: ArmOrder, name: string): MvccPutsRequest {
  const { puts, order } = factorsOf(asked);
  return { folder: join(folder, name), keys: puts, puts, order, seed };
}

/** Made by cells.ts, of this program: the names and types are those of MvccFactors. */
function factorsOf(asked: Scalars): MvccFactors {
  return asked as unknown as MvccFactors;
}

function sliceOf(
  { puts }: MvccPutsRequest,
  found: {
    readonly seconds: number;
    readonly end: { readonly revision: number; readonly keys: number; readonly hash: number };
    readonly settings: Scalars;
  },
): Slice {
  const { seconds, end, settings } = found;
  const { hash, revision, keys } = end;
  return {
    seconds,
    settings: Object.fromEntries(SETTINGS.flatMap((name) => pairOf(name, settings[name]))),
    figures: { operationsPerSecond: puts / seconds, operationSeconds: seconds / puts },
    state: { end: `hash ${hash} at revision ${revision} with ${keys} keys` },
    warnings: [],
  };
}

function pairOf(name: string, value: Scalars[string] | undefined): [string, Scalars[string]][] {
  return value === undefined ? [] : [[name, value]];
}
