// Checks of what lands on which stream, with and without --json and --quiet.

import { describe, expect, it } from 'vitest';
import { usageError } from './errors.ts';
import { createOutput, type Output } from './output.ts';

interface Capture {
  readonly output: Output;
  readonly stdout: string[];
  readonly stderr: string[];
  readonly clears: () => number;
}

function capture(flags: { json?: boolean; quiet?: boolean }): Capture {
  const stdout: string[] = [];
  const stderr: string[] = [];
  let clears = 0;
  const output = createOutput({
    stdout: { write: (text) => stdout.push(text) },
    stderr: { write: (text) => stderr.push(text) },
    json: flags.json ?? false,
    color: false,
    columns: undefined,
    quiet: flags.quiet ?? false,
    beforePrint: () => {
      clears++;
    },
  });
  return { output, stdout, stderr, clears: () => clears };
}

const error = usageError('wrong', 'do right');

describe('for people', () => {
  it('renders results on stdout and notes on stderr', () => {
    const { output, stdout, stderr, clears } = capture({});
    output.partial('first figures');
    output.result({ ratio: 2 }, (value) => `${value.ratio} times`);
    output.note('kept in a folder\n');
    expect(stdout).toEqual(['first figures\n', '2 times\n']);
    expect(stderr).toEqual(['kept in a folder\n']);
    expect(clears()).toBe(3);
  });

  it('prints an error as one line on stderr', () => {
    const { output, stdout, stderr } = capture({ quiet: true });
    output.note('unseen');
    output.error(error);
    expect(stdout).toEqual([]);
    expect(stderr).toEqual(['kvtune: wrong; do right\n']);
  });
});

describe('under --json', () => {
  it('prints one document and nothing else on stdout', () => {
    const { output, stdout } = capture({ json: true });
    output.partial('first figures');
    output.result({ ratio: 2 }, () => 'unseen');
    expect(stdout).toHaveLength(1);
    expect(JSON.parse(stdout.join(''))).toEqual({ ratio: 2 });
    expect(() => output.result({}, () => '')).toThrow('second JSON document');
  });

  it('prints the error as the document', () => {
    const { output, stdout, stderr } = capture({ json: true });
    output.error(error);
    expect(JSON.parse(stdout.join(''))).toEqual({
      error: { code: 'USAGE', message: 'wrong', hint: 'do right' },
    });
    expect(stderr).toEqual([]);
  });

  it('does not spoil a printed result by a later error', () => {
    const { output, stdout, stderr } = capture({ json: true });
    output.result({ ratio: 2 }, () => '');
    output.error(error);
    expect(stdout).toHaveLength(1);
    expect(stderr).toEqual(['kvtune: wrong; do right\n']);
  });
});
