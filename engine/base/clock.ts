// The engine's one door to time. Monotonic, in nanoseconds, as a double: exact to below 1 us for a
// process that has run for less than a hundred days.

export function nowNs(): number {
  return performance.now() * 1e6;
}
