// Made-up runs for tests of reports: invented figures of a plausible size on a host that does not exist. Nothing
// here was measured. Valid by the schemas of record/, deterministic, and rebuilt by each call, so that
// tests may alter it.

import {
  answersFileSchema,
  type Answer,
  type AnswersFile,
  type Estimate,
} from '../../record/answer.ts';
import { roundSchema, SCHEMA_VERSION, type Round } from '../../record/round.ts';
import { runSchema, type PlannedCell, type Run } from '../../record/run.ts';
import { heatPanel, linesPanel } from './panels.ts';

export interface Fixture {
  run: Run;
  rounds: Round[];
  answers: AnswersFile;
}

const STARTED_AT = '2000-01-01T00:00:00.000Z';
const SESSIONS = 5;
const SLICES = 3;
const CELL = 'freelist-24x/100gb';

/** A finished run of two claims and a calibration, with every optional part present. */
export function claimsReport(): Fixture {
  return checked({
    run: madeUpRun(),
    rounds: [...madeUpRounds()],
    answers: answersFile([freelistAnswer(), capacityAnswer(), calibrationAnswer()]),
  });
}

/** The same run, stopped before anything was decided. */
export function interruptedReport(): Fixture {
  const fixture = claimsReport();
  fixture.run.status = 'interrupted';
  fixture.answers.status = 'interrupted';
  fixture.rounds = fixture.rounds.filter(({ session }) => session === 0);
  for (const answer of fixture.answers.answers) {
    answer.verdict = 'inconclusive';
    answer.measured = null;
    answer.finding = 'One session has finished (made up).';
    answer.estimates = answer.estimates.map((one) => ({
      ...{ ...one, sessions: 1, slices: 6, low: null, high: null },
      ...{ floorWithin: null, floorBetween: null, smallestVisible: null },
    }));
  }
  return checked(fixture);
}

/** The same run, of whose questions two never had their turn. */
export function partlyMeasuredReport(): Fixture {
  const fixture = claimsReport();
  const unmeasured = ['batch-sweep', 'surface'].map((question): Answer => ({
    ...madeUpAnswer(question, `Title of ${question}`),
    ...{ verdict: 'nothing', finding: 'Nothing was measured.', untested: ['not measured: all'] },
    kind: question === 'surface' ? 'map' : 'claim',
    command: `kvtune reproduce --claims ${question} --quick`,
    estimates: [estimate({ value: null, low: null, high: null, sessions: 0, slices: 0 })],
    warnings: [{ code: 'gone', message: `No room for ${question}.` }],
  }));
  fixture.answers.answers.push(...unmeasured);
  return checked(fixture);
}

/** A run that has no round yet. */
export function emptyReport(): Fixture {
  const fixture = claimsReport();
  const { run } = fixture;
  run.status = 'running';
  Object.assign(run, { seconds: 0, measuredSeconds: 0, untested: [] });
  delete run.finishedAt;
  delete run.git;
  delete run.host.syncLatencyAfter;
  return checked({ run, rounds: [], answers: { ...answersFile([]), status: 'running' } });
}

/** What `ab` leaves: one comparison that shows no difference. */
export function comparisonReport(over: Partial<Answer> = {}): Fixture {
  const run: Run = {
    ...madeUpRun(),
    ...{ command: 'kvtune ab read-heavy --a optimized --b baseline', questions: ['ab'] },
    cells: [cellOf('ab/read-heavy', 'read-heavy', ['a', 'b'])],
    load: {
      ...{ command: 'ab', workload: 'read-heavy', levels: [], margin: 1.05 },
      factors: {
        workload: 'read-heavy',
        keys: 1000,
        valueBytes: 1024,
        loop: 'closed',
        clients: 64,
      },
      arms: ['a', 'b'].map((name) => ({
        ...{ name, config: name === 'a' ? 'optimized' : 'baseline' },
        settings: [
          { name: 'freelist', value: name === 'a' ? 'hashmap' : 'array', origin: 'preset' },
          { name: 'pageSize', value: 4096, origin: 'default' },
        ],
      })),
      ...{ sessionsMin: 3, sessionsMax: 12, slicesPerSession: 20 },
    },
  };
  const answer: Answer = {
    ...madeUpAnswer('ab', 'read-heavy: b against a'),
    ...{ kind: 'comparison', verdict: 'alike' },
    finding: 'operations per second: b is 1.01 times as good as a (made up).',
    measured: null,
    estimates: [
      estimate({
        ...{ id: 'rate', words: 'operations per second, b / a', cell: 'ab/read-heavy' },
        ...{ value: 1.0102, low: 0.9911, high: 1.0297, smallestVisible: 1.0193 },
      }),
    ],
    tables: [
      {
        caption: 'By lane',
        columns: [
          { title: 'Arm', unit: '' },
          { title: 'Lane', unit: '' },
          { title: 'Rate', unit: '1/s' },
        ],
        rows: [
          ['a', 'read', 213_000],
          ['b', 'read', 215_100],
        ],
      },
    ],
    facts: [{ label: 'Verified', value: '1,000 entries of 6 closes (made up)' }],
    ...over,
  };
  return checked({ run, rounds: [], answers: answersFile([answer]) });
}

