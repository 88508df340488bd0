// Store cuts: seeded histories of a whole store, log and backend together, on a simulated disk that is
// looked at after every write, cut, sync, rename and removal. Each look cuts the power in several ways
// (unsynced sectors and names lost, kept, or torn and reordered) and opens what is left. What must hold
// at every cut:
//
// - the store opens (one that was never finished may be refused: nobody was told that it holds anything);
// - it holds what the model holds after some prefix of the requests that were submitted, one that has all
//   of those that were answered: keys at every revision, leases, alarms, and nothing half done;
// - check finds no fault in its file, which holds exactly the revisions that it should;
// - it is a store like every other: some cuts begin a history of their own, perhaps under other options,
//   whose recovery, writes and syncs are cut again.
//
// With durability 'none' what was answered since the last commit may be lost, still as a prefix. A seed
// fixes setting and history on every machine: nothing depends on the clock. A finding is a bug.

import { assert } from '../../engine/base/assert.ts';
import { nowNs } from '../../engine/base/clock.ts';
import { EngineError } from '../../engine/base/errors.ts';
import { leaseId } from '../../engine/base/ids.ts';
import { Random } from '../../engine/base/random.ts';
import { FREELIST_KINDS } from '../../engine/freelist/create.ts';
import type { StoreOptions } from '../../engine/store/options.ts';
import type { Request } from '../../engine/store/requests.ts';
import type { Response } from '../../engine/store/responses.ts';
import { Store } from '../../engine/store/store.ts';
import { MemoryVfs } from '../../engine/vfs/memory-vfs.ts';
import type { Vfs } from '../../engine/vfs/vfs.ts';
import { LEASE_KEYS_A_STEP, stateDifference, wholeDifference } from './store-look.ts';
import { StoreModel, type ModelAnswer } from './store-model.ts';
import { randomRequest } from './store-requests.ts';
import { TapVfs, type DiskChange } from './tap-vfs.ts';

export type StoreCutSetting = Pick<StoreOptions, 'freelist' | 'durability'>;

/** What was seen, to be added up over histories. */
export interface StoreCutCounts {
  /** Crash images opened and checked. */
  points: number;
  /** Those that kept some unsynced sectors and lost others. */
  torn: number;
  /** Those that held more than was answered, and less than was submitted. */
  partial: number;
  /** Those that began a history of their own. */
  recoveries: number;
  /** Looks at a store that was in the middle of recovering. */
  inRecovery: number;
  requests: number;
  refusals: number;
  commits: number;
  reopens: number;
  /** Segments of the log that were removed again. */
  released: number;
  compactions: number;
  /** Steps of revocations that left keys for the next one. */
  partialRevocations: number;
}

const FOLDER = '/store';
const ROUNDS = 10;
const ROUNDS_AFTER_RECOVERY = 4;
const DEPTH_MAX = 2;
/** How much of what was not synced is on the disk, besides none and all of it. */
const SURVIVALS = [0.02, 0.3, 0.7, 0.98] as const;
const HOUR_MS = 3_600_000;

const SETTINGS: readonly StoreCutSetting[] = (['group', 'each', 'none'] as const).flatMap(
  (durability) => FREELIST_KINDS.map((freelist) => ({ durability, freelist })),
);

/** Settings repeat after this many seeds. */
export const STORE_CUT_SETTINGS: number = SETTINGS.length;

/** The setting that a seed stands for. */
export function storeCutSetting(seed: number): StoreCutSetting {
  return SETTINGS[seed % SETTINGS.length]!;
}

export function newStoreCutCounts(): StoreCutCounts {
  return {
    ...{ points: 0, torn: 0, partial: 0, recoveries: 0, inRecovery: 0, requests: 0, refusals: 0 },
    ...{ commits: 0, reopens: 0, released: 0, compactions: 0, partialRevocations: 0 },
  };
}

/**
 * Runs the history of `seed` (a safe integer >= 0), adding to `counts`. Throws at the first fault. `wrap`
 * puts something between the store and its disk: a test's own fault, which must be found.
 */
export function runStoreCuts(
  seed: number,
  counts: StoreCutCounts,
  wrap: (vfs: Vfs) => Vfs = (vfs) => vfs,
): void {
  const random = new Random(seed);
  const options = optionsOf(random, storeCutSetting(seed));
  const known = { model: new StoreModel(), recovered: false, depth: 0 };
  new History({ options, random, disk: new MemoryVfs(), counts, known, wrap }).run();
}

