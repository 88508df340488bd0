// How leases are set apart in time when a lessor takes over: etcd's way (Lessor.Promote). Leases that
// would all be over at once are moved later, so that at most three quarters of the revoke rate are
// over in a second and those that pile up leave room for others. Pure arithmetic on times in order.

const SECOND_MS = 1000;

/**
 * Calls `delay(index, delayMs)` for each lease that is to be over later by so much. `remainingMs` is
 * the time each has left, ascending; those before a window's cap are left alone. An entry is read
 * once, before its delay: `delay` may add to it.
 */
export function spreadExpiries(
  remainingMs: Float64Array,
  revokeRate: number,
  delay: (index: number, delayMs: number) => void,
): void {
  const expiriesMax = Math.max(1, Math.floor((3 * revokeRate) / 4));
  let windowStart = remainingMs[0] ?? 0;
  let windowEnd = windowStart + SECOND_MS;
  let expiries = 0;
  for (let i = 0; i < remainingMs.length; i++) {
    const remaining = remainingMs[i]!;
    if (remaining > windowEnd) {
      windowStart = remaining;
      windowEnd = windowStart + SECOND_MS;
      expiries = 1;
      continue;
    }
    expiries++;
    if (expiries <= expiriesMax) continue;
    // One that is n seconds into the window already needs n seconds less.
    const delayMs = SECOND_MS * (expiries / expiriesMax) - (remaining - windowStart);
    windowEnd = windowStart + delayMs;
    delay(i, delayMs);
  }
}

const DIGIT_BITS = 16;
const DIGITS = 2 ** DIGIT_BITS;

/**
 * Orders `slots` by whole `seconds` of each slot, ascending and stable; returns them in one of the two
 * arrays it works with. A radix sort: a pass for each 16 bits of the largest, so mostly one or two.
 */
export function orderBySeconds(
  slots: Uint32Array<ArrayBuffer>,
  seconds: Float64Array,
): Uint32Array<ArrayBuffer> {
  let secondsMax = 0;
  for (const slot of slots) if (seconds[slot]! > secondsMax) secondsMax = seconds[slot]!;
  const starts = new Uint32Array(DIGITS);
  let from = slots;
  let to = new Uint32Array(slots.length);
  for (let unit = 1; unit <= secondsMax; unit *= DIGITS) {
    starts.fill(0);
    for (const slot of from) {
      const digit = Math.floor(seconds[slot]! / unit) % DIGITS;
      starts[digit] = starts[digit]! + 1;
    }
    let start = 0;
    for (let digit = 0; digit < DIGITS; digit++) {
      const count = starts[digit]!;
      starts[digit] = start;
      start += count;
    }
    for (const slot of from) {
      const digit = Math.floor(seconds[slot]! / unit) % DIGITS;
      to[starts[digit]!] = slot;
      starts[digit] = starts[digit]! + 1;
    }
    [from, to] = [to, from];
  }
  return from;
}
