// BufferPool: memory of the writer's nodes, kept from transaction to transaction. Buffers come in
// whole pages; a buffer that was given back is handed out again with its old bytes.

import { PageBuffer } from '../page/page-buffer.ts';

/** Lists of buffers are kept for lengths up to this many pages; longer ones are left to the GC. */
const POOLED_PAGES_MAX = 64;

export class BufferPool {
  readonly #pageSize: number;
  readonly #bytesMax: number;
  /** Free buffers by their length in pages. */
  readonly #free: PageBuffer[][] = [];
  #bytes = 0;

  /** Keeps at most `bytesMax` bytes of free buffers. */
  constructor(pageSize: number, bytesMax: number) {
    this.#pageSize = pageSize;
    this.#bytesMax = bytesMax;
    for (let pages = 0; pages <= POOLED_PAGES_MAX; pages++) this.#free.push([]);
  }

  /** A buffer of at least `bytes`, rounded up to whole pages. Its contents are undefined. */
  take(bytes: number): PageBuffer {
    const pages = Math.ceil(bytes / this.#pageSize);
    const pooled = pages <= POOLED_PAGES_MAX ? this.#free[pages]!.pop() : undefined;
    if (pooled === undefined) return new PageBuffer(new ArrayBuffer(pages * this.#pageSize));
    this.#bytes -= pooled.u8.length;
    return pooled;
  }

  give(buffer: PageBuffer): void {
    const pages = buffer.u8.length / this.#pageSize;
    if (pages > POOLED_PAGES_MAX || this.#bytes + buffer.u8.length > this.#bytesMax) return;
    this.#free[pages]!.push(buffer);
    this.#bytes += buffer.u8.length;
  }
}
