// kvtune reproduce as a user runs it: flags and folders it refuses, a budget too small for anything, Ctrl-C in the
// middle of the measurement, which keeps every finished round and leaves no database behind, and going on.

import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
} from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { systemClock } from '../../measure/clock.ts';
import { readRun } from '../../record/folder.ts';
import { jsonSchema, type SchemaFile } from '../../record/json-schemas.ts';
import {
  kvtune,
  pressCtrlC,
  startKvtune,
  until,
  type Ended,
} from '../../testing/kvtune-process.ts';
import { diskFolder, isMemory } from '../../testing/test-folder.ts';
import { kvtuneInside } from './testing/kvtune-inside.ts';

const SHM = '/dev/shm';
/** Nobody refuses root anything. */
const IS_ROOT = process.getuid?.() === 0;
/** What is refused is refused before anything is measured; it was twelve minutes once. */
const AT_ONCE_SECONDS = 10;

const base = diskFolder('cli-reproduce');
let made = 0;

function out(): string {
  return join(base, String(++made));
}

async function timed(words: readonly string[]): Promise<Ended & { readonly seconds: number }> {
  const started = systemClock.nowNs();
  const ended = await kvtune(words);
  return { ...ended, seconds: (systemClock.nowNs() - started) / 1e9 };
}

