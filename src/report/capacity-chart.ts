// The picture of capacity-50x: how many times longer a put takes in a larger file than in the smallest
// one, a line an arm. Flat inside the band is what was published.

import type { Claim } from '../record/schema.ts';
import type { Frame, Series } from './chart-frame.ts';
import { CHART_COLORS } from './chart-theme.ts';
import { chartPoints, spokenPoints } from './chart-points.ts';
import { formatValue } from './format.ts';

/** Where the rule of capacity-50x calls two put latencies equivalent. */
const BAND = { low: 0.8, high: 1.25 } as const;

const LOOKS: readonly Pick<Series, 'color' | 'shape' | 'dash'>[] = [
  { color: CHART_COLORS.second, shape: 'square', dash: [6, 3] },
  { color: CHART_COLORS.first, shape: 'circle', dash: [1, 0] },
  { color: CHART_COLORS.third, shape: 'diamond', dash: [2, 3] },
];

/** Named first, so that an arm looks the same whichever others run beside it. */
const FIRST_NAMES: readonly string[] = ['array', 'hashmap'];

export function capacityFrame(claim: Claim): Frame {
  const curve = claim.curve.filter((point) => point.role === 'main');
  const measured = [...new Set(curve.map((point) => point.series))].sort();
  const names = [
    ...FIRST_NAMES.filter((name) => measured.includes(name)),
    ...measured.filter((name) => !FIRST_NAMES.includes(name)),
  ];
  const series = names.flatMap((name, index): Series[] => {
    const own = curve.filter((point) => point.series === name);
    const largest = Math.max(...own.map((point) => point.dbBytes));
    const points = chartPoints(own, (point) =>
      point.dbBytes === largest ? `${name} ${formatValue(point)}x` : '',
    );
    const look = LOOKS[index % LOOKS.length];
    if (points.length === 0 || look === undefined) return [];
    const offset = (index - (names.length - 1) / 2) * 8;
    return [{ ...look, title: name, joined: true, offset, points }];
  });
  return {
    description: describe(claim, names),
    xTitle: 'Database size, GB (log scale)',
    yTitle: 'Put latency relative to the 2 GB file (log scale)',
    band: BAND,
    references: [
      {
        y: 1,
        lines: ['published: as at 2 GB', 'shaded: equivalent,', '0.80x to 1.25x'],
        color: CHART_COLORS.published,
        dash: [7, 4],
      },
    ],
    series,
  };
}

function describe(claim: Claim, names: readonly string[]): string {
  const parts = names.map((name) => {
    const own = claim.curve.filter((point) => point.role === 'main' && point.series === name);
    return `${name}: ${spokenPoints(own)}.`;
  });
  return [
    'Put latency relative to the 2 GB file, by database size, on log scales, a line an arm.',
    'Published: flat up to 100 GB; the shaded band, 0.80x to 1.25x, counts as equivalent.',
    ...parts,
  ].join(' ');
}
