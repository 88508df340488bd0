// Units: sizes, durations, rates and counts as people write them, and back. A unit is required
// wherever leaving it out could mean two things (100 what?), so a bare number is an error, zero
// excepted; a wrong unit is an error that names the right ones. Arithmetic is exact: 1.1GB is
// 1,100,000,000 bytes, and what does not come out whole is refused rather than rounded.
// Formatting is exact too: parse(format(x)) === x. Rounded figures for tables are report's matter.

/** A text that cannot be read as a value; `hint` says what to write in its place. */
export class LevelError extends Error {
  override readonly name = 'LevelError';
  readonly hint: string;

  constructor(message: string, hint: string) {
    super(message);
    this.hint = hint;
  }
}

interface UnitTable {
  /** What is measured, for messages: 'a size'. */
  readonly noun: string;
  /** A text that would have been right. */
  readonly example: string;
  /** Units in ascending order with what one of them holds; '' stands for no unit where allowed. */
  readonly units: readonly (readonly [name: string, factor: bigint])[];
}

const SIZE: UnitTable = {
  noun: 'a size',
  example: '100GB or 1MiB',
  units: [
    ['B', 1n],
    ['kB', 1_000n],
    ['KiB', 1n << 10n],
    ['MB', 1_000_000n],
    ['MiB', 1n << 20n],
    ['GB', 1_000_000_000n],
    ['GiB', 1n << 30n],
    ['TB', 1_000_000_000_000n],
    ['TiB', 1n << 40n],
  ],
};

const DURATION: UnitTable = {
  noun: 'a duration',
  example: '100ms or 10m',
  units: [
    ['ns', 1n],
    ['us', 1_000n],
    ['ms', 1_000_000n],
    ['s', 1_000_000_000n],
    ['m', 60_000_000_000n],
    ['h', 3_600_000_000_000n],
  ],
};

const RATE: UnitTable = {
  noun: 'a rate',
  example: '5k/s',
  units: [
    ['/s', 1n],
    ['k/s', 1_000n],
    ['M/s', 1_000_000n],
  ],
};

const COUNT: UnitTable = {
  noun: 'a count',
  example: '500 or 1M',
  units: [
    ['', 1n],
    ['k', 1_000n],
    ['M', 1_000_000n],
    ['G', 1_000_000_000n],
  ],
};

/** Bytes of '100GB', '1MiB', '0'. */
export function parseBytes(text: string): number {
  return parse(text, SIZE);
}

/** Nanoseconds of '100ms', '10m', '0'. */
export function parseDurationNs(text: string): number {
  return parse(text, DURATION);
}

/** Operations a second of '5k/s', '200/s', '0'; whole numbers only. */
export function parseRate(text: string): number {
  return parse(text, RATE);
}

/** The number meant by '500', '1M', '2.5k'. */
export function parseCount(text: string): number {
  return parse(text, COUNT);
}

/** Shortest exact text of a size: 100GB, 1MiB, 4097B. Takes safe integers from 0 up. */
export function formatBytes(bytes: number): string {
  return format(bytes, SIZE);
}

/** Shortest exact text of a duration in nanoseconds: 1.5ms, 10m. */
export function formatDurationNs(ns: number): string {
  return format(ns, DURATION);
}

/** Shortest exact text of a rate: 5k/s. */
export function formatRate(perSecond: number): string {
  return format(perSecond, RATE);
}

/** Shortest exact text of a count: 1M, 1234. */
export function formatCount(count: number): string {
  return format(count, COUNT);
}

function parse(text: string, table: UnitTable): number {
  const match = /^(\d+)(?:\.(\d+))?\s*(\D*)$/.exec(text.trim());
  if (match === null) throw refuse(text, table, 'is not a number with a unit');
  const [, whole = '', fraction = '', unit = ''] = match;
  const digits = BigInt(whole + fraction);
  if (digits === 0n && unit === '') return 0;
  const factor = table.units.find(([name]) => name === unit)?.[1];
  if (factor === undefined) {
    throw refuse(text, table, unit === '' ? 'has no unit' : `has the unit '${unit}'`);
  }
  const scale = 10n ** BigInt(fraction.length);
  const scaled = digits * factor;
  if (scaled % scale !== 0n) throw refuse(text, table, 'is no whole number of the smallest unit');
  const value = Number(scaled / scale);
  if (!Number.isSafeInteger(value)) throw refuse(text, table, 'is too large');
  return value;
}

function refuse(text: string, table: UnitTable, why: string): LevelError {
  const units = table.units.map(([name]) => name).filter((name) => name !== '');
  const optional = table.units.some(([name]) => name === '') ? 'none, ' : '';
  const hint = `write e.g. ${table.example} (units: ${optional}${units.join(', ')})`;
  return new LevelError(`'${text}' ${why}, but ${table.noun} is wanted`, hint);
}

function format(value: number, table: UnitTable): string {
  if (!Number.isSafeInteger(value) || value < 0) {
    throw new RangeError(`${value} has no exact text as ${table.noun}: not a safe integer >= 0`);
  }
  if (value === 0) return `0${table.units[0]?.[0] ?? ''}`;
  let best: string | undefined;
  for (const [name, factor] of table.units) {
    const text = exactDecimal(BigInt(value), factor);
    // At equal length the larger unit wins: 1.5kB, not 1500B.
    if (text !== undefined && (best === undefined || `${text}${name}`.length <= best.length)) {
      best = `${text}${name}`;
    }
  }
  // The smallest unit always has an exact text, so `best` is set.
  return best ?? String(value);
}

/** value / factor as a decimal with at most three digits after the point, or undefined. */
function exactDecimal(value: bigint, factor: bigint): string | undefined {
  const thousandths = value * 1_000n;
  if (thousandths % factor !== 0n) return undefined;
  const quotient = thousandths / factor;
  if (quotient < 1_000n) return undefined;
  const fraction = (quotient % 1_000n).toString().padStart(3, '0').replace(/0+$/, '');
  return `${quotient / 1_000n}${fraction === '' ? '' : `.${fraction}`}`;
}