/** Everything in steps so small that a history meets all of their ends; nothing by the clock. */
function optionsOf(random: Random, setting: StoreCutSetting): Partial<StoreOptions> {
  return {
    ...setting,
    syncFreelist: random.below(2) === 0,
    pageSize: random.below(3) === 0 ? 1024 : 4096,
    cacheBytes: 64 * 4096,
    indexLock: random.below(2) === 0 ? 'optimistic' : 'global',
    leaseExpiry: random.below(2) === 0 ? 'heap' : 'scan',
    leaseRevokeKeys: LEASE_KEYS_A_STEP,
    batchLimit: [2, 9, 10_000][random.below(3)]!,
    batchIntervalMs: HOUR_MS,
    compactionBatch: 3,
    compactionPauseMs: 0,
    requestBytesMax: 16 * 1024,
    indexBytes: 1024 ** 2,
    bufferEntries: 1024,
    bufferBytes: 1024 ** 2,
    segmentBytes: 64 * 1024,
  };
}

/** What a history begins with. */
interface Known {
  readonly model: StoreModel;
  /** The disk is the image of a crash. */
  readonly recovered: boolean;
  readonly depth: number;
}

interface HistoryOptions {
  readonly options: Partial<StoreOptions>;
  readonly random: Random;
  readonly disk: MemoryVfs;
  readonly counts: StoreCutCounts;
  readonly known: Known;
  readonly wrap: (vfs: Vfs) => Vfs;
}

class History {
  readonly #with: HistoryOptions;
  readonly #options: Partial<StoreOptions>;
  readonly #random: Random;
  readonly #counts: StoreCutCounts;
  readonly #vfs: Vfs;
  /** The state after each request that was submitted; the first one before any. */
  readonly #states: StoreModel[];
  /** Leases that are being revoked, in the store's order: each tick is a step of each. */
  readonly #revocations = new Set<bigint>();
  /** Those of which the last step is queued. */
  readonly #ended: bigint[] = [];
  readonly #heavy: boolean;
  #answered = 0;
  /** How many requests no cut may lose any more. */
  #durable = 0;
  #opening = true;

  constructor(options: HistoryOptions) {
    this.#with = options;
    this.#options = options.options;
    this.#random = options.random;
    this.#counts = options.counts;
    this.#states = [options.known.model];
    this.#heavy = this.#random.below(3) === 0;
    for (const [id, { revoking }] of options.known.model.leases) {
      if (revoking) this.#revocations.add(id);
    }
    const tap = new TapVfs(options.disk, (change) => {
      this.#observe(change);
    });
    this.#vfs = options.wrap(tap);
  }

  run(): void {
    let store = this.#open();
    const rounds = this.#with.known.recovered ? ROUNDS_AFTER_RECOVERY : ROUNDS;
    for (let round = 0; round < rounds; round++) {
      for (let i = this.#random.between(1, 6); i > 0; i--) this.#submit(store);
      this.#flush(store);
      const roll = this.#random.below(12);
      if (roll < 6) this.#tick(store);
      else if (roll < 9) this.#commit(store);
      else if (roll === 9) {
        this.#close(store);
        store = this.#open();
        this.#counts.reopens++;
      }
    }
    this.#close(store);
    this.#cut(0);
  }

  #open(): Store {
    this.#opening = true;
    const store = Store.open(FOLDER, this.#options, this.#vfs);
    this.#opening = false;
    return store;
  }

  get #newest(): StoreModel {
    return this.#states.at(-1)!;
  }

  #submit(store: Store): void {
    const request = randomRequest(this.#random, this.#newest, this.#heavy);
    const { kind } = request;
    const grows = kind === 'put' || kind === 'txn' || kind === 'leaseGrant';
    // What the alarm refuses never is a request of the log.
    if (grows && this.#states[this.#answered]!.alarms.has('noSpace')) {
      store.submit(request, (error) => {
        assert(error?.code === 'QUOTA_EXCEEDED', `a ${kind} under the alarm: ${error?.code}`);
      });
      return;
    }
    if (kind === 'leaseRevoke') this.#revoke(store, request);
    else store.submit(request, this.#expect(request).check);
  }

  /** The first step goes at once, the others go with ticks. */
  #revoke(store: Store, request: Extract<Request, { kind: 'leaseRevoke' }>): void {
    if (this.#revocations.has(request.id)) {
      store.submit(request, () => undefined);
      return;
    }
    const { answer, check } = this.#expect(request);
    this.#revocations.add(request.id);
    if (answer.more) this.#counts.partialRevocations++;
    else this.#ended.push(request.id);
    // Who asks hears of the last step only; #flush() takes note of the others.
    store.submit(request, answer.more ? () => undefined : check);
  }

