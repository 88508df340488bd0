// PreparedCells: what sessions of a cell start from, each in a folder of its own below the work folder. Made when a
// cell is measured first and kept to the run's end, as long as the disk has room for the next one beside it:
// clearing an aged file of 100 GB away frees some 360,000 extents, which takes half a minute where the file
// system discards them at once, and holds up every sync meanwhile. Invariant: a folder that holds what was not
// finished, or what a killed process left, is not in here.

import type { Cell } from '../question/question.ts';
import type { WorkFolder } from '../record/work-folder.ts';

export class PreparedCells {
  readonly #work: WorkFolder;
  /** The one used last comes last. */
  readonly #cells = new Map<string, { readonly cell: Cell; readonly folder: string }>();
  #made = 0;

  constructor(work: WorkFolder) {
    this.#work = work;
  }

  get ids(): ReadonlySet<string> {
    return new Set(this.#cells.keys());
  }

  /** Bytes for a cell that is not prepared, once all others are cleared away. */
  roomBytes(): number {
    const cells = [...this.#cells.values()];
    return cells.reduce((sum, { cell }) => sum + cell.diskBytes, this.#work.freeBytes());
  }

  /** Path of the cell's folder; `fill` is called where it has to be made. */
  async take(cell: Cell, fill: (path: string) => Promise<void>): Promise<string> {
    const known = this.#cells.get(cell.id);
    if (known !== undefined) {
      this.#cells.delete(cell.id);
      this.#cells.set(cell.id, known);
      return this.#work.file(known.folder);
    }
    for (const id of this.#cells.keys()) {
      if (this.#work.freeBytes() >= cell.diskBytes) break;
      this.drop(id);
    }
    const folder = `cell-${this.#made++}`;
    try {
      await fill(this.#work.emptyFolder(folder));
    } catch (error) {
      this.#work.removeFolder(folder);
      throw error;
    }
    this.#cells.set(cell.id, { cell, folder });
    return this.#work.file(folder);
  }

  drop(id: string): void {
    const known = this.#cells.get(id);
    if (known !== undefined) this.#work.removeFolder(known.folder);
    this.#cells.delete(id);
  }
}
