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
import { summarizeLatencies } from '../measure/histogram.ts';
import { plannedOf, roundOf, runOf } from '../questions/testing/rounds.ts';
import { testCell } from '../run/testing/questions.ts';
import { testFolder } from '../testing/test-folder.ts';
import { isFile, readRun, RecordError, RunFolder, writeReport, writeText } from './folder.ts';
import type { Round } from './round.ts';

const base = testFolder('folder');
let made = 0;

function path(): string {
  return join(base, String(++made));
}

const cell = testCell('q/x');
const run = runOf([plannedOf(cell)]);
const rounds: readonly Round[] = [0, 1, 2, 3].map((position) =>
  roundOf(cell, 'a', { position, figures: { perSecond: 100 + position } }),
);

/** A folder with a run and `rounds`. */
function stored(): string {
  const folder = new RunFolder(path());
  folder.writeRun(run);
  for (const round of rounds) folder.appendRound(round);
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
    expect(readRun(stored())).toEqual({ run, rounds });
  });

  it('replaces run.json whole and leaves nothing beside it', () => {
    const folder = new RunFolder(path());
    folder.writeRun({ ...run, status: 'running', untested: ['x'.repeat(10_000)] });
    folder.writeRun(run);
    expect(readRun(folder.path).run).toEqual(run);
    expect(readdirSync(folder.path)).toEqual(['run.json']);
  });

  it('has a round on disk as soon as it was appended, one a line', () => {
    const folder = new RunFolder(path());
    folder.writeRun(run);
    for (const [i, round] of rounds.entries()) {
      expect(readRun(folder.path).rounds).toHaveLength(i);
      folder.appendRound(round);
    }
    const text = readFileSync(join(folder.path, 'rounds.ndjson'), 'utf8');
    expect(text.split('\n')).toHaveLength(rounds.length + 1);
  });

  it('refuses a folder that holds a run, and takes one with other files', () => {
    const folder = stored();
    const error = refused(() => new RunFolder(folder));
    expect(error).toMatchObject({
      kind: 'exists',
      message: expect.stringContaining('--out') as string,
    });
    const other = path();
    mkdirSync(other);
    writeFileSync(join(other, 'notes.txt'), 'mine');
    new RunFolder(other).writeRun(run);
    expect(readdirSync(other).sort()).toEqual(['notes.txt', 'run.json']);
  });

  it('says when the folder cannot be made', () => {
    const file = path();
    writeFileSync(file, 'in the way');
    for (const place of [file, join(file, 'below'), '/proc/kvtune', '/proc/a/b']) {
      expect(refused(() => new RunFolder(place)).message).toMatch(/cannot be made: /);
    }
  });
});

