// Checks of the did-you-mean words: near ones are found, far ones are not guessed at.

import { expect, it } from 'vitest';
import { suggest } from './suggestion.ts';

const known = ['reproduce', 'profile', 'run', 'db', '--seed', '--work-dir'];

it.each([
  ['repoduce', 'reproduce'],
  ['reprodcue', 'reproduce'],
  ['Profile', 'profile'],
  ['rnu', 'run'],
  ['--sede', '--seed'],
  ['--workdir', '--work-dir'],
])('%s means %s', (word, meant) => {
  expect(suggest(word, known)).toBe(meant);
});

it.each(['xyz', '', '--compression', 'benchmark'])('%s means nothing known', (word) => {
  expect(suggest(word, known)).toBeUndefined();
});

it('prefers the nearest', () => {
  expect(suggest('--clients', ['--client', '--clients'])).toBe('--clients');
});
