// Whole command lines through the program, with sample commands: what is printed where, and the code.

import { describe, expect, it } from 'vitest';
import { systemClock } from '../measure/clock.ts';
import { KVTUNE_VERSION } from '../version.ts';
import { command, commandGroup, type CliCommand } from './command.ts';
import { tagsByName } from './common-flags.ts';
import { EXIT, type ExitCode } from './exit-codes.ts';
import { choiceFlag, listFlag, readers, requiredText, switchFlag, textFlag } from './flag.ts';
import { runProgram } from './program.ts';

const load = command({
  name: 'load <file> [others..]',
  describe: 'puts load on a file',
  examples: [{ line: 'kvtune load db --db-bytes 100GB', does: 'loads a large one' }],
  positionals: {
    file: requiredText({ describe: 'database file' }),
    others: listFlag({ describe: 'more files' }),
  },
  flags: {
    dbBytes: textFlag({ describe: 'size', default: '2GB', read: readers.bytes }),
    limit: textFlag({ describe: 'limit', read: readers.count }),
    factor: listFlag({ describe: 'factors', read: readers.words }),
    freelist: choiceFlag({ describe: 'kind', choices: ['array', 'hashmap'], default: 'array' }),
    fullScan: switchFlag({ describe: 'scan all' }),
  },
  run: (values, { output, common, commandLine }) => {
    const answer = { ...values, tags: tagsByName(common.tag), seed: common.seed, commandLine };
    output.note('done');
    output.result(answer, ({ file, dbBytes }) => `${file}: ${dbBytes}`);
    return Promise.resolve(EXIT.ok);
  },
});

function failing(word: string, action: (signal: AbortSignal) => Promise<ExitCode>): CliCommand {
  const examples = [{ line: `kvtune ${word}`, does: 'fails' }] as const;
  return command({
    name: word,
    describe: 'fails',
    examples,
    run: (_values, context) => action(context.signal),
  });
}

const commands: readonly CliCommand[] = [
  load,
  commandGroup({
    name: 'db',
    describe: 'looks into files',
    commands: [failing('check', () => Promise.resolve(EXIT.target))],
  }),
  failing('crash', () => Promise.reject(new Error('broken'))),
  failing('locked', () => {
    throw Object.assign(new Error('db is locked'), { name: 'EngineError', code: 'LOCKED' });
  }),
  failing('wait', async (signal) => {
    await new Promise((_resolve, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason as Error));
    });
    return EXIT.ok;
  }),
];

interface Outcome {
  readonly code: ExitCode;
  readonly stdout: string;
  readonly stderr: string;
}

async function run(line: string, env: Record<string, string> = {}): Promise<Outcome> {
  const stdout: string[] = [];
  const stderr: string[] = [];
  const code = await runProgram({
    argv: line.split(' ').filter((word) => word !== ''),
    commands,
    stdout: { write: (text) => stdout.push(text) },
    stderr: { write: (text) => stderr.push(text) },
    env,
    clock: systemClock,
    signal: AbortSignal.timeout(50),
  });
  return { code, stdout: stdout.join(''), stderr: stderr.join('') };
}

describe('a right command line', () => {
  it('runs the command with defaults', async () => {
    expect(await run('load a.db')).toEqual({
      code: 0,
      stdout: 'a.db: 2000000000\n',
      stderr: 'done\n',
    });
  });

  it('hands every kind of flag to the command', async () => {
    const line =
      'load a.db b.db --db-bytes 1MiB --limit=5k --factor a,b --factor c --freelist hashmap ' +
      '--full-scan --json --seed 7 --tag rack=b2 --tag note=x=y --quiet';
    const { code, stdout, stderr } = await run(line);
    expect(code).toBe(0);
    expect(stderr).toBe('');
    expect(JSON.parse(stdout)).toEqual({
      file: 'a.db',
      others: ['b.db'],
      dbBytes: 1_048_576,
      limit: 5000,
      factor: [['a', 'b'], ['c']],
      freelist: 'hashmap',
      fullScan: true,
      tags: { rack: 'b2', note: 'x=y' },
      seed: 7,
      commandLine: `kvtune ${line}`,
    });
  });

  it('does not take the word after a list flag for its second value', async () => {
    const { stdout } = await run('load --tag a=b 100 --json');
    expect(JSON.parse(stdout)).toMatchObject({ file: '100', tags: { a: 'b' }, others: [] });
  });

  it('ends with the code that the command returned', async () => {
    expect((await run('db check')).code).toBe(6);
  });
});

