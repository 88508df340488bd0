// The picture of freelist-24x: how many times longer the job takes with one freelist than with the other,
// over database size. The main cells are the curve; the labelled cells stand beside it, in shapes of
// their own, because they never decide the verdict.

import type { Claim, CurvePoint } from '../record/schema.ts';
import type { Frame, Reference, Series } from './chart-frame.ts';
import { CHART_COLORS } from './chart-theme.ts';
import { chartPoints, spokenPoints } from './chart-points.ts';
import { formatSignificant, formatValue, isFigure } from './format.ts';

/** Where the rule of freelist-24x reads 'reproduced': the published value times or over 1.5. */
const BAND = { low: 16, high: 36 } as const;

type Role = CurvePoint['role'];
type Look = Pick<Series, 'title' | 'color' | 'shape' | 'joined' | 'offset'>;

const LOOKS: Readonly<Record<Role, Look>> = {
  main: {
    title: 'main cell, decides the verdict',
    color: CHART_COLORS.first,
    shape: 'circle',
    joined: true,
    offset: 0,
  },
  'worst-case': {
    title: 'worst case, labelled only',
    color: CHART_COLORS.second,
    shape: 'triangle-up',
    joined: false,
    offset: 10,
  },
  'small-values': {
    title: 'small values, labelled only',
    color: CHART_COLORS.third,
    shape: 'square',
    joined: false,
    offset: -10,
  },
};
const NAMES: Readonly<Record<Role, string>> = {
  main: '',
  'worst-case': 'worst case ',
  'small-values': 'small values ',
};

export function ratioFrame(claim: Claim): Frame {
  const series = (Object.keys(LOOKS) as Role[]).flatMap((role): Series[] => {
    const curve = claim.curve.filter((point) => point.role === role);
    const points = chartPoints(curve, (point) => `${NAMES[role]}${formatValue(point)}x`);
    return points.length === 0 ? [] : [{ ...LOOKS[role], dash: [1, 0], points }];
  });
  return {
    description: describe(claim),
    xTitle: 'Database size, GB (log scale)',
    yTitle: 'Completion time, array / hashmap (log scale)',
    band: BAND,
    references: references(claim.published.value),
    series,
  };
}

function references(published: number): Reference[] {
  const equal: Reference = {
    y: 1,
    lines: ['1x: no difference'],
    color: CHART_COLORS.muted,
    dash: [2, 3],
  };
  if (!isFigure(published) || published <= 0) return [equal];
  const lines = [
    `published: ${formatSignificant(published, 2)}x`,
    `shaded: ${String(BAND.low)}x to ${String(BAND.high)}x`,
  ];
  return [{ y: published, lines, color: CHART_COLORS.published, dash: [7, 4] }, equal];
}

function describe(claim: Claim): string {
  const parts = (Object.keys(LOOKS) as Role[]).flatMap((role) => {
    const curve = claim.curve.filter((point) => point.role === role);
    return curve.length === 0 ? [] : [`${LOOKS[role].title}: ${spokenPoints(curve)}.`];
  });
  return [
    'Completion time with the array freelist over that with the hashmap freelist, by database size,',
    `on log scales. Published: ${formatSignificant(claim.published.value, 2)}x; the shaded band runs`,
    `from ${String(BAND.low)}x to ${String(BAND.high)}x.`,
    ...parts,
  ].join(' ');
}
