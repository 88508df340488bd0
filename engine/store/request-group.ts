// RequestGroup: requests that wait for the next flush, one behind the other in the form they have in the log,
// each with whom to answer. A group grows at its end while its first requests are being answered, since an
// answer may bring new requests; the bytes move then, so take them from `u8` each time. No I/O.

import type { EngineError } from '../base/errors.ts';
import { MessageWriter } from './message-writer.ts';
import type { Response } from './responses.ts';

/** Told once the request was carried out and is as durable as the store's durability says. */
export type Done = (error: EngineError | undefined, response: Response | undefined) => void;

export class RequestGroup {
  readonly #writer = new MessageWriter();
  readonly #starts: number[] = [];
  readonly #waiting: Done[] = [];
  /** Where the request begins that was not added yet. */
  #end = 0;
  #groups = 0;
  #requests = 0;
  #groupMax = 0;

  /** Requests. */
  get count(): number {
    return this.#waiting.length;
  }

  /** Groups and requests that were answered, and the requests of the largest group. */
  get groups(): number {
    return this.#groups;
  }

  get requests(): number {
    return this.#requests;
  }

  get groupMax(): number {
    return this.#groupMax;
  }

  get bytes(): number {
    return this.#end;
  }

  /** Bytes of the request that was written and not added yet. */
  get written(): number {
    return this.#writer.length - this.#end;
  }

  get u8(): Uint8Array {
    return this.#writer.u8;
  }

  /** Takes the next request, which add() makes one; what was written before and not added is gone. */
  begin(): MessageWriter {
    this.#writer.length = this.#end;
    return this.#writer;
  }

  /** What was written since begin() is a request. */
  add(done: Done): void {
    this.#starts.push(this.#end);
    this.#waiting.push(done);
    this.#end = this.#writer.length;
  }

  startOf(i: number): number {
    return this.#starts[i]!;
  }

  endOf(i: number): number {
    return i + 1 < this.#starts.length ? this.#starts[i + 1]! : this.#end;
  }

  doneOf(i: number): Done {
    return this.#waiting[i]!;
  }

  /** Forgets the first `count` requests, which were answered as one group; those behind are first then. */
  shift(count: number): void {
    this.#groups++;
    this.#requests += count;
    if (count > this.#groupMax) this.#groupMax = count;
    const from = count < this.#starts.length ? this.#starts[count]! : this.#end;
    this.#starts.splice(0, count);
    this.#waiting.splice(0, count);
    for (let i = 0; i < this.#starts.length; i++) this.#starts[i] = this.#starts[i]! - from;
    if (from < this.#end) this.#writer.u8.copyWithin(0, from, this.#end);
    this.#end -= from;
    this.#writer.length = this.#end;
  }
}
