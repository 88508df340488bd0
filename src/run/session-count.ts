// SessionCount: how many sessions each cell has had, by the arms that were measured in them. Follows the rounds of a
// run, those of its earlier parts included.

import type { Round } from '../record/round.ts';

export class SessionCount {
  /** Arms with a slice, by session, by cell. */
  readonly #cells = new Map<string, Map<number, Set<string>>>();

  add({ kind, cell, session, arm }: Pick<Round, 'kind' | 'cell' | 'session' | 'arm'>): void {
    if (kind !== 'slice') return;
    const sessions = this.#cells.get(cell) ?? new Map<number, Set<string>>();
    this.#cells.set(cell, sessions);
    const arms = sessions.get(session) ?? new Set();
    sessions.set(session, arms.add(arm));
  }

  /** Sessions in which each of the arms has a slice. */
  of(cell: string, arms: readonly string[]): number {
    const sessions = [...(this.#cells.get(cell)?.values() ?? [])];
    return sessions.filter((measured) => arms.every((arm) => measured.has(arm))).length;
  }

  /** A number that no session of the cell has. */
  next(cell: string): number {
    return Math.max(-1, ...(this.#cells.get(cell)?.keys() ?? [])) + 1;
  }
}
