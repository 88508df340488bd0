// The report as one HTML page: no script, nothing loaded, works from a file. Owns markup; what stands on it
// and in which order comes from report-model.ts, looks from style.ts. Every text passes escapeHtml; the
// charts' SVG alone is inserted as it is, because charts.ts made it.

import type { Fact } from './conditions.ts';
import { escapeHtml } from './plain-text.ts';
import type { Badge, Block, Card, Doubt, Picture, ReportModel } from './report-model.ts';
import { PAGE_STYLE } from './style.ts';
import type { Table } from './tables.ts';

export function renderHtml(model: ReportModel): string {
  const banner =
    model.banner === undefined
      ? ''
      : `<p class="banner" role="status">${escapeHtml(model.banner)}</p>`;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="color-scheme" content="light dark">
<title>kvtune: ${escapeHtml(model.title)}</title>
<style>${PAGE_STYLE}</style>
</head>
<body>
<main>
<header>
${banner}
<h1>${escapeHtml(model.title)}</h1>
<p class="sub">${escapeHtml(model.subtitle)}</p>
</header>
<section class="cards" aria-label="Verdicts">
${model.cards.map(card).join('\n')}
</section>
${sections(model.blocks)}
<footer>${escapeHtml(model.footer)}</footer>
</main>
</body>
</html>
`;
}

/** A section from each heading of the second level to the next. */
function sections(blocks: readonly Block[]): string {
  let closing = '';
  const parts = blocks.map((block) => {
    if (block.kind !== 'heading' || block.level !== 2) return blockHtml(block);
    const id = `${block.anchor}-title`;
    const badge = block.badge === undefined ? '' : ` ${badgeHtml(block.badge)}`;
    const opening = `${closing}<section id="${block.anchor}" aria-labelledby="${id}">
<h2 id="${id}">${escapeHtml(block.text)}${badge}</h2>`;
    closing = '</section>\n';
    return opening;
  });
  return `${parts.join('\n')}\n${closing}`;
}

function blockHtml(block: Block): string {
  switch (block.kind) {
    case 'heading':
      return `<h3>${escapeHtml(block.text)}</h3>`;
    case 'text':
      return `<p>${escapeHtml(block.text)}</p>`;
    case 'list':
      return `<ul>${block.items.map((item) => `<li>${escapeHtml(item)}</li>`).join('\n')}</ul>`;
    case 'facts':
      return facts(block.facts);
    case 'doubts':
      return `<ul>${block.doubts.map(doubt).join('\n')}</ul>`;
    case 'table': {
      if (!block.folded) return table(block.table);
      const summary = `<summary>${escapeHtml(block.table.caption)}</summary>`;
      return `<details>${summary}${table(block.table)}</details>`;
    }
    case 'picture':
      return picture(block.picture);
    case 'command':
      return `<pre><code>${escapeHtml(block.text)}</code></pre>`;
  }
}

function card(entry: Card): string {
  const pair = (label: string, figure: string, what: string): string =>
    figure === ''
      ? ''
      : `<div><dt>${label}</dt><dd><strong>${estimate(figure)}</strong>${escapeHtml(what)}</dd></div>`;
  return `<article class="card">
<div>${badgeHtml(entry.badge)}<span class="id">${escapeHtml(entry.id)}</span></div>
<h2><a href="#${entry.anchor}">${escapeHtml(entry.title)}</a></h2>
<p>${escapeHtml(entry.finding)}</p>
<dl class="pair">
${pair('Published', entry.published, entry.publishedWhat)}
${pair('Measured', entry.measured, entry.measuredWhat)}
</dl>
</article>`;
}

function badgeHtml({ tone, text }: Badge): string {
  return `<span class="badge ${tone}">${escapeHtml(text)}</span>`;
}

// The figure large, its interval beside it smaller.
function estimate(text: string): string {
  const [, figure = text, interval = ''] = /^(.*?)( [[(].*)?$/s.exec(text) ?? [];
  if (interval === '') return escapeHtml(figure);
  return `${escapeHtml(figure)} <span class="interval">${escapeHtml(interval)}</span>`;
}

function picture({ title, chart }: Picture): string {
  if (chart.kind === 'sentence') return `<p>${escapeHtml(`${title}: ${chart.text}`)}</p>`;
  return `<figure>${chart.svg}<figcaption>${escapeHtml(title)}</figcaption></figure>`;
}

function facts(entries: readonly Fact[]): string {
  const rows = entries.map(
    ({ label, value }) => `<dt>${escapeHtml(label)}</dt><dd>${escapeHtml(value)}</dd>`,
  );
  return `<dl class="facts">${rows.join('\n')}</dl>`;
}

function doubt({ where, message, remedy }: Doubt): string {
  const cure = remedy === '' ? '' : ` <span class="remedy">Remedy: ${escapeHtml(remedy)}</span>`;
  return `<li><strong>${escapeHtml(where)}:</strong> ${escapeHtml(message)}${cure}</li>`;
}

function table({ caption, columns, rows }: Table): string {
  const side = (index: number): string => (columns[index]?.align === 'right' ? ' class="num"' : '');
  const head = columns.map(({ title }, i) => `<th scope="col"${side(i)}>${escapeHtml(title)}</th>`);
  const body = rows.map((row) => {
    const cells = row.map((cell, i) =>
      i === 0
        ? `<th scope="row"${side(i)}>${escapeHtml(cell)}</th>`
        : `<td${side(i)}>${escapeHtml(cell)}</td>`,
    );
    return `<tr>${cells.join('')}</tr>`;
  });
  return `<div class="scroll" role="region" tabindex="0" aria-label="${escapeHtml(caption)}">
<table><caption>${escapeHtml(caption)}</caption>
<thead><tr>${head.join('')}</tr></thead>
<tbody>${body.join('\n')}</tbody></table></div>`;
}
