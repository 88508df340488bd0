// Power cuts at every write, cut, sync, rename and removal of seeded histories of a log. Each cut loses,
// keeps, or tears and reorders what was not synced, names included. What is left must open; hold every
// entry that was acknowledged; hold a prefix of what was appended and nothing else; and be as good as
// any log, which some cuts prove by going on and being cut again.

import { describe, expect, it } from 'vitest';
import { Random } from '../base/random.ts';
import { TapVfs } from '../../scripts/simulation/tap-vfs.ts';
import { MemoryVfs } from '../vfs/memory-vfs.ts';
import { Wal } from './wal.ts';

const FOLDER = '/wal';
const IDENTITY = new Uint8Array(16).fill(5);
const SEGMENT_BYTES = [2048, 3072, 4096, 16_384] as const;
const SURVIVALS = [0.02, 0.3, 0.7, 0.98] as const;
const SHARDS = 4;
/** Fewer in every run; a thousand in all under KVTUNE_LONG_TESTS=1. */
const HISTORIES_PER_SHARD = process.env['KVTUNE_LONG_TESTS'] === '1' ? 250 : 20;

interface Counts {
  points: number;
  torn: number;
  /** Cuts that left some of what was written and not synced, but not all. */
  partial: number;
  recoveries: number;
  releases: number;
  discards: number;
  segments: number;
}

const total: Counts = {
  points: 0,
  torn: 0,
  partial: 0,
  recoveries: 0,
  releases: 0,
  discards: 0,
  segments: 0,
};

class History {
  readonly #random: Random;
  readonly #disk: MemoryVfs;
  readonly #counts: Counts;
  readonly #depth: number;
  readonly #segmentBytes: number;
  /** Entry n stands at n - 1. */
  readonly #entries: Uint8Array[];
  #acknowledged: number;
  #released: number;

  constructor(
    random: Random,
    counts: Counts,
    depth = 0,
    disk: MemoryVfs = new MemoryVfs(),
    state: { entries: Uint8Array[]; released: number } = { entries: [], released: 0 },
  ) {
    this.#random = random;
    this.#counts = counts;
    this.#depth = depth;
    this.#disk = disk;
    this.#segmentBytes = SEGMENT_BYTES[random.below(SEGMENT_BYTES.length)]!;
    this.#entries = state.entries;
    this.#acknowledged = state.entries.length;
    this.#released = state.released;
  }

  run(): void {
    const random = this.#random;
    const tap = new TapVfs(this.#disk, ({ kind }) => {
      this.#cut(0);
      if (kind === 'sync') return;
      this.#cut(SURVIVALS[random.below(SURVIVALS.length)]!);
      if (random.below(2) === 0) this.#cut(1);
    });
    let log = this.#open(tap);
    for (let step = 0; step < 10; step++) {
      for (let i = random.below(6); i > 0; i--) this.#append(log);
      const roll = random.below(12);
      if (roll < 6) this.#sync(log);
      else if (roll < 8) log.flush();
      else if (roll < 9) this.#discard(log);
      else if (roll < 11) this.#release(log);
      else {
        log.close();
        this.#acknowledged = this.#entries.length;
        log = this.#open(tap);
      }
    }
    this.#sync(log);
    this.#cut(0);
    this.#counts.segments += log.stats().segments;
    log.close();
  }

  #open(vfs: TapVfs | MemoryVfs): Wal {
    return Wal.open(FOLDER, { segmentBytes: this.#segmentBytes, identity: IDENTITY }, vfs);
  }

  #append(log: Wal): void {
    const random = this.#random;
    const payload = new Uint8Array(random.below(random.below(4) === 0 ? 900 : 90));
    // Zeros are what a lost sector looks like.
    if (random.below(3) !== 0) random.fill(payload);
    this.#entries.push(payload);
    expect(log.append(payload)).toBe(this.#entries.length);
  }

  #sync(log: Wal): void {
    log.sync();
    this.#acknowledged = this.#entries.length;
  }

  #discard(log: Wal): void {
    const kept = log.discard();
    expect(kept).toBeGreaterThanOrEqual(this.#acknowledged);
    this.#entries.length = kept;
    this.#acknowledged = kept;
    this.#counts.discards++;
  }

  #release(log: Wal): void {
    this.#released = Math.max(this.#released, this.#random.between(0, this.#acknowledged));
    log.release(this.#released);
    this.#counts.releases++;
  }

  #cut(survival: number): void {
    const image = this.#disk.crashImage(this.#random.fork(), survival);
    this.#counts.points++;
    if (image.fates.kept > 0 && image.fates.lost > 0) this.#counts.torn++;
    const log = this.#open(image);
    const last = this.#check(log);
    if (survival > 0 && last > this.#acknowledged && last < this.#entries.length) {
      this.#counts.partial++;
    }
    if (this.#depth < 2 && this.#random.below(60) === 0) {
      const entries = this.#entries.slice(0, last);
      const state = { entries, released: this.#released };
      this.#counts.recoveries++;
      new History(this.#random.fork(), this.#counts, this.#depth + 1, image, state).run();
    }
  }

  /** The log holds a prefix of what was appended, with all that was acknowledged. Its length. */
  #check(log: Wal): number {
    const last = log.lastIndex;
    if (last < this.#acknowledged) throw new Error(`${this.#acknowledged} was synced, not ${last}`);
    if (last > this.#entries.length) throw new Error(`entry ${last} was never appended`);
    let next = this.#released + 1;
    log.replay(this.#released, (index, payload) => {
      const entry = this.#entries[index - 1];
      const equal = index === next && entry !== undefined && Buffer.compare(entry, payload) === 0;
      if (!equal) throw new Error(`entry ${index} instead of ${next}, or with wrong bytes`);
      next++;
    });
    if (next !== last + 1) throw new Error(`replayed to ${next - 1} instead of ${last}`);
    return last;
  }
}

describe('power cuts', () => {
  it.each(Array.from({ length: SHARDS }, (_, shard) => shard))(
    'leave every acknowledged entry and a prefix of the others, shard %i',
    { timeout: 600_000 },
    (shard) => {
      for (let i = 0; i < HISTORIES_PER_SHARD; i++) {
        const seed = shard * HISTORIES_PER_SHARD + i;
        try {
          new History(new Random(seed), total).run();
        } catch (error) {
          throw new Error(`history of seed ${seed}`, { cause: error });
        }
      }
    },
  );

  it('met what they are for', () => {
    const histories = SHARDS * HISTORIES_PER_SHARD;
    expect(total.points).toBeGreaterThan(40 * histories);
    expect(total.torn).toBeGreaterThan(3 * histories);
    expect(total.partial).toBeGreaterThan(histories / 2);
    expect(total.recoveries).toBeGreaterThan(histories / 2);
    expect(total.releases).toBeGreaterThan(histories);
    expect(total.discards).toBeGreaterThan(histories / 4);
    expect(total.segments).toBeGreaterThan(2 * histories);
  });
});
