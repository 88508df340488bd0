// kvtune reproduce as a user runs it: flags it refuses, a budget too small for anything, and Ctrl-C
// in the middle of the measurement, which keeps every finished round and leaves no database behind.

import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { systemClock } from '../../measure/clock.ts';
import { CLAIM_IDS } from '../../claims/claims.ts';
import { jsonSchema } from '../../record/json-schemas.ts';
import { readClaims, readRun } from '../../record/run-folder.ts';
import type { ClaimsFile } from '../../record/schema.ts';
import {
  kvtune,
  pressCtrlC,
  startKvtune,
  until,
  type Ended,
} from '../../testing/kvtune-process.ts';
import { diskFolder, freeBytes, isMemory } from '../../testing/test-folder.ts';

/** What the smallest size takes of the disk, its reserve included. */
const ROOM_BYTES = 2.5e9;
const SHM = '/dev/shm';

const base = diskFolder('cli-reproduce');
const enoughRoom = freeBytes(base) > ROOM_BYTES;
if (!enoughRoom) process.stderr.write(`skipped: reproduce needs 2.5 GB of disk in ${base}\n`);
let made = 0;

/** Measures nothing for four seconds: started first, so that other tests run meanwhile. */
const noTimeFolder = join(base, 'no-time');
const noTime = startKvtune([
  ...['reproduce', '--quick', '--budget', '1s', '--strict', '--json'],
  ...['--out', noTimeFolder],
]);

function out(): string {
  return join(base, String(++made));
}

describe.concurrent('kvtune reproduce: flags', () => {
  it.each([
    [['--quick', '--full'], /--quick and --full exclude each other; give one of them/],
    [
      ['--claims', 'freelist-24y'],
      /there is no claim 'freelist-24y'; did you mean freelist-24x\? choose from freelist-24x/,
    ],
    [['--claims', 'nonsense'], /there is no claim 'nonsense'; choose from freelist-24x/],
    [['--claims', 'freelist-24x,,'], /has an empty part/],
    [['--budget', '10'], /'10' has no unit/],
    [['--budget', '0'], /--budget: 0 leaves no time/],
    [['--quick=no'], /--quick takes no value, but has 'no'; write --quick alone/],
    [['--tag', 'a=1', '--tag', 'a=2'], /^kvtune: --tag a is given twice/],
    [['--budget', '5GB'], /has the unit 'GB'/],
    [['--seed', 'x'], /'x' is no whole number/],
    [['--quik'], /unknown flag --quik; did you mean --quick\?/],
    [['--tag', 'novalue'], /'novalue' is no tag/],
  ])('%j ends with 2, says why and makes no folder', async (flags, complaint) => {
    const folder = out();
    const { code, stdout, stderr } = await kvtune(['reproduce', '--out', folder, ...flags]);
    expect(code).toBe(2);
    expect(stdout).toBe('');
    expect(stderr).toMatch(complaint);
    expect(existsSync(folder)).toBe(false);
  });

  it('tells a script in JSON, and nothing else', async () => {
    const { code, stdout, stderr } = await kvtune(['reproduce', '--json', '--quick', '--full']);
    expect({ code, stderr }).toEqual({ code: 2, stderr: '' });
    expect(JSON.parse(stdout)).toEqual({
      error: {
        code: 'USAGE',
        message: '--quick and --full exclude each other',
        hint: 'give one of them',
      },
    });
  });

  it.skipIf(!existsSync(SHM) || !isMemory(SHM))(
    'refuses a work folder in memory, and leaves nothing there',
    async () => {
      const memory = mkdtempSync(join(SHM, 'kvtune-test-'));
      try {
        const args = ['reproduce', '--quick', '--out', out(), '--work-dir', memory];
        const { code, stderr } = await kvtune(args);
        expect(code).toBe(2);
        expect(stderr).toMatch(/work folder lies on (tmpfs|ramfs).*--work-dir/);
        expect(readdirSync(memory)).toEqual([]);
      } finally {
        rmSync(memory, { recursive: true, force: true });
      }
    },
  );

  it('says when the work folder cannot be made', async () => {
    const args = ['reproduce', '--quick', '--out', out(), '--work-dir', '/dev/null/below'];
    const { code, stderr } = await kvtune(args);
    expect(code).toBe(2);
    expect(stderr).toMatch(/cannot be made/);
  });
});

