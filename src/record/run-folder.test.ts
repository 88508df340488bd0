// The files of a run: whole after each step, readable after a kill, and named when they are damaged.

import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { testExperimentRound } from '../claims/testing/experiment-rounds.ts';
import { testCell, testRounds, testRun, testSample } from '../claims/testing/samples.ts';
import { summarizeLatencies } from '../measure/histogram.ts';
import { syntheticReport } from '../report/testing/fixture.ts';
import { testFolder } from '../testing/test-folder.ts';
import {
  freeBytesAt,
  readClaims,
  readRun,
  RecordError,
  RunFolder,
  WorkFolder,
  writeReport,
  writeText,
} from './run-folder.ts';
import type { Sample } from './schema.ts';

const base = testFolder('record');
let made = 0;

function path(): string {
  return join(base, String(++made));
}

const cell = testCell(2e9);
const samples: readonly Sample[] = testRounds(cell, [2, 3]);

/** A folder with a run and `samples`. */
function stored(): string {
  const folder = new RunFolder(path());
  folder.writeRun(testRun());
  for (const sample of samples) folder.appendSample(sample);
  return folder.path;
}

function refused(work: () => unknown): RecordError {
  try {
    work();
  } catch (error) {
    if (error instanceof RecordError) return error;
    throw error;
  }
  throw new Error('nothing was refused');
}

describe('RunFolder', () => {
  it('gives back what was recorded', () => {
    const { run, samples: read } = readRun(stored());
    expect(run).toEqual(testRun());
    expect(read).toEqual(samples);
  });

  it('replaces run.json whole and leaves nothing beside it', () => {
    const folder = new RunFolder(path());
    folder.writeRun(testRun({ status: 'running', untested: ['x'.repeat(10_000)] }));
    folder.writeRun(testRun({ status: 'finished' }));
    expect(readRun(folder.path).run.status).toBe('finished');
    expect(readdirSync(folder.path)).toEqual(['run.json']);
  });

  it('has a sample on disk as soon as it was appended, one a line', () => {
    const folder = new RunFolder(path());
    folder.writeRun(testRun());
    for (const [i, sample] of samples.entries()) {
      folder.appendSample(sample);
      expect(readRun(folder.path).samples).toHaveLength(i + 1);
    }
    const text = readFileSync(join(folder.path, 'samples.ndjson'), 'utf8');
    expect(text.split('\n')).toHaveLength(samples.length + 1);
  });

  it('has no samples before the first', () => {
    const folder = new RunFolder(path());
    folder.writeRun(testRun());
    expect(readRun(folder.path).samples).toEqual([]);
  });

  it('refuses a folder that holds a run, and takes one with other files', () => {
    const folder = stored();
    const error = refused(() => new RunFolder(folder));
    expect(error.kind).toBe('exists');
    expect(error.message).toContain('--out');
    const other = path();
    mkdirSync(other);
    writeFileSync(join(other, 'notes.txt'), 'mine');
    new RunFolder(other).writeRun(testRun());
    expect(readdirSync(other).sort()).toEqual(['notes.txt', 'run.json']);
  });

  it('says when the folder cannot be made', () => {
    const file = path();
    writeFileSync(file, 'in the way');
    for (const place of [file, join(file, 'below')]) {
      expect(refused(() => new RunFolder(place)).message).toMatch(/cannot be made: /);
      expect(refused(() => new WorkFolder(place)).message).toMatch(/cannot be made: /);
    }
  });
});

