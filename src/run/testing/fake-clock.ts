// A clock that stands still until a test moves it. Its two hands are moved apart where a test wants a machine whose
// wall clock is set while it measures.

import type { Clock } from '../../measure/clock.ts';

export class FakeClock implements Clock {
  #ns = 0;
  #wallMs = Date.UTC(2026, 0, 1);

  nowNs(): number {
    return this.#ns;
  }

  wallIso(): string {
    return new Date(this.#wallMs).toISOString();
  }

  advance(seconds: number): void {
    this.#ns += seconds * 1e9;
    this.#wallMs += seconds * 1e3;
  }

  /** The wall clock is set. */
  step(seconds: number): void {
    this.#wallMs += seconds * 1e3;
  }
}
