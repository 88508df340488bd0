// Panels, tables and caveats of a claim in every written form: pictures with axes, units, intervals and
// references; heat maps with every figure, marks and holes; and the same facts in HTML, Markdown, terminal.

import { describe, expect, it } from 'vitest';
import { claimSchema, type Claim, type HeatPanel, type LinesPanel } from '../record/schema.ts';
import { renderPanel } from './charts.ts';
import { linesFrame, SERIES_MAX } from './lines-chart.ts';
import { renderReport } from './report.ts';
import { renderTerminal } from './terminal.ts';
import { heatPanel, linesPanel } from './testing/panels.ts';
import { syntheticReport, type Fixture } from './testing/fixture.ts';

async function svgOf(panel: LinesPanel | HeatPanel): Promise<string> {
  const chart = await renderPanel(panel);
  if (chart.kind === 'sentence') throw new Error(chart.text);
  return chart.svg;
}

function texts(svg: string): string[] {
  return [...svg.matchAll(/<text[^>]*>([^<]*)<\/text>/g)].map(([, text]) => text ?? '');
}

/** A report whose one claim has panels, tables and caveats. */
function withPanels(over: Partial<Claim> = {}): Fixture {
  const fixture = syntheticReport();
  const [claim] = fixture.claims.claims;
  if (claim === undefined) throw new Error('the fixture has claims');
  const rows = {
    caption: 'Cost by arm',
    columns: [
      { title: 'Arm', unit: '' },
      { title: 'Put', unit: 'us' },
    ],
    rows: [
      ['before', 1234.5],
      ['after', null],
    ],
  };
  fixture.claims.claims = [
    claimSchema.parse({
      ...claim,
      ...{ id: 'batch-sweep', arms: [], curve: [], panels: [linesPanel(), heatPanel()] },
      ...{ rows: [rows], caveats: ['etcd has this since 3.4'], ...over },
    }),
  ];
  return fixture;
}

describe('a lines panel', () => {
  it('names axes with units, series, first and last figures, and references', async () => {
    const words = texts(await svgOf(linesPanel())).join('\n');
    for (const text of [
      'Readers',
      'Puts, 1/s (log scale)',
      'global',
      'concurrent',
      '1,000 1/s',
      '29,500 1/s',
    ])
      expect(words).toContain(text);
    expect(words).toContain('published: +70%');
  });

  it('draws on linear axes too, from zero', async () => {
    const panel = linesPanel({ y: { label: 'Share', unit: '%', scale: 'linear' } });
    const words = texts(await svgOf(panel));
    expect(words).toContain('0');
    expect(words).toContain('Share, %');
    expect(words).toContain('20k');
  });

  it('leaves what a log axis cannot show out of the picture, not out of its words', async () => {
    const panel = linesPanel({
      series: [{ name: 'one', role: 'labelled', points: [{ x: 1, y: 0, low: null, high: null }] }],
    });
    expect(await renderPanel(panel)).toEqual({
      kind: 'sentence',
      text: expect.any(String) as string,
    });
    expect(linesFrame(panel).description).toContain('one: 1: 0');
    const many = Array.from({ length: SERIES_MAX + 3 }, (_, index) => ({
      ...{ name: `s${String(index)}`, role: 'curve' as const },
      points: [{ x: 1, y: index + 1, low: null, high: null }],
    }));
    expect(linesFrame(linesPanel({ series: many })).series).toHaveLength(SERIES_MAX);
  });
});

describe('a heat panel', () => {
  it('writes every figure, level and mark', async () => {
    const panel = heatPanel();
    const svg = await svgOf(panel);
    const words = texts(svg);
    for (const cell of panel.cells) expect(words).toContain(cell.value.toLocaleString('en-US'));
    for (const text of [
      '100',
      '10,000',
      'Batch limit, puts',
      'Batch interval, ms',
      'Throughput, puts/s:',
    ])
      expect(words).toContain(text);
    expect(words).toContain('framed: proposed: 10 ms, 1,000');
    expect(words).toContain('900 - 1,100');
  });

  it('is darkest where the figure is better, whichever way that is', async () => {
    const dark = (svg: string): number => svg.split('fill="#5f95df"').length - 1;
    const cells = [1, 2, 3, 100].map((value, index) => ({
      x: index,
      y: 1,
      value,
      low: null,
      high: null,
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

describe('a report with panels', () => {
  it('holds pictures, tables and caveats in HTML and Markdown alike', async () => {
    const { html, markdown, svgs } = await renderReport(withPanels());
    expect(Object.keys(svgs)).toEqual(['batch-sweep-puts', 'batch-sweep-grid']);
    expect(markdown).toContain('(charts/batch-sweep-puts.svg)');
    expect(markdown).toContain('(charts/batch-sweep-grid.svg)');
    for (const text of [html, markdown]) {
      expect(text).toContain('Before quoting it');
      expect(text).toContain('etcd has this since 3.4');
      expect(text).toContain('Cost by arm');
      expect(text).toContain('Put, us');
      expect(text).toContain('1,230');
      expect(text).toContain('not measured');
      expect(text).not.toContain('no curve to draw');
    }
  });

  it('says in words that nobody published a figure, wherever one would stand', async () => {
    const published = { value: 1, unit: 'x', words: 'no figure', what: 'gain', source: 'none' };
    const input = withPanels({ published });
    const { html, markdown } = await renderReport(input);
    for (const text of [html, markdown, renderTerminal(input, { color: false })]) {
      expect(text).toContain('no figure');
      expect(text).not.toMatch(/Published<\/dt><dd><strong>1x/);
    }
  });

  it('escapes what a file holds', async () => {
    const caveats = ['<script>alert(1)</script>'];
    const [first] = [linesPanel({ title: '<b>x</b>', references: [{ y: 5, label: '<i>y</i>' }] })];
    const { html, svgs } = await renderReport(withPanels({ caveats, panels: [first] }));
    expect(html).not.toMatch(/<script|<b>x|<i>y/);
    expect(Object.values(svgs).join('')).not.toContain('<i>y');
  });

  it('prints its tables in a terminal, but none that is too wide', () => {
    const input = withPanels();
    expect(renderTerminal(input, { color: false })).toMatch(
      /Cost by arm\n.*Arm +Put, us\n[\s\S]*before +1,230/,
    );
    const [claim] = input.claims.claims;
    const columns = Array.from({ length: 20 }, (_, index) => ({
      title: `column${String(index)}`,
      unit: '',
    }));
    const wide = { caption: 'Wide', columns, rows: [columns.map(() => 'cell')] };
    input.claims.claims = claim === undefined ? [] : [{ ...claim, rows: [wide] }];
    const text = renderTerminal(input, { color: true });
    expect(text).not.toContain('column3');
  });
});
