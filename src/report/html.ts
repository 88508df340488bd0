// The report as one HTML page: no script, nothing loaded, works from a file. Owns structure and order
// (verdicts first); facts come from report-model.ts, looks from style.ts. Every text passes escapeHtml;
// the charts' SVG alone is inserted as it is, because charts.ts made it.

import type { Verdict } from '../record/schema.ts';
import type { Chart } from './charts.ts';
import type { Fact } from './conditions.ts';
import { NOT_MEASURED } from './format.ts';
import { escapeHtml } from './plain-text.ts';
import type {
  ClaimSection,
  Doubt,
  DrawnPicture,
  LoadSection,
  ReportModel,
  SurfaceSection,
} from './report-model.ts';
import { PAGE_STYLE } from './style.ts';
import type { Table } from './tables.ts';

const TONES: Readonly<Record<Verdict, 'good' | 'warn' | 'bad'>> = {
  reproduced: 'good',
  exceeded: 'good',
  partly: 'warn',
  'not-reproduced': 'bad',
  inconclusive: 'warn',
  invalid: 'bad',
};

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
${model.load === undefined ? claimSections(model) : loadSection(model.load)}
${model.surface === undefined ? '' : surfaceSection(model.surface)}
${conditionsSection(model)}
${model.load === undefined ? calibrationSection(model) : ''}
<section aria-labelledby="untested">
<h2 id="untested">Untested</h2>
${list(model.untested, 'Nothing that was planned was left out.')}
</section>
<section aria-labelledby="warnings">
<h2 id="warnings">Warnings</h2>
${model.load === undefined ? '<p>Those of one claim stand in its section.</p>' : ''}
${doubts(model.doubts) || '<p>None.</p>'}
</section>
${closing(model)}
</main>
</body>
</html>
`;
}

function claimSections({ claims }: ReportModel): string {
  return `<section class="cards" aria-label="Verdicts">
${claims.map(card).join('\n')}
</section>
${claims.length === 0 ? '<p>No claim has a verdict yet.</p>' : ''}
${claims.map(claimSection).join('\n')}`;
}

function calibrationSection({ calibration }: ReportModel): string {
  return `<section aria-labelledby="calibration">
<h2 id="calibration">Calibration against bbolt</h2>
${calibration.length === 0 ? `<p>${NOT_MEASURED}</p>` : facts(calibration)}
</section>`;
}

function loadSection(load: LoadSection): string {
  const tag = `<span class="badge ${load.tone}">${escapeHtml(load.verdictText)}</span>`;
  return `<section class="cards" aria-label="Verdict">
<article class="card">
<div>${tag}<span class="id">${escapeHtml(load.id)}</span></div>
<p>${escapeHtml(load.finding)}</p>
</article>
</section>
<section aria-labelledby="figures">
<h2 id="figures">Figures</h2>
${load.panels.map(pictureFigure).join('\n')}
${load.tables.map(table).join('\n')}
${load.doubts.length === 0 ? '' : `<h3>Warnings</h3>${doubts(load.doubts)}`}
</section>`;
}

function card(claim: ClaimSection): string {
  return `<article class="card">
<div>${badge(claim)}<span class="id">${escapeHtml(claim.id)}</span></div>
<h2><a href="#${claim.anchor}">${escapeHtml(claim.title)}</a></h2>
<p>${escapeHtml(claim.finding)}</p>
<dl class="pair">
<div><dt>Published</dt><dd><strong>${escapeHtml(claim.published)}</strong>${escapeHtml(claim.publishedWhat)}</dd></div>
<div><dt>Measured</dt><dd><strong>${estimate(claim.measured)}</strong>${escapeHtml(claim.measuredWhat)}</dd></div>
</dl>
</article>`;
}

function claimSection(claim: ClaimSection): string {
  const heading = `${claim.anchor}-title`;
  return `<section id="${claim.anchor}" aria-labelledby="${heading}">
