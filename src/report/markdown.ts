// The Markdown twin of the HTML page: the same facts in the same order, from the same model. Charts are
// referred to as charts/<claim-id>.svg. Every text passes escapeMarkdown; commands stand in code blocks.

import type { Chart } from './charts.ts';
import type { Fact } from './conditions.ts';
import { NOT_MEASURED } from './format.ts';
import { escapeMarkdown, printable } from './plain-text.ts';
import type {
  ClaimSection,
  Doubt,
  DrawnPicture,
  LoadSection,
  ReportModel,
  SurfaceSection,
} from './report-model.ts';
import type { Table } from './tables.ts';

export function renderMarkdown(model: ReportModel): string {
  const blocks = [
    model.banner === undefined ? '' : `> **${escapeMarkdown(model.banner)}**`,
    `# ${escapeMarkdown(model.title)}`,
    escapeMarkdown(model.subtitle),
    ...(model.load === undefined
      ? [verdicts(model.claims), ...model.claims.flatMap(claimBlocks)]
      : loadBlocks(model.load)),
    ...(model.surface === undefined ? [] : surfaceBlocks(model.surface)),
    '## Conditions',
    facts(model.conditions),
    ...model.tables.flatMap((entry) => tableBlocks(entry)),
    ...(model.load === undefined ? calibrationBlocks(model) : []),
    '## Untested',
    list(model.untested, 'Nothing that was planned was left out.'),
    '## Warnings',
    model.load === undefined ? 'Those of one claim stand in its section.' : '',
    doubts(model.doubts) || 'None.',
    '## Method',
    list(model.method, ''),
    '## Repeat this run',
    command(model.command),
    ...(model.rounds.length === 0 ? [] : ['## Raw rounds', ...model.rounds.flatMap(tableBlocks)]),
    `Written by kvtune. The data behind this page: ${model.sources}.`,
  ];
  return `${blocks.filter((block) => block !== '').join('\n\n')}\n`;
}

function calibrationBlocks({ calibration }: ReportModel): string[] {
  const known = calibration.length === 0 ? NOT_MEASURED : facts(calibration);
  return ['## Calibration against bbolt', known];
}

function loadBlocks({ verdictText, finding, panels, tables, doubts: own }: LoadSection): string[] {
  return [
    `## ${escapeMarkdown(verdictText)}`,
    escapeMarkdown(finding),
    ...panels.map(picture),
    ...tables.flatMap(tableBlocks),
    ...(own.length === 0 ? [] : ['### Warnings', doubts(own)]),
  ];
}

function verdicts(claims: readonly ClaimSection[]): string {
  if (claims.length === 0) return 'No claim has a verdict yet.';
  return table({
    caption: '',
    columns: ['Claim', 'Verdict', 'Published', 'Measured', 'Finding'].map((title) => ({
      title,
      align: 'left',
    })),
    rows: claims.map((claim) => [
      `${claim.title} (${claim.id})`,
      claim.verdictText,
      `${claim.published}, ${claim.publishedWhat}`,
      `${claim.measured}, ${claim.measuredWhat}`,
      claim.finding,
    ]),
  });
}

function claimBlocks(claim: ClaimSection): string[] {
  return [
    `## ${escapeMarkdown(claim.title)}: ${escapeMarkdown(claim.verdictText)}`,
    escapeMarkdown(claim.finding),
    ...(claim.caveats.length === 0 ? [] : ['### Before quoting it', list(claim.caveats, '')]),
    ...(claim.chart === undefined ? [] : [chart(claim.chart, claim.anchor)]),
    ...claim.panels.map(picture),
    '### Where it holds and where not',
    list(claim.limits, 'Too little was measured to say.'),
    ...(claim.doubts.length === 0 ? [] : ['### Warnings', doubts(claim.doubts)]),
    '### How it was judged',
    facts(claim.facts),
    '### Figures',
    ...figureTables(claim),
    '### Repeat this claim',
    command(claim.command),
  ];
}

function figureTables({ curve, arms, rows }: ClaimSection): string[] {
  const tables = [...(curve === undefined ? [] : [curve]), ...arms, ...rows];
  return tables.length === 0 ? ['Nothing was measured to its end.'] : tables.flatMap(tableBlocks);
}

function surfaceBlocks({ lead, sentences, bars, maps, table: cells }: SurfaceSection): string[] {
  return [
    '## The surface: where which freelist pays',
    escapeMarkdown(lead),
    ...maps.map(picture),
    '### Who should care',
    list(sentences, ''),
    '### The bitmap against the published two',
    list(bars, 'Too little was measured to say.'),
    ...tableBlocks(cells),
  ];
}

function picture({ id, title, chart: drawn }: DrawnPicture): string {
  if (drawn.kind === 'sentence') return `${escapeMarkdown(title)}: ${escapeMarkdown(drawn.text)}`;
  return `![${escapeMarkdown(title)}](charts/${id}.svg)`;
}

function chart(drawn: Chart, anchor: string): string {
  if (drawn.kind === 'sentence') return escapeMarkdown(drawn.text);
  return `![${escapeMarkdown(drawn.description)}](charts/${anchor}.svg)`;
}

function facts(entries: readonly Fact[]): string {
  return entries
    .map(({ label, value }) => `- **${escapeMarkdown(label)}:** ${escapeMarkdown(value)}`)
    .join('\n');
}

function list(items: readonly string[], otherwise: string): string {
  if (items.length === 0) return otherwise;
  return items.map((item) => `- ${escapeMarkdown(item)}`).join('\n');
}

function doubts(entries: readonly Doubt[]): string {
  return entries
    .map(({ where, message, remedy }) => {
      const cure = remedy === '' ? '' : ` Remedy: ${escapeMarkdown(remedy)}`;
      return `- **${escapeMarkdown(where)}:** ${escapeMarkdown(message)}${cure}`;
    })
    .join('\n');
}

// A fence longer than any run of backticks inside cannot be closed by what it holds.
function command(text: string): string {
  const line = printable(text);
  const longest = Math.max(0, ...[...line.matchAll(/`+/g)].map(([run]) => run.length));
  const fence = '`'.repeat(Math.max(3, longest + 1));
  return `${fence}sh\n${line}\n${fence}`;
}

function tableBlocks(entry: Table): string[] {
  return [`**${escapeMarkdown(entry.caption)}**`, table(entry)];
}

function table({ columns, rows }: Table): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [
    line(columns.map(({ title }) => escapeMarkdown(title))),
    line(columns.map(({ align }) => (align === 'right' ? '---:' : '---'))),
    ...rows.map((row) => line(row.map((cell) => escapeMarkdown(cell)))),
  ].join('\n');
}
