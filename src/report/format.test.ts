import { describe, expect, it } from 'vitest';
import {
  formatBytes,
  formatCount,
  formatDuration,
  formatEstimate,
  formatInterval,
  formatPublished,
  formatShare,
  formatSignificant,
  formatTime,
  formatValue,
  NOT_MEASURED,
} from './format.ts';

describe('figures', () => {
  it.each([
    [35_940, 3, '35,900'],
    [9.996, 3, '10.0'],
    [0.0354, 3, '0.0354'],
    [0, 3, '0.00'],
    [-12.34, 2, '-12'],
    [1_234_567, 4, '1,235,000'],
  ])('rounds %d to %d digits', (figure, digits, text) => {
    expect(formatSignificant(figure, digits)).toBe(text);
  });

  it('groups counts by thousands and never prints a negative zero', () => {
    expect(formatCount(8_400_000)).toBe('8,400,000');
    expect(formatCount(-0.2)).toBe('0');
  });

  it.each([
    [100e9, '100 GB'],
    [2.05e9, '2.05 GB'],
    [999_950_000, '1 GB'],
    [8192, '8.19 kB'],
    [512, '512 B'],
    [0, '0 B'],
  ])('writes %d bytes', (bytes, text) => {
    expect(formatBytes(bytes)).toBe(text);
  });

  it.each([
    [725, '12 min 5 s'],
    [4.07, '4.07 s'],
    [0.0123, '12.3 ms'],
    [0.000_85, '850 us'],
    [0, '0.00 s'],
  ])('writes %d seconds', (seconds, text) => {
    expect(formatDuration(seconds)).toBe(text);
  });

  it('writes shares and times, and leaves what is no time alone', () => {
    expect(formatShare(0.9985)).toBe('99.9%');
    expect(formatShare(0)).toBe('0%');
    expect(formatTime('2000-01-01T00:00:00.000Z')).toBe('2000-01-01 00:00:00 UTC');
    expect(formatTime('yesterday')).toBe('yesterday');
  });

  it('quotes a published figure as people do, with the exact one beside it', () => {
    expect(formatPublished(23.69, 'x')).toBe('24x (23.69)');
    expect(formatPublished(50, 'x')).toBe('50x');
  });
});

describe('estimates', () => {
  it.each([
    [{ value: 14.02, low: 13.2, high: 14.8 }, '14.0x [13.2, 14.8]'],
    [{ value: 140, low: 80, high: 240 }, '140x [80, 240]'],
    [{ value: 1.0023, low: 0.9982, high: 1.0061 }, '1.002x [0.998, 1.006]'],
    [{ value: 1.02, low: 0.42, high: 2.61 }, '1.0x [0.4, 2.6]'],
    [{ value: 17.83456, low: 17.83455, high: 17.83457 }, '17.83x [17.83, 17.83]'],
  ])('shows no digit the interval leaves in doubt: %o', (estimate, text) => {
    expect(formatEstimate(estimate, 'x')).toBe(text);
  });

  it('shows two digits and says so where there is no interval', () => {
    expect(formatEstimate({ value: 17.83, low: NaN, high: NaN }, 'x')).toBe('18x (no interval)');
    expect(formatEstimate({ value: 1, low: 1, high: 1 }, 'x')).toBe('1.0x (no interval)');
    // Two rounds: decimals that keep the lower end from reading 0 would stand behind the upper one.
    expect(formatEstimate({ value: 0.64612, low: 1.51e-6, high: 276311.85 }, 'x')).toBe(
      '0.65x [0.0000015, 280,000]',
    );
    expect(formatInterval({ value: 1, low: null, high: 3 })).toBe('');
  });

  it.each([NaN, Infinity, -Infinity, null, undefined])('calls %s not measured', (figure) => {
    const texts = [
      formatCount(figure),
      formatSignificant(figure, 3),
      formatBytes(figure),
      formatDuration(figure),
      formatShare(figure),
      formatValue({ value: figure, low: 1, high: 2 }),
      formatEstimate({ value: figure, low: 1, high: 2 }, 'x'),
      formatPublished(figure, 'x'),
    ];
    expect(new Set(texts)).toEqual(new Set([NOT_MEASURED]));
  });
});
