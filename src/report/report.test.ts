// Reports of claims and comparisons in HTML and Markdown: the same facts in both, verdicts first, nothing
// loaded; and input that is unfinished, damaged, hostile or endless.

import { describe, expect, it } from 'vitest';
import { answerSchema } from '../record/answer.ts';
import { renderReport, type Report } from './report.ts';
import {
  claimsReport,
  comparisonReport,
  emptyReport,
  estimate,
  interruptedReport,
  partlyMeasuredReport,
  type Fixture,
} from './testing/fixture.ts';
import { linesPanel } from './testing/panels.ts';

const HOSTILE = `<script>alert(1)</script>"'><img src=x onerror=alert(1)>|\`**[a](javascript:x)`;
const NO_FIGURE = /\b(NaN|undefined|Infinity|null)\b/;

/** What of a long text matches, so that a failure shows the match and not the page. */
function found(text: string, pattern: RegExp): string | undefined {
  const at = text.search(pattern);
  return at < 0 ? undefined : text.slice(Math.max(0, at - 60), at + 60);
}

function texts(report: Report): string[] {
  return [report.html, report.markdown, ...Object.values(report.svgs)];
}

/** Every string of a value replaced, but for the closed words a reader of the file would check. */
function poisoned<T>(value: T, kept: ReadonlySet<string>): T {
  const walk = (part: unknown, key: string): unknown => {
    if (typeof part === 'string') return kept.has(key) ? part : `${HOSTILE}${part}`;
    if (Array.isArray(part)) return part.map((entry) => walk(entry, key));
    if (typeof part !== 'object' || part === null) return part;
    return Object.fromEntries(
      Object.entries(part).map(([name, entry]) => [name, walk(entry, name)]),
    );
  };
  return walk(value, '') as T;
}

/** Every number replaced, as a value that was never written to a file might hold it. */
function withoutFigures(fixture: Fixture, figure: number | null): Fixture {
  const text = JSON.stringify(fixture, (key, value: unknown) =>
    typeof value === 'number' && key !== 'schemaVersion' ? '@figure' : value,
  );
  return JSON.parse(text, (_, value: unknown) => (value === '@figure' ? figure : value)) as Fixture;
}