<h2 id="${heading}">${escapeHtml(claim.title)} ${badge(claim)}</h2>
<p>${escapeHtml(claim.finding)}</p>
${claim.caveats.length === 0 ? '' : `<h3>Before quoting it</h3>${list(claim.caveats, '')}`}
${claim.chart === undefined ? '' : chart(claim.chart)}
${claim.panels.map(pictureFigure).join('\n')}
<h3>Where it holds and where not</h3>
${list(claim.limits, 'Too little was measured to say.')}
${claim.doubts.length === 0 ? '' : `<h3>Warnings</h3>${doubts(claim.doubts)}`}
<h3>How it was judged</h3>
${facts(claim.facts)}
<h3>Figures</h3>
${figureTables(claim)}
<h3>Repeat this claim</h3>
${command(claim.command)}
</section>`;
}

function surfaceSection({ lead, sentences, bars, maps, table: cells }: SurfaceSection): string {
  return `<section id="surface" aria-labelledby="surface-title">
<h2 id="surface-title">The surface: where which freelist pays</h2>
<p>${escapeHtml(lead)}</p>
${maps.map(pictureFigure).join('\n')}
<h3>Who should care</h3>
${list(sentences, '')}
<h3>The bitmap against the published two</h3>
${list(bars, 'Too little was measured to say.')}
<details><summary>${escapeHtml(cells.caption)}</summary>${table(cells)}</details>
</section>`;
}

function pictureFigure({ title, chart: drawn }: DrawnPicture): string {
  if (drawn.kind === 'sentence') return `<p>${escapeHtml(drawn.text)}</p>`;
  return `<figure class="map">${drawn.svg}<figcaption>${escapeHtml(title)}</figcaption></figure>`;
}

function figureTables({ curve, arms, rows }: ClaimSection): string {
  const tables = [...(curve === undefined ? [] : [curve]), ...arms, ...rows];
  return tables.length === 0
    ? '<p>Nothing was measured to its end.</p>'
    : tables.map(table).join('\n');
}

function chart(drawn: Chart): string {
  if (drawn.kind === 'sentence') return `<p>${escapeHtml(drawn.text)}</p>`;
  return `<figure>${drawn.svg}<figcaption>Bars are intervals; the table below holds the same figures.</figcaption></figure>`;
}

function conditionsSection(model: ReportModel): string {
  return `<section aria-labelledby="conditions">
<h2 id="conditions">Conditions</h2>
${facts(model.conditions)}
<h3>What was measured</h3>
${model.tables.map(table).join('\n')}
</section>`;
}

function closing(model: ReportModel): string {
  const rounds = model.rounds.map(
    (raw) => `<details><summary>${escapeHtml(raw.caption)}</summary>${table(raw)}</details>`,
  );
  return `<section aria-labelledby="method">
<h2 id="method">Method</h2>
${list(model.method, '')}
</section>
<section aria-labelledby="repeat">
<h2 id="repeat">Repeat this run</h2>
${command(model.command)}
</section>
${rounds.length === 0 ? '' : `<h2>Raw rounds</h2>${rounds.join('\n')}`}
<footer>Written by kvtune. The data behind this page: ${model.sources}.</footer>`;
}

function badge({ verdict, verdictText }: ClaimSection): string {
  return `<span class="badge ${TONES[verdict]}">${escapeHtml(verdictText)}</span>`;
}

// The figure large, its interval beside it smaller.
function estimate(text: string): string {
  const at = text.indexOf(' [');
  if (at < 0) return escapeHtml(text);
  return `${escapeHtml(text.slice(0, at))} <span class="interval">${escapeHtml(text.slice(at + 1))}</span>`;
}

function facts(entries: readonly Fact[]): string {
  const rows = entries.map(
    ({ label, value }) => `<dt>${escapeHtml(label)}</dt><dd>${escapeHtml(value)}</dd>`,
  );
  return `<dl class="facts">${rows.join('\n')}</dl>`;
}

function list(items: readonly string[], otherwise: string): string {
  if (items.length === 0) return `<p>${escapeHtml(otherwise)}</p>`;
  return `<ul>${items.map((item) => `<li>${escapeHtml(item)}</li>`).join('\n')}</ul>`;
}

function doubts(entries: readonly Doubt[]): string {
  if (entries.length === 0) return '';
  const items = entries.map(({ where, message, remedy }) => {
    const cure = remedy === '' ? '' : ` <span class="remedy">Remedy: ${escapeHtml(remedy)}</span>`;
    return `<li><strong>${escapeHtml(where)}:</strong> ${escapeHtml(message)}${cure}</li>`;
  });
  return `<ul>${items.join('\n')}</ul>`;
}

function command(text: string): string {
  return `<pre><code>${escapeHtml(text)}</code></pre>`;
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
