// kvtune report as a user runs it, on stored runs: every format, a run that was cut short, runs of version 1, and
// what it says about a folder that holds none or a damaged one.

import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';
import { readRun, RunFolder } from '../../record/folder.ts';
import type { AnswersFile } from '../../record/answer.ts';
import type { Run } from '../../record/run.ts';
import { kvtune } from '../../testing/kvtune-process.ts';
import { diskFolder } from '../../testing/test-folder.ts';
import { kvtuneInside } from './testing/kvtune-inside.ts';

const REPORT_BYTES_MAX = 2e6;
const VERSION_1 = fileURLToPath(new URL('../../record/testing/v1/', import.meta.url));

const base = diskFolder('cli-report');
const measured = join(base, 'measured');
let made = 0;

beforeAll(async () => {
  const small = ['--param', 'keys=200', '--duration', '50ms', '--repeat', '1', '--clients', '4'];
  const words = ['sweep', 'read-heavy', '--factor', 'batchLimit=100,1k,10k', ...small];
  const { code, stderr } = await kvtune([...words, '--out', measured]);
  expect(code, stderr).toBe(0);
}, 120_000);

/** A copy of the sweep as it was measured, without what was made of it. */
function stored(): string {
  const folder = join(base, String(++made));
  mkdirSync(folder);
  for (const name of ['run.json', 'rounds.ndjson']) {
    cpSync(join(measured, name), join(folder, name));
  }
  return folder;
}

function old(kind: string): string {
  const folder = join(base, String(++made));
  cpSync(join(VERSION_1, kind), folder, { recursive: true });
  return folder;
}

