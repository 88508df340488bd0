// From plans to cells: clients shared out, levels put where they belong, nothing lost on the way.

import { describe, expect, it } from 'vitest';
import { workload } from '../../workloads/index.ts';
import { testPlan } from '../gate/testing/load-rounds.ts';
import { checkLoads, loadCells, splitClients } from './load-cells.ts';

describe('splitClients', () => {
  it('shares clients out evenly, no thread without any', () => {
    const alike = workload('read-heavy');
    expect(splitClients(alike, 64, 1)).toEqual([64]);
    expect(splitClients(alike, 10, 4)).toEqual([3, 3, 2, 2]);
    expect(splitClients(alike, 2, 4)).toEqual([1, 1]);
  });

  it('gives the clients of long ranges a thread of their own', () => {
    const recipe = workload('long-reads');
    expect(splitClients(recipe, 22, 2)).toEqual([2, 20]);
    expect(splitClients(recipe, 22, 3)).toEqual([2, 10, 10]);
    expect(splitClients(recipe, 22, 1)).toEqual([22]);
  });
});

describe('loadCells', () => {
  it('makes one cell of a run, and of an ab, with two rounds of each arm a block', () => {
    const [run, ...others] = loadCells(testPlan());
    expect(others).toEqual([]);
    expect(run).toMatchObject({ id: 'read-heavy', arms: ['engine'], replicates: 1, blocksMin: 3 });
    const [ab] = loadCells(testPlan({ command: 'ab' }));
    expect(ab).toMatchObject({ arms: ['a', 'b'], replicates: 2, blocksMin: 3 });
    // Only what is not the default anyway goes to the store.
    expect(ab?.loads?.['b']).toMatchObject({ store: { batchLimit: 100 }, syncDelayMs: 0 });
    expect(ab?.loads?.['b']?.store).not.toHaveProperty('freelist');
  });

  it('puts each level of a sweep where it belongs', () => {
    const cells = loadCells(
      testPlan({
        command: 'sweep',
        shape: { kind: 'open', arrival: 'constant', ratePerSecond: 5 },
        clientsByThread: [2, 2],
        factors: [
          { name: 'batchIntervalMs', what: 'config', levels: [1, 10] },
          { name: 'syncDelayMs', what: 'config', levels: [5] },
          { name: 'writeShare', what: 'parameter', levels: [0.5] },
          { name: 'clients', what: 'load', levels: [9] },
          { name: 'rate', what: 'load', levels: [700] },
        ],
      }),
    );
    expect(cells.map(({ id }) => id)).toEqual([
      'batchIntervalMs=1,syncDelayMs=5,writeShare=0.5,clients=9,rate=700',
      'batchIntervalMs=10,syncDelayMs=5,writeShare=0.5,clients=9,rate=700',
    ]);
    expect(cells[1]?.factors).toMatchObject({ batchIntervalMs: 10, rate: 700 });
    expect(cells[1]?.loads?.['engine']).toEqual({
      ...{ workload: 'read-heavy', parameters: { keys: 1000, writeShare: 0.5 }, verify: true },
      ...{ store: { batchLimit: 100, batchIntervalMs: 10 }, syncDelayMs: 5 },
      ...{ clientsByThread: [5, 4], seconds: 2, operations: 0, warmUpSeconds: 0.5 },
      shape: { kind: 'open', arrival: 'constant', ratePerSecond: 700 },
    });
  });

  it('lets no cell through that could not be measured', () => {
    const levels = [10, 5000];
    const factors = [{ name: 'clients', what: 'load' as const, levels }];
    expect(() => {
      checkLoads(testPlan({ command: 'sweep', factors }));
    }).toThrow(/5000 clients, and this workload takes 1000 at most/);
  });
});