function checked({ run, rounds, answers }: Fixture): Fixture {
  return {
    run: runSchema.parse(run),
    rounds: rounds.map((round) => roundSchema.parse(round)),
    answers: answersFileSchema.parse(answers),
  };
}

function answersFile(answers: Answer[]): AnswersFile {
  const { kvtune, seed, mode, startedAt, status, host } = madeUpRun();
  return {
    ...{ schemaVersion: SCHEMA_VERSION, kvtune, seed, mode, startedAt, status, answers },
    host: { fingerprint: host.fingerprint },
  };
}

function freelistAnswer(): Answer {
  return {
    ...madeUpAnswer('freelist-24x', 'A hashmap freelist makes writes 24 times faster'),
    published: {
      ...{ value: 23.69, unit: 'x', what: 'completion time of one job, array / hashmap' },
      source: 'Results table of the 2019 article; configuration not recovered',
    },
    measured: {
      ...{ value: 17.83, low: 16.9, high: 18.8, unit: 'x', sessions: SESSIONS },
      what: 'completion time, array / hashmap',
      at: { dbBytes: 100e9, freePages: 8.13e6 },
    },
    finding: 'In a 100 GB file the job took 17.8 times longer with the array (made up).',
    estimates: [
      estimate({ words: 'put latency, 100 GB / 2 GB', value: 1.131, deciding: false }),
      estimate({ id: 'completion', value: 17.83, low: 16.9, high: 18.8 }),
      estimate({
        id: 'slope',
        words: 'slope of the scan',
        kind: 'level',
        unit: '',
        value: 1.02,
        smallestVisible: 0.04,
        floorWithin: null,
        floorBetween: null,
      }),
    ],
    limits: ['Holds from 50 GB upwards (made up).'],
    caveats: ['etcd has the hashmap since 3.4, by default since 3.5.'],
    warnings: [{ code: 'drift', message: 'The disk slowed down (made up).', remedy: 'Wait.' }],
    panels: [linesPanel()],
  };
}

function capacityAnswer(): Answer {
  return {
    ...madeUpAnswer('capacity-50x', 'A 100 GB database is as fast as a 2 GB one'),
    published: { value: 50, unit: 'x', what: 'usable size', source: 'Conclusion of the article' },
    measured: {
      ...{ value: 1.02, low: 0.98, high: 1.06, unit: 'x', sessions: SESSIONS },
      ...{ what: 'put latency, relative to the 2 GB file', at: { dbBytes: 100e9 } },
    },
    finding: 'With the hashmap a put at 100 GB took 1.02 times as long as at 2 GB (made up).',
    estimates: [estimate({ words: 'put latency, 100 GB / 2 GB', value: 1.02 })],
    panels: [heatPanel()],
  };
}

function calibrationAnswer(): Answer {
  return {
    ...madeUpAnswer('bbolt-calibration', 'The array arm costs what bbolt does'),
    ...{ kind: 'calibration', verdict: 'alike', target: 'bbolt', measured: null },
    finding: 'The baseline is fair: 1.03 times the time of bbolt (made up).',
  };
}

function madeUpAnswer(question: string, title: string): Answer {
  return {
    ...{ question, title, kind: 'claim', target: 'engine: storage layer only, no consensus' },
    ...{ verdict: 'reproduced', finding: '', measured: null, estimates: [] },
    rule: 'Reproduced if the interval of the deciding contrast meets 16x to 36x.',
    method: 'Student t over sessions of the log ratio.',
    ...{ alpha: 0.05, looks: 2, limits: [], caveats: [], warnings: [], panels: [] },
    arms: ['array', 'hashmap'].map((arm) => ({
      ...{ cell: CELL, arm, settings: { freelist: arm, pageSize: 4096, syncFreelist: false } },
    })),
    tables: [
      {
        caption: 'Cost by arm',
        columns: [
          { title: 'Arm', unit: '' },
          { title: 'Put', unit: 'us' },
        ],
        rows: [
          ['before', 1234.5],
          ['after', null],
        ],
      },
    ],
    untested: [],
    command: `kvtune reproduce --claims ${question} --seed 424242`,
    facts: [{ label: 'Where etcd has it', value: 'on by default since 3.5' }],
  };
}

