// A synthetic run for tests of reports: invented figures of a plausible size on a host that does not
// exist. Nothing here was measured. Deterministic, and rebuilt by each call, so tests may alter it.

import type {
  Arm,
  Cell,
  Claim,
  ClaimsFile,
  CurvePoint,
  ExperimentRound,
  Host,
  Run,
  Sample,
} from '../../record/schema.ts';

export interface Fixture {
  run: Run;
  samples: Sample[];
  experiments: ExperimentRound[];
  claims: ClaimsFile;
}

interface Shape {
  id: string;
  role: Cell['role'];
  gigabytes: number;
  freePages: number;
  arraySeconds: number;
  hashmapSeconds: number;
  low: number;
  high: number;
}

const SEED = 424242;
const STARTED_AT = '2000-01-01T00:00:00.000Z';
const ROUNDS = 6;
const COMMITS = 40;
const SHAPES: readonly Shape[] = [
  ['main-2gb', 'main', 2, 1.61e5, 4.71, 4.62, 0.97, 1.07],
  ['main-8gb', 'main', 8, 6.48e5, 8.34, 4.7, 1.69, 1.86],
  ['main-25gb', 'main', 25, 2.02e6, 21.6, 4.83, 4.28, 4.69],
  ['main-50gb', 'main', 50, 4.21e6, 49.9, 4.97, 9.5, 10.6],
  ['main-100gb', 'main', 100, 8.13e6, 93.1, 5.22, 16.9, 18.8],
  ['worst-100gb', 'worst-case', 100, 2.04e6, 118, 5.4, 20.6, 23.2],
  ['small-100gb', 'small-values', 100, 8.4e6, 1.31, 3.42, 0.36, 0.41],
].map(([id, role, gigabytes, freePages, arraySeconds, hashmapSeconds, low, high]) => ({
  id: String(id),
  role: role as Cell['role'],
  gigabytes: Number(gigabytes),
  freePages: Number(freePages),
  arraySeconds: Number(arraySeconds),
  hashmapSeconds: Number(hashmapSeconds),
  low: Number(low),
  high: Number(high),
}));

/** A finished run of both claims with every optional part present. */
export function syntheticReport(): Fixture {
  return {
    run: syntheticRun(),
    samples: SHAPES.flatMap((shape) => samplesOf(shape)),
    experiments: [],
    claims: {
      schemaVersion: 1,
      kvtune: '0.0.0-synthetic',
      seed: SEED,
      mode: 'default',
      startedAt: STARTED_AT,
      status: 'finished',
      host: { fingerprint: 'synthetic-host' },
      claims: [freelistClaim(), capacityClaim()],
    },
  };
}

/** The same run, stopped after its two smallest sizes. */
export function interruptedReport(): Fixture {
  const fixture = syntheticReport();
  const kept = new Set(['main-2gb', 'main-8gb']);
  fixture.run.status = 'interrupted';
  fixture.claims.status = 'interrupted';
  fixture.samples = fixture.samples.filter((sample) => kept.has(sample.cell));
  for (const claim of fixture.claims.claims) {
    claim.curve = claim.curve.filter((point) => kept.has(point.cell));
    claim.arms = claim.arms.filter((arm) => kept.has(arm.cell));
    claim.measured = null;
    claim.verdict = 'inconclusive';
    claim.finding = 'The deciding cell was not measured (synthetic).';
  }
  return fixture;
}

/** A run that stopped before its first round. */
export function emptyReport(): Fixture {
  const fixture = syntheticReport();
  fixture.run.status = 'running';
  delete fixture.run.finishedAt;
  delete fixture.run.calibration;
  delete fixture.run.git;
  delete fixture.run.host.syncLatencyAfter;
  fixture.claims.status = 'running';
  fixture.samples = [];
  fixture.claims.claims = fixture.claims.claims.map((claim) => ({
    ...claim,
    measured: null,
    arms: [],
    curve: [],
    limits: [],
    verdict: 'inconclusive',
    finding: 'No round has finished (synthetic).',
  }));
  return fixture;
}

function syntheticRun(): Run {
  return {
    schemaVersion: 1,
    kvtune: '0.0.0-synthetic',
    id: 'synthetic-run',
    seed: SEED,
    mode: 'default',
    command: 'kvtune reproduce --seed 424242',
    startedAt: STARTED_AT,
    finishedAt: '2000-01-01T00:07:41.000Z',
    status: 'finished',
    host: syntheticHost(),
    cells: SHAPES.map((shape) => cellOf(shape)),
    untested: ['A real etcd: none was found on this synthetic host.'],
    tags: { fixture: 'synthetic' },
    versions: { node: 'v20.0.0-synthetic', kvtune: '0.0.0-synthetic' },
    git: { commit: '0123456789abcdef0123456789abcdef01234567', dirty: true },
    calibration: {
      peer: 'bbolt 0.0.0-synthetic',
      dbBytes: 8e9,
      freelistSecondsOurs: 3.61,
      freelistSecondsPeer: 3.52,
      ratio: 1.026,
      probesPerAllocationOurs: 41_200,
      probesPerAllocationPeer: 41_200,
      ok: true,
    },
    warnings: [
      {
        code: 'short-run',
        message: 'The default run measures six rounds a cell (synthetic).',
        remedy: 'Use --full for narrower intervals.',
      },
    ],
  };
}

