// What an operation costs to make, for each workload: a load generator shares its cores with the store, so
// this is time that the store does not get. Values of 256 bytes where the workload lets one choose, beside
// one group of each workload as it comes.

import { assert } from '../engine/base/assert.ts';
import type { BenchCase, BenchRun, BenchSetting } from '../engine/base/bench-case.ts';
import { workload, WORKLOADS } from './catalog/catalog.ts';
import { Operation, type ParameterizedWorkload } from './workload.ts';

const SMALL_BYTES = 256;

export function cases({ size }: BenchSetting): readonly BenchCase[] {
  const operations = size === 'tiny' ? 20 : 20_000;
  return WORKLOADS.flatMap(({ id, parameters }) => {
    const groups: [group: string, of: ParameterizedWorkload][] = [
      ['streams: workloads as they come', workload(id)],
    ];
    if ('valueBytes' in parameters) {
      groups.push(['streams: values of 256 bytes', workload(id, { valueBytes: SMALL_BYTES })]);
    }
    return groups.map(([group, of]): BenchCase => ({
      group,
      name: id,
      operation: 'operation',
      operations,
      prepare: () => streamRun(of, operations),
    }));
  });
}

function streamRun(of: ParameterizedWorkload, operations: number): BenchRun {
  const stream = of.stream({ seed: 1, client: 0, clients: 1 });
  const operation = new Operation();
  let sum = 0;
  return {
    run: () => {
      sum = 0;
      for (let i = 0; i < operations; i++) {
        stream.next(operation);
        sum += operation.keyLength + operation.valueLength + operation.lease;
      }
      return sum;
    },
    verify: () => assert(sum > operations, `${of.id} made keys and values`),
  };
}
