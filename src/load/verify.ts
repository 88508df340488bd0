// verifyStore(): holds a store that nobody writes to any more against the truth of the streams: every entry
// under the workload's prefix, every lease, and which key hangs on which lease. Reads through the reader,
// asks for leases through the channel.
//
// A lease is asked for by renewing it, so that one that is there stays until its keys were looked at. One
// that is gone must have had its time, and so may its keys be. That keys of a lease that ran out are gone is
// not asked: the cap on revocations lets them lag.

import {
  Answer,
  END_OF_KEYS,
  KeyValueView,
  leaseId,
  type ChannelClient,
  type MvccReader,
} from '../../engine/index.ts';
import {
  keyIdOf,
  replayTruth,
  TruthCheck,
  type ClientProgress,
  type ParameterizedWorkload,
  type Truth,
} from '../../workloads/index.ts';
import type { Verification } from './load-plan.ts';

const FAULTS_MAX = 10;
const WAIT_MS = 20;

export interface VerifyOptions {
  readonly workload: ParameterizedWorkload;
  readonly seed: number;
  /** Of what was loaded beforehand. */
  readonly preloadSeed: number;
  readonly progress: readonly ClientProgress[];
  /**
   * Seconds in which a lease may have gone without a renewal, the time included in which nobody loads the
   * store: one that lasts longer cannot have ended.
   */
  readonly seconds: number;
  /** Leases in the store. */
  readonly leases: number;
  readonly channel: ChannelClient;
  readonly reader: MvccReader;
}

export function verifyStore(options: VerifyOptions): Verification {
  const { workload, seed, preloadSeed, progress, reader } = options;
  const truth = replayTruth(workload, seed, progress, preloadSeed);
  const faults = new Faults();
  const gone = goneLeases(truth, options, faults);
  const doubtful = progress.reduce((sum, { unsure = 0 }) => sum + unsure, 0);
  if (options.leases > truth.leases.size + doubtful) {
    faults.add(`there are ${options.leases} leases, and should be ${truth.leases.size} at most`);
  }
  const check = new TruthCheck(truth);
  const view = new KeyValueView();
  const range = { key: bytesOf(workload.prefix), end: endOf(workload.prefix) };
  reader.visit(range, 0, (u8, start, length) => {
    const { key, value, lease } = view.read(u8, start, length).copy();
    const fault = check.see(key, value) ?? leaseFault(truth, keyIdOf(key), Number(lease));
    if (fault !== undefined) faults.add(fault);
  });
  for (const keyId of check.missing((lease) => gone.has(lease))) {
    faults.add(`key ${keyId} is missing`);
  }
  return { ok: faults.count === 0, entries: check.entries, faults: faults.sentences() };
}

/** Leases of the truth that the store no longer has; names those that should be there. */
function goneLeases(truth: Truth, options: VerifyOptions, faults: Faults): ReadonlySet<number> {
  const { channel, seconds, progress } = options;
  // A revocation that was not answered may have been carried out.
  const sure = progress.every(({ unsure = 0 }) => unsure === 0);
  const leases = [...truth.leases];
  const gone = new Set<number>();
  const answer = new Answer();
  const take = (): void => {
    while (channel.take(answer)) {
      const [lease, held] = leases[answer.ticket] ?? [];
      if (lease === undefined || held === undefined || answer.error === undefined) continue;
      gone.add(lease);
      if (sure && held.ttlSeconds > seconds) faults.add(`lease ${lease} is gone before its time`);
    }
  };
  const rest = (): void => {
    channel.ring();
    take();
    if (channel.outstanding > 0) channel.wait(WAIT_MS);
  };
  for (const [i, [lease]] of leases.entries()) {
    while (!channel.keepAlive(i, leaseId(BigInt(lease)))) rest();
  }
  while (channel.outstanding > 0) rest();
  take();
  return gone;
}

function leaseFault(truth: Truth, keyId: number, lease: number): string | undefined {
  // Another write of the key may have come through, with another lease or none.
  if (truth.unsure.has(keyId)) return undefined;
  const expected = truth.leaseOfKey.get(keyId) ?? 0;
  if (lease === expected) return undefined;
  const name = (id: number): string => (id === 0 ? 'no lease' : `lease ${id}`);
  return `key ${keyId} hangs on ${name(lease)}, and should on ${name(expected)}`;
}

class Faults {
  count = 0;
  readonly #first: string[] = [];

  add(sentence: string): void {
    this.count++;
    if (this.#first.length < FAULTS_MAX) this.#first.push(sentence);
  }

  sentences(): string[] {
    const more = this.count - this.#first.length;
    return more === 0 ? this.#first : [...this.#first, `and ${more} more`];
  }
}

function bytesOf(text: string): Uint8Array {
  return Uint8Array.from(Buffer.from(text, 'latin1'));
}

/** First key behind all that start with the prefix. */
function endOf(prefix: string): Uint8Array {
  const end = bytesOf(prefix);
  const last = end.length - 1;
  if (last < 0) return END_OF_KEYS;
  end[last] = (end[last] ?? 0) + 1;
  return end;
}