  /** Takes down what the request will do; `check` is for its answer. */
  #expect(request: Request): {
    answer: ModelAnswer;
    check: (error: EngineError | undefined, response: Response | undefined) => void;
  } {
    const state = new StoreModel(this.#newest);
    const answer = state.apply(request);
    const number = this.#states.push(state) - 1;
    this.#counts.requests++;
    if (answer.error !== undefined) this.#counts.refusals++;
    else if (request.kind === 'compact') this.#counts.compactions++;
    const check = (error: EngineError | undefined, response: Response | undefined): void => {
      const told = error?.code ?? response?.revision;
      const expected = answer.error ?? answer.revision;
      assert(told === expected, `${request.kind} was answered ${told}, not ${expected}`);
      this.#setAnswered(number);
    };
    return { answer, check };
  }

  #setAnswered(number: number): void {
    assert(number > this.#answered, 'answers come in the order of requests');
    this.#answered = number;
    if (this.#options.durability !== 'none') this.#durable = number;
  }

  #flush(store: Store): void {
    store.flush();
    for (const id of this.#ended.splice(0)) this.#revocations.delete(id);
    if (this.#answered < this.#states.length - 1) this.#setAnswered(this.#states.length - 1);
  }

  #tick(store: Store): void {
    for (const id of this.#revocations) {
      const step = { kind: 'leaseRevoke', id: leaseId(id), keysMax: LEASE_KEYS_A_STEP } as const;
      const { answer } = this.#expect(step);
      if (answer.more) this.#counts.partialRevocations++;
      else this.#ended.push(id);
    }
    store.tick(nowNs());
    this.#flush(store);
  }

  #commit(store: Store): void {
    store.commit();
    this.#durable = this.#answered;
    this.#counts.commits++;
  }

  #close(store: Store): void {
    this.#counts.commits += store.stats().backendCommits;
    store.close();
    this.#durable = this.#answered;
    // Revocations that were under way go on in the order in which the file has them.
    const ids = [...this.#revocations].sort((a, b) => (a < b ? -1 : 1));
    this.#revocations.clear();
    for (const id of ids) this.#revocations.add(id);
  }

  #observe(change: DiskChange): void {
    if (change.kind === 'remove') this.#counts.released++;
    this.#cut(0);
    if (change.kind === 'sync' || change.kind === 'syncFolder') return;
    this.#cut(SURVIVALS[this.#random.below(SURVIVALS.length)]!);
    if (this.#random.below(2) === 0) this.#cut(1);
  }

  #cut(survival: number): void {
    const counts = this.#counts;
    counts.points++;
    const image = this.#with.disk.crashImage(this.#random.fork(), survival);
    if (image.fates.kept > 0 && image.fates.lost > 0) counts.torn++;
    if (this.#opening && this.#with.known.recovered) counts.inRecovery++;
    try {
      this.#look(image);
    } catch (error) {
      const when = this.#opening ? 'opening' : `${this.#answered} answered`;
      const place = `depth ${this.#with.known.depth}, ${when}, survival ${survival}`;
      throw new Error(`cut ${counts.points} (${place})`, { cause: error });
    }
  }

  #look(image: MemoryVfs): void {
    const random = this.#random;
    const recover = this.#with.known.depth < DEPTH_MAX && random.below(150) === 0;
    // Looking at a store changes its disk: a history of its own begins with another one.
    const copy = recover ? image.crashImage(random, 1) : undefined;
    let store: Store;
    try {
      store = Store.open(FOLDER, this.#options, image);
    } catch (error) {
      const refused = error instanceof EngineError && error.code === 'NOT_A_DATABASE';
      // The first commit of all comes before anything is answered.
      if (refused && this.#opening && this.#states.at(0)!.isNew && this.#states.length === 1)
        return;
      throw error;
    }
    let found: number;
    try {
      found = this.#stateOf(store, image);
    } finally {
      store.close();
    }
    const submitted = this.#states.length - 1;
    if (found > this.#durable && found < submitted) this.#counts.partial++;
    if (copy !== undefined) this.#recover(copy, this.#states[found]!);
  }

  /** The last of the allowed states that the store holds; throws where it holds none of them. */
  #stateOf(store: Store, image: MemoryVfs): number {
    const newest = this.#states.length - 1;
    store.commit();
    const differences: string[] = [];
    for (let number = newest; number >= this.#durable; number--) {
      const state = this.#states[number]!;
      const difference = stateDifference(store, state);
      if (difference === undefined) {
        const other = wholeDifference(store, state, image, this.#random);
        assert(other === undefined, `state ${number}: ${other}`);
        return number;
      }
      differences.push(`${number}: ${difference}`);
    }
    const lost = this.#states.findIndex((state) => stateDifference(store, state) === undefined);
    const told = lost < 0 ? differences.join('; ') : `it holds state ${lost}`;
    throw new Error(`the store holds none of the states ${this.#durable} to ${newest}: ${told}`);
  }

  /** What is left begins a history of its own, now and then under other options. */
  #recover(image: MemoryVfs, model: StoreModel): void {
    this.#counts.recoveries++;
    const random = this.#random.fork();
    const setting = SETTINGS[random.below(SETTINGS.length)]!;
    const options =
      random.below(2) === 0
        ? this.#options
        : { ...optionsOf(random, setting), pageSize: this.#options.pageSize ?? 0 };
    const known = { model, recovered: true, depth: this.#with.known.depth + 1 };
    new History({ ...this.#with, options, random, disk: image, known }).run();
  }
}
