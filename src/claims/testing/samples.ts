// Synthetic runs and rounds for tests of claims, gates and reports: valid by the schema, with
// ratios the test chooses. Invariant: what a test does not name is equal in every round, so that a
// verdict changes for the named reason alone. Nothing here is measured; no command reads it.

import type { Cell, Run, Sample } from '../../record/schema.ts';

/** A main cell of `dbBytes`, or of another role, at four pages of 4 KiB free in every ten. */
export function testCell(dbBytes: number, overrides: Partial<Cell> = {}): Cell {
  const role = overrides.role ?? 'main';
  const freePages = Math.round((dbBytes / 4096) * 0.4);
  return {
    id: `${role}-${String(dbBytes / 1e9)}gb`,
    title: `${role} job at ${String(dbBytes / 1e9)} GB`,
    role,
    recipe: 'kubernetes-mix',
    dbBytes,
    freePages,
    freeSpans: Math.round(freePages / 4),
    valueBytes: 10_000,
    putsPerCommit: 500,
    commits: 40,
    warmUpCommits: 2,
    ...overrides,
  };
}

export const TEST_SIZES: readonly number[] = [2e9, 8e9, 25e9, 50e9, 100e9];

/** A finished run on ext4 with the main cells of TEST_SIZES. */
export function testRun(overrides: Partial<Run> = {}): Run {
  return {
    schemaVersion: 1,
    kvtune: '0.1.0',
    id: 'test-run',
    seed: 1,
    mode: 'default',
    command: 'kvtune reproduce --seed 1',
    startedAt: '2026-01-01T00:00:00.000Z',
    finishedAt: '2026-01-01T00:08:00.000Z',
    status: 'finished',
    host: testHost('ext4'),
    cells: TEST_SIZES.map((dbBytes) => testCell(dbBytes)),
    untested: [],
    tags: {},
    versions: {},
    warnings: [],
    ...overrides,
  };
}

export function testHost(fileSystem: string): Run['host'] {
  return {
    fingerprint: 'test-host',
    cpu: { model: 'test', cores: 2, governor: 'performance' },
    memoryBytes: 8e9,
    os: 'linux',
    kernel: '6.1',
    node: 'v20.19.0',
    virtualization: 'none',
    workDir: {
      fileSystem,
      mountOptions: 'rw',
      device: 'test',
      deviceModel: 'test',
      writeCache: 'write back',
      scheduler: 'none',
      freeBytes: 100e9,
    },
    syncLatencyBefore: { samples: 100, p50Us: 150, p99Us: 400, maxUs: 900 },
    background: { loadBefore: 0.1 },
    warnings: [],
  };
}

/** One round. Commit latency follows completionSeconds unless given. */
export function testSample(cell: Cell, overrides: Partial<Sample> = {}): Sample {
  const arm = overrides.arm ?? 'hashmap';
  const completionSeconds = overrides.completionSeconds ?? 10;
  const medianNs = (completionSeconds / cell.commits) * 1e9;
  return {
    schemaVersion: 1,
    kind: 'round',
    cell: cell.id,
    block: 0,
    position: 0,
    arm,
    replicate: 0,
    purpose: 'arm',
    startedAt: '2026-01-01T00:01:00.000Z',
    settings: { freelist: arm, syncFreelist: false },
    puts: cell.commits * cell.putsPerCommit,
    completionSeconds,
    commitNs: {
      n: cell.commits,
      median: medianNs,
      p90: medianNs * 1.2,
      max: medianNs * 2,
      histogram: '',
    },
    phases: { put: 1, spill: 2, release: 1, freelist: 1, write: 2, sync: 2 },
    counts: {
      bytesWritten: 1e9,
      pagesWritten: 250_000,
      writes: 1_000,
      syncs: 80,
      allocations: 20_000,
      multiPageAllocations: 10_000,
      multiPageAllocationsFromRun: 9_000,
      pagesAllocated: 60_000,
      probes: 400_000,
      fileGrowthBytes: 0,
      freelistBytes: 8e6,
    },
    resources: { rssBytesMax: 1e9, userSeconds: 5, systemSeconds: 1 },
    state: {
      dbBytes: cell.dbBytes,
      allocatedBytes: 1e9,
      digest: `digest-of-${cell.id}`,
      freePages: cell.freePages,
      pageCache: 'warm',
    },
    warnings: [],
    ...overrides,
  };
}

export interface RoundsOptions {
  /** Runs of each arm a block; two by default, so that there is an A/A floor. */
  readonly replicates?: number;
  /** Ratio between two replicates of one arm; 1.02 by default. Their geometric mean stays put. */
  readonly noise?: number;
  readonly hashmapSeconds?: number;
}

/** One block a ratio: array takes that many times as long as hashmap. */
export function testRounds(
  cell: Cell,
  ratios: readonly number[],
  options: RoundsOptions = {},
): Sample[] {
  const hashmapSeconds = options.hashmapSeconds ?? 10;
  return ratios.flatMap((ratio, block) => [
    ...replicates(cell, hashmapSeconds, { arm: 'hashmap', block }, options),
    ...replicates(cell, hashmapSeconds * ratio, { arm: 'array', block }, options),
  ]);
}

/** Rounds of `arm` in `cell` and its anchors at `base`: one block a ratio of put latency. */
export function testAnchoredRounds(
  arm: string,
  { base, cell }: { readonly base: Cell; readonly cell: Cell },
  ratios: readonly number[],
  options: RoundsOptions = {},
): Sample[] {
  const anchor = { arm, purpose: 'anchor', beside: cell.id } as const;
  return ratios.flatMap((ratio, block) => [
    ...replicates(base, 10, { ...anchor, block }, options),
    ...replicates(cell, 10 * ratio, { arm, block }, options),
  ]);
}

function replicates(
  cell: Cell,
  seconds: number,
  overrides: Partial<Sample>,
  { replicates: runs = 2, noise = 1.02 }: RoundsOptions,
): Sample[] {
  return Array.from({ length: runs }, (_, replicate) => {
    const share = runs === 1 ? 0 : replicate / (runs - 1) - 0.5;
    return testSample(cell, {
      ...overrides,
      replicate,
      completionSeconds: seconds * noise ** share,
    });
  });
}
