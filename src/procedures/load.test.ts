// Procedure load from what is asked for to what a round holds: figures by their names, settings read back, and
// what the store acknowledged held against it at the end.

import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import type { Scalars } from '../record/round.ts';
import { mergedPercentileUs } from '../stats/merged-percentile.ts';
import { testFolder } from '../testing/test-folder.ts';
import { load } from './load.ts';
import type { OpenArm, Slice, SliceContext } from './procedure.ts';

const FOLDER = testFolder('procedure-load');
const CONTEXT: SliceContext = {
  signal: new AbortController().signal,
  onProgress: () => undefined,
};
/** Small stores: 1 GiB of index for a few keys would be a waste. */
const SMALL = {
  cacheBytes: 16 * 1024 ** 2,
  indexBytes: 64 * 1024 ** 2,
  bufferBytes: 64 * 1024 ** 2,
};
let folders = 0;
let arm: OpenArm | undefined;

async function opened(levels: Scalars): Promise<OpenArm> {
  const folder = join(FOLDER, `arm-${folders++}`);
  mkdirSync(folder);
  const asked = { ...SMALL, clients: 8, seconds: 0.2, ...levels };
  const about = { cell: 'test/cell', asked, target: 'engine', arm: 'engine' };
  const order = { ...about, seed: 11, prepared: join(FOLDER, 'prepared') };
  await load.prepare?.(order, CONTEXT);
  arm = await load.open({ ...order, seed: 12, folder }, CONTEXT);
  return arm;
}

function slice(from: OpenArm, index: number, warm = false): Promise<Slice> {
  return from.slice({ index, seed: 100 + index, warm }, CONTEXT);
}

afterEach(async () => {
  await arm?.close('kill', CONTEXT);
  arm = undefined;
});

describe('load', () => {
  it('measures puts: figures of clients, commits, log and disk, and settings that agree', async () => {
    const levels = {
      ...{ workload: 'large-values', keys: 100, valueBytes: 200, readShare: 0, clients: 16 },
      ...{ durability: 'group', batchLimit: 20, syncDelayMs: 1, probeSync: true },
    };
    const one = await opened(levels);
    const warm = await slice(one, 0, true);
    expect(warm.figures[load.warmUp.figure ?? '']).toBeGreaterThan(0);
    expect(warm.histograms).toEqual({});
    expect(warm.figures['diskSyncUs']).toBeUndefined();
    const {
      figures,
      counts,
      histograms = {},
      settings,
      seconds,
      health,
      warnings,
    } = await slice(one, 1);
    const { probeSync, ...readBack } = levels;
    expect(probeSync).toBe(true);
    expect(settings).toMatchObject({ ...SMALL, ...readBack, loop: 'closed' });
    expect(seconds).toBeCloseTo(0.2, 6);
    const { operationsPerSecond = 0, putsPerSecond, writePerSecond } = figures;
    expect(putsPerSecond).toBe(operationsPerSecond);
    expect(writePerSecond).toBe(operationsPerSecond);
    expect(operationsPerSecond * seconds).toBeCloseTo(counts?.['write.operations'] ?? 0, 6);
    const names = [
      'p50Us',
      'maxUs',
      'writeP50Us',
      'putP50Us',
      'putMaxUs',
      'commitMs',
      'putsPerSync',
    ];
    for (const name of [...names, 'commitsPerSecond', 'walSyncUs', 'diskSyncUs', 'diskSyncP50Us']) {
      expect(figures[name], name).toBeGreaterThan(0);
    }
    expect(figures['walSyncUs']).toBeGreaterThan(1000);
    expect(figures['boundPerSecond']).toBeCloseTo(1e6 / ((figures['diskSyncUs'] ?? 0) + 1000), 6);
    expect(counts?.['walSyncs']).toBeGreaterThan(0);
    expect(health?.bottleneck).toBe(false);
    expect(warnings).toEqual([]);
    // Too few for a p99 of its own, mostly: the histogram gives it.
    const p99Us = mergedPercentileUs([histograms['write'] ?? ''], 99) ?? 0;
    expect(p99Us).toBeGreaterThanOrEqual(figures['putP50Us'] ?? 0);
    if ((counts?.['write.operations'] ?? 0) < 500) expect(figures['putP99Us']).toBeUndefined();
    else expect(figures['putP99Us']! / p99Us).toBeCloseTo(1, 2);
    const closing = await one.close('verify', CONTEXT);
    expect(closing).toMatchObject({ counts: { verifiedEntries: 100 }, warnings: [] });
  });

  it('measures an open loop by lanes, latency from the intended start beside service', async () => {
    const levels = { loop: 'open', arrival: 'poisson', ratePerSecond: 800, seconds: 0.4 };
    const one = await opened({ workload: 'read-heavy', keys: 200, writeShare: 0.5, ...levels });
    const { figures, histograms = {}, counts } = await slice(one, 0);
    expect(Object.keys(histograms).sort()).toEqual([
      ...['read', 'read:service', 'write', 'write:service'],
    ]);
    const lanes = (figures['readPerSecond'] ?? 0) + (figures['writePerSecond'] ?? 0);
    expect(lanes).toBeCloseTo(figures['operationsPerSecond'] ?? 0, 6);
    expect(counts?.['read.entriesRead']).toBe(counts?.['read.operations']);
    expect(figures['readP99Us']).toBeUndefined();
    expect(await one.close('verify', CONTEXT)).toMatchObject({ warnings: [] });
  });

  it('leaves out what durability none does not wait for', async () => {
    const levels = { workload: 'large-values', keys: 64, valueBytes: 100, readShare: 0 };
    const one = await opened({ ...levels, durability: 'none', verify: false });
    const { figures } = await slice(one, 0);
    expect(figures['putsPerSecond']).toBeGreaterThan(0);
    expect(figures['putsPerSync']).toBeUndefined();
    const closing = await one.close('verify', CONTEXT);
    expect(closing.counts).toBeUndefined();
  });

  it('has no figures of a slice that was stopped before it began', async () => {
    const one = await opened({ workload: 'read-heavy', keys: 100 });
    const signal = AbortSignal.abort();
    const stopped = await one.slice({ index: 0, seed: 1, warm: false }, { ...CONTEXT, signal });
    expect(stopped).toMatchObject({ seconds: 0, figures: {} });
    expect(await one.close('verify', { ...CONTEXT, signal })).toMatchObject({ warnings: [] });
  });
});
