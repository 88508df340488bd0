// Every workload: its first operations are pinned, its streams repeat and do not mix, what it declares
// holds, and its truth is what a model store holds after a run of several clients in any order.

import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { Random } from '../../engine/base/random.ts';
import type { ParameterValues } from '../parameters.ts';
import { replayTruth, TruthCheck, type ClientProgress } from '../truth.ts';
import { fitsBins } from '../testing/goodness-of-fit.ts';
import { ModelStore } from '../testing/model-store.ts';
import { Operation, type ParameterizedWorkload } from '../workload.ts';
import { workload, WORKLOADS } from './catalog.ts';

const SEED = 20261124;

/** Small enough that keys are written often. */
const SMALL: Readonly<Record<string, ParameterValues>> = {
  'large-values': { keys: 50, valueBytes: 3000, sizes: 'lognormal' },
  'key-churn': { keys: 60, valueBytes: 100, compactEvery: 100, retainRevisions: 9 },
  'mass-leases': { leases: 40, keysPerLease: 3, replaceShare: 0.5 },
  'read-heavy': { keys: 64, writeShare: 0.3, rangeShare: 0.1 },
  'long-reads': { keys: 20, standingKeys: 200, longRate: 5, shortRate: 10, putRate: 10 },
  kubernetes: {
    nodes: 12,
    podsPerNode: 3,
    namespaces: 4,
    podLifeSeconds: 20,
    listSeconds: 1,
    compactionSeconds: 15,
  },
};

const CASES = WORKLOADS.map(({ id }): [string, ParameterizedWorkload] => [
  id,
  workload(id, SMALL[id]),
]);

function line(operation: Operation): string {
  const { kind, lane, key, keyLength, end, endLength, value, valueLength } = operation;
  const text = (bytes: Uint8Array, length: number): string =>
    Buffer.from(bytes.subarray(0, length)).toString('latin1');
  const digest = createHash('sha256').update(value.subarray(0, valueLength)).digest('hex');
  const { keyId, slot, limit, countOnly, keysOnly, creates, lease, ttlSeconds, sequence } =
    operation;
  return JSON.stringify([
    ...[kind, lane, text(key, keyLength), text(end, endLength), valueLength, digest],
    ...[keyId, slot, limit, countOnly, keysOnly, creates, lease, ttlSeconds, sequence],
    operation.retainRevisions,
  ]);
}

function lines(of: ParameterizedWorkload, client: number, clients: number, seed = SEED): string[] {
  const stream = of.stream({ seed, client, clients });
  const operation = new Operation();
  return Array.from({ length: 2000 }, () => {
    stream.next(operation);
    return line(operation);
  });
}

interface Run {
  readonly store: ModelStore;
  readonly progress: ClientProgress[];
}

/** Clients' operations in any order between them, each client's own in theirs. */
function run(of: ParameterizedWorkload, clients: number, operations: number): Run {
  const store = new ModelStore();
  const operation = new Operation();
  store.load(of.preload(SEED), operation);
  const streams = Array.from({ length: clients }, (_, client) =>
    of.stream({ seed: SEED, client, clients }),
  );
  const counts = streams.map(() => 0);
  const random = new Random(clients);
  for (let i = 0; i < operations; i++) {
    const client = random.below(clients);
    streams[client]?.next(operation);
    store.apply(operation);
    counts[client] = (counts[client] ?? 0) + 1;
  }
  return { store, progress: counts.map((acknowledged) => ({ acknowledged })) };
}

function faultsOf(of: ParameterizedWorkload, { store, progress }: Run, seed = SEED): string[] {
  const check = new TruthCheck(replayTruth(of, seed, progress));
  const faults = [...store.entries.values()].flatMap(
    ({ key, value }) => check.see(key, value) ?? [],
  );
  return [...faults, ...check.missing(() => false).map((keyId) => `key ${keyId} is missing`)];
}

