// Figures as text. Owns how numbers, sizes, durations and ratios read everywhere in a report, so that
// one figure never reads two ways. Invariants: a missing or non-finite figure reads NOT_MEASURED, never
// NaN; sizes are decimal (1 GB = 1e9 bytes); a figure with an interval shows no digit beyond the first
// that the interval leaves in doubt; an interval too wide to mean anything is told in words. Does no layout
// and no escaping.

import type { Scalar } from '../record/round.ts';

/** A figure that may be absent: JSON has no NaN, so a reader may meet null where a number is typed. */
export type Figure = number | null | undefined;

export interface Interval {
  readonly value: Figure;
  readonly low: Figure;
  readonly high: Figure;
}

export const NOT_MEASURED = 'not measured';
/** Stands where an interval would, when there is none or it says next to nothing. */
export const TOO_FEW = 'too few sessions';

const SIGNIFICANT_DIGITS_MAX = 4;
/** Ends this far apart leave open whether a figure is five times larger or smaller: no interval to print. */
const WIDE_RATIO = 25;
const BYTE_UNITS = [
  { size: 1e12, name: 'TB' },
  { size: 1e9, name: 'GB' },
  { size: 1e6, name: 'MB' },
  { size: 1e3, name: 'kB' },
] as const;

export function isFigure(figure: Figure): figure is number {
  return typeof figure === 'number' && Number.isFinite(figure);
}

/** Low and high where both are finite, in order and apart; undefined where there is no usable interval. */
export function intervalOf(estimate: Interval): { low: number; high: number } | undefined {
  const { low, high } = estimate;
  if (!isFigure(low) || !isFigure(high) || high <= low) return undefined;
  return low > 0 && high / low >= WIDE_RATIO ? undefined : { low, high };
}

/** A count, exact, with thousands apart: 8,400,000. */
export function formatCount(figure: Figure): string {
  return isFigure(figure) ? fixed(figure, 0) : NOT_MEASURED;
}

/** Rounded to so many significant digits, never in exponents up to 1e15: 35,940 to three is 35,900. */
export function formatSignificant(figure: Figure, digits: number): string {
  if (!isFigure(figure)) return NOT_MEASURED;
  return fixed(figure, digits - 1 - magnitude(Number(figure.toPrecision(digits))));
}

/** Decimal bytes, three significant digits: 100 GB, 8.19 kB, 512 B. */
export function formatBytes(figure: Figure): string {
  if (!isFigure(figure)) return NOT_MEASURED;
  const rounded = Number(figure.toPrecision(3));
  const unit = BYTE_UNITS.find(({ size }) => Math.abs(rounded) >= size);
  if (unit === undefined) return `${formatCount(figure)} B`;
  return `${trimZeros(formatSignificant(figure / unit.size, 3))} ${unit.name}`;
}

/** Seconds in the unit that suits them: 850 us, 12.3 ms, 4.07 s, 12 min 5 s. */
export function formatDuration(seconds: Figure): string {
  if (!isFigure(seconds)) return NOT_MEASURED;
  const size = Math.abs(seconds);
  if (size >= 120) {
    const whole = Math.round(seconds);
    return `${formatCount(Math.trunc(whole / 60))} min ${String(Math.abs(whole % 60))} s`;
  }
  if (size >= 1 || size === 0) return `${formatSignificant(seconds, 3)} s`;
  if (size >= 1e-3) return `${formatSignificant(seconds * 1e3, 3)} ms`;
  return `${formatSignificant(seconds * 1e6, 3)} us`;
}

/** A share of one as per cent: 0.973 is 97.3%. */
export function formatShare(figure: Figure): string {
  return isFigure(figure) ? `${trimZeros(formatSignificant(figure * 100, 3))}%` : NOT_MEASURED;
}

/** A figure of a claim with its unit: `x` stands close, a word stands apart. */
export function withUnit(text: string, unit: string): string {
  if (text === NOT_MEASURED || unit === '') return text;
  return unit === 'x' ? `${text}x` : `${text} ${unit}`;
}

/** The value alone, with as many digits as its interval supports; two where there is no interval. */
export function formatValue(estimate: Interval): string {
  if (!isFigure(estimate.value)) return NOT_MEASURED;
  const interval = intervalOf(estimate);
  if (interval !== undefined) return fixed(estimate.value, decimalsFor(estimate.value, interval));
  return isExact(estimate)
    ? trimZeros(formatSignificant(estimate.value, SIGNIFICANT_DIGITS_MAX))
    : formatSignificant(estimate.value, 2);
}

/** Both ends with the value's digits, `13.2 to 14.8`; 'exact', or TOO_FEW, in place of them. */
export function formatInterval(estimate: Interval, between = ' to '): string {
  const { value } = estimate;
  if (!isFigure(value)) return NOT_MEASURED;
  const interval = intervalOf(estimate);
  if (interval === undefined) return isExact(estimate) ? 'exact' : TOO_FEW;
  const decimals = decimalsFor(value, interval);
  return `${fixed(interval.low, decimals)}${between}${fixed(interval.high, decimals)}`;
}

