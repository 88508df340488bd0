// LoadControl: what the threads of one load share: when a slice begins, when its measured time begins and ends,
// whether to stop, and how far it is. The thread that started the others sets the times between slices; they
// look at them between operations. All times are those of systemClock.

const STOP = 0;
/** Operations ended within the measured time, where their number is bounded. */
const CLAIMED = 1;
const OPERATIONS_MAX = 2;
/** Operations ended in this slice, for progress. One word a thread. */
const PROGRESS = 16;

const START = 0;
const MEASURE = 1;
const END = 2;
const TIMES = 3;

export interface ControlShare {
  readonly words: SharedArrayBuffer;
  readonly times: SharedArrayBuffer;
}

export interface SliceTimes {
  readonly startNs: number;
  readonly measureNs: number;
  readonly endNs: number;
}

export class LoadControl {
  readonly share: ControlShare;
  readonly #words: Int32Array;
  readonly #times: Float64Array;

  /** A new one for `threads`. */
  static create(threads: number): LoadControl {
    return new LoadControl({
      words: new SharedArrayBuffer(4 * (PROGRESS + threads)),
      times: new SharedArrayBuffer(8 * TIMES),
    });
  }

  constructor(share: ControlShare) {
    this.share = share;
    this.#words = new Int32Array(share.words);
    this.#times = new Float64Array(share.times);
  }

  /** Sets the next slice, before the threads are told of it. `operationsMax` 0: no bound. */
  begin({ startNs, measureNs, endNs }: SliceTimes, operationsMax: number): void {
    this.#times[START] = startNs;
    this.#times[MEASURE] = measureNs;
    this.#times[END] = endNs;
    this.#words.fill(0, PROGRESS);
    Atomics.store(this.#words, CLAIMED, 0);
    Atomics.store(this.#words, OPERATIONS_MAX, operationsMax);
    Atomics.store(this.#words, STOP, 0);
  }

  get startNs(): number {
    return this.#times[START] ?? 0;
  }

  get measureNs(): number {
    return this.#times[MEASURE] ?? 0;
  }

  /** May come nearer while the slice runs. */
  get endNs(): number {
    return this.#times[END] ?? 0;
  }

  /** Ends the measured time now, or where it ends anyway. */
  stop(nowNs: number): void {
    if (Atomics.compareExchange(this.#words, STOP, 0, 1) !== 0) return;
    if (nowNs < this.endNs) this.#times[END] = nowNs;
  }

  get stopped(): boolean {
    return Atomics.load(this.#words, STOP) !== 0;
  }

  /**
   * Whether one more operation, ended now within the measured time, counts; the last one that does ends
   * the slice.
   */
  claim(nowNs: number): boolean {
    const most = this.#words[OPERATIONS_MAX] ?? 0;
    if (most === 0) return true;
    const claimed = Atomics.add(this.#words, CLAIMED, 1) + 1;
    if (claimed >= most) this.stop(nowNs);
    return claimed <= most;
  }

  /** Of the thread `thread`: plain counts, read by whoever shows them. */
  progress(thread: number, count: number): void {
    this.#words[PROGRESS + thread] = count;
  }

  /** Sum over all threads. */
  get progressed(): number {
    let sum = 0;
    for (let at = PROGRESS; at < this.#words.length; at++) sum += this.#words[at] ?? 0;
    return sum;
  }
}
