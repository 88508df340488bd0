import { expect, it } from 'vitest';
import { equivalence } from './equivalence.ts';

it.each([
  [0.95, 1.05, 'equivalent'],
  [0.8, 1.25, 'equivalent'],
  [0.79, 1.05, 'inconclusive'],
  [0.95, 1.26, 'inconclusive'],
  [0.5, 2, 'inconclusive'],
  [1.25, 2, 'inconclusive'],
  [1.26, 2, 'different'],
  [0.5, 0.79, 'different'],
  [null, null, 'inconclusive'],
])('%s to %s is %s', (low, high, expected) => {
  expect(equivalence({ low, high })).toBe(expected);
});

it('takes other bounds', () => {
  expect(equivalence({ low: 0.95, high: 1.05 }, [0.98, 1.02])).toBe('inconclusive');
});
