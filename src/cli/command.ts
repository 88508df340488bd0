// Command: one verb of the command line, declared as data: name, flags, examples and a run() that
// calls one function and renders what it returned. command() turns the declaration into something the
// program can register; commandGroup() holds verbs below a word (`db check`). yargs only splits the
// command line and prints help; flags are read by flag.ts, and run() starts after parsing is over, so
// that its failures never pass through yargs.

import type { Argv } from 'yargs';
import type { Clock } from '../measure/clock.ts';
import { commonFlags, type CommonFlags } from './common-flags.ts';
import { naming, usageError } from './errors.ts';
import type { ExitCode } from './exit-codes.ts';
import type { Flag, Flags, FlagValues } from './flag.ts';
import type { Output } from './output.ts';
import type { Progress } from './progress.ts';

/** What run() gets besides its own flags. */
export interface CommandContext {
  readonly output: Output;
  readonly progress: Progress;
  readonly clock: Clock;
  /** Aborted by the first Ctrl-C: stop, summarise, clean up, return EXIT.interrupted. */
  readonly signal: AbortSignal;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly common: CommonFlags;
  /** The command as typed, for the result's `command` field. */
  readonly commandLine: string;
}

export interface CommandDefinition<F extends Flags, P extends Flags> {
  /** The word with its positionals as yargs writes them: 'check <file>', 'report <results..>'. */
  readonly name: string;
  /** One line, no full stop. */
  readonly describe: string;
  /** At least one; `line` starts with 'kvtune'. */
  readonly examples: readonly [Example, ...Example[]];
  readonly positionals?: P;
  readonly flags?: F;
  run(values: FlagValues<F & P>, context: CommandContext): Promise<ExitCode>;
}

export interface Example {
  readonly line: string;
  readonly does: string;
}

/** A command whose flags were read and found right. */
export interface Job {
  readonly common: CommonFlags;
  run(context: CommandContext): Promise<ExitCode>;
}

/** What the program learns while yargs walks down the command line. */
export interface Visitor {
  /** A command word was matched: what may stand below it, for messages. */
  enter(place: Place): void;
  /** The command was found; `read` throws a CliError that names a wrong flag. */
  choose(read: () => Job): void;
}

export interface Place {
  /** 'kvtune db check' */
  readonly path: string;
  /** Whether the next word names a command, as after 'kvtune db', or an argument. */
  readonly holdsCommands: boolean;
  readonly flagNames: readonly string[];
  /** Those of them that take no value. */
  readonly switchNames: readonly string[];
  readonly commandNames: readonly string[];
}

/** Registered by the program; made by command() and commandGroup(). */
export interface CliCommand {
  /** The word alone: 'check'. */
  readonly word: string;
  register(parser: Argv, parentPath: string, visitor: Visitor): void;
}

/** Makes a verb; the types of `values` in run() follow from the flags and positionals given. */
export function command<F extends Flags = Flags, P extends Flags = Flags>(
  definition: CommandDefinition<F, P>,
): CliCommand {
  const flags: Flags = definition.flags ?? {};
  const positionals: Flags = definition.positionals ?? {};
  const word = firstWord(definition.name);
  return {
    word,
    register: (parser, parentPath, visitor) => {
      const path = `${parentPath} ${word}`;
      parser.command(
        definition.name,
        definition.describe,
        (below) => {
          visitor.enter({
            path,
            holdsCommands: false,
            flagNames: flagNames(flags),
            switchNames: switchNames(flags),
            commandNames: [],
          });
          for (const [name, flag] of Object.entries(positionals)) {
            below.positional(kebab(name), { type: 'string', describe: described(flag) });
          }
          addFlags(below, flags, 'Flags:');
          for (const { line, does } of definition.examples) below.example(line, does);
        },
        (args) => {
          visitor.choose(() => {
            const values = { ...readFlags(flags, args), ...readFlags(positionals, args, '') };
            return {
              common: readFlags(commonFlags, args),
              // The one place where names and types part: `values` was read by these very flags.
              run: (context) => definition.run(values as FlagValues<F & P>, context),
            };
          });
        },
      );
    },
  };
}

/** A word that only holds verbs: `kvtune db check`. */
export function commandGroup(group: {
  readonly name: string;
  readonly describe: string;
  readonly commands: readonly CliCommand[];
}): CliCommand {
  return {
    word: group.name,
    register: (parser, parentPath, visitor) => {
      const path = `${parentPath} ${group.name}`;
      const commandNames = group.commands.map((one) => one.word);
      parser.command(group.name, group.describe, (below) => {
        visitor.enter({ path, holdsCommands: true, flagNames: [], switchNames: [], commandNames });
        for (const one of group.commands) one.register(below, path, visitor);
        below.demandCommand(1, 'no command given');
      });
    },
  };
}

/** Declares flags to yargs for splitting and help; their values are read later. */
export function addFlags(parser: Argv, flags: Flags, heading: string): void {
  for (const [name, flag] of Object.entries(flags)) {
    parser.option(kebab(name), {
      group: heading,
      describe: described(flag),
      type: flag.kind === 'switch' ? 'boolean' : 'string',
      ...(flag.kind === 'switch' ? {} : { requiresArg: true }),
      ...(flag.shownDefault === undefined ? {} : { defaultDescription: flag.shownDefault }),
    });
  }
}

export function flagNames(flags: Flags): readonly string[] {
  return Object.keys(flags).map((name) => `--${kebab(name)}`);
}

export function switchNames(flags: Flags): readonly string[] {
  return flagNames(
    Object.fromEntries(Object.entries(flags).filter(([, f]) => f.kind === 'switch')),
  );
}

function readFlags<F extends Flags>(
  flags: F,
  args: Readonly<Record<string, unknown>>,
  dashes = '--',
): FlagValues<F> {
  const entries = Object.entries(flags).map(([name, flag]) => {
    const shown = `${dashes}${kebab(name)}`;
    return [name, readFlag(shown, flag, texts(args[kebab(name)]))] as const;
  });
  // Object.fromEntries forgets which name had which flag; each value was read by its own.
  return Object.fromEntries(entries) as FlagValues<F>;
}

function readFlag(shown: string, flag: Flag<unknown>, given: readonly string[]): unknown {
  if (flag.kind === 'text' && given.length > 1) {
    throw usageError(`${shown} is given ${given.length} times`, 'give it once');
  }
  if (given.includes('')) throw usageError(`${shown} has an empty value`, 'write a value after it');
  return naming(shown, () => flag.read(given));
}

function texts(given: unknown): readonly string[] {
  if (given === undefined) return [];
  const all: readonly unknown[] = Array.isArray(given) ? given : [given];
  return all.map((one) => (typeof one === 'string' ? one : JSON.stringify(one)));
}

function described(flag: Flag<unknown>): string {
  if (flag.choices === undefined) return flag.describe;
  return `${flag.describe}: ${flag.choices.join(', ')}`;
}

function firstWord(name: string): string {
  return name.split(' ', 1)[0] ?? name;
}

function kebab(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}
