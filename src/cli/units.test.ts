// What cannot be read is a usage error, with the hint of the reader below.

import { expect, it } from 'vitest';
import { CliError } from './errors.ts';
import { parseBytes, parseCount, parseDurationNs, parseRate } from './units.ts';

it.each([
  [parseBytes, '1MiB', 1_048_576],
  [parseDurationNs, '10ms', 10e6],
  [parseRate, '5k/s', 5000],
  [parseCount, '1M', 1e6],
])('%o reads %s, and refuses words', (parse, text, value) => {
  expect(parse(text)).toBe(value);
  const refused = (): unknown => parse('many');
  expect(refused).toThrow(CliError);
  expect(refused).toThrow(expect.objectContaining({ exitCode: 2 }) as Error);
});
