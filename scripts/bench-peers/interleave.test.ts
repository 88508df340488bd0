import { expect, it } from 'vitest';
import { interleave } from './interleave.ts';

it('reverses the order every second time and keeps samples by pair', async () => {
  const order: string[] = [];
  let clock = 0;
  const side = (name: string): { name: string; run: () => Promise<never> } => ({
    name,
    run: () => {
      order.push(name);
      return Promise.resolve({ operations: 1, seconds: ++clock } as never);
    },
  });
  const said: string[] = [];
  const samples = await interleave(['a', 'b', 'c'].map(side), 3, (pair, name) => {
    said.push(`${pair}${name}`);
  });
  expect(order.join('')).toBe('abccbaabc');
  expect(said.slice(2, 5)).toEqual(['1c', '2c', '2b']);
  expect(samples.get('a')?.map((sample) => sample.seconds)).toEqual([1, 6, 7]);
  expect(samples.get('c')?.map((sample) => sample.seconds)).toEqual([3, 4, 9]);
});
