// The factor table and what is read by it: every option and parameter is in it, levels come with and without
// units, and what is asked for goes to its owner.

import { describe, expect, it } from 'vitest';
import { resolveStoreOptions, STORE_DEFAULTS } from '../../engine/index.ts';
import { workload, WORKLOADS } from '../../workloads/index.ts';
import { bareName, findFactor, levelFault, readLevel } from './factor.ts';
import { factorsFor, splitAsked } from './factors.ts';
import { LevelError } from './units.ts';

const FACTORS = factorsFor('mass-leases');

/** What is read, or the complaint. */
function read(text: string): unknown {
  const [name = '', value = ''] = text.split('=');
  const factor = findFactor(FACTORS, name);
  if (factor === undefined) return `no factor ${name}`;
  try {
    return [factor.name, readLevel(factor, value, name)];
  } catch (error) {
    expect(error).toBeInstanceOf(LevelError);
    return (error as LevelError).message;
  }
}

describe('the table', () => {
  it('has every option of the store but readOnly, as the engine checks it', () => {
    for (const [name, byDefault] of Object.entries<unknown>({ ...STORE_DEFAULTS })) {
      const factor = FACTORS.get(name);
      if (name === 'readOnly') expect(factor).toBeUndefined();
      else expect(factor).toMatchObject({ owner: 'store', default: byDefault });
      if (factor?.type !== 'number') continue;
      const outside = factor.max * 2;
      expect(() => resolveStoreOptions({ [name]: outside })).toThrow(name);
      expect(levelFault(factor, outside)).toContain(name);
    }
  });

  it.each(WORKLOADS.map(({ id }) => id))(
    'has every parameter of %s, under a name of its own',
    (id) => {
      const factors = factorsFor(id);
      const { parameters } = workload(id);
      for (const [name, byDefault] of Object.entries(parameters)) {
        expect(factors.get(name)).toMatchObject({ owner: 'workload', default: byDefault });
      }
      const owners = [...factors.values()].map(({ owner }) => owner);
      const count = (one: string): number => owners.filter((owner) => owner === one).length;
      expect(count('workload')).toBe(Object.keys(parameters).length);
      expect(count('store')).toBe(Object.keys(STORE_DEFAULTS).length - 1);
      expect(count('load')).toBe(12);
    },
  );

  it('has defaults that it allows, and a meaning for each', () => {
    const all = [undefined, ...WORKLOADS.map(({ id }) => id)].flatMap((id) => [
      ...factorsFor(id).values(),
    ]);
    for (const factor of all) {
      expect(levelFault(factor, factor.default)).toBeUndefined();
      expect(factor.meaning).toMatch(/^[A-Za-z].*[^.]$/);
      expect(findFactor(new Map([[factor.name, factor]]), bareName(factor))).toBe(factor);
    }
  });

  it('refuses a workload that is unknown, and has the file of a job without one', () => {
    expect(() => factorsFor('none')).toThrow(/no workload 'none'/);
    const file = factorsFor();
    expect(file.get('dbBytes')).toMatchObject({ owner: 'file', unit: 'bytes' });
    expect(file.get('freelist')?.owner).toBe('store');
    expect(file.has('clients')).toBe(false);
  });

  it('hides what is for tests of kvtune alone', () => {
    const hidden = [...FACTORS.values()].filter((factor) => factor.hidden);
    expect(hidden.map(({ name }) => name)).toEqual(['putDelayUs']);
  });
});

describe('readLevel', () => {
  it.each([
    ['batchInterval=10ms', 'batchIntervalMs', 10],
    ['batchIntervalMs=10', 'batchIntervalMs', 10],
    ['batchIntervalMs=1s', 'batchIntervalMs', 1000],
    ['quota=4GiB', 'quotaBytes', 4 * 1024 ** 3],
    ['cacheBytes=1048576', 'cacheBytes', 1_048_576],
    ['leaseCheckpoint=5m', 'leaseCheckpointSeconds', 300],
    ['batchLimit=10k', 'batchLimit', 10_000],
    ['fillPercent=0.5', 'fillPercent', 0.5],
    ['syncFreelist=true', 'syncFreelist', true],
    ['durability=each', 'durability', 'each'],
    ['syncDelay=1500us', 'syncDelayMs', 1.5],
    ['putDelay=20us', 'putDelayUs', 20],
    ['rate=5k/s', 'ratePerSecond', 5000],
    ['ratePerSecond=5k/s', 'ratePerSecond', 5000],
    ['ttl=1m', 'ttlSeconds', 60],
    ['leases=1M', 'leases', 1e6],
    ['replaceShare=0.25', 'replaceShare', 0.25],
    ['seconds=250ms', 'seconds', 0.25],
    ['probeSync=false', 'probeSync', false],
  ])('%s', (text, name, level) => {
    expect(read(text)).toEqual([name, level]);
  });

  it.each([
    ['batchInterval=10', /^batchInterval: '10' has no unit/],
    ['batchLimit=', /^batchLimit has no value/],
    ['batchLimit=0', /^batchLimit 0 is no whole number from 1 to 100000000/],
    ['batchLimit=1.5', /^batchLimit 1.5 is no whole number/],
    ['batchInterval=500us', /^batchIntervalMs 0.5 is no whole number from 1/],
    ['syncFreelist=yes', /^syncFreelist 'yes' is neither true nor false/],
    ['durability=some', /^durability 'some' is not each, group, none/],
    ['syncDelay=1h', /^syncDelayMs 3600000 is no number from 0 to 10000/],
    ['batchLimit=many', /^batchLimit: 'many' is not a number/],
    ['batchLimt=1', /^no factor batchLimt/],
  ])('%s is refused', (text, complaint) => {
    expect(read(text)).toMatch(complaint);
  });
});

describe('splitAsked', () => {
  it('gives each level to its owner, and fills in those of the load alone', () => {
    const asked = { workload: 'mass-leases', leases: 50, batchLimit: 7, clients: 3, seconds: 1 };
    expect(splitAsked(asked)).toMatchObject({
      ...{ workload: 'mass-leases', parameters: { leases: 50 }, store: { batchLimit: 7 } },
      load: { loop: 'closed', clients: 3, threads: 1, seconds: 1, operationsMax: 0, verify: true },
    });
    expect(splitAsked(asked).store).toEqual({ batchLimit: 7 });
  });

  it('names everything that is wrong', () => {
    const asked = { workload: 'read-heavy', leases: 5, keys: 0, loop: 'open', readLock: 'none' };
    expect(() => splitAsked(asked)).toThrow(
      /no factor 'leases'; keys 0 .*; readLock 'none' .*; ratePerSecond 0 is no rate/,
    );
    expect(() => splitAsked({})).toThrow(/no workload ''/);
  });
});
