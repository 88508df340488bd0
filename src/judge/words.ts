// How answers put figures into sentences: three significant digits, sizes in GB as asked for, lists
// in words. Pure. Holds no sentence of a question and no verdict.

import type { Estimate } from '../record/answer.ts';

/** 14.03 -> '14.0x'. */
export function times(ratio: number): string {
  return `${digits(ratio)}x`;
}

/** '14.0x (interval 13.1x to 15.2x, 3 sessions)'. */
export function timesWithin(estimate: Estimate): string {
  return within(estimate, times);
}

/** Value, interval and sessions of an estimate, its numbers written by `format`. */
export function within(estimate: Estimate, format: (value: number) => string): string {
  const { value, low, high, sessions } = estimate;
  if (value === null) return 'not measured';
  const over = `${String(sessions)} session${sessions === 1 ? '' : 's'}`;
  if (low === null || high === null) return `${format(value)} (no interval, ${over})`;
  if (low === high) return `${format(value)} (exact)`;
  return `${format(value)} (interval ${format(low)} to ${format(high)}, ${over})`;
}

/** What stands beside every 'no difference'. */
export function couldSee({ smallestVisible, kind }: Estimate): string {
  if (smallestVisible === null) return 'too few sessions to see any difference';
  const visible = `smallest difference that could be seen:`;
  if (kind === 'level') return `${visible} ${digits(smallestVisible)}`;
  return smallestVisible < 2
    ? `${visible} ${digits((smallestVisible - 1) * 100)}%`
    : `${visible} ${times(smallestVisible)}`;
}

export function seconds(value: number): string {
  return `${digits(value)} s`;
}

/** 100e9 -> '100 GB'. */
export function gigabytes(bytes: number): string {
  return `${String(Number((bytes / 1e9).toPrecision(3)))} GB`;
}

/** 106e6 -> '106 MB', 100e9 -> '100 GB'. */
export function fileSize(bytes: number): string {
  return bytes < 1e9 ? `${digits(bytes / 1e6)} MB` : gigabytes(bytes);
}

/** 8_100_000 -> '8.10 million', 25_000 -> '25,000'. */
export function count(value: number): string {
  return value >= 1e6
    ? `${digits(value / 1e6)} million`
    : Math.round(value).toLocaleString('en-US');
}

/** ['a', 'b', 'c'] -> 'a, b and c'. */
export function list(words: readonly string[]): string {
  const last = words.at(-1) ?? '';
  return words.length < 2 ? last : `${words.slice(0, -1).join(', ')} and ${last}`;
}

/** Three significant digits, with commas in thousands. */
export function digits(value: number): string {
  if (value === 0) return '0';
  const rounded = Number(value.toPrecision(3));
  if (Math.abs(value) >= 1000) return rounded.toLocaleString('en-US');
  if (Math.abs(value) < 1e-3) return String(rounded);
  return value.toPrecision(3);
}
