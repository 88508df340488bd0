// PutDelay: makes every put take longer in the store's own thread, as a store with slower code would, for tests
// that have to see a known loss. It spins: a sleep of some microseconds cannot be had. Recovery is over when
// it is attached, so only puts of this opening are slowed down.

import { nowNs } from '../base/clock.ts';
import type { ChangeObserver } from '../mvcc/mvcc.ts';

export class PutDelay implements ChangeObserver {
  readonly microseconds: number;

  constructor(microseconds: number) {
    this.microseconds = microseconds;
  }

  put(): void {
    const until = nowNs() + this.microseconds * 1e3;
    while (nowNs() < until);
  }

  deleted(): void {
    return;
  }

  published(): void {
    return;
  }
}
