import { describe, expect, it } from 'vitest';
import {
  formatAllNamed,
  formatBytes,
  formatCount,
  formatDuration,
  formatEstimate,
  formatInterval,
  formatPoint,
  formatPublished,
  formatScalar,
  formatShare,
  formatSignificant,
  formatTime,
  formatValue,
  NOT_MEASURED,
  plural,
  TOO_FEW,
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

  it('says so where there are too few sessions for an interval that means something', () => {
    for (const [low, high] of [
      [NaN, NaN],
      [null, null],
      [2.4, 108],
      [1.51e-6, 276311.85],
    ]) {
      const estimate = { value: 17.83, low, high };
      expect(formatEstimate(estimate, 'x')).toBe('18x (too few sessions)');
      expect(formatInterval(estimate)).toBe(TOO_FEW);
      expect(formatPoint(estimate, 'x')).toBe('17.8x');
    }
    expect(formatPoint({ value: 14.02, low: 13.2, high: 14.8 }, 'x')).toBe('14.0x [13.2, 14.8]');
  });

  it('calls what has no width exact, with its digits', () => {
    const exact = { value: 880.01, low: 880.01, high: 880.01 };
    expect(formatEstimate(exact, 's')).toBe('880 s (exact)');
    expect(formatValue({ value: 12.345, low: 12.345, high: 12.345 })).toBe('12.35');
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

describe('names', () => {
  it('tell the unit of a figure, and read as words', () => {
    expect(
      formatAllNamed({
        ...{ dbBytes: 100e9, ttlSeconds: 20, syncDelayMs: 3, putP99Us: 1234, lateNsP99: 5100 },
        ...{ freePages: 8_130_000, loop: 'open', verify: true, share: 0.05, seconds: 2 },
      }),
    ).toBe(
      'db 100 GB, ttl 20.0 s, sync delay 3.00 ms, put p99 1.23 ms, late p99 5.10 us, ' +
        'free pages 8,130,000, loop open, verify true, share 0.05, seconds 2',
    );
  });

  it('are counted in words', () => {
    expect([plural(1, 'session'), plural(1200, 'slice')]).toEqual(['1 session', '1,200 slices']);
    expect([formatScalar(null), formatScalar(false)]).toEqual([NOT_MEASURED, 'false']);
  });
});
