// What a round takes from a load report: merged percentiles, warnings that add up over rounds.

import { build, encodeIntoCompressedBase64 } from 'hdr-histogram-js';
import { describe, expect, it } from 'vitest';
import type { GeneratorHealth, LaneReport, LoadReport } from '../drivers/load-plan.ts';
import { factorOf, grownBy, loadFigures, loadWarnings } from './load-round.ts';
import { fakeCell } from './testing/fake-experiment.ts';

const HEALTHY: GeneratorHealth = {
  ...{ lateNsP50: 0, lateNsP99: 0, lateNsMax: 0, skipped: 0, unfinished: 0 },
  ...{ cpuShares: [0.5], busyShares: [0.5], ownShares: [0.2], bottleneck: false, reason: '' },
};

function lane(name: string, latenciesNs: readonly number[]): LaneReport {
  const histogram = build({ highestTrackableValue: 1e12, numberOfSignificantValueDigits: 3 });
  for (const latency of latenciesNs) histogram.recordValue(latency);
  const encoded = encodeIntoCompressedBase64(histogram);
  return {
    ...{ lane: name, operations: latenciesNs.length, errors: {}, entriesRead: 0, bytesRead: 0 },
    ...{ perSecond: latenciesNs.length / 2, latency: encoded, service: encoded },
  };
}

function report(over: Partial<LoadReport> = {}): LoadReport {
  return {
    settings: {},
    lanes: [lane('write', [1e6]), lane('read', [])],
    ...{ seconds: 2, preloadSeconds: 0, perSecond: [], steady: true, health: HEALTHY },
    // No test here looks at the store's own counters.
    stats: {} as LoadReport['stats'],
    ...{ during: { walSyncs: 7 }, verification: { ok: true, entries: 1, faults: [] } },
    ...{ interrupted: false, warnings: [] },
    ...over,
  };
}

describe('loadFigures', () => {
  const slow = Array.from({ length: 3 }, () => 50e6);
  const fast = Array.from({ length: 97 }, () => 1e6);

  it('takes percentiles of all lanes together, not a mean of theirs', () => {
    const figures = loadFigures(report({ lanes: [lane('write', slow), lane('read', fast)] }));
    expect(figures).toMatchObject({ operations: 100, perSecond: 50 });
    expect(figures.p50Us / 1000).toBeCloseTo(1, 2);
    expect(figures.p99Us / 50_000).toBeCloseTo(1, 2);
    expect(figures.maxUs / 50_000).toBeCloseTo(1, 2);
  });

  it('takes named lanes alone', () => {
    const lanes = [lane('write', slow), lane('read', fast)];
    const figures = loadFigures(report({ lanes }), ['read']);
    expect(figures.operations).toBe(97);
    expect(figures.p99Us / 1000).toBeCloseTo(1, 2);
  });

  it('has no figure of nothing', () => {
    const nothing = { operations: 0, perSecond: NaN, p50Us: NaN, p99Us: NaN, maxUs: NaN };
    expect(loadFigures(report({ lanes: [lane('write', [])] }))).toEqual(nothing);
    expect(loadFigures(report(), ['read'])).toEqual(nothing);
  });
});

describe('loadWarnings', () => {
  const codes = (over: Partial<LoadReport>): string[] =>
    loadWarnings(report(over), 'open loop').map(({ code }) => code);

  it('finds nothing against a sound load', () => {
    expect(codes({})).toEqual([]);
    expect(codes({ health: { ...HEALTHY, skipped: 0 }, steady: true })).toEqual([]);
  });

  it('names wrong data, a busy generator, refusals and a store that fell behind', () => {
    const verification = { ok: false, entries: 1, faults: ['a key is missing'] };
    expect(loadWarnings(report({ verification }), 'open loop')[0]?.message).toBe(
      'open loop: the store is not as it must be: a key is missing',
    );
    expect(codes({ health: { ...HEALTHY, bottleneck: true, reason: 'late' } })).toEqual([
      'generator',
    ]);
    expect(codes({ health: { ...HEALTHY, skipped: 1 } })).toEqual(['skipped']);
    const refused = { ...lane('write', [1e6]), errors: { QUOTA_EXCEEDED: 2 } };
    expect(loadWarnings(report({ lanes: [refused] }), 'closed loop')[0]?.message).toBe(
      'closed loop: operations were refused (write: QUOTA_EXCEEDED)',
    );
  });

  it('calls a load unsteady only where it was long enough to tell', () => {
    expect(codes({ steady: false, seconds: 1.5 })).toEqual(['not-steady']);
    expect(codes({ steady: false, seconds: 0.5 })).toEqual([]);
  });

  it('hands on what it does not know, and says nothing twice', () => {
    const warnings = [
      { code: 'store', message: 'a lock is held' },
      { code: 'generator', message: '97% busy' },
    ];
    expect(codes({ warnings, health: { ...HEALTHY, bottleneck: true } })).toEqual([
      ...['generator', 'store'],
    ]);
  });
});

it('reads counters and factors, and does not invent any', () => {
  expect(grownBy(report(), 'walSyncs')).toBe(7);
  expect(grownBy(report(), 'commits')).toBeNaN();
  expect(factorOf(fakeCell('one', { factors: { writers: 64 } }), 'writers')).toBe(64);
  expect(() => factorOf(fakeCell('one'), 'writers')).toThrow(/cell one has no factor writers/);
});
