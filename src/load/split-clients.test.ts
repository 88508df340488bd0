import { describe, expect, it } from 'vitest';
import { workload } from '../../workloads/index.ts';
import { slowClients, splitClients } from './split-clients.ts';

describe('splitClients', () => {
  it('shares clients out evenly, no thread without any', () => {
    const alike = workload('read-heavy');
    expect(splitClients(alike, 64, 1)).toEqual([64]);
    expect(splitClients(alike, 10, 4)).toEqual([3, 3, 2, 2]);
    expect(splitClients(alike, 2, 4)).toEqual([1, 1]);
  });

  it('gives the clients of long ranges a thread of their own', () => {
    const recipe = workload('long-reads');
    expect(slowClients(recipe, 22)).toBe(2);
    expect(splitClients(recipe, 22, 2)).toEqual([2, 20]);
    expect(splitClients(recipe, 22, 3)).toEqual([2, 10, 10]);
    expect(splitClients(recipe, 22, 1)).toEqual([22]);
  });
});