describe.skipIf(!enoughRoom)('kvtune reproduce: no time for anything', () => {
  let ended: Ended;

  beforeAll(async () => {
    ended = await noTime.ended;
  });

  it('is inconclusive, and 4 under --strict', () => {
    expect(ended.code).toBe(4);
    const { claims } = JSON.parse(ended.stdout) as ClaimsFile;
    expect(claims.map((claim) => claim.id)).toEqual(CLAIM_IDS);
    expect(claims.every((claim) => claim.verdict === 'inconclusive')).toBe(true);
    expect(claims.every((claim) => claim.measured === null)).toBe(true);
  });

  it('names each size that was left out', () => {
    const { run, samples, experiments } = readRun(noTimeFolder);
    expect(run.status).toBe('finished');
    expect([samples, experiments]).toEqual([[], []]);
    expect(run.untested.join('\n')).toMatch(/lease-scale, 1,000 leases, none due: not measured/);
    expect(run.cells).toEqual([]);
    expect(run.untested.join('\n')).toMatch(/2 GB.*budget/);
    expect(run.untested.length).toBeGreaterThanOrEqual(5);
  });

  it('is gone on with by --resume, with the mode and seed it had', async () => {
    const args = ['reproduce', '--resume', noTimeFolder, '--budget', '1s', '--json'];
    const { code, stdout } = await kvtune([...args, '--seed', '5']);
    expect(code).toBe(0);
    expect((JSON.parse(stdout) as ClaimsFile).mode).toBe('quick');
    const { run } = readRun(noTimeFolder);
    expect({ seed: run.seed, status: run.status }).toEqual({ seed: 1, status: 'finished' });
    expect(readdirSync(noTimeFolder).filter((name) => name.startsWith('kvtune-work'))).toEqual([]);
  });

  it('cannot be gone on with as another run', async () => {
    for (const flags of [['--full'], ['--out', out()]]) {
      const again = await kvtune(['reproduce', '--resume', noTimeFolder, ...flags]);
      expect(again.code).toBe(2);
      expect(again.stderr).toMatch(/--resume and --(full|out) exclude each other/);
    }
    const nowhere = await kvtune(['reproduce', '--resume', out()]);
    expect(nowhere.code).toBe(2);
    expect(nowhere.stderr).toMatch(/run\.json does not exist/);
  });

  it('refuses to measure into the same folder again', async () => {
    const again = await kvtune(['reproduce', '--quick', '--out', noTimeFolder]);
    expect(again.code).toBe(2);
    expect(again.stderr).toMatch(/holds a run already; name another folder with --out/);
  });
});

