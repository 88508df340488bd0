// Configurations as people write them: presets, options, units, origins, and every fault in one line.

import { describe, expect, it } from 'vitest';
import { CliError } from './errors.ts';
import { readConfig } from './load-config.ts';

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
    ['quotaBytes=1048576', 'quotaBytes', 1_048_576],
    ['durability=each', 'durability', 'each'],
    ['syncDelay=1500us', 'syncDelayMs', 1.5],
    ['putDelay=20us', 'putDelayUs', 20],
  ])('%s', (text, name, value) => {
    expect(setting(text, name)).toEqual({ name, value, origin: 'flag' });
  });

  it('shows nothing of what is for tests of kvtune alone', () => {
    expect(setting('optimized', 'putDelayUs')).toBeUndefined();
    expect(fault('putDely=1us')).not.toContain('putDelay');
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
    ['syncDelay=1h', /syncDelayMs 3600000 is no number from 0 to 10000/],
    ['requestBytesMax=64MiB,bufferBytes=1MiB', /bufferBytes 1048576 is less than four requests/],
    ['clients=5', /no option 'clients'/],
  ])('%s is refused', (text, complaint) => {
    expect(fault(text)).toMatch(complaint);
  });
});