describe('readRun', () => {
  it.each([1, 20, 200])('drops a last line cut short by %d bytes', (bytes) => {
    const folder = stored();
    const file = join(folder, 'rounds.ndjson');
    truncateSync(file, statSync(file).size - bytes);
    expect(readRun(folder).rounds).toEqual(rounds.slice(0, -1));
  });

  it('has such a line cut off before a run that is resumed appends to it', () => {
    const folder = stored();
    const file = join(folder, 'rounds.ndjson');
    truncateSync(file, statSync(file).size - 20);
    new RunFolder(folder, 'resumed').appendRound(rounds[0]!);
    expect(readRun(folder).rounds).toEqual([...rounds.slice(0, -1), rounds[0]]);
  });

  it('names the line that is no JSON, and the one of another shape', () => {
    const folder = stored();
    appendFileSync(join(folder, 'rounds.ndjson'), 'no json\n');
    expect(refused(() => readRun(folder))).toMatchObject({
      kind: 'damaged',
      message: expect.stringMatching(/rounds\.ndjson, line 5 is no JSON/) as string,
    });
    const other = stored();
    const lines = readFileSync(join(other, 'rounds.ndjson'), 'utf8').split('\n');
    lines[1] = JSON.stringify({ ...rounds[1], session: 'first' });
    writeFileSync(join(other, 'rounds.ndjson'), lines.join('\n'));
    expect(refused(() => readRun(other)).message).toMatch(/rounds\.ndjson, line 2: session: /);
  });

  it('names a histogram of which a bit was flipped', () => {
    const folder = stored();
    const { histogram } = summarizeLatencies([1e6, 2e6]);
    const flipped = `${histogram.slice(0, 60)}${histogram[60] === 'A' ? 'B' : 'A'}${histogram.slice(61)}`;
    const resumed = new RunFolder(folder, 'resumed');
    resumed.appendRound(roundOf(cell, 'a', { histograms: { put: histogram } }));
    expect(readRun(folder).rounds).toHaveLength(5);
    resumed.appendRound(roundOf(cell, 'a', { histograms: { put: flipped } }));
    expect(refused(() => readRun(folder))).toMatchObject({
      kind: 'damaged',
      message: expect.stringMatching(/rounds\.ndjson, line 6: histogram put: /) as string,
    });
  });

  it('takes a field it does not know, and drops it', () => {
    const folder = stored();
    const later = { ...rounds[0], addedLater: 1 };
    appendFileSync(join(folder, 'rounds.ndjson'), `${JSON.stringify(later)}\n`);
    expect(readRun(folder).rounds.at(-1)).toEqual(rounds[0]);
  });

  it('says what is missing', () => {
    const error = refused(() => readRun(path()));
    expect(error.kind).toBe('missing');
    expect(error.message).toMatch(/run\.json does not exist; name a run's folder/);
  });

  it.each([
    ['cut short', '{"schemaVersion": 2,', 'damaged', /run\.json is no JSON/],
    ['of another shape', '{"schemaVersion": 2}', 'damaged', /run\.json: kvtune: /],
    ['without a version', '{"kvtune": "1"}', 'damaged', /run\.json: schemaVersion/],
    ['of a later version', '{"schemaVersion": 3}', 'damaged', /reads up to 2/],
    ['of version 1', '{"schemaVersion": 1}', 'old', /can be rendered, not resumed/],
    ['no object', 'null', 'damaged', /run\.json: /],
  ])('refuses a run.json that is %s', (_what, text, kind, complaint) => {
    const folder = stored();
    writeFileSync(join(folder, 'run.json'), text);
    const error = refused(() => readRun(folder));
    expect(error.kind).toBe(kind);
    expect(error.message).toMatch(complaint);
  });
});

describe('writeReport', () => {
  const { schemaVersion, kvtune, seed, mode, startedAt, status } = run;
  const answers = {
    ...{ schemaVersion, kvtune, seed, mode, startedAt, status, answers: [] },
    host: { fingerprint: 'made-up' },
  };
  const files = { answers, html: '<p>', markdown: '# r', svgs: { one: '<svg/>', two: '<svg/>' } };

  it.each(['an old folder', 'a new folder'])('writes every file into %s', (which) => {
    const folder = which === 'a new folder' ? join(path(), 'deep') : stored();
    expect(writeReport(folder, { ...files, claims: { claims: [] } })).toBe(
      join(folder, 'report.html'),
    );
    expect(readFileSync(join(folder, 'report.html'), 'utf8')).toBe('<p>');
    expect(readFileSync(join(folder, 'report.md'), 'utf8')).toBe('# r');
    expect(readdirSync(join(folder, 'charts')).sort()).toEqual(['one.svg', 'two.svg']);
    expect(JSON.parse(readFileSync(join(folder, 'answers.json'), 'utf8'))).toEqual(answers);
    expect(isFile(join(folder, 'claims.json'))).toBe(true);
  });

  it('writes no claims where there are none', () => {
    const folder = stored();
    writeReport(folder, files);
    expect(isFile(join(folder, 'claims.json'))).toBe(false);
    expect(isFile(folder)).toBe(false);
  });

  it('says when a path cannot be written, and leaves nothing beside it', () => {
    const folder = path();
    mkdirSync(folder);
    expect(refused(() => writeText(folder, 'text')).message).toMatch(/cannot be written: /);
    expect(existsSync(`${folder}.new`)).toBe(false);
    expect(refused(() => writeText('/proc/kvtune/a.html', 'text')).message).toMatch(/cannot be/);
  });
});
