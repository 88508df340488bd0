// StoreHealth: whether a store can take requests, and what it says where it cannot: it is closed, its backend
// found no room on the disk, or a failure of memory or disk has poisoned it. No room is asked for again
// after a while and ends with the commit that finds some; poison ends when the store is opened again, and
// the first one stays. It judges errors and does nothing else about them.

import { nowNs } from '../base/clock.ts';
import { EngineError } from '../base/errors.ts';

/** A backend that had no room is asked again after so long. */
const RETRY_NS = 1e9;

export class StoreHealth {
  #open = true;
  #full = false;
  #retryNs = 0;
  #poison: EngineError | undefined;

  get open(): boolean {
    return this.#open;
  }

  /** The backend found no room when it was asked last. */
  get full(): boolean {
    return this.#full;
  }

  get poisoned(): boolean {
    return this.#poison !== undefined;
  }

  /** Why nothing can be changed now, if that is so. */
  get refusal(): EngineError | undefined {
    if (!this.#open) return closed();
    if (this.#poison !== undefined) return poisonedBy(this.#poison);
    return this.#full ? noRoom() : undefined;
  }

  /** What is said to requests that did not get into the log. */
  get lost(): EngineError {
    return this.#poison === undefined ? noRoom() : poisonedBy(this.#poison);
  }

  /** Throws TX_CLOSED. */
  assertOpen(): void {
    if (!this.#open) throw closed();
  }

  /** Throws the fault that poisoned the store, or NO_SPACE. */
  assertUsable(): void {
    this.assertSound();
    if (this.#full) throw noRoom();
  }

  /** Throws the fault that poisoned the store. */
  assertSound(): void {
    if (this.#poison !== undefined) throw this.#poison;
  }

  close(): void {
    this.#open = false;
  }

  poison(error: EngineError): void {
    this.#poison ??= error;
  }

  /** Whether the backend may be asked to commit: always, but for a while after it had no room. */
  mayCommit(now: number): boolean {
    return !this.#full || now >= this.#retryNs;
  }

  /** The backend has committed. */
  committed(): void {
    this.#full = false;
  }

  /**
   * Takes note of the error of a request; returns whether the request was refused and no more, so that the
   * store can go on. `midway`: it was thrown between changes that belong together.
   */
  judge(error: EngineError, midway: boolean): boolean {
    if (midway || DISK_FAULTS.has(error.code)) this.poison(error);
    return !this.poisoned;
  }

  /** Runs work of the backend: no room is remembered, any other fault poisons; undefined then. */
  guard<T>(work: () => T): T | undefined {
    try {
      return work();
    } catch (error) {
      if (!(error instanceof EngineError)) throw error;
      if (error.code === 'NO_SPACE') this.#noteFull();
      else this.poison(error);
      return undefined;
    }
  }

  /** A commit found no room: everything stays in memory and log. */
  #noteFull(): void {
    this.#full = true;
    this.#retryNs = nowNs() + RETRY_NS;
  }
}

/** Faults of memory and disk, which may have left a request half done. */
const DISK_FAULTS: ReadonlySet<EngineError['code']> = new Set(['IO', 'POISONED', 'CORRUPT']);

export function closed(): EngineError {
  return new EngineError('TX_CLOSED', 'the store is closed');
}

function poisonedBy(cause: EngineError): EngineError {
  return new EngineError('POISONED', `the store has to be opened again: ${cause.message}`, {
    cause,
  });
}

function noRoom(): EngineError {
  return new EngineError('NO_SPACE', 'no room on the disk; writes are refused until there is');
}
