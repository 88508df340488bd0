// kvtune reproduce over several sessions, as a user runs it: stopped by Ctrl-C in the middle of the measurement,
// and gone on with. Takes a minute, so it runs under KVTUNE_LONG_TESTS=1 alone.

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, it } from 'vitest';
import type { AnswersFile } from '../../record/answer.ts';
import { readRun } from '../../record/folder.ts';
import { kvtune, pressCtrlC, startKvtune, until } from '../../testing/kvtune-process.ts';
import { diskFolder } from '../../testing/test-folder.ts';

const folder = join(diskFolder('cli-reproduce-long'), 'interrupted');

function rounds(): number {
  const path = join(folder, 'rounds.ndjson');
  return existsSync(path) ? readFileSync(path, 'utf8').split('\n').length - 1 : 0;
}

beforeAll(async () => {
  const args = ['reproduce', '--quick', '--seed', '7', '--tag', 'why=test', '--out', folder];
  args.push('--claims', 'lease-scale,index-lock', '--budget', '10m');
  const running = startKvtune(args);
  const measuring = await until(() => rounds() >= 3, 120_000);
  pressCtrlC(running);
  const { code, stderr } = await running.ended;
  expect({ measuring, code }, stderr).toEqual({ measuring: true, code: 130 });
}, 150_000);

it('goes on with the mode and seed it had, and answers', { timeout: 180_000 }, async () => {
  const before = readRun(folder).rounds;
  const words = ['reproduce', '--resume', folder, '--claims', 'lease-scale', '--json'];
  const { code, stdout, stderr } = await kvtune([...words, '--seed', '5', '--budget', '40s']);
  expect(code, stderr).toBe(0);
  const file = JSON.parse(stdout) as AnswersFile & { claims: { id: string }[] };
  expect(file).toMatchObject({ seed: 7, mode: 'quick', status: 'finished' });
  expect(file.answers.map(({ question }) => question)).toEqual(['lease-scale']);
  expect(file.claims.map(({ id }) => id)).toEqual(['lease-scale']);
  const { run, rounds: all } = readRun(folder);
  expect(run.questions.toSorted()).toEqual(['index-lock', 'lease-scale']);
  expect(all.slice(0, before.length)).toEqual(before);
  expect(all.length).toBeGreaterThan(before.length);
  expect(readdirSync(folder).filter((name) => /work|lock/.test(name))).toEqual([]);
});
