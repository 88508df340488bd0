// Panels as pictures: lines with axes, units, intervals and references; heat maps with every figure, marks and
// holes; and colours that a dark screen can swap.

import { describe, expect, it } from 'vitest';
import type { HeatPanel, LinesPanel } from '../record/answer.ts';
import { CHART_COLORS, standaloneSvg } from './chart-theme.ts';
import { renderPanel } from './charts.ts';
import { linesFrame, SERIES_MAX } from './lines-chart.ts';
import { heatPanel, linesPanel } from './testing/panels.ts';

async function svgOf(panel: LinesPanel | HeatPanel): Promise<string> {
  const chart = await renderPanel(panel);
  if (chart.kind === 'sentence') throw new Error(chart.text);
  return chart.svg;
}

function texts(svg: string): string[] {
  return [...svg.matchAll(/<text[^>]*>([^<]*)<\/text>/g)].map(([, text]) => text ?? '');
}

function linesOf(points: LinesPanel['series'][number]['points']): LinesPanel {
  return linesPanel({ series: [{ name: 'one', role: 'labelled', points }], references: [] });
}

const capsIn = (svg: string): number => svg.match(/d="M-7\.071,0L7\.071,0"/g)?.length ?? 0;

describe('a lines panel', () => {
  it('names axes with units, series, first and last figures, and references', async () => {
    const words = texts(await svgOf(linesPanel()));
    for (const text of [
      ...['Readers', 'Puts, 1/s (log scale)', 'global', 'concurrent', '1,000 1/s', '29,500 1/s'],
      ...['published: +70%', '10k'],
    ]) {
      expect(words).toContain(text);
    }
  });

  it('draws on linear axes too, from zero', async () => {
    const panel = linesPanel({ y: { label: 'Share', unit: '%', scale: 'linear' } });
    const words = texts(await svgOf(panel));
    for (const text of ['0', 'Share, %', '20k']) expect(words).toContain(text);
  });

  it('draws a curve of one point, and says which cells decide nothing', async () => {
    const svg = await svgOf(linesOf([{ x: 1, y: 1.02, low: 1, high: 1.04 }]));
    expect(texts(svg)).toContain('1.02 1/s');
    expect(texts(svg)).toContain('one, labelled only');
    expect(svg).not.toMatch(/NaN|Infinity/);
  });

  it('draws no bar where an interval is missing or says nothing', async () => {
    const drawn = async (low: number | null, high: number | null): Promise<number> =>
      capsIn(await svgOf(linesOf([{ x: 1, y: 17, low, high }])));
    expect(await drawn(16, 18)).toBe(2);
    expect(await drawn(null, null)).toBe(0);
    expect(await drawn(2.4, 108)).toBe(0);
    expect(await drawn(-1, 20)).toBe(0);
  });

  it('leaves what a log axis cannot show out of the picture, not out of its words', async () => {
    const panel = linesOf([{ x: 1, y: 0, low: null, high: null }]);
    expect(await renderPanel(panel)).toEqual({
      kind: 'sentence',
      text: expect.stringContaining('Nothing to draw') as string,
    });
    expect(linesFrame(panel).description).toContain('one: 1: 0');
    const many = Array.from({ length: SERIES_MAX + 3 }, (_, index) => ({
      ...{ name: `s${String(index)}`, role: 'curve' as const },
      points: [{ x: 1, y: index + 1, low: null, high: null }],
    }));
    expect(linesFrame(linesPanel({ series: many })).series).toHaveLength(SERIES_MAX);
  });

  it('describes itself in words, and gives the same bytes for the same figures', async () => {
    const svg = await svgOf(linesPanel());
    expect(svg).toMatch(/^<svg role="img" aria-label="Puts beside long reads: [^"]{100,}"/);
    expect(await svgOf(linesPanel())).toBe(svg);
  });
});

describe('a heat panel', () => {
  it('writes every figure, level and mark', async () => {
    const panel = heatPanel();
    const words = texts(await svgOf(panel));
    for (const cell of panel.cells) expect(words).toContain(cell.value.toLocaleString('en-US'));
    for (const text of [
      ...['100', '10,000', 'Batch limit, puts', 'Batch interval, ms', 'Throughput, puts/s:'],
      ...['framed: proposed: 10 ms, 1,000', '900 - 1,100'],
    ]) {
      expect(words).toContain(text);
    }
  });

  it('writes a short mark into its square, and frames one that is named below', async () => {
    const strokes = (svg: string): number =>
      svg.split(`stroke="${CHART_COLORS.published}" stroke-width="3"`).length - 1;
    const short = await svgOf(heatPanel({ marks: [{ x: 100, y: 1, label: 'grew 10% | 32%' }] }));
    expect(texts(short)).toContain('grew 10% | 32%');
    expect(strokes(short)).toBe(0);
    const long = heatPanel({ marks: [{ x: 100, y: 1, label: 'the default of etcd since 3.5' }] });
    expect(strokes(await svgOf(long))).toBe(1);
    const nowhere = heatPanel({ marks: [{ x: 7, y: 7, label: 'the default of etcd since 3.5' }] });
    expect(strokes(await svgOf(nowhere))).toBe(0);
  });

  it('is darkest where the figure is better, whichever way that is', async () => {
    const dark = (svg: string): number => svg.split(`fill="${CHART_COLORS.farthest}"`).length - 1;
    const cells = [1, 2, 3, 100].map((value, index) => ({
      ...{ x: index, y: 1, value, low: null, high: null },
    }));
    const color = { label: 'Put p99', unit: 'ms', scale: 'linear' } as const;
    // One square and its entry in the legend, or three of them.
    expect(dark(await svgOf(heatPanel({ cells, color, better: 'higher', marks: [] })))).toBe(2);
    expect(dark(await svgOf(heatPanel({ cells, color, better: 'lower', marks: [] })))).toBe(4);
  });

  it('says so where it has no cell', async () => {
    expect((await renderPanel(heatPanel({ cells: [] }))).kind).toBe('sentence');
  });
});

describe('standaloneSvg', () => {
  it('carries dark colours for every light one, inside the picture', async () => {
    for (const panel of [linesPanel(), heatPanel()]) {
      const svg = standaloneSvg(await svgOf(panel));
      expect(svg).toMatch(/^<svg [^>]*><style>@media screen and \(prefers-color-scheme:dark\)/);
      for (const color of Object.values(CHART_COLORS)) expect(svg).toContain(`[fill="${color}"]`);
      const painted = [...svg.matchAll(/ (?:fill|stroke)="(#[0-9a-f]+|[a-z]+)"/g)];
      const known = new Set<string>([...Object.values(CHART_COLORS), 'none', 'transparent']);
      expect(painted.filter(([, color]) => !known.has(color ?? ''))).toEqual([]);
    }
  });
});