describe('a wrong command line ends with 2 and one line', () => {
  it.each([
    ['', 'no command given', 'see kvtune --help'],
    ['laod a.db', "unknown command 'laod'", 'did you mean load?'],
    ['zzzzzz', "unknown command 'zzzzzz'", 'see kvtune --help'],
    ['db chekc', "unknown command 'chekc'", 'did you mean check? see kvtune db --help'],
    ['db', 'no command given', 'see kvtune db --help'],
    ['load', 'kvtune load needs an argument', 'see kvtune load --help'],
    ['db check extra', "unexpected argument 'extra'", 'see kvtune db check --help'],
    ['load a.db --sede 3', 'unknown flag --sede', 'did you mean --seed?'],
    ['load a.db --dbbytes=3GB', 'unknown flag --dbbytes', 'did you mean --db-bytes?'],
    ['load a.db --dbBytes 3GB', 'unknown flag --dbBytes', 'did you mean --db-bytes?'],
    ['load a.db --no-json', 'unknown flag --no-json', 'see kvtune load --help'],
    ['load a.db -x', 'unknown flag -x', 'see kvtune load --help'],
    ['load a.db --db-bytes', '--db-bytes needs a value', 'see kvtune load --help'],
    ['load a.db --db-bytes 100', "--db-bytes: '100' has no unit", 'KiB'],
    ['load a.db --db-bytes=', '--db-bytes has an empty value', 'write a value'],
    ['load a.db --db-bytes 1GB --db-bytes 2GB', '--db-bytes is given 2 times', 'give it once'],
    ['load a.db --limit 5K', "--limit: '5K' has the unit 'K'", 'none, k, M, G'],
    ['load a.db --freelist hashmpa', "--freelist: 'hashmpa' is not known", 'did you mean hashmap?'],
    ['load a.db --factor a,,b', '--factor:', 'separate words'],
    ['load a.db --seed 1.5', "--seed: '1.5' is no whole number", 'digits only'],
    ['load a.db --tag nothing', "--tag: 'nothing' is no tag", 'name=value'],
    ['load a.db --tag a=1 --tag a=2', '--tag a is given twice', 'once'],
  ])('kvtune %s', async (line, wrong, remedy) => {
    const { code, stdout, stderr } = await run(line);
    expect(code).toBe(2);
    expect(stdout).toBe('');
    expect(stderr.split('\n')).toHaveLength(2);
    expect(stderr).toContain(`kvtune: ${wrong}`);
    expect(stderr).toContain(remedy);
  });

  it('is a JSON document under --json', async () => {
    const { code, stdout, stderr } = await run('laod --json');
    expect(code).toBe(2);
    expect(stderr).toBe('');
    expect(JSON.parse(stdout)).toEqual({
      error: {
        code: 'USAGE',
        message: "unknown command 'laod'",
        hint: 'did you mean load? see kvtune --help',
      },
    });
  });
});

describe('failures of a command', () => {
  it('keep the stack to themselves', async () => {
    const { code, stderr } = await run('crash');
    expect(code).toBe(1);
    expect(stderr.split('\n')).toHaveLength(2);
    expect(stderr).toContain('internal error: broken');
  });

  it('show the stack under KVTUNE_DEBUG=1', async () => {
    const { stderr } = await run('crash', { KVTUNE_DEBUG: '1' });
    expect(stderr).toMatch(/Error: broken\n\s+at /);
  });

  it('of the engine carry their code', async () => {
    const { code, stdout } = await run('locked --json');
    expect(code).toBe(6);
    expect(JSON.parse(stdout)).toMatchObject({
      error: { code: 'LOCKED', message: 'db is locked' },
    });
  });

  it('by an abort end with 130', async () => {
    const abort = new AbortController();
    const stderr: string[] = [];
    const finished = runProgram({
      argv: ['wait'],
      commands,
      stdout: { write: () => true },
      stderr: { write: (text) => stderr.push(text) },
      env: {},
      clock: systemClock,
      signal: abort.signal,
    });
    setTimeout(() => abort.abort(), 5);
    expect(await finished).toBe(130);
    expect(stderr.join('')).toBe('kvtune: interrupted\n');
  });
});

describe('help', () => {
  it('lists commands and exit codes', async () => {
    const { code, stdout, stderr } = await run('--help');
    expect(code).toBe(0);
    expect(stderr).toBe('');
    for (const words of ['kvtune load <file>', 'kvtune db', '--seed', 'Exit codes:', '130']) {
      expect(stdout).toContain(words);
    }
  });

  it('of a command shows its flags, defaults and examples', async () => {
    const { code, stdout } = await run('load --help');
    expect(code).toBe(0);
    for (const words of [
      '--db-bytes',
      '2GB',
      'array, hashmap',
      'kvtune load db --db-bytes 100GB',
    ]) {
      expect(stdout).toContain(words);
    }
  });

  it('of a group lists its commands', async () => {
    expect((await run('db --help')).stdout).toContain('kvtune db check');
  });

  it('--version prints the version alone', async () => {
    expect(await run('--version')).toEqual({ code: 0, stdout: `${KVTUNE_VERSION}\n`, stderr: '' });
  });
});
