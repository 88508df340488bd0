// Folders that version 1 wrote, as version 2 reads them: stored verdicts are taken over and never judged again, what
// was killed before it was judged says so, and what is damaged is named. The folders under testing/v1 were
// written by the last kvtune of version 1; rounds and names in them were cut.

import {
  appendFileSync,
  cpSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { testFolder } from '../testing/test-folder.ts';
import { answersFileSchema } from './answer.ts';
import { RecordError } from './record-error.ts';
import { roundSchema } from './round.ts';
import { runSchema } from './run.ts';
import { upgradeRun, type UpgradedRun } from './upgrade.ts';

const STORED = fileURLToPath(new URL('./testing/v1/', import.meta.url));
const KINDS = ['load', 'experiment', 'freelist'] as const;

const base = testFolder('upgrade');
let made = 0;

/** A copy that may be altered. */
function folderOf(kind: (typeof KINDS)[number]): string {
  const folder = join(base, String(++made));
  cpSync(join(STORED, kind), folder, { recursive: true });
  return folder;
}

function json(folder: string, name: string): Record<string, unknown> {
  return JSON.parse(readFileSync(join(folder, name), 'utf8')) as Record<string, unknown>;
}

function change(folder: string, name: string, over: Record<string, unknown>): void {
  writeFileSync(join(folder, name), JSON.stringify({ ...json(folder, name), ...over }));
}

function refused(folder: string): RecordError {
  try {
    upgradeRun(folder);
  } catch (error) {
    if (error instanceof RecordError) return error;
    throw error;
  }
  throw new Error('nothing was refused');
}

function first<T>(list: readonly T[]): T {
  const [item] = list;
  if (item === undefined) throw new Error('the list is empty');
  return item;
}

describe.each(KINDS)('a run of version 1: %s', (kind) => {
  const upgraded: UpgradedRun = upgradeRun(join(STORED, kind));

  it('has the shapes of version 2', () => {
    expect(runSchema.parse(upgraded.run)).toEqual(upgraded.run);
    expect(answersFileSchema.parse(upgraded.answers)).toEqual(upgraded.answers);
    expect(upgraded.rounds.length).toBeGreaterThan(0);
    for (const round of upgraded.rounds) expect(roundSchema.parse(round)).toEqual(round);
  });

  it('has every round in a cell and an arm that are planned', () => {
    for (const { cell, arm, question } of upgraded.rounds) {
      const planned = upgraded.run.cells.find(({ id }) => id === cell);
      expect(planned?.question).toBe(question);
      expect(planned?.arms.map(({ name }) => name)).toContain(arm);
    }
  });

  it('says which version judged it', () => {
    expect(upgraded.run.warnings.map(({ code }) => code)).toContain('version-1');
    expect(upgraded.run.seconds).toBeGreaterThan(5);
  });

  it('is read, and nothing is written', () => {
    const folder = folderOf(kind);
    const before = readdirSync(folder);
    expect(upgradeRun(folder)).toEqual(upgraded);
    expect(readdirSync(folder)).toEqual(before);
  });
});

describe('stored answers', () => {
  it('are the claims as they were judged, with their pictures and tables', () => {
    const stored = first(json(join(STORED, 'experiment'), 'claims.json')['claims'] as object[]);
    const { answers } = upgradeRun(join(STORED, 'experiment'));
    const answer = first(answers.answers);
    expect(answer).toMatchObject({
      ...{ question: 'lease-scale', kind: 'claim', verdict: 'inconclusive', estimates: [] },
      measured: { value: 880.011, unit: 's', sessions: 1, at: { leases: 900_000 } },
    });
    const { title, finding, rule, limits, caveats, panels, rows } = stored as typeof answer & {
      rows: typeof answer.tables;
    };
    expect(answer).toMatchObject({ title, finding, rule, limits, caveats, panels });
    expect(answer.tables).toEqual(rows);
  });

  it('draw the curve of a freelist claim, and list its arms', () => {
    const { answers, run, rounds } = upgradeRun(join(STORED, 'freelist'));
    const [freelist, capacity] = answers.answers;
    expect(freelist?.panels).toMatchObject([
      {
        ...{ id: 'curve', y: { label: 'completion time, array / hashmap', unit: 'x' } },
        series: [{ name: 'main job', role: 'deciding', points: [{ x: 2 }] }],
        references: [{ y: 1 }, { y: 23.69, label: 'published: 23.7x' }],
      },
    ]);
    expect(freelist?.tables.map(({ caption }) => caption)).toEqual([
      'The curve',
      'The job: medians over rounds',
      'Seconds of the job in each part: medians over rounds',
      'Work: medians over rounds',
    ]);
    // What was published of it is a size, the curve shows latencies.
    const capacityPanel = capacity?.panels.flatMap((panel) =>
      panel.kind === 'lines' ? panel.references : [],
    );
    expect(capacityPanel?.filter(({ label }) => label.startsWith('published'))).toEqual([]);
    expect(run.measuredSeconds).toBeCloseTo(
      rounds.reduce((sum, { figures }) => sum + (figures['completionSeconds'] ?? NaN), 0),
    );
    expect(first(rounds).state).toMatchObject({ freePages: 191_897 });
  });

  it('are what run concluded, with lanes, load and verification', () => {
    const { answers, run } = upgradeRun(join(STORED, 'load'));
    const answer = first(answers.answers);
    expect(answer).toMatchObject({ question: 'run', kind: 'load', verdict: 'measured' });
    expect(answer.title).toBe('read-heavy: on the bundled engine');
    expect(answer.tables.map(({ caption, rows }) => [caption, rows.length])).toEqual([
      ['By lane', 2],
    ]);
    expect(answer.facts.map(({ value }) => value)).toEqual([
      'a generating thread used up to 82% of a core; starts late by up to 0 us (p99); 0 skipped',
      '1 of 1 rounds, 1000 entries',
    ]);
    expect(answer.arms).toMatchObject([{ arm: 'engine', settings: { freelist: 'hashmap' } }]);
    expect(run.load).toMatchObject({ factors: { keys: 1000, loop: 'closed', clients: 64 } });
  });

  it('hold the comparisons of ab, and the levels of sweep', () => {
    const folder = folderOf('load');
    const comparison = {
      ...{ figure: 'operationsPerSecond', deciding: true, a: 100, b: 50, ratio: 0.5 },
      ...{ low: 0.4, high: null, pairs: 4, floor: 1.02, verdict: 'worse' },
    };
    change(folder, 'verdict.json', { command: 'ab', verdict: 'worse', comparisons: [comparison] });
    const answer = first(upgradeRun(folder).answers.answers);
    expect(answer).toMatchObject({ question: 'ab', kind: 'comparison', verdict: 'worse' });
    expect(first(answer.tables).rows).toEqual([
      ['operationsPerSecond', 'yes', 100, 50, 0.5, 0.4, null, 1.02, 4, 'worse'],
    ]);
    const load = json(folder, 'run.json')['load'] as object;
    const factors = [{ name: 'batchLimit', what: 'config', levels: [100, 1000] }];
    change(folder, 'run.json', { load: { ...load, command: 'sweep', factors } });
    expect(upgradeRun(folder).run.load?.levels).toEqual([
      { name: 'batchLimit', levels: [100, 1000] },
    ]);
  });

  it('hold surface and calibration, where a run had them', () => {
    const folder = folderOf('freelist');
    const byArm = { array: 2, hashmap: 1 };
    const cell = {
      factors: { recipe: 'mix', putsPerCommit: 10, valueBytes: 512, syncFreelist: true },
      ...{ freePages: 1e6, blocks: 1, completionSeconds: byArm, growthShare: byArm },
      ...{ freelistBytes: byArm, hashmapGain: { value: 2 }, bitmapGain: { value: 1.1 } },
    };
    const surface = {
      ...{ planned: 9, measured: 1, alpha: 0.05, cells: [cell] },
      ...{ classes: [{ sentence: 'Who cares.' }], bars: [{ sentence: 'Met.' }] },
    };
    change(folder, 'claims.json', { surface });
    const calibration = {
      ...{ peer: 'bbolt 1', dbBytes: 8e9, freelistSecondsOurs: 2, freelistSecondsPeer: 1 },
      ...{ ratio: 2, probesPerAllocationOurs: 1, probesPerAllocationPeer: 1, ok: false },
    };
    change(folder, 'run.json', { calibration });
    const [map, check] = upgradeRun(folder).answers.answers.slice(2);
    expect(map).toMatchObject({
      ...{ kind: 'map', verdict: 'measured', limits: ['Who cares.', 'Met.'] },
      finding: '1 of 9 planned cells were measured.',
    });
    expect(map?.tables[0]?.rows[0]).toEqual([
      ...['mix, stored', 1e6, 10, 512, 1, 2, 1.1],
      ...[2, 1, null, 2, 1, null, 2, 1, null],
    ]);
    expect(check).toMatchObject({ kind: 'calibration', verdict: 'invalid' });
    expect(check?.finding).toContain('2x the time of bbolt 1');
  });
});

describe('rounds', () => {
  it('beside a larger size are arms of that size', () => {
    const folder = folderOf('freelist');
    const lines = join(folder, 'samples.ndjson');
    const [line = ''] = readFileSync(lines, 'utf8').split('\n');
    const anchor = { ...(JSON.parse(line) as object), purpose: 'anchor', beside: 'main-8gb' };
    appendFileSync(lines, `${JSON.stringify(anchor)}\n`);
    expect(upgradeRun(folder).rounds.at(-1)).toMatchObject({
      ...{ cell: 'main-8gb', arm: 'array on main-2gb', session: 0 },
    });
  });

  it('whose last line was cut short by a kill are read without it', () => {
    const folder = folderOf('experiment');
    const lines = join(folder, 'experiments.ndjson');
    const whole = upgradeRun(folder).rounds.length;
    truncateSync(lines, statSync(lines).size - 10);
    expect(upgradeRun(folder).rounds).toHaveLength(whole - 1);
    // What its rounds measured within their processes was not recorded.
    expect(upgradeRun(folder).run.measuredSeconds).toBe(0);
  });
});

it.each(KINDS)('a run that was killed before it was judged has no answers: %s', (kind) => {
  const folder = folderOf(kind);
  rmSync(join(folder, kind === 'load' ? 'verdict.json' : 'claims.json'));
  change(folder, 'run.json', { status: 'running', finishedAt: undefined });
  const { run, answers, rounds } = upgradeRun(folder);
  expect(answers).toMatchObject({ answers: [], status: 'running' });
  expect(run.untested.at(-1)).toContain('cannot judge runs of version 1');
  expect(run.seconds).toBe(0);
  expect(rounds.length).toBeGreaterThan(0);
});

describe('what is damaged', () => {
  it.each([
    ['run.json', /run\.json is no JSON/],
    ['claims.json', /claims\.json is no JSON/],
    ['experiments.ndjson', /experiments\.ndjson, line 1 is no JSON/],
  ])('is named: %s', (name, message) => {
    const folder = folderOf('experiment');
    writeFileSync(join(folder, name), '{ "cut":\n');
    expect(refused(folder)).toMatchObject({
      kind: 'damaged',
      message: expect.stringMatching(message) as string,
    });
  });

  it('is named with its field', () => {
    const folder = folderOf('load');
    change(folder, 'verdict.json', { lanes: [{ cell: 1 }] });
    expect(refused(folder).message).toMatch(/verdict\.json: lanes\.0\.cell: /);
    const other = folderOf('load');
    change(other, 'run.json', { schemaVersion: 2 });
    expect(refused(other)).toMatchObject({
      kind: 'damaged',
      message: expect.stringContaining('run.json: schemaVersion: ') as string,
    });
  });

  it('is told from what is missing', () => {
    expect(refused(join(base, 'nowhere'))).toMatchObject({
      kind: 'missing',
      message: expect.stringContaining("name a run's folder") as string,
    });
  });
});
