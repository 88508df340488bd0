// kvtune report as a user runs it, on stored runs: every format, an interrupted run, and what it says
// about a folder that holds none or a damaged one.

import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { basename, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { testAnchoredRounds, testRounds, testRun } from '../../claims/testing/samples.ts';
import { readClaims, RunFolder } from '../../record/run-folder.ts';
import type { ClaimsFile } from '../../record/schema.ts';
import { interruptedReport, type Fixture } from '../../report/testing/fixture.ts';
import { kvtune } from '../../testing/kvtune-process.ts';
import { testFolder } from '../../testing/test-folder.ts';

const REPORT_BYTES_MAX = 2e6;

const base = testFolder('cli-report');
let made = 0;

/** A finished run of all sizes with anchors: array slows down with size, hashmap does not. */
function finishedRun(): Pick<Fixture, 'run' | 'samples'> {
  const run = testRun();
  const [anchor, ...larger] = run.cells;
  if (anchor === undefined) throw new Error('the test run has no cells');
  const samples = larger.flatMap((cell) => {
    const cells = { base: anchor, cell };
    const slower = cell.dbBytes / 5e9;
    return [
      ...testAnchoredRounds('hashmap', cells, [1.01, 0.99, 1]),
      ...testAnchoredRounds('array', cells, [slower, slower * 1.02, slower * 0.98]),
    ];
  });
  return { run, samples: [...testRounds(anchor, [1, 1.01, 0.99]), ...samples] };
}

function stored(fixture: Pick<Fixture, 'run' | 'samples'> = finishedRun()): string {
  const folder = new RunFolder(join(base, String(++made)));
  folder.writeRun(fixture.run);
  for (const sample of fixture.samples) folder.appendSample(sample);
  return folder.path;
}

function expectHtml(text: string): void {
  expect(text).toMatch(/^<!doctype html>/i);
  expect(text.length).toBeLessThan(REPORT_BYTES_MAX);
  // Self-contained: nothing is fetched.
  expect(text).not.toMatch(/(src|href)="(https?:)?\/\//);
}

describe.concurrent('kvtune report', () => {
  it('writes all files into the run folder and prints the verdicts', async () => {
    const folder = stored();
    const { code, stdout, stderr } = await kvtune(['report', folder]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toContain('freelist-24x');
    expect(stdout).toContain('capacity-50x');
    expect(stdout).toContain(`written: ${join(folder, 'report.html')}`);
    expectHtml(readFileSync(join(folder, 'report.html'), 'utf8'));
    expect(readFileSync(join(folder, 'report.md'), 'utf8')).toContain('freelist-24x');
    const charts = readdirSync(join(folder, 'charts'));
    expect(charts.length).toBeGreaterThanOrEqual(2);
    for (const chart of charts) {
      expect(readFileSync(join(folder, 'charts', chart), 'utf8')).toMatch(/^<svg/);
    }
    expect(readClaims(folder)?.claims.map((claim) => claim.id)).toEqual([
      'freelist-24x',
      'capacity-50x',
    ]);
  });

  it('prints the claims alone as JSON, the same each time', async () => {
    const folder = stored();
    const first = await kvtune(['report', folder, '--json']);
    expect(first).toMatchObject({ code: 0, stderr: '' });
    const claims = JSON.parse(first.stdout) as ClaimsFile;
    expect(claims).toEqual(readClaims(folder));
    expect((await kvtune(['report', folder, '--json'])).stdout).toBe(first.stdout);
  });

  it.each([
    ['html', 'report.html'],
    ['md', 'report.md'],
  ])('--format %s writes %s only, or --out', async (format, name) => {
    const folder = stored();
    const before = readdirSync(folder);
    expect((await kvtune(['report', folder, '--format', format])).code).toBe(0);
    expect(readdirSync(folder).sort()).toEqual([...before, name].sort());
    const out = join(base, `out-${String(made)}`, 'deep', name);
    expect((await kvtune(['report', folder, '--format', format, '--out', out])).code).toBe(0);
    expect(readFileSync(out, 'utf8')).toBe(readFileSync(join(folder, name), 'utf8'));
  });

  it('--format svg writes the charts, or into --out', async () => {
    const folder = stored();
    const out = join(base, 'charts-elsewhere');
    expect((await kvtune(['report', folder, '--format', 'svg', '--out', out])).code).toBe(0);
    expect(existsSync(join(folder, 'charts'))).toBe(false);
    expect((await kvtune(['report', folder, '--format', 'svg'])).code).toBe(0);
    expect(readdirSync(out)).toEqual(readdirSync(join(folder, 'charts')));
    expect(readdirSync(out).length).toBeGreaterThanOrEqual(2);
  });

  it('writes all files into a new folder named by --out', async () => {
    const folder = stored();
    const before = readdirSync(folder);
    const out = join(base, 'all-elsewhere', 'new');
    expect((await kvtune(['report', folder, '--out', out])).code).toBe(0);
    expect(readdirSync(out).sort()).toEqual(['charts', 'claims.json', 'report.html', 'report.md']);
    expect(readdirSync(folder)).toEqual(before);
  });

  it('renders what an interrupted run left, a torn last line included', async () => {
    const fixture = interruptedReport();
    const folder = stored(fixture);
    const samples = join(folder, 'samples.ndjson');
    truncateSync(samples, readFileSync(samples).length - 30);
    const { code, stdout } = await kvtune(['report', folder]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/interrupted/i);
    expectHtml(readFileSync(join(folder, 'report.html'), 'utf8'));
    const claims = readClaims(folder);
    expect(claims?.status).toBe('interrupted');
    // The sizes that decide were not reached: no verdict may say that they were.
    for (const claim of claims?.claims ?? []) expect(claim.verdict).toBe('inconclusive');
  });

  it('renders a run that has no round yet', async () => {
    const { run } = interruptedReport();
    const folder = stored({ ...interruptedReport(), run: { ...run, cells: [] }, samples: [] });
    const { code, stdout } = await kvtune(['report', folder, '--json']);
    expect(code).toBe(0);
    const { claims } = JSON.parse(stdout) as ClaimsFile;
    for (const claim of claims) {
      expect(claim).toMatchObject({ measured: null, verdict: 'inconclusive' });
    }
  });

  it('says which folder holds no run, and ends with 2', async () => {
    const missing = join(base, 'no-run');
    mkdirSync(missing);
    for (const folder of [missing, join(base, 'nowhere')]) {
      const { code, stdout, stderr } = await kvtune(['report', folder]);
      expect(code).toBe(2);
      expect(stdout).toBe('');
      expect(stderr).toContain(`${join(folder, 'run.json')} does not exist`);
      const json = await kvtune(['report', folder, '--json']);
      expect(json.code).toBe(2);
      const { error } = JSON.parse(json.stdout) as { error: { code: string } };
      expect(error.code).toBe('RECORD');
    }
  });

  it('names the damaged line, and ends with 6', async () => {
    const folder = stored();
    const samples = join(folder, 'samples.ndjson');
    const lines = readFileSync(samples, 'utf8').split('\n');
    lines[2] = lines[2]?.slice(0, 50) ?? '';
    writeFileSync(samples, lines.join('\n'));
    const { code, stderr } = await kvtune(['report', folder]);
    expect(code).toBe(6);
    expect(stderr).toMatch(/samples\.ndjson, line 3 is no JSON/);
    expect(existsSync(join(folder, 'report.html'))).toBe(false);
  });

  it('names a damaged run.json, and ends with 6', async () => {
    const folder = stored();
    writeFileSync(join(folder, 'run.json'), '{');
    const { code, stderr } = await kvtune(['report', folder, '--format', 'md']);
    expect(code).toBe(6);
    expect(stderr).toMatch(/run\.json is no JSON/);
  });

  it('says when --out cannot be written, and ends with 2', async () => {
    const folder = stored();
    const { code, stderr } = await kvtune(['report', folder, '--format', 'html', '--out', base]);
    expect(code).toBe(2);
    expect(stderr).toMatch(/cannot be written/);
    expect(
      readdirSync(join(base, '..')).filter((name) => name === `${basename(base)}.new`),
    ).toEqual([]);
  });

  it('refuses a format that it does not know', async () => {
    const { code, stderr } = await kvtune(['report', stored(), '--format', 'htm']);
    expect(code).toBe(2);
    expect(stderr).toMatch(/did you mean html\?/);
  });
});
