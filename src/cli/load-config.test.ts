// Configurations as people write them: presets, options, units, origins, and every fault in one line.

import { describe, expect, it } from 'vitest';
import { CliError } from './errors.ts';
import { optionName, readConfig, readOptionValue } from './load-config.ts';

function setting(text: string, name: string) {
  return readConfig('engine', text).settings.find((one) => one.name === name);
}

function fault(text: string): string {
  try {
    readConfig('engine', text);
  } catch (error) {
    expect(error).toBeInstanceOf(CliError);
    const { message, hint } = error as CliError;
    return `${message}; ${hint}`;
  }
  return 'none';
}

describe('readConfig', () => {
  it('tells each value with its origin: flag over preset over default', () => {
    const text = 'baseline,readLock=copy,batchLimit=1000';
    expect(setting(text, 'readLock')).toEqual({ name: 'readLock', value: 'copy', origin: 'flag' });
    expect(setting(text, 'freelist')).toMatchObject({ value: 'array', origin: 'preset' });
    expect(setting(text, 'batchIntervalMs')).toMatchObject({ value: 100, origin: 'default' });
    expect(readConfig('a', text)).toMatchObject({ name: 'a', config: text });
    expect(setting(text, 'readOnly')).toBeUndefined();
  });

  it.each([
    ['batchInterval=10ms', 'batchIntervalMs', 10],
    ['batchIntervalMs=10', 'batchIntervalMs', 10],
    ['batchIntervalMs=1s', 'batchIntervalMs', 1000],
    ['quota=4GiB', 'quotaBytes', 4 * 1024 ** 3],
    ['cacheBytes=1048576', 'cacheBytes', 1048576],
    ['leaseCheckpoint=5m', 'leaseCheckpointSeconds', 300],
    ['batchLimit=10k', 'batchLimit', 10_000],
    ['fillPercent=0.5', 'fillPercent', 0.5],
    ['syncFreelist=true', 'syncFreelist', true],
    ['durability=each', 'durability', 'each'],
    ['syncDelay=1500us', 'syncDelayMs', 1.5],
  ])('%s', (text, name, value) => {
    expect(setting(text, name)).toEqual({ name, value, origin: 'flag' });
  });

  it.each([
    ['baselin', /'baselin' in 'baselin' is no configuration; did you mean baseline\?/],
    ['batchLimit=10,optimized', /'optimized' in .* is no configuration/],
    ['batchLimt=1', /no option 'batchLimt' of the store; did you mean batchLimit\?/],
    ['readOnly=true', /no option 'readOnly'/],
    ['batchInterval=10', /has no unit/],
    ['batchLimit=', /batchLimit has no value/],
    ['batchLimit=1,batchLimit=2', /batchLimit is given twice/],
    ['syncFreelist=yes', /neither true nor false/],
    ['durability=some', /durability 'some' is not each, group, none/],
    ['batchLimit=0', /batchLimit 0 is no whole number from 1/],
    ['syncDelay=1h', /syncDelayMs 3600000 is not from 0 to 10000/],
  ])('%s is refused', (text, complaint) => {
    expect(fault(text)).toMatch(complaint);
  });
});

describe('levels of a factor', () => {
  it('are read as the option is', () => {
    expect(optionName('batchInterval')).toBe('batchIntervalMs');
    expect(readOptionValue('batchInterval', '100us')).toBe(0.1);
    expect(readOptionValue('batchIntervalMs', '7')).toBe(7);
  });
});
