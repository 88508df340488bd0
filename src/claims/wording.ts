// How claims put figures into sentences: three significant digits, sizes in GB as asked for, lists
// in words. Pure. Holds no sentence of a claim and no verdict.

import type { RatioInterval } from '../stats/paired-ratio.ts';

/** 14.03 -> '14.0x'. */
export function times(ratio: number): string {
  return `${digits(ratio)}x`;
}

/** '14.0x (95% interval 13.1x to 15.2x, 3 rounds)'. */
export function timesWithin(ratio: RatioInterval, rounds: number, level: string): string {
  const interval = `${level} interval ${times(ratio.low)} to ${times(ratio.high)}`;
  return `${times(ratio.value)} (${interval}, ${String(rounds)} rounds)`;
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

function digits(value: number): string {
  if (value === 0) return '0';
  const rounded = Number(value.toPrecision(3));
  if (Math.abs(value) >= 1000) return rounded.toLocaleString('en-US');
  if (Math.abs(value) < 1e-3) return String(rounded);
  return value.toPrecision(3);
}
