// Clients that put from the store's thread: in a closed loop all at once, by a schedule no faster than it says.

import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { nodeVfs, noSyncs, Store, type StoreOptions } from '../../../engine/index.ts';
import { workload } from '../../../workloads/index.ts';
import { testFolder } from '../../testing/test-folder.ts';
import { PutClients } from './put-clients.ts';

const base = testFolder('put-clients');
const CLIENTS = 3;

function withClients(
  options: Partial<StoreOptions>,
  test: (clients: PutClients, store: Store) => void,
): void {
  const store = Store.open(join(mkdtempSync(join(base, 's-')), 'store'), options, noSyncs(nodeVfs));
  const puts = workload('long-reads', { standingKeys: 10, valueBytes: 64 });
  const streams = [12, 13, 14].map((client) => puts.stream({ seed: 1, client, clients: 22 }));
  try {
    test(new PutClients(store, streams), store);
  } finally {
    store.close();
  }
}

it('has one put of each client under way in a closed loop', () => {
  withClients({}, (clients, store) => {
    const { puts, seconds, latenciesNs, refused } = clients.closed(0.05);
    expect(seconds).toBeGreaterThanOrEqual(0.05);
    expect(puts % CLIENTS).toBe(0);
    expect(latenciesNs).toHaveLength(puts);
    expect(Math.min(...latenciesNs)).toBeGreaterThan(0);
    expect(refused).toBe(0);
    expect(store.revision).toBe(1 + puts);
  });
});

it('keeps to a schedule, and goes on for as long as it is told', () => {
  withClients({}, (clients) => {
    let left = 20;
    const phase = clients.paced(0.05, 2000, () => left-- > 0);
    expect(phase.puts / phase.seconds).toBeLessThan(2200);
    expect(left).toBeLessThan(0);
  });
});

it('counts puts that are refused apart', () => {
  withClients({ quotaBytes: 1 }, (clients) => {
    const { puts, latenciesNs, refused } = clients.closed(0.05);
    expect(refused).toBeGreaterThan(0);
    expect(latenciesNs).toHaveLength(puts);
  });
});
