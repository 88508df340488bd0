// npm run crash, tiny: it sums up, ends early when it is told to, refuses what it does not understand,
// and its message for a fault holds the command that repeats it. The histories themselves are tested
// beside their source.

import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { parseOptions, renderFault, renderProgress } from './crash.ts';

const SCRIPT = fileURLToPath(new URL('../dist/scripts/crash.js', import.meta.url));

function run(...args: string[]): { status: number | null; stdout: string; stderr: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, [SCRIPT, ...args], {
    encoding: 'utf8',
  });
  return { status, stdout, stderr };
}

describe('npm run crash', () => {
  it('runs one history for one point, and the same one again', () => {
    const first = run('--points', '1', '--seed', '4');
    const figures =
      /^crash: ([\d,]+) points .* in 1 histories .* from seed 4 on, .* s: no fault\n$/;
    expect(first).toMatchObject({ status: 0, stdout: expect.stringMatching(figures) as string });
    expect(Number(figures.exec(first.stdout)?.[1])).toBeGreaterThan(50);
    const again = run('--points', '1', '--seed', '4');
    expect(figures.exec(again.stdout)?.[1]).toBe(figures.exec(first.stdout)?.[1]);
  });

  it('runs a history of a whole store with --store', () => {
    const { status, stdout } = run('--store', '--points', '1', '--seed', '6');
    expect(status).toBe(0);
    expect(stdout).toMatch(
      /^crash: [\d,]+ points .* in 1 histories .* from seed 6 on, .*: no fault\n$/,
    );
  });

  it('runs histories on several threads until there are enough points', () => {
    const { status, stdout } = run('--points', '450', '--workers', '2');
    expect(status).toBe(0);
    const [, points, histories] = /^crash: ([\d,]+) points .* in (\d+) histories/.exec(stdout)!;
    expect(Number(points!.replaceAll(',', ''))).toBeGreaterThanOrEqual(450);
    expect(Number(histories)).toBeGreaterThan(1);
  });

  it('ends with a summary and 130 when it is interrupted', async () => {
    const child = spawn(process.execPath, [SCRIPT, '--points', '100000000', '--workers', '1']);
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
    // Progress tells that it is at work.
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
      child.kill('SIGINT');
    });
    const [code] = (await once(child, 'close')) as [number | null];
    expect(code).toBe(130);
    expect(stderr).toMatch(
      /^crash: [\d,]+ of 100,000,000 points \(0\.0%\), .* points\/s, .* left\n/,
    );
    expect(stdout).toMatch(/^crash: [\d,]+ points .*: interrupted, no fault\n$/);
  });

  it.each([
    [['--points', '0'], '--points takes a whole number from 1 on'],
    [['--points', 'many'], '--points takes a whole number from 1 on'],
    [['--seed', '-1'], 'seed'],
    [['--seed', '1e16'], '--seed takes a whole number from 0 on'],
    [['--workers', '0'], '--workers takes a whole number from 1 to 1024'],
    [['--fast'], "Unknown option '--fast'"],
  ])('refuses %j', (args, message) => {
    expect(parseOptions(args)).toContain(message);
  });

  it('says how to use it, with exit code 2', () => {
    const { status, stderr } = run('--points', '-');
    expect(status).toBe(2);
    expect(stderr).toContain('usage: npm run crash -- [--store] [--points 100000]');
  });
});

describe('options', () => {
  it('have defaults, and no more workers than points are worth', () => {
    expect(parseOptions([])).toMatchObject({ points: 100_000, seed: 1 });
    expect(parseOptions(['--points', '1', '--workers', '8'])).toMatchObject({ workers: 1 });
    expect(parseOptions(['--points', '1000', '--workers', '8'])).toMatchObject({ workers: 5 });
  });
});

describe('texts', () => {
  it('tell progress', () => {
    expect(renderProgress(250_000, 1_000_000, 100_000)).toBe(
      'crash: 250,000 of 1,000,000 points (25.0%), 2,500 points/s, 5 min 0 s left',
    );
    expect(renderProgress(0, 10, 0)).toBe('crash: 0 of 10 points (0.0%), 0 points/s, unknown left');
  });

  it('name the setting of a fault and the command that repeats it', () => {
    const fault = { seed: 19, what: 'cut 3: lost', stack: 'Error: lost\n    at x' };
    expect(renderFault({ subject: 'db', ...fault }).split('\n')).toEqual([
      'Error: lost',
      '    at x',
      'crash: FAULT with seed 19, freelist array, syncFreelist true, pages of 512 bytes: cut 3: lost',
      'repeat it with: npm run crash -- --points 1 --seed 19',
    ]);
    expect(
      renderFault({ subject: 'store', ...fault })
        .split('\n')
        .slice(2),
    ).toEqual([
      'crash: FAULT with seed 19, freelist hashmap, durability group: cut 3: lost',
      'repeat it with: npm run crash -- --store --points 1 --seed 19',
    ]);
  });
});
