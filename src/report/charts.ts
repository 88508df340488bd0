// The charts of a claim, as SVG text: one of its curve, one a panel. Owns which claim gets which chart, and
// turns a specification into a picture; what stands on it is ratio-chart.ts, capacity-chart.ts,
// lines-chart.ts and heat-chart.ts, how lines are laid out chart-frame.ts.
// A claim without a drawable point gets a sentence instead of an empty frame.

import type { TopLevelSpec } from 'vega-lite';
import type { Claim, Panel } from '../record/schema.ts';
import { capacityFrame } from './capacity-chart.ts';
import { frameSpec, type Frame } from './chart-frame.ts';
import { heatDescription, heatSpec } from './heat-chart.ts';
import { linesFrame } from './lines-chart.ts';
import { escapeHtml } from './plain-text.ts';
import { ratioFrame } from './ratio-chart.ts';
import type { SurfaceMap } from './surface-chart.ts';

export type Chart =
  | { readonly kind: 'picture'; readonly svg: string; readonly description: string }
  | { readonly kind: 'sentence'; readonly text: string };

const NOTHING: Chart = {
  kind: 'sentence',
  text: 'Nothing to draw: no cell was measured to its end.',
};

const FRAMES: ReadonlyMap<string, (claim: Claim) => Frame> = new Map([
  ['freelist-24x', ratioFrame],
  ['capacity-50x', capacityFrame],
]);

/** Draws in light colours (chart-theme.ts holds the dark ones); a few tens of milliseconds a chart. */
export async function renderChart(claim: Claim): Promise<Chart> {
  const frame = FRAMES.get(claim.id)?.(claim);
  if (frame === undefined) return { kind: 'sentence', text: 'This claim has no curve to draw.' };
  if (frame.series.length === 0) {
    return { kind: 'sentence', text: 'Nothing to draw: no size was measured to its end.' };
  }
  return drawn(frameSpec(frame), frame.description);
}

export async function renderPanel(panel: Panel): Promise<Chart> {
  if (panel.kind === 'heat') {
    if (panel.cells.length === 0) return NOTHING;
    return drawn(heatSpec(panel), heatDescription(panel));
  }
  const frame = linesFrame(panel);
  return frame.series.length === 0 ? NOTHING : drawn(frameSpec(frame), frame.description);
}

export async function renderMap({ spec, description }: SurfaceMap): Promise<Chart> {
  return drawn(spec, description);
}

async function drawn(spec: TopLevelSpec, description: string): Promise<Chart> {
  return { kind: 'picture', svg: named(await renderSvg(spec), description), description };
}

// Loaded when the first chart is drawn: the two take a quarter of a second that no other command pays.
async function renderSvg(spec: TopLevelSpec): Promise<string> {
  const [{ View, parse }, { compile }] = await Promise.all([import('vega'), import('vega-lite')]);
  const view = new View(parse(compile(spec).spec), { renderer: 'none' });
  const svg = await view.toSVG();
  view.finalize();
  return svg;
}

// One image with one description; without this a screen reader meets a hundred nameless marks.
function named(svg: string, description: string): string {
  return svg.replace(/^<svg\b/, `<svg role="img" aria-label="${escapeHtml(description)}"`);
}