describe.each(CASES)('%s', (id, small) => {
  it('begins with the same operations on every machine', () => {
    expect(lines(small, 1, 3).slice(0, 8)).toMatchSnapshot();
    const whole = createHash('sha256')
      .update(lines(small, 0, 3).join('\n'))
      .digest('hex');
    expect(whole).toMatchSnapshot();
    const operation = new Operation();
    small.preload(SEED).fill(17, operation);
    expect(line(operation)).toMatchSnapshot();
  });

  it('repeats by seed, and differs by seed and client', () => {
    const once = lines(small, 0, 2);
    expect(lines(small, 0, 2)).toEqual(once);
    expect(lines(small, 0, 2, SEED + 1)).not.toEqual(once);
    expect(lines(small, 1, 2)).not.toEqual(once);
  });

  it.each([1, 2, 3, 7])('has the truth of %d clients', (clients) => {
    expect(faultsOf(small, run(small, clients, 6000))).toEqual([]);
  });

  it('notices a lost write, a lost key, one too many, damage and another seed', () => {
    const done = run(small, 3, 6000);
    const shorter = done.progress.map(({ acknowledged }, client) => ({
      acknowledged: client === 2 ? Math.floor(acknowledged / 2) : acknowledged,
    }));
    expect(faultsOf(small, { ...done, progress: shorter }).length).toBeGreaterThan(0);
    expect(faultsOf(small, done, SEED + 1).length).toBeGreaterThan(0);
    const [name = '', entry] = [...done.store.entries][5] ?? [];
    if (entry === undefined) throw new Error('the store is empty');
    done.store.entries.delete(name);
    expect(faultsOf(small, done)).toEqual([expect.stringContaining('is missing')]);
    const damaged = entry.value.slice();
    damaged[20] = (damaged[20] ?? 0) ^ 1;
    done.store.entries.set(name, { ...entry, value: damaged });
    expect(faultsOf(small, done)).toHaveLength(2);
    done.store.entries.set(name, entry).set(`${name}again`, entry);
    expect(faultsOf(small, done)).toEqual([expect.stringContaining('there twice')]);
  });

  it('takes either state for what was never answered, and skips what was refused', () => {
    const { store, progress } = run(small, 2, 4000);
    const stream = small.stream({ seed: SEED, client: 0, clients: 2 });
    const operation = new Operation();
    const acknowledged = progress[0]?.acknowledged ?? 0;
    for (let i = 0; i < acknowledged; i++) stream.next(operation);
    const unsure = progress.map((one, i) => (i === 0 ? { ...one, unsure: 40 } : one));
    expect(faultsOf(small, { store, progress: unsure })).toEqual([]);
    for (let i = 0; i < 40; i++) {
      stream.next(operation);
      store.apply(operation);
    }
    expect(faultsOf(small, { store, progress: unsure })).toEqual([]);
    const refused = new Set(Array.from({ length: 40 }, (_, i) => acknowledged + i));
    const after = progress.map((one, i) =>
      i === 0 ? { acknowledged: acknowledged + 40, refused } : one,
    );
    expect(faultsOf(small, { store, progress: after }).length).toBeGreaterThan(0);
  });

  it('shares the rate out, and names its lanes', () => {
    for (const clients of [1, 2, 3, 12]) {
      let sum = 0;
      const seen = new Set<number>();
      for (let client = 0; client < clients; client++) {
        sum += small.rateShare(client, clients);
        for (const text of lines(small, client, clients)) {
          const [, lane, , , , , , slot] = JSON.parse(text) as number[];
          seen.add(lane ?? -1);
          expect(slot).toBeLessThan(small.slots);
        }
      }
      expect(sum).toBeCloseTo(1, 9);
      const lanes = [...seen].toSorted((a, b) => a - b);
      expect(lanes).toEqual(small.lanes.map((_, i) => i));
    }
  });

  it('refuses clients that would own nothing, and parameters out of bounds', () => {
    const clients = small.clientsMax + 1;
    expect(() => small.stream({ seed: 1, client: clients, clients })).toThrow(
      /clients \d+ is no whole number.*; client \d+ is not one of/,
    );
    expect(() => small.stream({ seed: 0.5, client: 0, clients: 1 })).toThrow('seed 0.5');
    const declared = WORKLOADS.find((one) => one.id === id)?.parameters ?? {};
    const [first = ''] = Object.keys(declared);
    expect(() => workload(id, { [first]: -1, wrong: 5 })).toThrow(
      new RegExp(`no parameter 'wrong'.*; ${first} -1 is no whole number`),
    );
  });

  it('has sound defaults', () => {
    const { parameters, nominalRate } = workload(id);
    expect(Object.keys(parameters).length).toBeGreaterThan(4);
    expect(nominalRate === undefined || nominalRate > 0).toBe(true);
  });
});

