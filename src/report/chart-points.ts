// From a curve as stored to points as drawn. A log axis shows finite, positive figures only: what is
// neither is left out here (the table beside the chart still lists it), and an interval that is not
// finite, or reaches zero, draws no bar.

import type { CurvePoint } from '../record/schema.ts';
import type { ChartPoint } from './chart-frame.ts';
import { formatBytes, formatEstimate, intervalOf, isFigure, type Figure } from './format.ts';

/** Drawable points, smallest size first. */
export function chartPoints(
  curve: readonly CurvePoint[],
  labelOf: (point: CurvePoint) => string,
): ChartPoint[] {
  return curve
    .filter(({ dbBytes, value }) => isPositive(dbBytes) && isPositive(value))
    .sort((a, b) => a.dbBytes - b.dbBytes)
    .map((point) => {
      const interval = intervalOf(point);
      return {
        x: point.dbBytes / 1e9,
        y: point.value,
        interval: interval !== undefined && interval.low > 0 ? interval : undefined,
        label: labelOf(point),
      };
    });
}

/** A series read aloud: `2 GB: 1.05x [1.01, 1.09]; 8 GB: ...`. */
export function spokenPoints(curve: readonly CurvePoint[]): string {
  return [...curve]
    .sort((a, b) => a.dbBytes - b.dbBytes)
    .map((point) => `${formatBytes(point.dbBytes)}: ${formatEstimate(point, 'x')}`)
    .join('; ');
}

function isPositive(figure: Figure): boolean {
  return isFigure(figure) && figure > 0;
}
