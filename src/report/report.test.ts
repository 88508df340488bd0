import { describe, expect, it } from 'vitest';
import { renderReport, type Report } from './report.ts';
import {
  emptyReport,
  interruptedReport,
  syntheticReport,
  type Fixture,
} from './testing/fixture.ts';

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

/** Every number replaced, as a damaged or half-written file might hold it. */
function withoutFigures(fixture: Fixture, figure: number | null): Fixture {
  const text = JSON.stringify(fixture, (key, value: unknown) =>
    typeof value === 'number' && key !== 'schemaVersion' ? '@figure' : value,
  );
  return JSON.parse(text, (_, value: unknown) => (value === '@figure' ? figure : value)) as Fixture;
}

describe('a finished run', () => {
  it('puts every claim, verdict, finding and figure into page and twin', async () => {
    const fixture = syntheticReport();
    const { html, markdown, svgs } = await renderReport(fixture);
    expect(Object.keys(svgs).sort()).toEqual(['capacity-50x', 'freelist-24x']);
    for (const text of [html, markdown]) {
      for (const fact of [
        ...fixture.claims.claims.flatMap(({ id, verdict, limits }) => [id, verdict, ...limits]),
        '17.8x',
        '16.9',
        'Synthetic CPU 9000',
        'p99 1.63 ms',
        'p99 1.76 ms',
        'warm for tree pages, dropped for the rest',
        '424242',
        'the baseline is fair',
        'none was found on this synthetic host',
        'Use --full for narrower intervals.',
        'kvtune reproduce --claims freelist-24x --seed 424242',
        'storage layer only, no consensus',
      ]) {
        expect(text).toContain(fact);
      }
      expect(found(text, NO_FIGURE)).toBeUndefined();
    }
    expect(markdown).toContain('](charts/freelist-24x.svg)');
  });

  it('names the level of each interval: equivalence rests on the narrower one', async () => {
    const fixture = syntheticReport();
    const [first] = fixture.claims.claims;
    if (first !== undefined) first.floor = 1;
    const { markdown } = await renderReport(fixture);
    expect(markdown).toContain('completion time of one job, array / hashmap; 95% interval over 6');
    expect(markdown).toContain('relative to the 2 GB file; 90% interval over 6');
    expect(markdown).toContain('| 90% interval |');
    expect(markdown).toContain('- **Noise floor (A/A):** not measured');
  });

  it('states verdicts before anything else', async () => {
    const { html } = await renderReport(syntheticReport());
    const order = ['class="cards"', '<svg', 'id="conditions"', 'id="calibration"', 'id="untested"'];
    const places = order.map((mark) => html.indexOf(mark));
    expect(places).toEqual([...places].sort((a, b) => a - b));
    expect(Math.min(...places)).toBeGreaterThan(0);
  });

  it('loads nothing: no address but names of namespaces, no script, no style sheet', async () => {
    for (const text of texts(await renderReport(syntheticReport()))) {
      const addresses = text.replace(/xmlns(:\w+)?="[^"]*"/g, '');
      expect(found(addresses, /https?:\/\//)).toBeUndefined();
      expect(
        found(addresses, /<(script|link|img|iframe|image|use)\b|@import|url\(/),
      ).toBeUndefined();
    }
  });

  it('describes each chart and heads each column', async () => {
    const { html } = await renderReport(syntheticReport());
    expect(html.match(/<svg role="img" aria-label="[^"]{100,}"/g)).toHaveLength(2);
    expect(html).toContain('<th scope="col" class="num">Completion, s</th>');
    expect(html.match(/<table>/g)?.length).toBe(html.match(/<caption>/g)?.length);
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
    expect(html).toContain('inconclusive (incomplete run)');
    expect(html).toContain('not measured');
    expect(found(html + markdown, NO_FIGURE)).toBeUndefined();
  });

  it('says in a sentence that there is nothing to draw, and that nothing was calibrated', async () => {
    const { html, svgs } = await renderReport(emptyReport());
    expect(svgs).toEqual({});
    expect(html).toContain('Nothing to draw');
    expect(html).toMatch(/Calibration against bbolt<\/h2>\s*<p>not measured/);
  });

  it('renders a run without any claim', async () => {
    const fixture = emptyReport();
    fixture.claims.claims = [];
    const { html, markdown } = await renderReport(fixture);
    expect(html).toContain('No claim has a verdict yet.');
    expect(markdown).toContain('No claim has a verdict yet.');
  });
});

describe('input that is wrong or hostile', () => {
  it('escapes every string it is given', async () => {
    const kept = new Set(['id', 'verdict', 'role', 'status', 'mode', 'startedAt', 'finishedAt']);
    const report = await renderReport(poisoned(syntheticReport(), kept));
    expect(report.html).toContain('&lt;script&gt;');
    for (const text of [report.html, ...Object.values(report.svgs)]) {
      expect(found(text, /<script|<img/)).toBeUndefined();
    }
    // Commands stand in fenced code, where Markdown shows markup as it is.
    const prose = report.markdown.replace(/^(`{3,})sh\n.*\n\1$/gm, '');
    expect(found(prose, /<script|<img|[^\\]\[a\]|[^\\]\*\*\\\[/)).toBeUndefined();
  });

  it('escapes claim ids, in names of files as well', async () => {
    const fixture = syntheticReport();
    for (const claim of fixture.claims.claims) claim.id = `../${HOSTILE}`;
    const { html, svgs } = await renderReport(fixture);
    expect(html).not.toContain('<script');
    expect(Object.keys(svgs).every((key) => /^[a-z0-9-]+$/.test(key))).toBe(true);
  });

  it.each([NaN, Infinity, null])('prints no figure where all of them are %s', async (figure) => {
    const damaged = withoutFigures(syntheticReport(), null);
    if (figure !== null) {
      for (const claim of damaged.claims.claims) {
        for (const point of claim.curve)
          Object.assign(point, { value: 2, low: figure, high: figure });
        for (const arm of claim.arms) arm.completionSeconds = figure;
      }
    }
    for (const text of texts(await renderReport(damaged)))
      expect(found(text, NO_FIGURE)).toBeUndefined();
  });

  it('stays below 2 MB whatever the run holds', async () => {
    const fixture = syntheticReport();
    const [sample] = fixture.samples;
    if (sample === undefined) throw new Error('the fixture has no sample');
    fixture.samples = Array.from({ length: 20_000 }, () => sample);
    fixture.run.untested = Array.from({ length: 20_000 }, () => 'left out '.repeat(50));
    fixture.run.warnings = fixture.run.untested.map((message) => ({ code: 'many', message }));
    const { html } = await renderReport(fixture);
    expect(Buffer.byteLength(html)).toBeLessThanOrEqual(2_000_000);
    expect(html).toContain('more stand in run.json');
    expect(html).toContain('more rows are not shown');
  });
});
