// A run's report in all its written forms, as strings: one HTML page, its Markdown twin, a picture for each
// panel. Pure but for vega, which needs a promise to draw; files are written by src/record.

import type { Answer } from '../record/answer.ts';
import { standaloneSvg } from './chart-theme.ts';
import { renderPanel } from './charts.ts';
import { renderHtml } from './html.ts';
import { renderMarkdown } from './markdown.ts';
import { slug } from './plain-text.ts';
import { buildModel, type Picture, type ReportInput } from './report-model.ts';

export interface Report {
  readonly html: string;
  readonly markdown: string;
  /** By question and panel, made safe as a file name: Markdown refers to charts/<key>.svg. */
  readonly svgs: Readonly<Record<string, string>>;
}

/** Renders what there is: a run that stopped early, or has no round yet, gets a report as well. */
export async function renderReport(input: ReportInput): Promise<Report> {
  const pictures = new Map<Answer, readonly Picture[]>();
  const svgs: Record<string, string> = {};
  for (const answer of input.answers.answers) {
    const drawn: Picture[] = [];
    for (const panel of answer.panels) {
      const id = unused(slug(`${answer.question}-${panel.id}`), svgs);
      const chart = await renderPanel(panel);
      drawn.push({ id, title: panel.title, chart });
      if (chart.kind === 'picture') svgs[id] = standaloneSvg(chart.svg);
    }
    pictures.set(answer, drawn);
  }
  const model = buildModel(input, pictures);
  return { html: renderHtml(model), markdown: renderMarkdown(model), svgs };
}

/** Names that differ only in what no file name may hold get numbers. */
function unused(id: string, taken: Readonly<Record<string, string>>): string {
  let name = id;
  for (let number = 2; Object.hasOwn(taken, name); number++) name = `${id}-${String(number)}`;
  return name;
}
