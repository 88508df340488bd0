import { describe, expect, it } from 'vitest';
import type { Claim } from '../record/schema.ts';
import { renderChart } from './charts.ts';
import { CHART_COLORS, standaloneSvg } from './chart-theme.ts';
import { syntheticReport } from './testing/fixture.ts';

function claimOf(id: string): Claim {
  const claim = syntheticReport().claims.claims.find((entry) => entry.id === id);
  if (claim === undefined) throw new Error(`the fixture has no claim ${id}`);
  return claim;
}

async function svgOf(claim: Claim): Promise<string> {
  const chart = await renderChart(claim);
  return chart.kind === 'picture' ? chart.svg : '';
}

const caps = (svg: string): number =>
  svg.match(/d="M-7\.071,0L7\.071,0"/g)?.length ?? svg.match(/mark-symbol/g)?.length ?? 0;

describe('renderChart', () => {
  it('names axes with units, the published value, the band and the other cells', async () => {
    const svg = await svgOf(claimOf('freelist-24x'));
    for (const text of [
      'Database size, GB (log scale)',
      'Completion time, array / hashmap (log scale)',
      'published: 24x',
      'shaded: 16x to 36x',
      '1x: no difference',
      'worst case 22x',
      'small values 0.38x',
      'main cell, decides the verdict',
    ]) {
      expect(svg).toContain(`>${text}</text>`);
    }
    for (const size of [2, 8, 25, 50, 100]) expect(svg).toContain(`>${String(size)}</text>`);
  });

  it('draws a line an arm for the capacity claim, and what was published', async () => {
    const svg = await svgOf(claimOf('capacity-50x'));
    for (const text of ['array', 'hashmap', 'hashmap 1.13x', 'published: as at 2 GB']) {
      expect(svg).toContain(`>${text}</text>`);
    }
    expect(svg).toContain(CHART_COLORS.first);
    expect(svg).toContain(CHART_COLORS.second);
  });

  it('draws a curve of one point', async () => {
    const claim = claimOf('freelist-24x');
    claim.curve = claim.curve.slice(0, 1);
    const svg = await svgOf(claim);
    expect(svg).toContain('>1.02x</text>');
    expect(svg).not.toMatch(/NaN|Infinity/);
  });

  it('draws no bar where an interval is missing, and no point where a value is', async () => {
    const claim = claimOf('freelist-24x');
    const whole = caps(await svgOf(claim));
    for (const point of claim.curve) Object.assign(point, { low: null, high: NaN });
    const [first] = claim.curve;
    if (first !== undefined) first.value = NaN;
    const svg = await svgOf(claim);
    expect(caps(svg)).toBeLessThan(whole);
    expect(svg).not.toMatch(/NaN|null|Infinity/);
    expect(svg).toContain('>18x</text>');
    expect(svg).not.toContain('>1.02x</text>');
  });

  it.each(['freelist-24x', 'capacity-50x'])('says so in words without a point: %s', async (id) => {
    const chart = await renderChart({ ...claimOf(id), curve: [] });
    expect(chart).toEqual({ kind: 'sentence', text: expect.stringMatching(/\.$/) as string });
  });

  it('gives the same bytes for the same figures', async () => {
    expect(await svgOf(claimOf('freelist-24x'))).toBe(await svgOf(claimOf('freelist-24x')));
  });
});

describe('standaloneSvg', () => {
  it('carries dark colours for every light one, inside the picture', async () => {
    const svg = standaloneSvg(await svgOf(claimOf('freelist-24x')));
    expect(svg).toMatch(/^<svg [^>]*><style>@media screen and \(prefers-color-scheme:dark\)/);
    for (const color of Object.values(CHART_COLORS)) expect(svg).toContain(`[fill="${color}"]`);
    const painted = [...svg.matchAll(/ (?:fill|stroke)="(#[0-9a-f]+|[a-z]+)"/g)].map(([, c]) => c);
    const known = new Set<string>([...Object.values(CHART_COLORS), 'none', 'transparent']);
    expect(painted.filter((color) => !known.has(color ?? ''))).toEqual([]);
  });
});
