// Property: a value survives being formatted and read back, whatever its size and kind.

import fc from 'fast-check';
import { it } from 'vitest';
import {
  formatBytes,
  formatCount,
  formatDurationNs,
  formatRate,
  parseBytes,
  parseCount,
  parseDurationNs,
  parseRate,
} from './units.ts';

const kinds = [
  ['bytes', formatBytes, parseBytes],
  ['durations', formatDurationNs, parseDurationNs],
  ['rates', formatRate, parseRate],
  ['counts', formatCount, parseCount],
] as const;

/** Safe integers, with round ones (as people write them) as often as arbitrary ones. */
const values = fc.oneof(
  fc.maxSafeNat(),
  fc
    .nat({ max: 9000 })
    .chain((n) => fc.constantFrom(1, 1000, 1024, 1e6, 1e9, 60e9).map((f) => n * f)),
);

it.each(kinds)('%s: parse(format(x)) is x', (_kind, format, parse) => {
  fc.assert(fc.property(values, (value) => parse(format(value)) === value));
});

it.each(kinds)('%s: any text is read or refused with a LevelError', (_kind, _format, parse) => {
  const text = fc.oneof(
    fc.string(),
    fc
      .tuple(
        fc.nat(),
        fc.constantFrom('', '.5', '.'),
        fc.constantFrom('', 'B', 'kB', 's', 'k/s', 'M'),
      )
      .map((parts) => parts.join('')),
  );
  fc.assert(
    fc.property(text, (input) => {
      try {
        return Number.isSafeInteger(parse(input));
      } catch (error) {
        return error instanceof Error && error.name === 'LevelError';
      }
    }),
  );
});