describe('kvtune reproduce: flags', () => {
  it.each([
    [['--quick', '--full'], /--quick and --full exclude each other; give one of them/],
    [
      ['--claims', 'freelist-24y'],
      /there is no claim 'freelist-24y'; did you mean freelist-24x\? choose from freelist-24x/,
    ],
    [['--claims', 'nonsense'], /there is no claim 'nonsense'; choose from freelist-24x/],
    [['--claims', 'freelist-24x,,'], /has an empty part/],
    [['--claims', 'surface', '--quick'], /nothing of surface is measured by --quick/],
    [['--budget', '10'], /'10' has no unit/],
    [['--budget', '0'], /--budget: 0 leaves no time/],
    [['--quick=no'], /--quick takes no value, but has 'no'; write --quick alone/],
    [['--tag', 'a=1', '--tag', 'a=2'], /^kvtune: --tag a is given twice/],
    [['--budget', '5GB'], /has the unit 'GB'/],
    [['--seed', 'x'], /'x' is no whole number/],
    [['--quik'], /unknown flag --quik; did you mean --quick\?/],
    [['--tag', 'novalue'], /'novalue' is no tag/],
    [['--resume', 'r', '--full'], /--resume and --full exclude each other/],
    [['--resume', 'r'], /--resume and --out exclude each other/],
  ])('%j ends with 2, says why and makes no folder', async (flags, complaint) => {
    const folder = out();
    const { code, stdout, stderr } = await kvtuneInside(['reproduce', '--out', folder, ...flags]);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
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

  it('ends with 8 where the budget is too small for anything, and leaves nothing', async () => {
    const folder = out();
    const words = ['reproduce', '--quick', '--budget', '1s', '--out', folder, '--json'];
    const { code, stdout, seconds } = await timed(words);
    expect(code).toBe(8);
    const { error } = JSON.parse(stdout) as { error: { code: string; message: string } };
    expect(error.code).toBe('BUDGET');
    expect(error.message).toMatch(
      /a budget of 1.*s is too short: the shortest session takes about/,
    );
    expect(seconds).toBeLessThan(AT_ONCE_SECONDS);
    expect(existsSync(folder)).toBe(false);
  });

  it('ends with 2 where there is no run to go on with', async () => {
    const { code, stderr } = await kvtune(['reproduce', '--resume', out()]);
    expect(code).toBe(2);
    expect(stderr).toMatch(/run\.json does not exist/);
  });

  it('ends with 2 where the run is one of version 1, which can be rendered alone', async () => {
    const old = new URL('../../record/testing/v1/freelist', import.meta.url).pathname;
    const { code, stderr } = await kvtune(['reproduce', '--resume', old]);
    expect(code).toBe(2);
    expect(stderr).toMatch(/has schemaVersion 1; such runs can be rendered, not resumed; start/);
    expect(readdirSync(old)).not.toContain('run.lock');
  });
});

describe.concurrent('kvtune reproduce: folders on which nothing can be measured', () => {
  it.each([
    ['/proc', /the work folder \/proc lies on proc, which is no disk; .*--work-dir/],
    [`${base}/mistyped`, /the work folder \S+\/mistyped does not exist; mount the disk, or make/],
    ['/dev/null', /the work folder \/dev\/null (lies on devtmpfs|is no folder)/],
    ['/dev/null/below', /\/dev\/null\/below (lies on devtmpfs|does not exist)/],
  ])('--work-dir %s is refused at once, and not made', async (workDir, complaint) => {
    const folder = out();
    const words = ['reproduce', '--quick', '--out', folder, '--work-dir', workDir];
    const { code, stdout, stderr, seconds } = await timed(words);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(complaint);
    expect(stderr.split('\n')).toHaveLength(2);
    expect(seconds).toBeLessThan(AT_ONCE_SECONDS);
    expect(existsSync(join(base, 'mistyped'))).toBe(false);
    expect(existsSync(folder)).toBe(false);
  });

  it.skipIf(!existsSync(SHM) || !isMemory(SHM))(
    'a work folder in memory is refused, and nothing is left there',
    async () => {
      const memory = mkdtempSync(join(SHM, 'kvtune-test-'));
      try {
        const args = ['reproduce', '--quick', '--out', out(), '--work-dir', memory];
        const { code, stderr } = await kvtune(args);
        expect(code).toBe(2);
        expect(stderr).toMatch(/the work folder \S+ lies on (tmpfs|ramfs).*--work-dir/);
        const inside = await kvtune(['reproduce', '--quick', '--out', join(memory, 'run')]);
        expect(inside.code).toBe(2);
        expect(readdirSync(memory)).toEqual([]);
      } finally {
        rmSync(memory, { recursive: true, force: true });
      }
    },
  );

  it.skipIf(IS_ROOT)('a work folder that may not be written is refused', async () => {
    const locked = join(base, 'locked');
    mkdirSync(locked);
    chmodSync(locked, 0o500);
    const words = ['reproduce', '--quick', '--out', out(), '--work-dir', locked];
    const { code, stderr } = await kvtune(words);
    expect(code).toBe(2);
    expect(stderr).toMatch(/cannot be (made|written): EACCES/);
  });

  it.each(['/proc/kvtune-run', '/dev/null/run'])(
    '--out %s, which cannot be made, is refused at once',
    async (folder) => {
      const { code, stdout, stderr, seconds } = await timed(['reproduce', '--out', folder]);
      expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
      expect(stderr).toMatch(/lies on proc, which is no disk|cannot be made/);
      expect(seconds).toBeLessThan(AT_ONCE_SECONDS);
    },
  );
});

describe('kvtune reproduce: Ctrl-C', () => {
  const folder = join(base, 'interrupted');
  const work = join(base, 'work');
  let ended: Ended;
  let seconds = 0;

  function rounds(): number {
    const path = join(folder, 'rounds.ndjson');
    return existsSync(path) ? readFileSync(path, 'utf8').split('\n').length - 1 : 0;
  }

  function parsed(name: string): unknown {
    return JSON.parse(readFileSync(join(folder, name), 'utf8')) as unknown;
  }

  beforeAll(async () => {
    mkdirSync(work);
    const args = ['reproduce', '--quick', '--seed', '7', '--tag', 'why=test', '--out', folder];
    args.push('--claims', 'lease-scale,index-lock', '--budget', '10m');
    const running = startKvtune([...args, '--work-dir', work]);
    const measuring = await until(() => rounds() >= 3, 120_000);
    const pressed = systemClock.nowNs();
    pressCtrlC(running);
    ended = await running.ended;
    seconds = (systemClock.nowNs() - pressed) / 1e9;
    expect(measuring, ended.stderr).toBe(true);
  }, 150_000);

  it('ends with 130 within seconds', () => {
    expect(ended.code).toBe(130);
    expect(seconds).toBeLessThan(15);
  });

  it('keeps the finished rounds and says that it was interrupted', () => {
    const { run, rounds: recorded } = readRun(folder);
    expect(run).toMatchObject({ status: 'interrupted', seed: 7, mode: 'quick' });
    expect(run.questions.toSorted()).toEqual(['index-lock', 'lease-scale']);
    expect(run.tags).toEqual({ why: 'test' });
    expect(recorded.length).toBeGreaterThanOrEqual(3);
    for (const { asked, settings } of recorded) {
      for (const [name, value] of Object.entries(asked)) {
        if (settings[name] !== undefined) expect(settings[name]).toBe(value);
      }
    }
  });

  it('removes every database, and leaves the folder that was named', () => {
    expect(readdirSync(work)).toEqual([]);
    expect(readdirSync(folder).filter((name) => /work|lock/.test(name))).toEqual([]);
  });

  it('prints and writes what it has', () => {
    expect(ended.stdout).toContain('lease-scale');
    expect(ended.stdout).toMatch(/interrupted/i);
    const names = ['answers.json', 'claims.json', 'report.html', 'report.md', 'run.json'];
    expect(readdirSync(folder)).toEqual(expect.arrayContaining(names));
  });

  it('writes files that fit their schemas', () => {
    const ajv = new Ajv2020({ strict: true, allowUnionTypes: true });
    const fits = (schema: SchemaFile, name: string): void => {
      const check = ajv.compile(jsonSchema(schema, 'closed'));
      expect(check(parsed(name)), `${name}: ${ajv.errorsText(check.errors)}`).toBe(true);
    };
    fits('run.schema.json', 'run.json');
    fits('answers.schema.json', 'answers.json');
    fits('claims.schema.json', 'claims.json');
  });

  it('refuses to measure into the same folder again', async () => {
    const again = await kvtune(['reproduce', '--quick', '--out', folder]);
    expect(again.code).toBe(2);
    expect(again.stderr).toMatch(/holds a run already; name another folder with --out/);
  });

  it('is rendered again by report', async () => {
    rmSync(join(folder, 'report.html'));
    const again = await kvtune(['report', folder]);
    expect(again.code).toBe(0);
    expect(again.stdout).toMatch(/interrupted/i);
    expect(existsSync(join(folder, 'report.html'))).toBe(true);
  });
});
