// Units on the command line: what question/units.ts reads, with its faults as usage errors, and its texts. The
// units themselves, and what they allow, stand there.

import * as units from '../question/units.ts';
import { usageError } from './errors.ts';

export { formatBytes, formatCount, formatDurationNs } from '../question/units.ts';

type Reader = (text: string) => number;

/** Bytes of '100GB', '1MiB', '0'. */
export const parseBytes: Reader = (text) => reading(() => units.parseBytes(text));
/** Nanoseconds of '100ms', '10m', '0'. */
export const parseDurationNs: Reader = (text) => reading(() => units.parseDurationNs(text));
/** Operations a second of '5k/s', '200/s', '0'; whole numbers only. */
export const parseRate: Reader = (text) => reading(() => units.parseRate(text));
/** The number meant by '500', '1M', '2.5k'. */
export const parseCount: Reader = (text) => reading(() => units.parseCount(text));

/** What `read` returns; a level that cannot be read is a usage error. */
export function reading<Value>(read: () => Value): Value {
  try {
    return read();
  } catch (error) {
    if (error instanceof units.LevelError) throw usageError(error.message, error.hint);
    throw error;
  }
}
