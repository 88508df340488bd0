// The panels of an answer as SVG text. Turns a specification into a picture; what stands on it is
// lines-chart.ts and heat-chart.ts, how lines are laid out chart-frame.ts. A panel without a drawable
// point gets a sentence instead of an empty frame.

import type { TopLevelSpec } from 'vega-lite';
import type { Panel } from '../record/answer.ts';
import { frameSpec } from './chart-frame.ts';
import { heatDescription, heatSpec } from './heat-chart.ts';
import { linesFrame } from './lines-chart.ts';
import { escapeHtml } from './plain-text.ts';

export type Chart =
  | { readonly kind: 'picture'; readonly svg: string; readonly description: string }
  | { readonly kind: 'sentence'; readonly text: string };

const NOTHING: Chart = {
  kind: 'sentence',
  text: 'Nothing to draw: no cell was measured to its end.',
};

/** Draws in light colours (chart-theme.ts holds the dark ones); a few tens of milliseconds a chart. */
export async function renderPanel(panel: Panel): Promise<Chart> {
  if (panel.kind === 'heat') {
    if (panel.cells.length === 0) return NOTHING;
    return drawn(heatSpec(panel), heatDescription(panel));
  }
  const frame = linesFrame(panel);
  return frame.series.length === 0 ? NOTHING : drawn(frameSpec(frame), frame.description);
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
