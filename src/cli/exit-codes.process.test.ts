// Every exit code that a command line can end with today, run as a process. The others belong to
// commands or flags that are still to come, and are named below so that nobody counts them as tested.

import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { Db } from '../../engine/index.ts';
import { kvtune, pressCtrlC, startKvtune, until, type Ended } from '../testing/kvtune-process.ts';
import { diskFolder } from '../testing/test-folder.ts';
import { EXIT, type ExitCode } from './exit-codes.ts';

const LONG = process.env['KVTUNE_LONG_TESTS'] === '1';
const folder = diskFolder('exit-codes');
const database = join(folder, 'whole.db');
const text = join(folder, 'text.db');

/** Breaks a function that every check of a database needs: a fault of kvtune, as far as it can tell. */
const BROKEN =
  '--import=data:text/javascript,' +
  "DataView.prototype.getUint32=()=>{throw%20new%20Error('broken')}";

interface Case {
  /** Takes a dozen processes, or a core: under KVTUNE_LONG_TESTS=1 alone. */
  readonly long?: true;
  readonly code: ExitCode;
  readonly what: string;
  readonly run: () => Promise<Ended>;
}

const CASES: readonly Case[] = [
  { code: EXIT.ok, what: 'a check that passes', run: () => kvtune(['db', 'check', database]) },
  {
    code: EXIT.internal,
    what: 'a fault of the program',
    run: () => kvtune(['db', 'check', database], { env: { NODE_OPTIONS: BROKEN } }),
  },
  { code: EXIT.usage, what: 'no command', run: () => kvtune([]) },
  {
    code: EXIT.inconclusive,
    what: 'ab, whose sessions are too few to tell',
    run: () =>
      kvtune([
        ...['ab', 'read-heavy', '--a', 'optimized', '--b', 'optimized', '--repeat', '1'],
        ...['--param', 'keys=100', '--clients', '2', '--duration', '20ms'],
        ...['--out', join(folder, 'alike')],
      ]),
  },
  {
    code: EXIT.regression,
    long: true,
    what: 'ab, and b is shown to be worse',
    run: () =>
      kvtune([
        ...['ab', 'read-heavy', '--a', 'durability=none', '--b', 'syncDelay=10ms', '--repeat', '6'],
        ...['--param', 'keys=100', '--param', 'writeShare=1', '--clients', '4', '--budget', '5m'],
        ...['--duration', '50ms', '--out', join(folder, 'ab')],
      ]),
  },
  {
    code: EXIT.invalid,
    long: true,
    what: 'run, at a rate that no thread can generate',
    run: () =>
      kvtune([
        ...['run', 'read-heavy', '--param', 'keys=1000', '--param', 'writeShare=0'],
        ...['--rate', '9M/s', '--duration', '300ms'],
        ...['--out', join(folder, 'invalid')],
      ]),
  },
  {
    code: EXIT.budget,
    what: 'a budget that no session fits',
    run: () => kvtune(['reproduce', '--budget', '1s', '--out', join(folder, 'budget')]),
  },
  { code: EXIT.target, what: 'no database', run: () => kvtune(['db', 'check', text]) },
  { code: EXIT.interrupted, what: 'Ctrl-C', run: () => interrupted() },
];

/** Codes that nothing ends with in the time of a test, and what will. */
const NOT_YET: Readonly<Partial<Record<ExitCode, string>>> = {
  [EXIT.hostRefused]: '--strict-host',
  [EXIT.baseline]: 'gate, baseline',
};

async function interrupted(): Promise<Ended> {
  const path = join(folder, 'churned.db');
  const running = startKvtune(['db', 'age', path, '--method', 'churn', '--size', '1GB']);
  expect(await until(() => existsSync(path), 15_000)).toBe(true);
  pressCtrlC(running);
  return running.ended;
}

beforeAll(() => {
  Db.open(database).close();
  writeFileSync(text, 'no database'.repeat(1000));
});

describe.concurrent('exit codes', () => {
  // Arms of an ab are processes: a dozen take a while where tests run beside them.
  it.each(CASES.filter(({ long }) => LONG || long !== true))(
    '$code: $what',
    { timeout: 150_000 },
    async ({ code, run }) => {
      const ended = await run();
      expect(ended.code, ended.stderr).toBe(code);
      expect(ended.stderr.includes('internal error: broken')).toBe(code === EXIT.internal);
    },
  );

  it('are each run here or named as not reachable yet', () => {
    const covered = [...CASES.map((one) => one.code), ...Object.keys(NOT_YET).map(Number)];
    expect(covered.sort((a, b) => a - b)).toEqual(Object.values(EXIT).sort((a, b) => a - b));
  });
});
