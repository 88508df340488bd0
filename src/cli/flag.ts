// Flag: one flag or positional of a command: what --help says about it, and how its texts become a
// value. Values arrive as written and are read here, not by yargs, so that every fault is one line
// that names the flag. Names are the keys of a record in camelCase: `workDir` is --work-dir.

import { usageError } from './errors.ts';
import { meant } from './suggestion.ts';
import { parseBytes, parseCount, parseDurationNs, parseRate } from './units.ts';

export interface Flag<Value> {
  readonly describe: string;
  /** 'text' takes one value, 'list' any number of them, 'switch' none. */
  readonly kind: 'text' | 'list' | 'switch';
  /** What --help shows as default. */
  readonly shownDefault?: string | undefined;
  readonly choices?: readonly string[];
  /** `texts` is empty where the flag was not given; a switch that was given is 'true' or 'false'. */
  readonly read: (texts: readonly string[]) => Value;
}

export type Flags = Readonly<Record<string, Flag<unknown>>>;

/** What a command's run() receives: each flag's name with its value. */
export type FlagValues<F extends Flags> = {
  readonly [Name in keyof F]: F[Name] extends Flag<infer Value> ? Value : never;
};

interface Described {
  readonly describe: string;
}

interface WithDefault extends Described {
  /** As a person would write it: '100GB'. */
  readonly default: string;
}

/** A text flag read by `read`, which throws a CliError on what it cannot use. */
export function textFlag<Value = string>(
  options: WithDefault & { readonly read?: (text: string) => Value },
): Flag<Value>;
export function textFlag<Value = string>(
  options: Described & { readonly read?: (text: string) => Value },
): Flag<Value | undefined>;
export function textFlag(
  options: Described & {
    readonly default?: string;
    readonly read?: (text: string) => unknown;
  },
): Flag<unknown> {
  const read = options.read ?? ((text: string) => text);
  return {
    describe: options.describe,
    kind: 'text',
    shownDefault: options.default,
    read: (texts) => {
      const text = texts[0] ?? options.default;
      return text === undefined ? undefined : read(text);
    },
  };
}

/** A text that must be there; for positionals that yargs demands by `<name>`, and required flags. */
export function requiredText(options: Described): Flag<string> {
  return {
    ...textFlag(options),
    read: (texts) => {
      const text = texts[0];
      if (text === undefined) throw usageError('no value given', `${options.describe} is needed`);
      return text;
    },
  };
}

/** One of a closed set of words. */
export function choiceFlag<const Choice extends string>(
  options: WithDefault & { readonly choices: readonly Choice[]; readonly default: NoInfer<Choice> },
): Flag<Choice> {
  const read = (text: string): Choice => {
    const choice = options.choices.find((one) => one === text);
    if (choice !== undefined) return choice;
    const hint = `${meant(text, options.choices)}choose from ${options.choices.join(', ')}`;
    throw usageError(`'${text}' is not known`, hint);
  };
  return { ...textFlag({ ...options, read }), choices: options.choices };
}

/** Off unless given. */
export function switchFlag(options: Described): Flag<boolean> {
  return {
    describe: options.describe,
    kind: 'switch',
    read: (texts) => texts[0] === 'true',
  };
}

/** May be given many times; each value is read by `read`. */
export function listFlag<Value = string>(
  options: Described & { readonly read?: (text: string) => Value },
): Flag<readonly Value[]>;
export function listFlag(
  options: Described & { readonly read?: (text: string) => unknown },
): Flag<readonly unknown[]> {
  const read = options.read ?? ((text: string) => text);
  return {
    describe: options.describe,
    kind: 'list',
    read: (texts) => texts.map((text) => read(text)),
  };
}

/** Readers for `read`: each takes the text of a person and throws a usage error on a wrong one. */
export const readers = {
  bytes: parseBytes,
  durationNs: parseDurationNs,
  rate: parseRate,
  count: parseCount,
  /** A whole number without unit, 0 up to the largest safe integer. */
  integer: (text: string): number => {
    const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
    if (Number.isSafeInteger(value)) return value;
    throw usageError(`'${text}' is no whole number`, 'write digits only, e.g. 42');
  },
  /** Words separated by commas, none empty. */
  words: (text: string): readonly string[] => {
    const words = text.split(',').map((word) => word.trim());
    if (!words.includes('')) return words;
    throw usageError(`'${text}' has an empty part`, 'separate words by single commas: a,b');
  },
} as const;
