// The queue against a sorted list.

import { describe, expect, it } from 'vitest';
import { Random } from '../../engine/index.ts';
import { StartQueue } from './start-queue.ts';

describe('StartQueue', () => {
  it('gives clients in the order of their moments', () => {
    const random = new Random(1);
    const queue = new StartQueue(100);
    const model: { moment: number; client: number }[] = [];
    const free = Array.from({ length: 100 }, (_, client) => client);
    for (let step = 0; step < 20_000; step++) {
      const client = free.length > 0 && random.below(100) < 60 ? free.pop() : undefined;
      if (client !== undefined) {
        const moment = random.below(1_000_000) * 1000 + client;
        queue.push(moment, client);
        model.push({ moment, client });
      } else if (model.length > 0) {
        model.sort((a, b) => a.moment - b.moment);
        const first = model.shift()!;
        expect(queue.first).toBe(first.moment);
        expect(queue.pop()).toBe(first.client);
        free.push(first.client);
      }
      expect(queue.length).toBe(model.length);
    }
  });

  it('has no first moment when it is empty', () => {
    const queue = new StartQueue(1);
    expect(queue.first).toBe(Infinity);
    queue.push(5, 0);
    queue.pop();
    expect(queue.first).toBe(Infinity);
  });
});
