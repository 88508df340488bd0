// GroupLog: brings requests of the group into the log, as durably as the store promises, and says how many of
// them are there for good: those are carried out, whatever comes, and the others never happened. Failures are
// judged here and kept by the store's health.

import { EngineError } from '../base/errors.ts';
import type { Wal } from '../wal/wal.ts';
import type { Durability } from './options.ts';
import type { RequestGroup } from './request-group.ts';
import type { StoreHealth } from './store-health.ts';

export interface GroupLogParts {
  readonly wal: Wal;
  readonly group: RequestGroup;
  readonly health: StoreHealth;
  readonly durability: Durability;
}

export class GroupLog {
  readonly #parts: GroupLogParts;

  constructor(parts: GroupLogParts) {
    this.#parts = parts;
  }

  get durability(): Durability {
    return this.#parts.durability;
  }

  /** Logs requests [from, to); returns how many of them, the first ones, are in the log. */
  append(from: number, to: number): number {
    const { wal, group, health, durability } = this.#parts;
    const before = wal.lastIndex;
    try {
      for (let i = from; i < to; i++) {
        wal.append(group.u8.subarray(group.startOf(i), group.endOf(i)));
      }
      if (durability === 'none') wal.flush();
      else wal.sync();
      return to - from;
    } catch (error) {
      if (!(error instanceof EngineError)) throw error;
      if (error.code !== 'NO_SPACE') {
        health.poison(error);
        return 0;
      }
      // What nobody waits for stays in memory until there is room: to take it back would take with it what
      // was answered before without a sync.
      return (durability === 'none' ? wal.lastIndex : this.#takeBack()) - before;
    }
  }

  /** Takes back what is not in the log for good; returns the last index that is. */
  #takeBack(): number {
    const { wal, health } = this.#parts;
    try {
      return wal.discard();
    } catch (error) {
      if (!(error instanceof EngineError)) throw error;
      // Nobody knows what is on the disk: the poisoned store says so to each request.
      health.poison(error);
      return wal.lastIndex;
    }
  }
}
