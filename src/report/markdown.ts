// The Markdown twin of the HTML page: the same facts in the same order, from the same model. Charts are
// referred to as charts/<id>.svg. Every text passes escapeMarkdown; commands stand in code blocks.

import { escapeMarkdown, printable } from './plain-text.ts';
import type { Block, Card, Picture, ReportModel } from './report-model.ts';
import type { Table } from './tables.ts';

export function renderMarkdown(model: ReportModel): string {
  const blocks = [
    model.banner === undefined ? '' : `> **${escapeMarkdown(model.banner)}**`,
    `# ${escapeMarkdown(model.title)}`,
    escapeMarkdown(model.subtitle),
    model.cards.length === 0 ? '' : table(cardTable(model.cards)),
    ...model.blocks.map(blockText),
    escapeMarkdown(model.footer),
  ];
  return `${blocks.filter((block) => block !== '').join('\n\n')}\n`;
}

function blockText(block: Block): string {
  switch (block.kind) {
    case 'heading': {
      const verdict = block.badge === undefined ? '' : `: ${escapeMarkdown(block.badge.text)}`;
      return `${'#'.repeat(block.level)} ${escapeMarkdown(block.text)}${verdict}`;
    }
    case 'text':
      return escapeMarkdown(block.text);
    case 'list':
      return block.items.map((item) => `- ${escapeMarkdown(item)}`).join('\n');
    case 'facts':
      return block.facts.map(({ label, value }) => labelled(label, value)).join('\n');
    case 'doubts':
      return block.doubts
        .map(({ where, message, remedy }) =>
          labelled(where, remedy === '' ? message : `${message} Remedy: ${remedy}`),
        )
        .join('\n');
    case 'table':
      return `**${escapeMarkdown(block.table.caption)}**\n\n${table(block.table)}`;
    case 'picture':
      return picture(block.picture);
    case 'command':
      return command(block.text);
  }
}

function cardTable(cards: readonly Card[]): Table {
  const figure = (value: string, what: string): string =>
    [value, what].filter((part) => part !== '').join(', ');
  const columns: readonly (readonly [title: string, text: (card: Card) => string])[] = [
    ['Verdict', ({ badge }) => badge.text],
    ['Question', ({ title, id }) => `${title} (${id})`],
    ['Published', ({ published, publishedWhat }) => figure(published, publishedWhat)],
    ['Measured', ({ measured, measuredWhat }) => figure(measured, measuredWhat)],
    ['Finding', ({ finding }) => finding],
  ];
  // A comparison has nothing published: no column for it.
  const shown = columns.filter(([, text]) => cards.some((card) => text(card) !== ''));
  return {
    caption: '',
    columns: shown.map(([title]) => ({ title, align: 'left' })),
    rows: cards.map((card) => shown.map(([, text]) => text(card))),
  };
}

function labelled(label: string, value: string): string {
  return `- **${escapeMarkdown(label)}:** ${escapeMarkdown(value)}`;
}

function picture({ id, title, chart }: Picture): string {
  if (chart.kind === 'sentence') return `${escapeMarkdown(title)}: ${escapeMarkdown(chart.text)}`;
  return `![${escapeMarkdown(title)}](charts/${id}.svg)`;
}

// A fence longer than any run of backticks inside cannot be closed by what it holds.
function command(text: string): string {
  const line = printable(text);
  const longest = Math.max(0, ...[...line.matchAll(/`+/g)].map(([run]) => run.length));
  const fence = '`'.repeat(Math.max(3, longest + 1));
  return `${fence}sh\n${line}\n${fence}`;
}

function table({ columns, rows }: Table): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [
    line(columns.map(({ title }) => escapeMarkdown(title))),
    line(columns.map(({ align }) => (align === 'right' ? '---:' : '---'))),
    ...rows.map((row) => line(row.map((cell) => escapeMarkdown(cell)))),
  ].join('\n');
}
