import { expect, it } from 'vitest';
import { alphaShare, lookAt } from './looks.ts';

it('shares the error by contrasts and looks', () => {
  expect(alphaShare({ alpha: 0.05, weight: 1, weights: 1, looks: 4 })).toBe(0.0125);
  expect(alphaShare({ alpha: 0.05, weight: 1, weights: 2, looks: 5 })).toBe(0.005);
  expect(alphaShare({ alpha: 0.05, weight: 3, weights: 4, looks: 5 })).toBeCloseTo(0.0075, 12);
  expect(alphaShare({ alpha: 0.05, weight: 1, weights: 1, looks: 0 })).toBe(0.05);
});

it.each([
  [0, { taken: 0, sessions: undefined, next: 3 }],
  [2, { taken: 0, sessions: undefined, next: 3 }],
  [3, { taken: 1, sessions: 3, next: 5 }],
  [4, { taken: 1, sessions: 3, next: 5 }],
  [12, { taken: 4, sessions: 12, next: undefined }],
  [99, { taken: 4, sessions: 12, next: undefined }],
])('%d sessions', (sessions, look) => {
  expect(lookAt([3, 5, 8, 12], sessions)).toEqual(look);
});
