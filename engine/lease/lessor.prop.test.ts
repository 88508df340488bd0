import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compareRange } from '../base/bytes.ts';
import type { LeaseId } from '../base/ids.ts';
import type { LeaseExpiry } from './expiry.ts';
import { LeaseDue } from './lease-list.ts';
import { codeOf, id, key, texts } from './lessor.contract.ts';
import { Lessor } from './lessor.ts';

/** What a lessor is, in a plain Map. */
interface Model {
  readonly ttl: number;
  expiry: number;
  retry: number;
  readonly keys: Set<string>;
}

type Step =
  | {
      readonly do: 'grant' | 'attach' | 'detach' | 'keepAlive' | 'revoke' | 'take';
      id: LeaseId;
      n: number;
    }
  | { readonly do: 'tick'; readonly wait: number; readonly revoke: number };

// Few ids, so that they meet again; among them neighbours and both ends of an int64.
const IDS = [1n, 2n, 3n, -1n, 1n << 32n, 2n ** 53n + 1n, 2n ** 63n - 1n, -(2n ** 63n)];

const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    {
      weight: 4,
      arbitrary: fc.record({
        do: fc.constantFrom('grant', 'attach', 'attach', 'detach', 'keepAlive', 'revoke', 'take'),
        id: fc.oneof(fc.constantFrom(...IDS), fc.bigInt(10n, 90n)).map(id),
        n: fc.integer({ min: 1, max: 12 }),
      }),
    },
    {
      weight: 1,
      arbitrary: fc.record({
        do: fc.constant('tick' as const),
        wait: fc.integer({ min: 0, max: 4000 }),
        revoke: fc.integer({ min: 0, max: 3 }),
      }),
    },
  ),
  { maxLength: 400, size: 'max' },
);

const RATE = 8;

class Pair {
  readonly #model = new Map<LeaseId, Model>();
  readonly #lessor: Lessor;
  readonly #due = new LeaseDue();
  readonly #heap: boolean;
  #now = 0;

  constructor(expiry: LeaseExpiry) {
    this.#lessor = new Lessor({ expiry, revokeRate: RATE });
    this.#heap = expiry === 'heap';
  }

  run(step: Step): void {
    if (step.do === 'tick') this.#tick(step.wait, step.revoke);
    else this.#one(step.do, step.id, step.n);
    expect(this.#lessor.count).toBe(this.#model.size);
  }

  #one(what: Exclude<Step['do'], 'tick'>, one: LeaseId, n: number): void {
    const lessor = this.#lessor;
    const now = this.#now;
    const lease = this.#model.get(one);
    const name = `key ${n}`;
    if (what === 'grant') {
      const code = codeOf(() => lessor.grant(one, n, now));
      expect(code).toBe(lease === undefined ? 'no error' : 'LEASE_EXISTS');
      const ttl = Math.max(2, n);
      const expiry = now + ttl * 1000;
      if (lease === undefined)
        this.#model.set(one, { ttl, expiry, retry: expiry, keys: new Set() });
      return;
    }
    const alive = lease !== undefined && (what !== 'keepAlive' || lease.expiry > now);
    const out: Uint8Array[] = [];
    const code = codeOf(() => {
      if (what === 'attach') lessor.attach(one, key(name));
      else if (what === 'detach') lessor.detach(one, key(name));
      else if (what === 'keepAlive') lessor.keepAlive(one, now);
      else if (what === 'revoke') lessor.revoke(one);
      else lessor.takeKeys(one, Math.ceil(n / 4), out);
    });
    expect(code).toBe(alive ? 'no error' : 'LEASE_NOT_FOUND');
    if (!alive) return;
    if (what === 'attach') lease.keys.add(name);
    else if (what === 'detach') lease.keys.delete(name);
    else if (what === 'keepAlive') lease.expiry = lease.retry = now + lease.ttl * 1000;
    else if (what === 'revoke') this.#model.delete(one);
    for (const taken of texts(out)) expect(lease.keys.delete(taken)).toBe(true);
  }

  #tick(wait: number, revoke: number): void {
    this.#now += wait;
    const now = this.#now;
    const over = [...this.#model].filter(([, { retry }]) => retry <= now);
    this.#lessor.tick(now, this.#due);
    expect(this.#due.length).toBe(Math.min(RATE / 2, over.length));
    const retries = over.map(([, { retry }]) => retry).sort((a, b) => a - b);
    for (let i = 0; i < this.#due.length; i++) {
      const one = this.#due.idAt(i);
      const lease = this.#model.get(one);
      expect(lease?.retry).toBeLessThanOrEqual(now);
      expect(this.#due.expiryMsAt(i)).toBe(lease!.expiry);
      // The heap goes by moments; the scan by where it is.
      if (this.#heap) expect(lease!.retry).toBe(retries[i]);
      lease!.retry = now + 3000;
      if (i >= revoke) continue;
      this.#lessor.revoke(one);
      this.#model.delete(one);
    }
  }

  compare(): void {
    for (const [one, { ttl, expiry, keys }] of this.#model) {
      const left = Math.trunc((expiry - this.#now) / 1000) + 0;
      const view = { id: one, ttlSeconds: ttl, remainingSeconds: left, keys: keys.size };
      expect(this.#lessor.timeToLive(one, this.#now)).toEqual(view);
      const sorted = [...keys].map(key);
      sorted.sort((a, b) => compareRange(a, 0, a.length, b, 0, b.length));
      expect(texts(this.#lessor.keysOf(one))).toEqual(texts(sorted));
    }
    const ids = this.#lessor.leases();
    expect(new Set(ids)).toEqual(new Set(this.#model.keys()));
    const expiries = ids.map((one) => this.#model.get(one)!.expiry);
    expect(expiries).toEqual(expiries.toSorted((a, b) => a - b));
  }
}

describe.each(['scan', 'heap'] as const)('%s', (expiry) => {
  it('is a Map of leases', () => {
    fc.assert(
      fc.property(steps, (history) => {
        const pair = new Pair(expiry);
        for (const step of history) pair.run(step);
        pair.compare();
      }),
      { numRuns: 300, seed: 20261122 },
    );
  });
});
