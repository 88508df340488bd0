// A run's report in all its written forms, as strings: one HTML page, its Markdown twin, a picture a
// claim. Pure but for vega, which needs a promise to draw; files are written by src/record.

import type { Claim } from '../record/schema.ts';
import { standaloneSvg } from './chart-theme.ts';
import { renderChart, renderMap, renderPanel, type Chart } from './charts.ts';
import { renderHtml } from './html.ts';
import { renderMarkdown } from './markdown.ts';
import { slug } from './plain-text.ts';
import { buildModel, type DrawnPicture, type ReportInput } from './report-model.ts';
import { surfaceMaps } from './surface-chart.ts';

export interface Report {
  readonly html: string;
  readonly markdown: string;
  /**
   * By claim id, made safe as a file name, with a panel's id behind it, or by a map's id: Markdown
   * refers to charts/<key>.svg.
   */
  readonly svgs: Readonly<Record<string, string>>;
}

/** Renders what there is: a run that stopped early, or has no round yet, gets a report as well. */
export async function renderReport(input: ReportInput): Promise<Report> {
  const charts = new Map<Claim, Chart>();
  const panels = new Map<Claim, readonly DrawnPicture[]>();
  const svgs: Record<string, string> = {};
  for (const claim of input.claims.claims) {
    const drawn = await drawnPanels(claim);
    panels.set(claim, drawn);
    for (const { id, chart } of drawn) {
      if (chart.kind === 'picture') svgs[id] = standaloneSvg(chart.svg);
    }
    // Where a claim has panels they are its charts.
    if (drawn.length > 0) continue;
    const chart = await renderChart(claim);
    charts.set(claim, chart);
    if (chart.kind === 'picture') svgs[slug(claim.id)] = standaloneSvg(chart.svg);
  }
  const maps: DrawnPicture[] = [];
  for (const map of input.claims.surface === undefined ? [] : surfaceMaps(input.claims.surface)) {
    const chart = await renderMap(map);
    maps.push({ id: map.id, title: map.title, chart });
    if (chart.kind === 'picture') svgs[map.id] = standaloneSvg(chart.svg);
  }
  const model = buildModel(input, { charts, panels, maps });
  return { html: renderHtml(model), markdown: renderMarkdown(model), svgs };
}

async function drawnPanels(claim: Claim): Promise<DrawnPicture[]> {
  const drawn: DrawnPicture[] = [];
  for (const panel of claim.panels ?? []) {
    const id = slug(`${claim.id}-${panel.id}`);
    drawn.push({ id, title: panel.title, chart: await renderPanel(panel) });
  }
  return drawn;
}
