// Clock: the suite's one door to time. Code that waits, throttles or stamps takes a Clock as an
// argument, so that tests hand in their own; only the outermost caller names `systemClock`.
// `nowNs` is monotonic and has no epoch: differences of it mean something, single values do not. All
// threads of a process count from the same moment, so that one may tell another when to begin.

export interface Clock {
  /** Nanoseconds since some fixed moment; never runs backwards, exact to below 1 us. */
  nowNs(): number;
  /** Wall-clock time as ISO 8601 in UTC with milliseconds; may jump when the machine is corrected. */
  wallIso(): string;
}

const TRIES = 8;

/**
 * What to add to this thread's performance.now() to get the machine's monotonic time: nothing promises
 * that threads count from the same origin. Of some tries the one in which least time passed.
 */
function originNs(): number {
  let best = Number.POSITIVE_INFINITY;
  let origin = 0;
  for (let i = 0; i < TRIES; i++) {
    const before = process.hrtime.bigint();
    const own = performance.now() * 1e6;
    const after = process.hrtime.bigint();
    const between = Number(after - before);
    if (between >= best) continue;
    best = between;
    origin = Number(before) + between / 2 - own;
  }
  return origin;
}

const ORIGIN_NS = originNs();

export const systemClock: Clock = {
  nowNs: () => performance.now() * 1e6 + ORIGIN_NS,
  wallIso: () => new Date().toISOString(),
};
