// Clock: the suite's one door to time. Code that waits, throttles or stamps takes a Clock as an
// argument, so that tests hand in their own; only the outermost caller names `systemClock`.
// `nowNs` is monotonic and has no epoch: differences of it mean something, single values do not.

export interface Clock {
  /** Nanoseconds since some fixed moment; never runs backwards, exact to below 1 us. */
  nowNs(): number;
  /** Wall-clock time as ISO 8601 in UTC with milliseconds; may jump when the machine is corrected. */
  wallIso(): string;
}

export const systemClock: Clock = {
  nowNs: () => performance.now() * 1e6,
  wallIso: () => new Date().toISOString(),
};
