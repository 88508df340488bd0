// RandomHistory, for tests: seeded requests of every kind and option, over few keys, so that they meet each
// other's work; most make sense, some are refused. Test support; not part of the engine.

import { leaseId, type LeaseId } from '../base/ids.ts';
import type { Random } from '../base/random.ts';
import { END_OF_KEYS, SORT_TARGETS, type RangeRequest } from '../mvcc/mvcc-reader.ts';
import {
  COMPARE_RESULTS,
  COMPARE_TARGETS,
  type Compare,
  type DeleteRangeRequest,
  type PutRequest,
  type TxnOperation,
  type TxnRequest,
} from '../store/requests.ts';
import { bytesOf } from '../../scripts/simulation/model.ts';
import type { Operation } from './etcd-language.ts';

/** At most 12: Go sorts so few stably, so that ties come in the same order everywhere. */
const KEYS = [
  '\0',
  '\0\0',
  'a',
  'a\0',
  'ab',
  'b',
  'c',
  'ca',
  'k\xff',
  'k\xff\xff',
  'm',
  '\xff',
].map(bytesOf);
const VALUES = ['', '\0', 'one', 'two', 'two\0', 'x'.repeat(300)].map(bytesOf);
const LEASES = [1n, 7n, 2n ** 53n + 1n, 2n ** 63n - 1n, -5n].map(leaseId);
const NO_LEASE = leaseId(0n);
const EMPTY = new Uint8Array(0);
const NESTED_DEPTH_MAX = 2;
/** None that ends while a test runs. */
const TTL_SECONDS = [600, 5000, 9_000_000_000, 9_000_000_001];

export class RandomHistory {
  readonly #random: Random;
  /** Newest revision and last compaction, as the caller saw them: requests name revisions around them. */
  revision = 1;
  compacted = 0;

  constructor(random: Random) {
    this.#random = random;
  }

  /** The keys that requests are about. */
  static get keys(): readonly Uint8Array[] {
    return KEYS;
  }

  static get leases(): readonly LeaseId[] {
    return LEASES;
  }

  next(): Operation {
    const share = this.#random.unit();
    if (share < 0.33) return this.#put();
    if (share < 0.42) return this.#deleteRange();
    if (share < 0.7) return this.#txn(0);
    if (share < 0.88) return { kind: 'range', range: this.#range() };
    if (share < 0.91) return { kind: 'compact', revision: this.#compactAt() };
    if (share < 0.97) {
      return { kind: 'leaseGrant', id: this.#pick(LEASES), ttlSeconds: this.#pick(TTL_SECONDS) };
    }
    return { kind: 'leaseRevoke', id: this.#pick(LEASES), keysMax: 1000 };
  }

  #put(): PutRequest {
    const ignoreValue = this.#chance(0.1);
    const ignoreLease = this.#chance(0.1);
    return {
      kind: 'put',
      key: this.#key(),
      value: ignoreValue && this.#chance(0.9) ? EMPTY : this.#pick(VALUES),
      lease: this.#chance(0.3) && !(ignoreLease && this.#chance(0.9)) ? this.#lease() : NO_LEASE,
      prevKv: this.#chance(0.3),
      ignoreValue,
      ignoreLease,
    };
  }

  #deleteRange(): DeleteRangeRequest {
    // Most of one key, or there would soon be none.
    const end = this.#chance(0.25) ? this.#end() : undefined;
    return { kind: 'deleteRange', key: this.#key(), end, prevKv: this.#chance(0.5) };
  }

  /** In transactions: puts beside a deletion without an end are refused by us, and may crash etcd. */
  #boundedDeletion(): DeleteRangeRequest {
    const deletion = this.#deleteRange();
    const unbounded = deletion.end?.length === 1 && deletion.end[0] === 0;
    return unbounded ? { ...deletion, end: KEYS.at(-1) } : deletion;
  }

  #range(): RangeRequest {
    const sorted = this.#chance(0.4);
    const bound = (): number => (this.#chance(0.15) ? this.#nearby() : 0);
    return {
      key: this.#key(),
      end: this.#end(),
      revision: this.#chance(0.5) ? this.#nearby() : 0,
      limit: this.#chance(0.4) ? this.#random.between(1, 6) : 0,
      keysOnly: this.#chance(0.2),
      countOnly: this.#chance(0.15),
      sort: sorted
        ? { target: this.#pick(SORT_TARGETS), descending: this.#chance(0.5) }
        : undefined,
      modRevisionMin: bound(),
      modRevisionMax: bound(),
      createRevisionMin: bound(),
      createRevisionMax: bound(),
    };
  }

  #txn(depth: number): TxnRequest {
    const list = <T>(most: number, make: () => T): T[] =>
      Array.from({ length: this.#random.below(most + 1) }, make);
    return {
      kind: 'txn',
      compares: list(2, () => this.#compare()),
      success: list(3, () => this.#operation(depth)),
      failure: list(3, () => this.#operation(depth)),
    };
  }

  #operation(depth: number): TxnOperation {
    const share = this.#random.unit();
    if (share < 0.45) return this.#put();
    if (share < 0.6) return this.#boundedDeletion();
    if (share < 0.85 || depth === NESTED_DEPTH_MAX) return { kind: 'range', range: this.#range() };
    return this.#txn(depth + 1);
  }

  #compare(): Compare {
    const target = this.#pick(COMPARE_TARGETS);
    return {
      result: this.#pick(COMPARE_RESULTS),
      target,
      key: this.#key(),
      end: this.#chance(0.3) ? this.#end() : undefined,
      number: target === 'version' ? this.#random.below(4) : Math.max(0, this.#nearby()),
      lease: this.#chance(0.5) ? NO_LEASE : this.#lease(),
      value: this.#pick(VALUES),
    };
  }

  /** Mostly a revision that can be read. */
  #nearby(): number {
    return this.#random.between(Math.max(0, this.compacted - 2), this.revision + 1);
  }

  #compactAt(): number {
    if (this.#chance(0.2)) return this.#nearby();
    return Math.max(1, this.revision - this.#random.below(20));
  }

  #key(): Uint8Array {
    return this.#chance(0.01) ? EMPTY : this.#pick(KEYS);
  }

  #end(): Uint8Array | undefined {
    const share = this.#random.unit();
    if (share < 0.25) return undefined;
    return share < 0.5 ? END_OF_KEYS : this.#pick(KEYS);
  }

  #lease(): LeaseId {
    return this.#pick(LEASES);
  }

  #chance(share: number): boolean {
    return this.#random.unit() < share;
  }

  #pick<T>(choices: readonly T[]): T {
    return choices[this.#random.below(choices.length)]!;
  }
}