/** Value and interval in one: `14.0x [13.2, 14.8]`, `880 s (exact)`, or `14x (too few sessions)`. */
export function formatEstimate(estimate: Interval, unit: string): string {
  const value = withUnit(formatValue(estimate), unit);
  if (value === NOT_MEASURED) return value;
  const interval = formatInterval(estimate, ', ');
  return intervalOf(estimate) === undefined ? `${value} (${interval})` : `${value} [${interval}]`;
}

/** A point of a picture, of which nothing is claimed: `14.0x [13.2, 14.8]`, or `14x`. */
export function formatPoint(estimate: Interval, unit: string): string {
  if (intervalOf(estimate) !== undefined) return formatEstimate(estimate, unit);
  return withUnit(formatPlain(estimate.value), unit);
}

/** What is counted or simulated repeats exactly: its interval has no width. */
function isExact({ value, low, high }: Interval): boolean {
  return isFigure(value) && value === low && value === high;
}

/** A published figure as people quote it, with the exact one beside it: `24x (23.69)`. */
export function formatPublished(value: Figure, unit: string): string {
  if (!isFigure(value)) return NOT_MEASURED;
  const quoted = formatSignificant(value, 2);
  const exact = trimZeros(formatSignificant(value, SIGNIFICANT_DIGITS_MAX));
  const short = withUnit(trimZeros(quoted), unit);
  return trimZeros(quoted) === exact ? short : `${short} (${exact})`;
}

/** An ISO time as `2026-11-22 10:15:00 UTC`; text that is no time stays as it is. */
export function formatTime(iso: string): string {
  const time = Date.parse(iso);
  if (Number.isNaN(time)) return iso;
  return `${new Date(time).toISOString().slice(0, 19).replace('T', ' ')} UTC`;
}

// The place of the half-width's first digit is the last place worth printing. Four significant digits
// at most; and never so few that a positive lower end reads 0, which would change what it says.
function decimalsFor(value: number, interval: { low: number; high: number }): number {
  const halfWidth = (interval.high - interval.low) / 2;
  const supported = -magnitude(halfWidth);
  const capped = Math.min(supported, SIGNIFICANT_DIGITS_MAX - 1 - magnitude(value));
  const smallest = Math.min(Math.abs(value), Math.abs(interval.low));
  return smallest > 0 ? Math.max(capped, -magnitude(smallest)) : capped;
}

function magnitude(value: number): number {
  return value === 0 ? 0 : Math.floor(Math.log10(Math.abs(value)) + 1e-12);
}

/** Words of names that state a unit, and how such a figure reads. */
const NAMED_UNITS: Readonly<Record<string, (figure: number) => string>> = {
  Bytes: formatBytes,
  Seconds: formatDuration,
  Ms: (figure) => formatDuration(figure / 1e3),
  Us: (figure) => formatDuration(figure / 1e6),
  Ns: (figure) => formatDuration(figure / 1e9),
};
const NAMED_UNIT = /(?<=[a-z0-9])(Bytes|Seconds|Ms|Us|Ns)(?=[A-Z]|$)/;

/** A named figure or setting in words, its unit told by its name: dbBytes 1e11 is 'db 100 GB'. */
function formatNamed(name: string, value: Scalar): string {
  const unit = NAMED_UNIT.exec(name)?.[0] ?? '';
  const text = NAMED_UNITS[unit];
  if (text === undefined || typeof value !== 'number')
    return `${wordsOf(name)} ${formatScalar(value)}`;
  return `${wordsOf(name.replace(NAMED_UNIT, ''))} ${text(value)}`;
}

export function formatAllNamed(values: Readonly<Record<string, Scalar>>): string {
  return Object.entries(values)
    .map(([name, value]) => formatNamed(name, value))
    .join(', ');
}

/** '1 session', '3 sessions'. */
export function plural(count: number, noun: string): string {
  return `${formatCount(count)} ${noun}${count === 1 ? '' : 's'}`;
}

/** A camel-case name in words: dueEachTick is 'due each tick'. */
function wordsOf(name: string): string {
  return name.replace(/(?<=[a-z0-9])[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
}

/** A level of a factor, a setting, or a cell of a table. */
export function formatScalar(level: Scalar | null | undefined): string {
  if (typeof level !== 'number') return String(level ?? NOT_MEASURED);
  return Number.isInteger(level) ? formatCount(level) : formatPlain(level);
}

/** A figure of any size to three digits, without trailing zeros: 0.0213, 14.1, 8,400,000. */
export function formatPlain(figure: Figure): string {
  return trimZeros(formatSignificant(figure, 3));
}

// Negative decimals round to tens, hundreds and so on.
function fixed(value: number, decimals: number): string {
  if (Math.abs(value) >= 1e15) return value.toExponential(2);
  const scale = 10 ** Math.max(0, -decimals);
  const rounded = decimals < 0 ? Math.round(value / scale) * scale : value;
  const text = rounded.toFixed(Math.min(12, Math.max(0, decimals)));
  const [whole = '', fraction] = text.split('.');
  const grouped = whole.replace(/\B(?=(\d{3})+$)/g, ',');
  const unsigned = /^-[0,]*$/.test(grouped) && !/[1-9]/.test(fraction ?? '');
  const sign = unsigned ? grouped.slice(1) : grouped;
  return fraction === undefined ? sign : `${sign}.${fraction}`;
}

function trimZeros(text: string): string {
  return text.includes('.') ? text.replace(/\.?0+$/, '') : text;
}
