import { expect, it } from 'vitest';
import { choiceOf, numberOf, sizesBetween, storeOptionsOf } from './asked.ts';

const ASKED = { keys: 10, readLock: 'copy', quotaBytes: 5, syncFreelist: false };

it('reads levels, and names one that is missing or of another kind', () => {
  expect(numberOf(ASKED, 'keys')).toBe(10);
  expect(() => numberOf(ASKED, 'leases')).toThrow(/no factor leases/);
  expect(() => numberOf(ASKED, 'readLock')).toThrow(/no factor readLock that is a number/);
  expect(choiceOf(ASKED, 'readLock', ['copy', 'global'])).toBe('copy');
  expect(() => choiceOf(ASKED, 'readLock', ['global'])).toThrow("readLock 'copy' is not global");
});

it('takes what is an option of a store', () => {
  expect(storeOptionsOf(ASKED)).toEqual({ readLock: 'copy', quotaBytes: 5, syncFreelist: false });
});

it('spaces sizes evenly on a log scale, ends included', () => {
  expect(sizesBetween(1e3, 1e6, 4)).toEqual([1e3, 1e4, 1e5, 1e6]);
  expect(sizesBetween(1e5, 1e6, 3)).toEqual([1e5, 3e5, 1e6]);
  expect(sizesBetween(1e7, 1e7, 1)).toEqual([1e7]);
});
