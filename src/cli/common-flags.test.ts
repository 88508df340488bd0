// Checks of --tag: names and values that can be kept, and those that are refused.

import { expect, it } from 'vitest';
import { commonFlags, tagsByName } from './common-flags.ts';

it('reads tags', () => {
  const tags = commonFlags.tag.read(['rack=b2', 'app.kubernetes-io_x=1', 'url=a=b c']);
  expect(tagsByName(tags)).toEqual({ rack: 'b2', 'app.kubernetes-io_x': '1', url: 'a=b c' });
});

it('keeps no tag of Object', () => {
  expect(Object.keys(tagsByName([]))).toEqual([]);
  const tags = tagsByName(commonFlags.tag.read(['constructor=1']));
  expect(Object.entries(tags)).toEqual([['constructor', '1']]);
});

it.each(['', 'a', '=b', 'a=', '1a=b', 'a b=c', `${'a'.repeat(64)}=b`, `a=${'b'.repeat(201)}`])(
  'refuses %j',
  (text) => {
    expect(() => commonFlags.tag.read([text])).toThrow('is no tag');
  },
);

it('refuses one name twice', () => {
  expect(() => tagsByName(commonFlags.tag.read(['a=1', 'a=1']))).toThrow('twice');
});
