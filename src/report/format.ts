// Figures as text. Owns how numbers, sizes, durations and ratios read everywhere in a report, so that
// one figure never reads two ways. Invariants: a missing or non-finite figure reads NOT_MEASURED, never
// NaN; sizes are decimal (1 GB = 1e9 bytes); a figure with an interval shows no digit beyond the first
// that the interval leaves in doubt. Does no layout and no escaping.

/** A figure that may be absent: JSON has no NaN, so a reader may meet null where a number is typed. */
export type Figure = number | null | undefined;

export interface Estimate {
  readonly value: Figure;
  readonly low: Figure;
  readonly high: Figure;
}

export const NOT_MEASURED = 'not measured';

const SIGNIFICANT_DIGITS_MAX = 4;
const WIDE_RATIO = 1000;
const BYTE_UNITS = [
  { size: 1e12, name: 'TB' },
  { size: 1e9, name: 'GB' },
  { size: 1e6, name: 'MB' },
  { size: 1e3, name: 'kB' },
] as const;

export function isFigure(figure: Figure): figure is number {
  return typeof figure === 'number' && Number.isFinite(figure);
}

/** Low and high where both are finite, in order and apart; undefined where there is no interval. */
export function intervalOf(estimate: Estimate): { low: number; high: number } | undefined {
  const { low, high } = estimate;
  return isFigure(low) && isFigure(high) && high > low ? { low, high } : undefined;
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
export function formatValue(estimate: Estimate): string {
  if (!isFigure(estimate.value)) return NOT_MEASURED;
  const interval = intervalOf(estimate);
  if (interval === undefined || isWide(interval)) return formatSignificant(estimate.value, 2);
  return fixed(estimate.value, decimalsFor(estimate.value, interval));
}

/** Both ends with the value's digits, `13.2 to 14.8`; empty where there is no interval. */
export function formatInterval(estimate: Estimate, between = ' to '): string {
  const interval = intervalOf(estimate);
  if (!isFigure(estimate.value) || interval === undefined) return '';
  if (isWide(interval)) {
    return `${formatSignificant(interval.low, 2)}${between}${formatSignificant(interval.high, 2)}`;
  }
  const decimals = decimalsFor(estimate.value, interval);
  return `${fixed(interval.low, decimals)}${between}${fixed(interval.high, decimals)}`;
}

/** Value and interval in one: `14.0x [13.2, 14.8]`, or `14x (no interval)`. */
export function formatEstimate(estimate: Estimate, unit: string): string {
  const value = withUnit(formatValue(estimate), unit);
  if (value === NOT_MEASURED) return value;
  const interval = formatInterval(estimate, ', ');
  return interval === '' ? `${value} (no interval)` : `${value} [${interval}]`;
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

/** So far apart that digits that tell the lower end mean nothing of the upper one. */
function isWide({ low, high }: { readonly low: number; readonly high: number }): boolean {
  return low > 0 && high / low >= WIDE_RATIO;
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

/** A camel-case name in words: dueEachTick is 'due each tick'. */
export function wordsOf(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
}

/** A level of a factor, or a setting. */
export function formatScalar(level: string | number | boolean | null | undefined): string {
  if (typeof level !== 'number')
    return level === null || level === undefined ? NOT_MEASURED : String(level);
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