describe('readRun', () => {
  it.each([1, 20, 400])('drops a last line cut short by %d bytes', (bytes) => {
    const folder = stored();
    const file = join(folder, 'samples.ndjson');
    truncateSync(file, statSync(file).size - bytes);
    expect(readRun(folder).samples).toEqual(samples.slice(0, -1));
  });

  it('cuts such a line off before a run that is gone on with appends to it', () => {
    const folder = stored();
    const file = join(folder, 'samples.ndjson');
    truncateSync(file, statSync(file).size - 20);
    const resumed = new RunFolder(folder, 'resumed');
    resumed.appendSample(testSample(cell));
    expect(readRun(folder).samples).toEqual([...samples.slice(0, -1), testSample(cell)]);
  });

  it('names the line that is no JSON, and the one of another shape', () => {
    const folder = stored();
    appendFileSync(join(folder, 'samples.ndjson'), 'no json\n');
    const noJson = refused(() => readRun(folder));
    expect(noJson.kind).toBe('damaged');
    expect(noJson.message).toMatch(
      new RegExp(`samples\\.ndjson, line ${String(samples.length + 1)} is no JSON`),
    );
    const other = stored();
    const lines = readFileSync(join(other, 'samples.ndjson'), 'utf8').split('\n');
    const broken = { ...testSample(cell), puts: 'many' };
    lines[1] = JSON.stringify(broken);
    writeFileSync(join(other, 'samples.ndjson'), lines.join('\n'));
    expect(refused(() => readRun(other)).message).toMatch(/samples\.ndjson, line 2: puts: /);
  });

  it('takes a field it does not know, and drops it', () => {
    const folder = new RunFolder(path());
    folder.writeRun(testRun());
    const later = { ...testSample(cell), addedLater: 1 };
    appendFileSync(join(folder.path, 'samples.ndjson'), `${JSON.stringify(later)}\n`);
    expect(readRun(folder.path).samples).toEqual([testSample(cell)]);
  });

  it('says what is missing', () => {
    const error = refused(() => readRun(path()));
    expect(error.kind).toBe('missing');
    expect(error.message).toMatch(/run\.json does not exist; name a run's folder/);
  });

  it.each([
    ['cut short', '{"schemaVersion": 1,', /run\.json is no JSON/],
    ['of another shape', '{"schemaVersion": 1}', /run\.json: kvtune: /],
    ['of another version', JSON.stringify({ ...testRun(), schemaVersion: 2 }), /schemaVersion/],
  ])('refuses a run.json that is %s', (_what, text, complaint) => {
    const folder = stored();
    writeFileSync(join(folder, 'run.json'), text);
    const error = refused(() => readRun(folder));
    expect(error.kind).toBe('damaged');
    expect(error.message).toMatch(complaint);
  });
});

describe('writeReport', () => {
  const { claims } = syntheticReport();
  const files = { claims, html: '<p>', markdown: '# r', svgs: { one: '<svg/>', two: '<svg/>' } };

  it.each(['an old folder', 'a new folder'])('writes every file into %s', (which) => {
    const folder = which === 'a new folder' ? join(path(), 'deep') : stored();
    expect(writeReport(folder, files)).toBe(join(folder, 'report.html'));
    expect(readFileSync(join(folder, 'report.html'), 'utf8')).toBe('<p>');
    expect(readFileSync(join(folder, 'report.md'), 'utf8')).toBe('# r');
    expect(readdirSync(join(folder, 'charts')).sort()).toEqual(['one.svg', 'two.svg']);
    expect(readClaims(folder)).toEqual(claims);
  });

  it('names a histogram of which a bit was flipped', () => {
    const folder = stored();
    const lines = join(folder, 'experiments.ndjson');
    const { histogram } = summarizeLatencies([1e6, 2e6]);
    const flipped = `${histogram.slice(0, 60)}${histogram[60] === 'A' ? 'B' : 'A'}${histogram.slice(61)}`;
    const line = (text: string): string =>
      `${JSON.stringify(testExperimentRound({ histograms: { put: text } }))}\n`;
    writeFileSync(lines, line(histogram));
    expect(readRun(folder).experiments).toHaveLength(1);
    appendFileSync(lines, line(flipped));
    expect(refused(() => readRun(folder))).toMatchObject({
      kind: 'damaged',
      message: expect.stringMatching(/experiments\.ndjson, line 2: histogram put: /) as string,
    });
  });

  it('has no claims where none were written, and names damaged ones', () => {
    const folder = stored();
    expect(readClaims(folder)).toBeUndefined();
    writeFileSync(join(folder, 'claims.json'), '{"claims": []}');
    expect(refused(() => readClaims(folder)).kind).toBe('damaged');
  });

  it('says when a path cannot be written, and leaves nothing beside it', () => {
    const folder = path();
    mkdirSync(folder);
    expect(refused(() => writeText(folder, 'text')).message).toMatch(/cannot be written: /);
    expect(existsSync(`${folder}.new`)).toBe(false);
  });
});

describe('WorkFolder', () => {
  it('that should be new does not share the folder of another', () => {
    const folder = join(path(), 'work');
    const first = new WorkFolder(folder, 'new');
    writeFileSync(first.file('db'), 'x');
    expect(refused(() => new WorkFolder(folder, 'new'))).toMatchObject({
      kind: 'exists',
      message: expect.stringContaining('is in use by a run') as string,
    });
    expect(existsSync(first.file('db'))).toBe(true);
  });

  it('is made, and removed with all it holds', () => {
    const work = new WorkFolder(join(path(), 'work'));
    writeFileSync(work.file('a.db'), 'a');
    expect(work.freeBytes()).toBeGreaterThan(0);
    work.remove();
    work.remove();
    expect(existsSync(work.path)).toBe(false);
  });

  it('can be emptied of what a killed run left', () => {
    const work = new WorkFolder(join(path(), 'work'));
    mkdirSync(work.file('sub'));
    writeFileSync(work.file('sub/a.db'), 'a');
    work.clear();
    expect(readdirSync(work.path)).toEqual([]);
    work.remove();
  });

  it('finds the room of a folder that is still to be made', () => {
    expect(freeBytesAt(join(base, 'not', 'there', 'yet', 'a.db'))).toBeGreaterThan(0);
  });
});
