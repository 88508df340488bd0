// Scales of a chart: which span of figures an axis shows, where on it a figure lies, and which figures are
// named. Fixed beforehand rather than left to vega, because labels are placed in pixels. Pure.

export type ScaleKind = 'log' | 'linear';

export interface Scale {
  readonly domain: readonly [number, number];
  readonly pixel: (value: number) => number;
}

const TICKS_MAX = 9;
const LINEAR_STEPS: readonly number[] = [1, 2, 5, 10];
const TICK_STEPS = [[1, 1.2, 1.5, 2, 3, 4, 5, 6, 8], [1, 2, 5], [1, 5], [1]];

/** `margins`: room below and above the figures, as factors; of a log scale alone. */
export function scaleOf(
  kind: ScaleKind,
  values: readonly number[],
  margins: readonly [number, number],
  [start, end]: readonly [number, number],
): Scale {
  const [low, high] =
    kind === 'log'
      ? [Math.min(...values) / margins[0], Math.max(...values) * margins[1]]
      : linearDomain(values);
  const above = (value: number): number => (kind === 'log' ? Math.log(value / low) : value - low);
  const pixel = (value: number): number => start + ((end - start) * above(value)) / above(high);
  return { domain: [low, high], pixel };
}

/** From zero, or the lowest figure below it, with room above the highest. */
function linearDomain(values: readonly number[]): [low: number, high: number] {
  const low = Math.min(0, ...values);
  const highest = Math.max(...values);
  return [low, highest > low ? highest + (highest - low) * 0.12 : low + 1];
}

/** Steps of 1, 2 or 5 in a power of ten, so that there are at most TICKS_MAX. */
function linearTicks([low, high]: readonly [number, number]): number[] {
  const least = (high - low) / (TICKS_MAX - 1);
  const power = 10 ** Math.floor(Math.log10(least));
  const step = (LINEAR_STEPS.find((one) => one * power >= least) ?? 10) * power;
  const first = Math.ceil(low / step);
  const count = Math.floor(high / step) - first + 1;
  return Array.from({ length: count }, (_, index) =>
    Number(((first + index) * step).toPrecision(6)),
  );
}

// Close steps where the axis spans less than a decade, powers of ten alone where it spans many.
function logTicks([low, high]: readonly [number, number]): number[] {
  const decades: number[] = [];
  for (let k = Math.floor(Math.log10(low)); k <= Math.ceil(Math.log10(high)); k++) decades.push(k);
  for (const steps of TICK_STEPS) {
    const ticks = decades
      .flatMap((k) => steps.map((step) => Number(`${String(step)}e${String(k)}`)))
      .filter((tick) => tick >= low && tick <= high);
    if (ticks.length <= TICKS_MAX || steps.length === 1) return ticks;
  }
  return [];
}

export function ticksOf(kind: ScaleKind, { domain }: Scale): number[] {
  return kind === 'log' ? logTicks(domain) : linearTicks(domain);
}
