// The command line of bench-peers: flags to options. A fault is one sentence that names what would have
// been right. Pure: prints nothing, ends nothing.

import { tmpdir } from 'node:os';
import { parseArgs } from 'node:util';
import { ROWS, selectRows, type RowSpec } from './rows.ts';
import { FULL, QUICK, type Scale } from './scale.ts';

export const USAGE = `npm run bench:peers -- [flags]: the bundled engine beside real bbolt
and etcd's own storage packages

  --rows NAMES     rows to measure, with commas between them (all)
  --pairs N        interleaved pairs a row (${FULL.pairs})
  --size GB        size of the file of the aged rows (${FULL.agedBytes / 1e9})
  --commits N      measured commits of the aged rows (${FULL.agedCommits})
  --quick          tiny sizes: shows that all of it runs, judges only whether the baseline is honest
  --strict         ends with 3 when a row is below its bar
  --json           prints the result as JSON
  --work-dir DIR   where the databases lie while they are measured (the system's temporary folder)

rows: ${ROWS.map((row) => row.name).join(' ')}

exit codes: 0 measured, 2 usage, 3 a row is below its bar (--strict), 5 the sides did not do the same
work or the baseline is not honest, 6 no bbolt, 130 interrupted`;

export interface BenchOptions {
  readonly rows: readonly RowSpec[];
  readonly scale: Scale;
  readonly quick: boolean;
  readonly strict: boolean;
  readonly json: boolean;
  readonly help: boolean;
  readonly workDir: string;
}

/** Thrown for a command line that cannot be used. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** Reads the flags. Throws UsageError. */
export function readOptions(args: readonly string[]): BenchOptions {
  const values = parse(args);
  const base = values.quick ? QUICK : FULL;
  const gigabytes = numberOf('--size', values.size, base.agedBytes / 1e9);
  const scale: Scale = {
    ...base,
    pairs: wholeOf('--pairs', values.pairs, base.pairs),
    agedCommits: wholeOf('--commits', values.commits, base.agedCommits),
    agedBytes: gigabytes * 1e9,
  };
  if (values.quick && values.strict) {
    throw new UsageError('--strict judges full sizes; leave out --quick');
  }
  return {
    rows: rowsOf(values.rows),
    scale,
    quick: values.quick,
    strict: values.strict,
    json: values.json,
    help: values.help,
    workDir: values['work-dir'],
  };
}

function parse(args: readonly string[]): {
  rows?: string;
  pairs?: string;
  size?: string;
  commits?: string;
  quick: boolean;
  strict: boolean;
  json: boolean;
  help: boolean;
  'work-dir': string;
} {
  try {
    return parseArgs({
      args: [...args],
      options: {
        rows: { type: 'string' },
        pairs: { type: 'string' },
        size: { type: 'string' },
        commits: { type: 'string' },
        quick: { type: 'boolean', default: false },
        strict: { type: 'boolean', default: false },
        json: { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
        'work-dir': { type: 'string', default: tmpdir() },
      },
    }).values;
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

function rowsOf(names: string | undefined): readonly RowSpec[] {
  if (names === undefined) return ROWS;
  const { rows, unknown } = selectRows(names.split(','));
  if (unknown.length > 0) {
    const known = ROWS.map((row) => row.name).join(', ');
    throw new UsageError(`--rows: there is no row ${unknown.join(', ')}; there are ${known}`);
  }
  return rows;
}

function wholeOf(flag: string, text: string | undefined, otherwise: number): number {
  const value = numberOf(flag, text, otherwise);
  if (!Number.isSafeInteger(value)) throw new UsageError(`${flag} is a whole number, not ${value}`);
  return value;
}

function numberOf(flag: string, text: string | undefined, otherwise: number): number {
  const value = text === undefined ? otherwise : Number(text);
  if (value > 0 && Number.isFinite(value)) return value;
  throw new UsageError(`${flag} is a number above 0, not '${text ?? ''}'`);
}