function expectHtml(text: string): void {
  expect(text).toMatch(/^<!doctype html>/i);
  expect(text.length).toBeLessThan(REPORT_BYTES_MAX);
  // Self-contained: nothing is fetched.
  expect(text).not.toMatch(/(src|href)="(https?:)?\/\//);
}

describe.concurrent('kvtune report', () => {
  it('writes all files into the run folder and prints what was found', async () => {
    const folder = stored();
    const { code, stdout, stderr } = await kvtuneInside(['report', folder]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toContain('most operations/s at');
    expect(stdout).toContain(`written: ${join(folder, 'report.html')}`);
    expectHtml(readFileSync(join(folder, 'report.html'), 'utf8'));
    expect(readFileSync(join(folder, 'report.md'), 'utf8')).toContain('batchLimit');
    const charts = readdirSync(join(folder, 'charts'));
    expect(charts.length).toBeGreaterThanOrEqual(1);
    for (const chart of charts) {
      expect(readFileSync(join(folder, 'charts', chart), 'utf8')).toMatch(/^<svg/);
    }
  });

  it('says what was said when it was measured, each time', async () => {
    const folder = stored();
    const first = await kvtuneInside(['report', folder, '--json']);
    expect(first).toMatchObject({ code: 0, stderr: '' });
    const answers = JSON.parse(first.stdout) as AnswersFile;
    const read = (of: string): unknown =>
      JSON.parse(readFileSync(join(of, 'answers.json'), 'utf8'));
    expect(answers).toEqual(read(folder));
    expect(answers).toEqual(read(measured));
    expect((await kvtuneInside(['report', folder, '--json'])).stdout).toBe(first.stdout);
  });

  it.each([
    ['html', 'report.html'],
    ['md', 'report.md'],
  ])('--format %s writes %s only, or --out', async (format, name) => {
    const folder = stored();
    const before = readdirSync(folder);
    expect((await kvtuneInside(['report', folder, '--format', format])).code).toBe(0);
    expect(readdirSync(folder).sort()).toEqual([...before, name].sort());
    const out = join(base, `out-${String(made)}`, 'deep', name);
    expect((await kvtuneInside(['report', folder, '--format', format, '--out', out])).code).toBe(0);
    expect(readFileSync(out, 'utf8')).toBe(readFileSync(join(folder, name), 'utf8'));
  });

  it('--format svg writes the charts, or into --out', async () => {
    const folder = stored();
    const out = join(base, 'charts-elsewhere');
    expect((await kvtuneInside(['report', folder, '--format', 'svg', '--out', out])).code).toBe(0);
    expect(existsSync(join(folder, 'charts'))).toBe(false);
    expect((await kvtuneInside(['report', folder, '--format', 'svg'])).code).toBe(0);
    expect(readdirSync(out)).toEqual(readdirSync(join(folder, 'charts')));
    expect(readdirSync(out).length).toBeGreaterThanOrEqual(1);
  });

  it('writes all files into a new folder named by --out', async () => {
    const folder = stored();
    const before = readdirSync(folder);
    const out = join(base, 'all-elsewhere', 'new');
    expect((await kvtuneInside(['report', folder, '--out', out])).code).toBe(0);
    expect(readdirSync(out).sort()).toEqual(['answers.json', 'charts', 'report.html', 'report.md']);
    expect(readdirSync(folder)).toEqual(before);
  });

  it('renders what an interrupted run left, a torn last line included', async () => {
    const folder = stored();
    const { run } = readRun(folder);
    new RunFolder(folder, 'resumed').writeRun({ ...run, status: 'interrupted' });
    const rounds = join(folder, 'rounds.ndjson');
    truncateSync(rounds, readFileSync(rounds).length - 30);
    const { code, stdout } = await kvtuneInside(['report', folder]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/interrupted/i);
    expectHtml(readFileSync(join(folder, 'report.html'), 'utf8'));
  });

  it('renders a run that has no round yet, claims included', async () => {
    const folder = stored();
    const run: Partial<Run> & Omit<Run, 'load'> = { ...readRun(folder).run };
    delete run.load;
    const claims: Run = {
      ...run,
      status: 'running',
      questions: ['lease-scale', 'presets'],
      cells: [],
    };
    new RunFolder(folder, 'resumed').writeRun(claims);
    writeFileSync(join(folder, 'rounds.ndjson'), '');
    const { code, stdout } = await kvtuneInside(['report', folder, '--json']);
    expect(code).toBe(0);
    const { answers } = JSON.parse(stdout) as AnswersFile;
    const found = answers.map(({ question, verdict, measured: figure }) => [
      question,
      verdict,
      figure,
    ]);
    expect(found).toEqual([
      ['lease-scale', 'nothing', null],
      ['presets', 'nothing', null],
    ]);
    expect(JSON.parse(readFileSync(join(folder, 'claims.json'), 'utf8'))).toMatchObject({
      schemaVersion: 2,
      claims: [{ id: 'lease-scale', verdict: 'inconclusive' }, { id: 'presets' }],
    });
  });

  it.each(['load', 'experiment', 'freelist'])(
    'renders a run of version 1 (%s) as it was judged then, as often as one likes',
    async (kind) => {
      const folder = old(kind);
      const names = readdirSync(folder);
      const read = (): string[] => names.map((name) => readFileSync(join(folder, name), 'utf8'));
      const before = read();
      for (let time = 0; time < 2; time++) {
        const { code, stdout, stderr } = await kvtuneInside(['report', folder]);
        expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
        expect(stdout).toContain('written: ');
      }
      expectHtml(readFileSync(join(folder, 'report.html'), 'utf8'));
      expect(read()).toEqual(before);
    },
  );

  it('says which folder holds no run, and ends with 2', async () => {
    const missing = join(base, 'no-run');
    mkdirSync(missing);
    for (const folder of [missing, join(base, 'nowhere')]) {
      const { code, stdout, stderr } = await kvtuneInside(['report', folder]);
      expect(code).toBe(2);
      expect(stdout).toBe('');
      expect(stderr).toContain(`${join(folder, 'run.json')} does not exist`);
      const json = await kvtuneInside(['report', folder, '--json']);
      expect(json.code).toBe(2);
      const { error } = JSON.parse(json.stdout) as { error: { code: string } };
      expect(error.code).toBe('RECORD');
    }
  });

  it('names the damaged line, and ends with 6', async () => {
    const folder = stored();
    const rounds = join(folder, 'rounds.ndjson');
    const lines = readFileSync(rounds, 'utf8').split('\n');
    lines[2] = lines[2]?.slice(0, 50) ?? '';
    writeFileSync(rounds, lines.join('\n'));
    const { code, stderr } = await kvtuneInside(['report', folder]);
    expect(code).toBe(6);
    expect(stderr).toMatch(/rounds\.ndjson, line 3 is no JSON/);
    expect(existsSync(join(folder, 'report.html'))).toBe(false);
  });

  it('names a damaged run.json, and ends with 6', async () => {
    const folder = stored();
    writeFileSync(join(folder, 'run.json'), '{');
    const { code, stderr } = await kvtuneInside(['report', folder, '--format', 'md']);
    expect(code).toBe(6);
    expect(stderr).toMatch(/run\.json is no JSON/);
  });

  it('says when --out cannot be written, and ends with 2', async () => {
    const folder = stored();
    const { code, stderr } = await kvtuneInside([
      'report',
      folder,
      '--format',
      'html',
      '--out',
      base,
    ]);
    expect(code).toBe(2);
    expect(stderr).toMatch(/cannot be written/);
    expect(
      readdirSync(join(base, '..')).filter((name) => name === `${basename(base)}.new`),
    ).toEqual([]);
  });

  it('refuses a format that it does not know', async () => {
    const { code, stderr } = await kvtuneInside(['report', stored(), '--format', 'htm']);
    expect(code).toBe(2);
    expect(stderr).toMatch(/did you mean html\?/);
  });
});
