// What preparing a cell and a session of it cost in seconds: from the cells' own model until something was measured,
// then the model at the pace of this machine, and for a cell that has been measured at its own pace. Pure
// arithmetic on what it was told; scheduling reads it and never writes.

import type { Arm, Cell } from '../question/question.ts';

export function slicesOf(cell: Cell, arm: Arm): number {
  return arm.slices ?? cell.slices;
}

/** Seconds of a session with these arms, by the cell's model; warm-up shows in the pace of what was measured. */
export function modelSeconds(cell: Cell, arms: readonly string[]): number {
  const present = cell.arms.filter((arm) => arms.includes(arm.name));
  return present.reduce((sum, arm) => {
    const sliceSeconds = arm.sliceSeconds ?? cell.sliceSeconds;
    return sum + cell.openSeconds + slicesOf(cell, arm) * sliceSeconds;
  }, 0);
}

interface Told {
  took: number;
  modelled: number;
}

export class Costs {
  readonly #sessions = new Map<string, Told>();
  readonly #prepared = new Map<string, number>();
  readonly #all: Told = { took: 0, modelled: 0 };
  readonly #preparing: Told = { took: 0, modelled: 0 };

  /** Seconds this machine takes for what the model puts at one second of measuring. */
  get pace(): number {
    return paceOf(this.#all) ?? 1;
  }

  prepareSeconds(cell: Cell): number {
    const pace = paceOf(this.#preparing) ?? this.pace;
    return this.#prepared.get(cell.id) ?? cell.prepareSeconds * pace;
  }

  sessionSeconds(cell: Cell, arms: readonly string[]): number {
    const own = this.#sessions.get(cell.id);
    const pace = (own === undefined ? undefined : paceOf(own)) ?? this.pace;
    return modelSeconds(cell, arms) * pace;
  }

  notePrepared(cell: Cell, seconds: number): void {
    this.#prepared.set(cell.id, seconds);
    add(this.#preparing, seconds, cell.prepareSeconds);
  }

  /** A whole session; one that was cut short says nothing. */
  noteSession(cell: Cell, arms: readonly string[], seconds: number): void {
    const own = this.#sessions.get(cell.id) ?? { took: 0, modelled: 0 };
    this.#sessions.set(cell.id, own);
    for (const told of [own, this.#all]) add(told, seconds, modelSeconds(cell, arms));
  }
}

function add(told: Told, took: number, modelled: number): void {
  told.took += took;
  told.modelled += modelled;
}

function paceOf({ took, modelled }: Told): number | undefined {
  return modelled > 0 && took > 0 ? took / modelled : undefined;
}