/** How many of 200,000 operations of a lone client are of each of the lanes, the rest last. */
function laneCounts(of: ParameterizedWorkload, lanes: readonly string[]): number[] {
  const stream = of.stream({ seed: SEED, client: 0, clients: 1, bodies: false });
  const operation = new Operation();
  const counts = [...lanes, 'rest'].map(() => 0);
  for (let i = 0; i < 200_000; i++) {
    stream.next(operation);
    const found = lanes.indexOf(of.lanes[operation.lane] ?? '');
    const at = found === -1 ? lanes.length : found;
    counts[at] = (counts[at] ?? 0) + 1;
  }
  return counts;
}

describe('shares', () => {
  it('of read-heavy are those asked for', () => {
    const of = workload('read-heavy', { writeShare: 0.2, rangeShare: 0.1 });
    const counts = laneCounts(of, ['write', 'range']);
    expect(fitsBins(counts, [0.2, 0.1, 0.7])).toBe(true);
    expect(fitsBins(counts, [0.2, 0.105, 0.695])).toBe(false);
  });

  it('of long-reads are the recipe', () => {
    const counts = laneCounts(workload('long-reads', { valueBytes: 32 }), ['long-read', 'write']);
    expect(fitsBins(counts, [1 / 12_001, 2000 / 12_001, 10_000 / 12_001])).toBe(true);
    const recipe = workload('long-reads');
    const shares = Array.from({ length: 22 }, (_, i) => recipe.rateShare(i, 22) * 12_001);
    expect(shares.map(Math.round)).toEqual([
      ...[1, 1], // half an operation a second each
      ...Array.from({ length: 10 }, () => 1000),
      ...Array.from({ length: 10 }, () => 200),
    ]);
  });

  it('of key-churn and mass-leases count every step of a replacement', () => {
    const churn = laneCounts(workload('key-churn', { replaceShare: 0.4, compactEvery: 0 }), [
      ...['create', 'delete', 'read'],
    ]);
    const leases = laneCounts(workload('mass-leases', { keysPerLease: 3, replaceShare: 0.3 }), [
      ...['revoke', 'grant', 'write'],
    ]);
    const close = (counts: readonly number[], shares: readonly number[]): void => {
      for (const [i, part] of shares.entries()) {
        expect((counts[i] ?? 0) / 200_000).toBeCloseTo(part, 2);
      }
    };
    close(churn, [0.2, 0.2, 0.1]);
    close(leases, [0.06, 0.06, 0.18]);
  });

  it('of kubernetes are a cluster of a thousand nodes', () => {
    const of = workload('kubernetes');
    const rate = of.nominalRate ?? 0;
    const [renewals = 0, statuses = 0, compactions = 0, grants = 0] = laneCounts(of, [
      ...['lease-renewal', 'node-status', 'compact', 'event-lease'],
    ]);
    const perSecond = (count: number): number => (count / 200_000) * rate;
    expect(perSecond(renewals)).toBeCloseTo(100, -1);
    expect(perSecond(statuses)).toBeCloseTo(3.3, 0);
    // 200,000 operations are some 20 minutes: a compaction each 5, a lease a minute or 1,000 events.
    const minutes = 200_000 / rate / 60;
    expect(compactions).toBe(Math.floor(minutes / 5));
    expect(Math.abs(grants - minutes * 1.5)).toBeLessThan(3);
  });
});

it('knows no other workload', () => {
  expect(() => workload('write-only')).toThrow(/no workload 'write-only'; there are large-values/);
  expect(new Set(WORKLOADS.map(({ id }) => id)).size).toBe(WORKLOADS.length);
});