describe('a finished run', () => {
  it('puts every answer, verdict, finding and figure into page and twin', async () => {
    const fixture = claimsReport();
    const { html, markdown, svgs } = await renderReport(fixture);
    expect(Object.keys(svgs)).toEqual(['freelist-24x-puts', 'capacity-50x-grid']);
    expect(markdown).toContain('](charts/freelist-24x-puts.svg)');
    for (const text of [html, markdown]) {
      for (const fact of fixture.answers.answers.flatMap((answer) => [
        ...[answer.question, answer.title, answer.finding, answer.rule, answer.command],
        ...[...answer.limits, ...answer.caveats, ...answer.facts.map(({ value }) => value)],
        ...answer.estimates.map(({ words }) => words),
      ])) {
        expect(text).toContain(fact);
      }
      for (const fact of ['23.69', '17.8x', '16.9 to 18.8', '1.25%', '1.012x', '1.034x'])
        expect(text).toContain(fact);
      for (const fact of ['Cost by arm', 'Put, us', '1,230', 'not measured', 'no difference that'])
        expect(text).toContain(fact);
      for (const fact of ['Made-up CPU 9000', 'p99 1.63 ms', 'p99 1.76 ms', '424242', 'none was'])
        expect(text).toContain(fact);
      for (const fact of ['Use --full.', '100 GB, free pages 8,130,000', '5 sessions at db 100 GB'])
        expect(text).toContain(fact);
      for (const fact of ['warm for tree pages', '10 rounds', 'freelist=array, pageSize=4096'])
        expect(text).toContain(fact);
      expect(found(text, NO_FIGURE)).toBeUndefined();
    }
  });

  it('tells what of the time was measured, and the medians of every session', async () => {
    const { markdown } = await renderReport(claimsReport());
    expect(markdown).toContain('**Time measured:** 54.7%: 4 min 12 s of 7 min 41 s');
    expect(markdown).toMatch(
      /\| 100 GB \| 5 \| array \| 3 \| completion 5\.34 s, puts per second 506, commit p90 31\.0 ms \|/,
    );
  });

  it('states verdicts before anything else', async () => {
    const { html } = await renderReport(claimsReport());
    const order = ['class="cards"', '<svg', 'id="conditions"', 'id="untested"', 'id="method"'];
    const places = order.map((mark) => html.indexOf(mark));
    expect(places).toEqual([...places].sort((a, b) => a - b));
    expect(Math.min(...places)).toBeGreaterThan(0);
  });

  it('loads nothing: no address but names of namespaces, no script, no style sheet', async () => {
    for (const text of texts(await renderReport(claimsReport()))) {
      const addresses = text.replace(/xmlns(:\w+)?="[^"]*"/g, '');
      expect(found(addresses, /https?:\/\//)).toBeUndefined();
      expect(
        found(addresses, /<(script|link|img|iframe|image|use)\b|@import|url\(/),
      ).toBeUndefined();
    }
  });

  it('closes every section, heads each column and captions each table', async () => {
    const { html } = await renderReport(claimsReport());
    const count = (pattern: RegExp): number => html.match(pattern)?.length ?? 0;
    expect(count(/<section\b/g)).toBe(count(/<\/section>/g));
    expect(count(/<table>/g)).toBe(count(/<caption>/g));
    expect(html).toContain('<th scope="col" class="num">Smallest visible</th>');
  });
});

describe('questions of which nothing was measured', () => {
  it('stand in one line with the command that measures them, but for their warnings', async () => {
    const { html, markdown } = await renderReport(partlyMeasuredReport());
    const line =
      'not measured: batch-sweep, surface; kvtune reproduce --claims batch-sweep,surface --quick';
    expect(html).toContain(`<p>${line}</p>`);
    expect(markdown).toContain(`\n${line}\n`);
    for (const text of [html, markdown]) {
      expect(text).not.toMatch(/Title of|Nothing was measured/);
      expect(text).toContain('No room for surface.');
      expect(text).toContain('A hashmap freelist makes writes 24 times faster');
    }
  });
});

describe('a comparison', () => {
  it('prints with no difference the smallest that would have been seen', async () => {
    const { html, markdown } = await renderReport(comparisonReport());
    for (const text of [html, markdown]) {
      expect(text).toContain('read-heavy: b against a');
      expect(text).toContain('No difference shown in operations per second, b / a: 1.01x');
      expect(text).toContain('The smallest that these sessions could have shown is 1.019x.');
      expect(text).toContain('loop closed, clients 64');
      expect(text).toContain('baseline: freelist=array');
      expect(text).not.toMatch(/Published/);
    }
  });

  it('says that there were too few sessions in place of an interval that means nothing', async () => {
    const few = estimate({ value: 1.2, low: 0.014, high: 108, smallestVisible: 88 });
    const { markdown } = await renderReport(comparisonReport({ estimates: [few] }));
    expect(markdown).toContain('Too few sessions to show a difference in completion time');
    expect(markdown).toMatch(/\| 1\.2x \| too few sessions \|/);
    expect(markdown).not.toContain('108');
    const shown = comparisonReport({ estimates: [estimate({ low: 1.5, high: 1.7, value: 1.6 })] });
    expect((await renderReport(shown)).markdown).not.toMatch(/difference shown|Too few/);
  });
});

describe('runs that did not finish', () => {
  it.each([
    ['interrupted', interruptedReport(), 'Interrupted: '],
    ['running', emptyReport(), 'Still running: '],
  ])('labels a run that is %s above its title', async (_, fixture, label) => {
    const { html, markdown } = await renderReport(fixture);
    expect(html.indexOf(label)).toBeGreaterThan(0);
    expect(html.indexOf(label)).toBeLessThan(html.indexOf('<h1>'));
    expect(markdown.startsWith(`> **${label}`)).toBe(true);
    expect(html).toContain('not measured');
    expect(found(html + markdown, NO_FIGURE)).toBeUndefined();
  });

  it('marks what more rounds may change, and nothing that was decided', async () => {
    const fixture = interruptedReport();
    const [first, second] = fixture.answers.answers;
    if (first === undefined || second === undefined) throw new Error('the fixture has answers');
    first.verdict = 'reproduced';
    const { html } = await renderReport(fixture);
    expect(html).toContain('>reproduced</span>');
    expect(html).toContain('>inconclusive (incomplete run)</span>');
  });

  it('says in a sentence that nothing was judged', async () => {
    const { html, markdown, svgs } = await renderReport(emptyReport());
    expect(svgs).toEqual({});
    for (const text of [html, markdown]) expect(text).toContain('Nothing has been judged yet.');
  });
});

describe('input that is wrong or hostile', () => {
  it('escapes every string it is given', async () => {
    const kept = new Set(['kind', 'verdict', 'role', 'status', 'mode', 'scale', 'better']);
    const report = await renderReport(poisoned(claimsReport(), kept));
    expect(report.html).toContain('&lt;script&gt;');
    for (const text of [report.html, ...Object.values(report.svgs)]) {
      expect(found(text, /<script|<img/)).toBeUndefined();
    }
    // Commands stand in fenced code, where Markdown shows markup as it is.
    const prose = report.markdown.replace(/^(`{3,})sh\n.*\n\1$/gm, '');
    expect(found(prose, /<script|<img|[^\\]\[a\]|[^\\]\*\*\\\[/)).toBeUndefined();
  });

  it('escapes ids, in names of files as well, and gives each picture its own', async () => {
    const fixture = claimsReport();
    for (const answer of fixture.answers.answers) {
      answer.question = `../${HOSTILE}`;
      answer.panels = [linesPanel()];
    }
    const { html, markdown, svgs } = await renderReport(fixture);
    expect(html).not.toContain('<script');
    expect(Object.keys(svgs)).toHaveLength(3);
    for (const key of Object.keys(svgs)) {
      expect(key).toMatch(/^[a-z0-9-]+$/);
      expect(markdown).toContain(`(charts/${key}.svg)`);
    }
  });

  it.each([NaN, Infinity, null])('prints no figure where all of them are %s', async (figure) => {
    const damaged = withoutFigures(claimsReport(), null);
    for (const answer of damaged.answers.answers) {
      for (const one of answer.estimates)
        Object.assign(one, { value: 2, low: figure, high: figure, smallestVisible: figure });
    }
    for (const text of texts(await renderReport(damaged)))
      expect(found(text, NO_FIGURE)).toBeUndefined();
  });

  it('stays below 2 MB whatever the run holds', async () => {
    const fixture = claimsReport();
    const [round] = fixture.rounds;
    if (round === undefined) throw new Error('the fixture has no round');
    fixture.rounds = Array.from({ length: 20_000 }, (_, session) => ({ ...round, session }));
    fixture.run.untested = Array.from({ length: 20_000 }, () => 'left out '.repeat(50));
    fixture.run.warnings = fixture.run.untested.map((message) => ({ code: 'many', message }));
    const { html } = await renderReport(fixture);
    expect(Buffer.byteLength(html)).toBeLessThanOrEqual(2_000_000);
    expect(html).toContain('more stand in run.json');
    expect(html).toContain('more rows are not shown');
  });
});

it('has answers in its fixtures that the schema takes', () => {
  for (const { answers } of [claimsReport(), comparisonReport(), interruptedReport()])
    for (const answer of answers.answers) expect(answerSchema.parse(answer)).toEqual(answer);
});
