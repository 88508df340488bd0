// Ratio maps: a square a measured cell, contours only between neighbours that differ, gaps as outlines.

import { describe, expect, it } from 'vitest';
import type { SurfaceSummary } from '../record/schema.ts';
import { CHART_COLORS } from './chart-theme.ts';
import { renderMap } from './charts.ts';
import { surfaceMaps } from './surface-chart.ts';

type Cell = SurfaceSummary['cells'][number];

function cell(
  freePages: number,
  putsPerCommit: number,
  gain: number,
  over: Partial<Cell> = {},
): Cell {
  const interval = { low: null, high: null };
  return {
    id: `${String(freePages)}-${String(putsPerCommit)}`,
    factors: {
      recipe: 'kubernetes-mix',
      freePages,
      putsPerCommit,
      valueBytes: 10_000,
      syncFreelist: false,
    },
    dbBytes: 1e9,
    freePages,
    freeSpans: 1,
    blocks: 1,
    completionSeconds: {},
    hashmapGain: { value: gain, ...interval },
    bitmapGain: { value: 1, ...interval },
    growthShare: { array: 0, hashmap: 0, bitmap: 0 },
    freelistBytes: {},
    writesPerCommit: {},
    ...over,
  };
}

/** 0.5x and 3x below, 0.9x and 30x above. */
const FOUR = [cell(1e4, 1, 0.5), cell(1e5, 1, 3), cell(1e4, 100, 0.9), cell(1e5, 100, 30)];

function summary(cells: Cell[]): SurfaceSummary {
  return { planned: 9, measured: cells.length, alpha: 0.05, cells, classes: [], bars: [] };
}

async function svgOf(cells: Cell[], id = 'surface-hashmap-kubernetes-mix'): Promise<string> {
  const map = surfaceMaps(summary(cells)).find((one) => one.id === id);
  if (map === undefined) throw new Error(`no map is called ${id}`);
  const chart = await renderMap(map);
  return chart.kind === 'picture' ? chart.svg : '';
}

function strokes(svg: string, color: string): number {
  return svg.split(`stroke="${color}" stroke-width="3"`).length - 1;
}

describe('surfaceMaps', () => {
  it('needs a few cells of one recipe and freelist mode', () => {
    expect(surfaceMaps(summary(FOUR)).map((map) => map.id)).toEqual([
      'surface-hashmap-kubernetes-mix',
      'surface-bitmap-kubernetes-mix',
    ]);
    expect(surfaceMaps(summary(FOUR.slice(1)))).toEqual([]);
  });

  it('names every ratio, level and axis', async () => {
    const svg = await svgOf(FOUR);
    for (const text of ['0.50x', '3.0x', '0.90x', '30x', '10k', '100k', '100', 'puts/commit']) {
      expect(svg).toContain(`>${text}</text>`);
    }
    for (const text of ['Free pages in the file', 'values of 10 kB', '24x: as published']) {
      expect(svg).toContain(`>${text}</text>`);
    }
    expect(svg).toContain('from 0.50x to 30x');
    expect(svg).not.toMatch(/NaN|Infinity|undefined/);
  });

  it('draws contours where neighbours lie on both sides of 1x or 24x, and in the legend', async () => {
    const svg = await svgOf(FOUR);
    // 1x: between the two columns, in both rows. 24x: left of and below the square of 30x.
    expect(strokes(svg, CHART_COLORS.ink)).toBe(2 + 1);
    expect(strokes(svg, CHART_COLORS.published)).toBe(2 + 1);
  });

  it('tells growth in the squares that have some, and outlines what was not measured', async () => {
    const grown = cell(1e6, 100, 2, { growthShare: { array: 0.1, hashmap: 0.32, bitmap: 0.1 } });
    const svg = await svgOf([...FOUR, grown]);
    expect(svg).toContain('>10% | 32%</text>');
    expect(svg.split('% | ').length).toBe(2);
    // One puts-a-commit level of the new column is missing.
    expect(svg.split(`stroke="${CHART_COLORS.grid}"`).length - 1).toBe(1);
  });
});
