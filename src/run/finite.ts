// Figures that are no finite numbers are dropped in the process that measured them, each with a warning: JSON would
// turn them into null, and one broken figure must not make a whole run unreadable.

import type { Slice } from '../procedures/procedure.ts';
import type { Scalars, Warning } from '../record/round.ts';

/** The parts of a slice in which numbers stand by name, all there and all finite. */
export interface FiniteParts {
  readonly settings: Scalars;
  readonly figures: Record<string, number>;
  readonly counts: Record<string, number>;
  readonly series: Record<string, number[]>;
  readonly state: Scalars;
  readonly warnings: readonly Warning[];
}

export function finiteParts(
  slice: Pick<Slice, 'settings' | 'warnings'> & {
    readonly [Part in 'figures' | 'counts' | 'series' | 'state']?: Slice[Part] | undefined;
  },
): FiniteParts {
  const dropped: string[] = [];
  const finite = <Value>(values: Readonly<Record<string, Value>> = {}): Record<string, Value> =>
    Object.fromEntries(
      Object.entries(values).filter(([name, value]) => {
        const kept = typeof value !== 'number' || Number.isFinite(value);
        if (!kept) dropped.push(name);
        return kept;
      }),
    );
  const parts = {
    settings: finite(slice.settings),
    figures: finite(slice.figures),
    counts: finite(slice.counts),
    series: finiteSeries(slice.series ?? {}, dropped),
    state: finite(slice.state),
  };
  const warnings = dropped.map((name) => ({
    code: 'not-finite',
    message: `${name} is not a finite number and is left out`,
    remedy: 'measure longer slices',
  }));
  return { ...parts, warnings: [...slice.warnings, ...warnings] };
}

/** Series of one length are points of one curve: a point that one of them lacks goes from all. */
function finiteSeries(
  series: Readonly<Record<string, readonly number[]>>,
  dropped: string[],
): Record<string, number[]> {
  const entries = Object.entries(series);
  return Object.fromEntries(
    entries.map(([name, values]) => {
      if (!values.every((value) => Number.isFinite(value))) dropped.push(`a point of ${name}`);
      const curve = entries.filter(([, others]) => others.length === values.length);
      const kept = values.filter((_, i) => curve.every(([, ys]) => Number.isFinite(ys[i])));
      return [name, kept];
    }),
  );
}
