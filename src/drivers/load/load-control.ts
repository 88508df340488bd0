// LoadControl: what the threads of one load share: when it begins, when the measured time begins and ends,
// whether to stop, and how far it is. The thread that started the others sets the times; they look at them
// between operations. All times are those of systemClock.

const STOP = 0;
/** Operations ended within the measured time, where their number is bounded. */
const CLAIMED = 1;
const OPERATIONS_MAX = 2;
/** Keys and leases preloaded, or operations ended, for progress. One word a thread. */
const PROGRESS = 16;

const START = 0;
const MEASURE = 1;
const END = 2;
const TIMES = 3;

export interface ControlShare {
  readonly words: SharedArrayBuffer;
  readonly times: SharedArrayBuffer;
}

export class LoadControl {
  readonly share: ControlShare;
  readonly #words: Int32Array;
  readonly #times: Float64Array;

  /** New ones for `threads`; `operationsMax` 0: no bound. */
  static create(threads: number, operationsMax: number): LoadControl {
    const control = new LoadControl({
      words: new SharedArrayBuffer(4 * (PROGRESS + threads)),
      times: new SharedArrayBuffer(8 * TIMES),
    });
    Atomics.store(control.#words, OPERATIONS_MAX, operationsMax);
    return control;
  }

  constructor(share: ControlShare) {
    this.share = share;
    this.#words = new Int32Array(share.words);
    this.#times = new Float64Array(share.times);
  }

  /** Before the threads are told to run. */
  setTimes(times: { startNs: number; measureNs: number; endNs: number }): void {
    this.#times[START] = times.startNs;
    this.#times[MEASURE] = times.measureNs;
    this.#times[END] = times.endNs;
  }

  get startNs(): number {
    return this.#times[START] ?? 0;
  }

  get measureNs(): number {
    return this.#times[MEASURE] ?? 0;
  }

  /** May come nearer while the load runs. */
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
   * the load.
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
