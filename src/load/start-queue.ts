// StartQueue: which client starts next: a binary heap of moments, one at most for each client, in typed
// arrays. Equal moments come out in any order. Allocates nothing after its construction.

export class StartQueue {
  length = 0;
  readonly #moments: Float64Array;
  readonly #clients: Uint32Array;

  constructor(clients: number) {
    this.#moments = new Float64Array(clients);
    this.#clients = new Uint32Array(clients);
  }

  /** The earliest moment; infinity where there is none. */
  get first(): number {
    return this.length === 0 ? Number.POSITIVE_INFINITY : (this.#moments[0] ?? 0);
  }

  clear(): void {
    this.length = 0;
  }

  push(moment: number, client: number): void {
    let at = this.length++;
    while (at > 0) {
      const parent = (at - 1) >>> 1;
      if ((this.#moments[parent] ?? 0) <= moment) break;
      this.#move(parent, at);
      at = parent;
    }
    this.#moments[at] = moment;
    this.#clients[at] = client;
  }

  /** Takes out the client of the earliest moment; there must be one. */
  pop(): number {
    const client = this.#clients[0] ?? 0;
    const last = --this.length;
    const moment = this.#moments[last] ?? 0;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= last) break;
      const right = this.#moments[child + 1] ?? 0;
      if (child + 1 < last && right < (this.#moments[child] ?? 0)) child++;
      if ((this.#moments[child] ?? 0) >= moment) break;
      this.#move(child, at);
      at = child;
    }
    this.#moments[at] = moment;
    this.#clients[at] = this.#clients[last] ?? 0;
    return client;
  }

  #move(from: number, to: number): void {
    this.#moments[to] = this.#moments[from] ?? 0;
    this.#clients[to] = this.#clients[from] ?? 0;
  }
}