function syntheticHost(): Host {
  return {
    fingerprint: 'synthetic-host',
    cpu: { model: 'Synthetic CPU 9000', cores: 2, governor: 'performance' },
    memoryBytes: 8.2e9,
    os: 'Synthetic Linux 1.0',
    kernel: '0.0.0-synthetic',
    node: 'v20.0.0-synthetic',
    virtualization: 'kvm',
    workDir: {
      fileSystem: 'ext4',
      mountOptions: 'rw,relatime',
      device: '/dev/synthetic0',
      deviceModel: 'Synthetic Disk',
      writeCache: 'write back',
      scheduler: 'none',
      freeBytes: 4.3e10,
    },
    syncLatencyBefore: { samples: 200, p50Us: 412, p99Us: 1630, maxUs: 4210 },
    syncLatencyAfter: { samples: 200, p50Us: 433, p99Us: 1755, maxUs: 3890 },
    background: { loadBefore: 0.12, loadAfter: 0.98, stealShare: 0.004 },
    warnings: [
      {
        code: 'write-cache',
        message: 'The write cache is on (synthetic).',
        remedy: 'Turn it off.',
      },
    ],
  };
}

function cellOf({ id, role, gigabytes, freePages }: Shape): Cell {
  const size = `${String(gigabytes)} GB`;
  const small = role === 'small-values';
  return {
    id,
    title:
      role === 'main' ? size : `${size}, ${role === 'worst-case' ? 'worst case' : 'small values'}`,
    role,
    recipe: role === 'worst-case' ? 'short-spans' : 'kubernetes',
    dbBytes: gigabytes * 1e9,
    freePages,
    freeSpans: Math.round(freePages / 3.7),
    valueBytes: small ? 512 : 10_000,
    putsPerCommit: small ? 100 : 500,
    commits: COMMITS,
    warmUpCommits: 5,
  };
}

function armOf(shape: Shape, name: 'array' | 'hashmap'): Arm {
  const isArray = name === 'array';
  const seconds = isArray ? shape.arraySeconds : shape.hashmapSeconds;
  const freelist = isArray ? Math.max(0.03, seconds - 4.6) : 0.04;
  const worst = shape.role === 'worst-case';
  return {
    cell: shape.id,
    name,
    settings: { freelist: name, syncFreelist: false, pageSize: 4096, durability: 'each' },
    rounds: ROUNDS,
    completionSeconds: seconds,
    putsPerSecond: (COMMITS * 500) / seconds,
    commitMsMedian: (seconds / COMMITS) * 970,
    commitMsP90: (seconds / COMMITS) * 1310,
    commits: COMMITS * ROUNDS,
    phases: {
      put: 0.21,
      spill: 0.9,
      release: isArray ? shape.freePages * 2.2e-7 : 0.012,
      freelist,
      write: 1.34,
      sync: 1.92,
    },
    bytesWritten: 4.21e8 + shape.gigabytes * 1e5,
    pagesWritten: 102_400 + shape.gigabytes * 24,
    fileGrowthBytes: worst ? 4.1e8 : 0,
    freelistBytes: shape.freePages * (isArray ? 8 : 21),
    probesPerAllocation: isArray ? shape.freePages / 19.3 : 1.27,
    runFoundShare: worst ? 0 : 0.9985,
  };
}

function samplesOf(shape: Shape): Sample[] {
  return Array.from({ length: ROUNDS }, (_, block) => block).flatMap((block) =>
    (['array', 'hashmap'] as const).map((name, position) => sampleOf(shape, name, block, position)),
  );
}