export function estimate(over: Partial<Estimate> = {}): Estimate {
  return {
    ...{ id: 'one', words: 'completion time, array / hashmap', unit: 'x', kind: 'ratio' },
    ...{ cell: CELL, deciding: true, value: 1.02, low: 0.98, high: 1.06 },
    ...{ sessions: SESSIONS, slices: SESSIONS * SLICES * 2, alpha: 0.0125 },
    ...{ floorWithin: 1.012, floorBetween: 1.034, smallestVisible: 1.041 },
    ...over,
  };
}

function* madeUpRounds(): Generator<Round> {
  for (let session = 0; session < SESSIONS; session++) {
    for (let block = 0; block < SLICES; block++) {
      for (const [position, arm] of ['array', 'hashmap'].entries()) {
        const slow = arm === 'array' ? 17.8 : 1;
        yield {
          ...{ schemaVersion: SCHEMA_VERSION, kind: 'slice', question: 'freelist-24x' },
          ...{ cell: CELL, arm, session, block, replicate: block, startedAt: STARTED_AT },
          ...{ position: block * 2 + position, seconds: 0.3 * slow },
          ...{ asked: { freelist: arm }, settings: { freelist: arm } },
          figures: { completionSeconds: 0.3 * slow, putsPerSecond: 9000 / slow, commitMsP90: 31 },
          ...{ counts: { syncs: 20 }, histograms: {}, series: {} },
          state: { dbBytes: 100e9, pageCache: 'warm for tree pages (made up)' },
          resources: { rssBytesMax: 6.4e8, userSeconds: 3.1, systemSeconds: 1.2 },
          warnings: block === 0 ? [{ code: 'cold', message: 'A cold slice (made up).' }] : [],
        };
      }
    }
  }
}

function cellOf(id: string, title: string, arms: readonly string[]): PlannedCell {
  return {
    ...{ question: id.split('/')[0] ?? id, id, title, role: 'deciding', procedure: 'made-up' },
    factors: { recipe: 'kubernetes', valueBytes: 10_000, putsPerCommit: 500 },
    arms: arms.map((name) => ({ name, target: 'engine', settings: { freelist: name } })),
    prepared: { dbBytes: 100e9, freePages: 8.13e6 },
  };
}

function madeUpRun(): Run {
  return {
    ...{ schemaVersion: SCHEMA_VERSION, kvtune: '0.0.0-made-up', id: 'made-up-run', seed: 424242 },
    ...{ mode: 'default', command: 'kvtune reproduce --seed 424242', startedAt: STARTED_AT },
    ...{ finishedAt: '2000-01-01T00:07:41.000Z', status: 'finished' },
    host: {
      fingerprint: 'made-up-host',
      cpu: { model: 'Made-up CPU 9000', cores: 2, governor: 'performance' },
      ...{ memoryBytes: 8.2e9, os: 'Made-up Linux 1.0', kernel: '0.0.0', node: 'v20.0.0' },
      virtualization: 'kvm',
      workDir: {
        ...{ fileSystem: 'ext4', mountOptions: 'rw,relatime', device: '/dev/made-up0' },
        ...{ deviceModel: 'Made-up Disk', writeCache: 'write back', scheduler: 'none' },
        freeBytes: 4.3e10,
      },
      syncLatencyBefore: { samples: 200, p50Us: 412, p99Us: 1630, maxUs: 4210 },
      syncLatencyAfter: { samples: 200, p50Us: 433, p99Us: 1755, maxUs: 3890 },
      background: { loadBefore: 0.12, loadAfter: 0.98, stealShare: 0.004 },
      warnings: [{ code: 'write-cache', message: 'The write cache is on (made up).' }],
    },
    questions: ['freelist-24x', 'capacity-50x', 'bbolt-calibration'],
    cells: [cellOf(CELL, '100 GB', ['array', 'hashmap'])],
    untested: ['50 GB: would take about 53 s', 'a real etcd: none was found'],
    ...{ seconds: 461, measuredSeconds: 252, tags: { fixture: 'made up' } },
    versions: { node: 'v20.0.0', v8: '0.0' },
    git: { commit: '0123456789abcdef0123456789abcdef01234567', dirty: true },
    warnings: [{ code: 'short-run', message: 'A short run (made up).', remedy: 'Use --full.' }],
  };
}
