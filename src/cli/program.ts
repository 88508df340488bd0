// Program: one run of the command line, from words to an exit code. Parses, makes output and
// progress, runs the command, and turns whatever was thrown into one report. Everything it touches
// is handed in, so tests run it whole; ending the process, signals and real streams are main.ts's.

import yargs, { type Argv } from 'yargs';
import type { Clock } from '../measure/clock.ts';
import { KVTUNE_VERSION } from '../version.ts';
import { addFlags, flagNames, switchNames } from './command.ts';
import type { CliCommand, Job, Place } from './command.ts';
import { commonFlags } from './common-flags.ts';
import { toCliError, usageError, type CliError } from './errors.ts';
import { EXIT, EXIT_MEANINGS, EXIT_RESERVED, type ExitCode } from './exit-codes.ts';
import { createOutput, type Output, type TextSink } from './output.ts';
import { createProgress, type Progress } from './progress.ts';
import { meant } from './suggestion.ts';

export interface ProgramOptions {
  /** Words after the program's name. */
  readonly argv: readonly string[];
  readonly commands: readonly CliCommand[];
  readonly stdout: TextSink;
  readonly stderr: TextSink;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/** Runs one command line; never throws. */
export async function runProgram(options: ProgramOptions): Promise<ExitCode> {
  let progress: Progress | undefined;
  const outputFor = (json: boolean, quiet: boolean): Output =>
    createOutput({
      stdout: options.stdout,
      stderr: options.stderr,
      json,
      quiet,
      columns: options.stdout.columns,
      color: !json && options.stdout.isTTY === true && (options.env['NO_COLOR'] ?? '') === '',
      beforePrint: () => progress?.clear(),
    });
  // Until the flags are read, only the words themselves can tell how errors are wanted.
  let output = outputFor(wordsBeforeDashes(options.argv).includes('--json'), false);
  try {
    const parsed = await parse(options);
    if (typeof parsed === 'string') {
      options.stdout.write(`${parsed}\n`);
      return EXIT.ok;
    }
    const { common } = parsed;
    output = outputFor(common.json, common.quiet);
    progress = createProgress({
      stderr: options.stderr,
      clock: options.clock,
      mode: progressMode(options.stderr, common.quiet || common.noProgress),
    });
    const { clock, signal, env } = options;
    const commandLine = ['kvtune', ...options.argv].join(' ');
    return await parsed.run({ output, progress, clock, signal, env, common, commandLine });
  } catch (thrown) {
    const error = toCliError(thrown);
    output.error(error);
    if (options.env['KVTUNE_DEBUG'] === '1') options.stderr.write(`${stackOf(error)}\n`);
    return error.exitCode;
  } finally {
    progress?.end();
  }
}

/** The job that the words ask for, or the text of --help or --version. */
async function parse(options: ProgramOptions): Promise<Job | string> {
  let place: Place = {
    path: 'kvtune',
    holdsCommands: true,
    flagNames: [],
    switchNames: [],
    commandNames: options.commands.map((one) => one.word),
  };
  let read: (() => Job) | undefined;
  let text = '';
  const parser = createParser(options.stdout.columns ?? 100);
  for (const one of options.commands) {
    one.register(parser, 'kvtune', {
      enter: (entered) => {
        place = entered;
      },
      choose: (chosen) => {
        read = chosen;
      },
    });
  }
  parser.fail((message, error: Error | undefined) => {
    // yargs reports its own findings as text or as YError; anything else is a bug on its way out.
    if (error !== undefined && error.name !== 'YError') throw error;
    throw usageFault(error?.message ?? message, place, options.argv);
  });
  await parser.parseAsync([...options.argv], {}, (error, _args, printed) => {
    if (error) throw error;
    text = printed;
  });
  assertSwitches(place, options.argv);
  if (read !== undefined) return read();
  if (text !== '') return text;
  const word = options.argv.find((one) => !one.startsWith('-')) ?? '';
  throw usageFault(`Unknown command: ${word}`, place, options.argv);
}

function createParser(columns: number): Argv {
  const parser = yargs([])
    .scriptName('kvtune')
    .usage('$0 COMMAND [FLAGS]\n\nMeasures and tunes etcd-style key-value stores.')
    .parserConfiguration({
      // Words are taken as written: no guessed numbers, no nested keys, no hidden --no-x for each x.
      'boolean-negation': false,
      'camel-case-expansion': false,
      'dot-notation': false,
      'greedy-arrays': false,
      'parse-numbers': false,
      'parse-positional-numbers': false,
      'short-option-groups': false,
    })
    .detectLocale(false)
    .exitProcess(false)
    .strict()
    .demandCommand(1, 'no command given')
    .help('help')
    .alias('help', 'h')
    .version(KVTUNE_VERSION)
    .wrap(Math.min(100, columns))
    .epilogue(`Exit codes:\n${exitCodeLines()}`);
  addFlags(parser, commonFlags, 'Common flags:');
  return parser;
}

/** Says in one line what yargs found wrong, with the nearest word that would have been right. */
function usageFault(finding: string, place: Place, argv: readonly string[]): CliError {
  const help = `see ${place.path} --help`;
  const unknown = /^Unknown (?:argument|command)s?: ("[^"]*"|[^,]*)/.exec(finding)?.[1];
  if (unknown !== undefined) {
    const flag = unknownFlag(unknown, argv);
    const known = flag === undefined ? place.commandNames : [...place.flagNames, ...EVERYWHERE];
    const kind = place.holdsCommands ? 'unknown command' : 'unexpected argument';
    const what = flag === undefined ? `${kind} '${unknown}'` : `unknown flag ${flag}`;
    return usageError(what, `${meant(flag ?? unknown, known)}${help}`);
  }
  const lacking = /^Not enough arguments following: (.*)$/.exec(finding)?.[1];
  if (lacking !== undefined) return usageError(`--${lacking} needs a value`, help);
  if (finding.startsWith('Not enough non-option arguments')) {
    return usageError(`${place.path} needs an argument`, help);
  }
  return usageError(finding, help);
}

/** yargs takes any value of a switch but 'true' for false: `--quick=yes` would start the long run. */
function assertSwitches({ switchNames: own }: Place, argv: readonly string[]): void {
  const known = [...own, ...switchNames(commonFlags)];
  for (const word of wordsBeforeDashes(argv)) {
    const [, name = '', value = ''] = /^(--[a-z-]+)=(.*)$/su.exec(word) ?? [];
    if (!known.includes(name) || value === 'true' || value === 'false') continue;
    throw usageError(`${name} takes no value, but has '${value}'`, `write ${name} alone`);
  }
}

const EVERYWHERE = [...flagNames(commonFlags), '--help', '--version'];

/** The flag as typed whose name yargs reports, or undefined where the word was no flag. */
function unknownFlag(name: string, argv: readonly string[]): string | undefined {
  for (const word of wordsBeforeDashes(argv)) {
    const typed = word.split('=', 1)[0] ?? word;
    if (typed === `--${name}` || typed === `-${name}`) return typed;
  }
  return undefined;
}

function wordsBeforeDashes(argv: readonly string[]): readonly string[] {
  const dashes = argv.indexOf('--');
  return dashes === -1 ? argv : argv.slice(0, dashes);
}

function progressMode(stderr: TextSink, off: boolean): 'redraw' | 'lines' | 'off' {
  if (off) return 'off';
  return stderr.isTTY === true ? 'redraw' : 'lines';
}

function exitCodeLines(): string {
  return Object.entries(EXIT_MEANINGS)
    .filter(([code]) => !EXIT_RESERVED.some((reserved) => reserved === Number(code)))
    .map(([code, meaning]) => `${code.padStart(5)}  ${meaning}`)
    .join('\n');
}

function stackOf(error: CliError): string {
  const origin = error.cause instanceof Error ? error.cause : error;
  return origin.stack ?? origin.message;
}
