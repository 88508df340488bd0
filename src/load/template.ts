// Templates: stores that hold what a workload wants beforehand, made once and cloned for every arm of every
// session. A template is the database file alone, of a store that was closed: it says of itself that it has
// all, so a store opened on a clone of it begins a log of its own. Arms whose levels make the same file
// share one; what else an arm asks of its store is asked when the clone is opened.

import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { nodeVfs, noSyncs, Store, STORE_DEFAULTS, type StoreOptions } from '../../engine/index.ts';
import { workload } from '../../workloads/index.ts';
import type { Clock } from '../measure/clock.ts';
import { beginPrepared, cloneFile, markPrepared, readPrepared } from '../record/prepared-folder.ts';
import type { LoadPlan } from './load-plan.ts';
import { preloadStore, type PreloadContext } from './preload.ts';

/** What is known of a template. */
export interface Template {
  /** Of the database file. */
  readonly path: string;
  readonly seed: number;
  /** Time it took: a lease that lasts no longer may have ended meanwhile. */
  readonly seconds: number;
  readonly leases: number;
  readonly keys: number;
  readonly dbBytes: number;
}

/** Raised when templates of another form are made: older ones are not used then. */
const FORM = 1;
const DB = 'db';
/** Options that show in the file. */
const SHAPING = ['pageSize', 'fillPercent', 'leaseTtlMin'] as const;
/** Few commits, nobody waits for one, and no bound that an arm may want. */
const PRELOADING: Partial<StoreOptions> = {
  durability: 'none',
  batchLimit: 100_000,
  batchIntervalMs: 1000,
  quotaBytes: 2 ** 50,
};

export interface PrepareOptions extends PreloadContext {
  /** Where templates lie. */
  readonly prepared: string;
  readonly seed: number;
  readonly clock: Clock;
}

/** Makes the plan's template unless it is there. Throws what the store refused, and the signal's reason. */
export async function prepareTemplate(
  plan: LoadPlan,
  { prepared, seed, clock, ...context }: PrepareOptions,
): Promise<Template> {
  const folder = folderOf(plan, prepared);
  const there = readTemplate(folder);
  if (there !== undefined) return there;
  const startedNs = clock.nowNs();
  const preload = workload(plan.workload, plan.parameters).preload(seed);
  const { leases, keys } = preload;
  const path = join(folder, DB);
  beginPrepared(folder);
  const store = Store.open(folder, { ...shapeOf(plan), ...PRELOADING }, noSyncs(nodeVfs));
  try {
    await preloadStore(store, preload, context);
  } finally {
    store.close();
  }
  removeLog(join(folder, 'wal'));
  sync(path);
  const dbBytes = sizeOf(path);
  const seconds = (clock.nowNs() - startedNs) / 1e9;
  const template = { path, seed, seconds, leases, keys, dbBytes };
  markPrepared(folder, template);
  return template;
}

/** The plan's template, which must have been prepared. */
export function findTemplate(plan: LoadPlan, prepared: string): Template {
  const template = readTemplate(folderOf(plan, prepared));
  if (template === undefined) {
    throw new Error(`nothing was prepared in ${prepared} for ${plan.workload}`);
  }
  return template;
}

/** Makes a store of the template in `folder`, which is made for it. */
export function cloneTemplate({ path }: Template, folder: string): void {
  cloneFile(path, join(folder, DB));
}

function folderOf(plan: LoadPlan, prepared: string): string {
  const about = { form: FORM, workload: plan.workload, parameters: plan.parameters };
  const key = JSON.stringify({ ...about, ...shapeOf(plan) });
  const digest = createHash('sha256').update(key).digest('hex').slice(0, 16);
  return join(prepared, `load-${plan.workload}-${digest}`);
}

function shapeOf({ store }: LoadPlan): Partial<StoreOptions> {
  return Object.fromEntries(SHAPING.map((name) => [name, store[name] ?? STORE_DEFAULTS[name]]));
}

/** Undefined where there is none, or a file that is not the one that was made. */
function readTemplate(folder: string): Template | undefined {
  // Written last, by this program: it has the form it was given. The folder may have been moved since.
  const about = readPrepared(folder) as Template | undefined;
  const path = join(folder, DB);
  if (about === undefined || !nodeVfs.exists(path)) return undefined;
  return sizeOf(path) === about.dbBytes ? { ...about, path } : undefined;
}

function removeLog(folder: string): void {
  for (const name of nodeVfs.list(folder)) nodeVfs.remove(join(folder, name));
}

function sizeOf(path: string): number {
  const file = nodeVfs.open(path, { mode: 'read' });
  try {
    return file.size();
  } finally {
    file.close();
  }
}

function sync(path: string): void {
  const file = nodeVfs.open(path, { mode: 'write' });
  try {
    file.sync();
  } finally {
    file.close();
  }
}
