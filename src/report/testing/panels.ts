// Panels for tests of renderings: valid by the schema, with figures made up so that every shape occurs: gaps,
// intervals, marks, references. Nothing here is measured.

import type { HeatPanel, LinesPanel } from '../../record/answer.ts';

export function linesPanel(over: Partial<LinesPanel> = {}): LinesPanel {
  return {
    kind: 'lines',
    id: 'puts',
    title: 'Puts beside long reads',
    x: { label: 'Readers', unit: '', scale: 'linear' },
    y: { label: 'Puts', unit: '1/s', scale: 'log' },
    series: [
      {
        name: 'global',
        role: 'deciding',
        points: [
          { x: 1, y: 9500, low: 9000, high: 10_000 },
          { x: 2, y: 4000, low: 3500, high: 4600 },
          { x: 4, y: 1000, low: 700, high: 1400 },
        ],
      },
      {
        name: 'concurrent',
        role: 'deciding',
        points: [
          { x: 1, y: 31_000, low: 30_000, high: 32_000 },
          { x: 2, y: 30_000, low: 29_000, high: 31_000 },
          { x: 4, y: 29_500, low: null, high: null },
        ],
      },
    ],
    references: [{ y: 16_000, label: 'published: +70%' }],
    ...over,
  };
}

export function heatPanel(over: Partial<HeatPanel> = {}): HeatPanel {
  const cells = [
    [100, 1, 1000],
    [100, 10, 2100],
    [100, 100, 2200],
    [1000, 1, 1500],
    [1000, 10, 9300],
    [1000, 100, 9900],
    [10_000, 1, 1600],
    [10_000, 10, 12_000],
  ] as const;
  return {
    kind: 'heat',
    id: 'grid',
    title: 'Throughput over the batch',
    x: { label: 'Batch limit', unit: 'puts', scale: 'log' },
    y: { label: 'Batch interval', unit: 'ms', scale: 'log' },
    color: { label: 'Throughput', unit: 'puts/s', scale: 'log' },
    better: 'higher',
    cells: cells.map(([x, y, value]) => ({ x, y, value, low: value * 0.9, high: value * 1.1 })),
    marks: [
      { x: 1000, y: 10, label: 'proposed: 10 ms, 1,000' },
      { x: 10_000, y: 100, label: 'default: 100 ms, 10,000' },
    ],
    ...over,
  };
}