function sampleOf(
  shape: Shape,
  name: 'array' | 'hashmap',
  block: number,
  position: number,
): Sample {
  const arm = armOf(shape, name);
  const wobble = 1 + ((block * 7 + position * 3) % 5) / 100;
  return {
    schemaVersion: 1,
    kind: 'round',
    cell: shape.id,
    block,
    position,
    arm: name,
    replicate: 0,
    purpose: 'arm',
    startedAt: STARTED_AT,
    settings: arm.settings,
    puts: COMMITS * 500,
    completionSeconds: arm.completionSeconds * wobble,
    commitNs: {
      n: COMMITS,
      median: arm.commitMsMedian * wobble * 1e6,
      p90: arm.commitMsP90 * wobble * 1e6,
      max: arm.commitMsP90 * wobble * 2e6,
      histogram: '',
    },
    phases: arm.phases,
    counts: {
      bytesWritten: arm.bytesWritten,
      pagesWritten: arm.pagesWritten,
      writes: 4000,
      syncs: COMMITS * 2,
      allocations: 21_000,
      multiPageAllocations: 20_000,
      multiPageAllocationsFromRun: Math.round(20_000 * arm.runFoundShare),
      pagesAllocated: arm.pagesWritten,
      probes: arm.probesPerAllocation * 21_000,
      fileGrowthBytes: arm.fileGrowthBytes,
      freelistBytes: arm.freelistBytes,
    },
    resources: { rssBytesMax: 6.4e8, userSeconds: 3.1, systemSeconds: 1.2 },
    state: {
      dbBytes: shape.gigabytes * 1e9,
      allocatedBytes: 3.1e9,
      digest: 'feedfacefeedface',
      freePages: shape.freePages,
      pageCache: 'warm for tree pages, dropped for the rest',
    },
    warnings: [],
  };
}

function ratioPoint(shape: Shape): CurvePoint {
  return {
    cell: shape.id,
    series: 'array / hashmap',
    role: shape.role,
    dbBytes: shape.gigabytes * 1e9,
    freePages: shape.freePages,
    value: shape.arraySeconds / shape.hashmapSeconds,
    low: shape.low,
    high: shape.high,
    rounds: ROUNDS,
  };
}

function freelistClaim(): Claim {
  return {
    id: 'freelist-24x',
    title: 'The hashmap freelist makes writes 24 times faster',
    published: {
      value: 23.69,
      unit: 'x',
      what: 'completion time of one job, array / hashmap',
      source:
        'Results table of the 2019 article (4974 s against 210 s); configuration not recovered',
    },
    measured: {
      value: 93.1 / 5.22,
      low: 16.9,
      high: 18.8,
      rounds: ROUNDS,
      at: { dbBytes: 100e9, freePages: 8.13e6 },
    },
    arms: SHAPES.flatMap((shape) => [armOf(shape, 'array'), armOf(shape, 'hashmap')]),
    curve: SHAPES.map((shape) => ratioPoint(shape)),
    target: 'engine',
    rule: 'reproduced if the interval of the main cell meets 16x to 36x; exceeded above; partly below.',
    method:
      'Ratio of completion times within a block, t interval on paired log ratios, six blocks.',
    alpha: 0.05,
    floor: 1.021,
    verdict: 'reproduced',
    finding:
      'In a 100 GB file with 8.1 million free pages the job took 17.8 times longer with the array (synthetic).',
    limits: [
      'Holds from 50 GB upwards: below 25 GB the ratio stays under 5x (synthetic).',
      'Reverses with small values: there the array was 2.6 times faster (synthetic).',
    ],
    warnings: [
      {
        code: 'few-rounds',
        message: 'Six rounds: the interval rests on a t distribution (synthetic).',
        remedy: 'Repeat with --full.',
      },
    ],
    command: 'kvtune reproduce --claims freelist-24x --seed 424242',
  };
}

function capacityClaim(): Claim {
  const main = SHAPES.filter((shape) => shape.role === 'main');
  const base = main[0];
  const curve = main.flatMap((shape) =>
    (['array', 'hashmap'] as const).map((series): CurvePoint => {
      const seconds = (of: Shape): number =>
        series === 'array' ? of.arraySeconds : of.hashmapSeconds;
      const value = base === undefined ? 1 : seconds(shape) / seconds(base);
      const first = shape === base;
      return {
        ...ratioPoint(shape),
        series,
        value,
        low: first ? 1 : value * 0.95,
        high: first ? 1 : value * 1.05,
      };
    }),
  );
  return {
    ...freelistClaim(),
    id: 'capacity-50x',
    title: 'A 100 GB database is as fast as a 2 GB one',
    published: {
      value: 50,
      unit: 'x',
      what: 'usable size: a quota of 2 GB raised to 100 GB',
      source: 'Conclusion of the 2019 article; never adopted upstream',
    },
    measured: {
      value: 1.13,
      low: 1.07,
      high: 1.19,
      rounds: ROUNDS,
      at: { dbBytes: 100e9, freePages: 8.13e6 },
    },
    arms: main.flatMap((shape) => [armOf(shape, 'array'), armOf(shape, 'hashmap')]),
    curve,
    rule: 'reproduced if put latency of hashmap at 100 GB lies within 0.80 to 1.25 of that at 2 GB.',
    verdict: 'reproduced',
    finding: 'With the hashmap a put at 100 GB took 1.13 times as long as at 2 GB (synthetic).',
    limits: ['The array stays equivalent up to 2 GB only (synthetic).'],
    warnings: [],
    command: 'kvtune reproduce --claims capacity-50x --seed 424242',
  };
}