describe.skipIf(!enoughRoom)('kvtune reproduce: Ctrl-C', () => {
  const folder = join(base, 'interrupted');
  const work = join(base, 'work');
  let ended: Ended;
  let seconds = 0;

  beforeAll(async () => {
    const args = ['reproduce', '--quick', '--seed', '7', '--tag', 'why=test', '--out', folder];
    args.push('--claims', 'freelist-24x,capacity-50x');
    const running = startKvtune([...args, '--work-dir', work]);
    const samples = join(folder, 'samples.ndjson');
    const measuring = await until(
      () => existsSync(samples) && readFileSync(samples, 'utf8').split('\n').length > 2,
      45_000,
    );
    const pressed = systemClock.nowNs();
    pressCtrlC(running);
    ended = await running.ended;
    seconds = (systemClock.nowNs() - pressed) / 1e9;
    expect(measuring, ended.stderr).toBe(true);
  }, 60_000);
  afterAll(() => rmSync(work, { recursive: true, force: true }));

  it('ends with 130 within seconds', () => {
    expect(ended.code).toBe(130);
    expect(seconds).toBeLessThan(15);
  });

  it('keeps the finished rounds and says that it was interrupted', () => {
    const { run, samples } = readRun(folder);
    expect(run).toMatchObject({ status: 'interrupted', seed: 7, mode: 'quick' });
    expect(run.tags).toEqual({ why: 'test' });
    expect(samples.length).toBeGreaterThanOrEqual(2);
    expect(new Set(samples.map((sample) => sample.cell))).toEqual(new Set([run.cells[0]?.id]));
    for (const sample of samples) {
      expect(sample.settings['freelist']).toBe(sample.arm);
      expect(sample.warnings.map((warning) => warning.code)).not.toContain('unrehearsed-pages');
      expect(sample.state.digest).toBe(samples[0]?.state.digest);
      expect(sample.completionSeconds).toBeGreaterThan(0);
    }
  });

  it('removes every database', () => {
    expect(existsSync(work) ? readdirSync(work) : []).toEqual([]);
    expect(readdirSync(folder).filter((name) => name.includes('work'))).toEqual([]);
  });

  it('prints and writes what it has, without a verdict', () => {
    expect(ended.stdout).toContain('freelist-24x');
    expect(ended.stdout).toMatch(/interrupted/i);
    expect(readClaims(folder)?.claims.map((claim) => claim.verdict)).toEqual([
      'inconclusive',
      'inconclusive',
    ]);
    expect(readdirSync(folder)).toEqual(
      expect.arrayContaining(['claims.json', 'report.html', 'report.md', 'run.json']),
    );
  });

  it('writes files that fit their schemas', () => {
    const ajv = new Ajv2020({ strict: true, allowUnionTypes: true });
    const parsed = (name: string): unknown =>
      JSON.parse(readFileSync(join(folder, name), 'utf8')) as unknown;
    const run = ajv.compile(jsonSchema('run.schema.json', 'closed'));
    expect(run(parsed('run.json')), ajv.errorsText(run.errors)).toBe(true);
    const claims = ajv.compile(jsonSchema('claims.schema.json', 'closed'));
    expect(claims(parsed('claims.json')), ajv.errorsText(claims.errors)).toBe(true);
  });

  it('is rendered again by report', async () => {
    rmSync(join(folder, 'report.html'));
    const again = await kvtune(['report', folder]);
    expect(again.code).toBe(0);
    expect(again.stdout).toMatch(/interrupted/i);
    expect(existsSync(join(folder, 'report.html'))).toBe(true);
  });
});

describe('kvtune reproduce: one claim of an experiment', () => {
  const folder = join(base, 'lease-scale');

  it('stops at Ctrl-C, keeps its rounds, judges it alone, and goes on with it', async () => {
    const args = ['reproduce', '--quick', '--claims', 'lease-scale', '--out', folder];
    const running = startKvtune(args);
    const lines = join(folder, 'experiments.ndjson');
    const measuring = await until(
      () => existsSync(lines) && readFileSync(lines, 'utf8').split('\n').length > 3,
      30_000,
    );
    pressCtrlC(running);
    const ended = await running.ended;
    expect({ measuring, code: ended.code }).toEqual({ measuring: true, code: 130 });
    const { run, experiments } = readRun(folder);
    expect(run).toMatchObject({ status: 'interrupted', claims: ['lease-scale'], cells: [] });
    expect(run.experiments?.map(({ cell }) => cell)).toContain('idle-1000000');
    expect(experiments.length).toBeGreaterThanOrEqual(2);
    for (const { arm, settings } of experiments) expect(settings['leaseExpiry']).toBe(arm);
    expect(readdirSync(folder).filter((name) => name.includes('work'))).toEqual([]);
    expect(readClaims(folder)?.claims.map(({ id }) => id)).toEqual(['lease-scale']);

    const again = await kvtune(['reproduce', '--resume', folder, '--budget', '1s', '--json']);
    expect(again.code).toBe(0);
    const { claims } = JSON.parse(again.stdout) as ClaimsFile;
    expect(claims.map(({ id }) => id)).toEqual(['lease-scale']);
    expect(readRun(folder).experiments.slice(0, experiments.length)).toEqual(experiments);
  }, 60_000);
});
