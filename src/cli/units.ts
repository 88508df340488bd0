// Units on the command line: what question/units.ts reads, with its faults as usage errors, and its texts. The
// units themselves, and what they allow, stand there.

import {
  LevelError,
  parseBytes as bytes,
  parseCount as count,
  parseDurationNs as durationNs,
  parseRate as rate,
} from '../question/units.ts';
import { usageError } from './errors.ts';

export { formatBytes, formatCount, formatDurationNs } from '../question/units.ts';

/** Bytes of '100GB', '1MiB', '0'. */
export function parseBytes(text: string): number {
  return reading(() => bytes(text));
}

/** Nanoseconds of '100ms', '10m', '0'. */
export function parseDurationNs(text: string): number {
  return reading(() => durationNs(text));
}

/** Operations a second of '5k/s', '200/s', '0'; whole numbers only. */
export function parseRate(text: string): number {
  return reading(() => rate(text));
}

/** The number meant by '500', '1M', '2.5k'. */
export function parseCount(text: string): number {
  return reading(() => count(text));
}

/** What `read` returns; a level that cannot be read is a usage error. */
export function reading<Value>(read: () => Value): Value {
  try {
    return read();
  } catch (error) {
    if (error instanceof LevelError) throw usageError(error.message, error.hint);
    throw error;
  }
}
