// Common flags: those that every command takes, with one meaning everywhere. Which of them applies to
// a command is decided there; a seed that nothing random uses is simply kept with the result.

import { usageError } from './errors.ts';
import { listFlag, readers, switchFlag, textFlag, type FlagValues } from './flag.ts';

export const commonFlags = {
  out: textFlag({ describe: 'folder for the result files, in place of results/runs/<id>' }),
  json: switchFlag({ describe: 'print one JSON document on stdout and nothing else' }),
  seed: textFlag({
    describe: 'seed of everything random; equal seeds give equal loads and orders',
    default: '1',
    read: readers.integer,
  }),
  quiet: switchFlag({ describe: 'print results and errors only' }),
  noProgress: switchFlag({
    describe: 'no progress on stderr (where it is no terminal, a line every 10 s is all there is)',
  }),
  tag: listFlag({ describe: 'k=v kept with the result; may be repeated', read: readTag }),
} as const;

export type CommonFlags = FlagValues<typeof commonFlags>;

/** Tags by name; of two tags with one name the command line is wrong, not the first of them. */
export function tagsByName(tags: CommonFlags['tag']): Readonly<Record<string, string>> {
  const byName = new Map<string, string>();
  for (const { name, value } of tags) {
    if (byName.has(name)) throw usageError(`--tag ${name} is given twice`, 'give each tag once');
    byName.set(name, value);
  }
  return Object.fromEntries(byName);
}

function readTag(text: string): { readonly name: string; readonly value: string } {
  const split = text.indexOf('=');
  const name = text.slice(0, Math.max(split, 0));
  const value = text.slice(split + 1);
  if (!/^[A-Za-z][\w.-]{0,62}$/.test(name) || value === '' || value.length > 200) {
    throw usageError(
      `'${text}' is no tag`,
      'write name=value; a name is a letter, then letters, digits, . _ -; a value up to 200 characters',
    );
  }
  return { name, value };
}
