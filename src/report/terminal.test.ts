// What a person reads at the end of a command, and while it runs: verdicts first, no line too long, no page of what
// was left out, and nothing from a file that a terminal would obey.

import { describe, expect, it } from 'vitest';
import { answerLine, renderTerminal } from './terminal.ts';
import {
  claimsReport,
  comparisonReport,
  emptyReport,
  estimate,
  interruptedReport,
  partlyMeasuredReport,
} from './testing/fixture.ts';

const PLAIN = { color: false };
const COMMAND = 'kvtune reproduce --claims batch-sweep,surface --quick';
const ESCAPE = '\u001b';

describe('renderTerminal', () => {
  it('shows verdicts, findings and what is untested, in that order', () => {
    const text = renderTerminal(claimsReport(), PLAIN);
    expect(text).toMatch(/^verdict +question +published +measured \[interval\]\n-+\nreproduced /);
    const order = ['24x (23.69)', '17.8x [16.9, 18.8]', 'freelist-24x:', 'warning', 'untested:'];
    const places = order.map((mark) => text.indexOf(mark));
    expect(Math.min(...places)).toBeGreaterThanOrEqual(0);
    expect(places).toEqual([...places].sort((a, b) => a - b));
  });

  it('tells in one line how much is untested, and the command that asks again', () => {
    const fixture = claimsReport();
    fixture.run.untested = Array.from({ length: 40 }, (_, i) => `cell ${String(i)}: no time left`);
    const text = renderTerminal(fixture, PLAIN);
    expect(text).toContain(
      'untested: 40 points, listed in the report; to ask again: kvtune reproduce --seed 424242',
    );
    expect(text).not.toContain('no time left');
  });

  it('names in one line all of which nothing was measured, and the command that measures it', () => {
    const fixture = partlyMeasuredReport();
    const text = renderTerminal(fixture, PLAIN);
    const line = `not measured: batch-sweep, surface; ${COMMAND}`;
    expect(text).toContain(`\n${line}\n`);
    expect(text.replace(line, '')).not.toMatch(/batch-sweep|surface|Nothing was measured/);
    expect(text).toContain('freelist-24x: ');
    fixture.answers.answers = fixture.answers.answers.slice(-2);
    const alone = renderTerminal(fixture, PLAIN);
    expect(alone).toMatch(/^not measured: batch-sweep, surface; kvtune/);
    expect(alone).not.toMatch(/^verdict|Nothing has been judged/m);
  });

  it('shows a comparison with estimates, tables, facts and warnings', () => {
    const warnings = Array.from({ length: 8 }, (_, i) => ({
      ...{ code: 'x', message: `doubt ${String(i)}`, remedy: 'measure longer' },
    }));
    const text = renderTerminal(comparisonReport({ warnings }), PLAIN);
    expect(text).toMatch(/^no difference that matters: operations per second: b is 1\.01 times/);
    expect(text).toContain('The smallest that these\n  sessions could have shown is 1.019x.');
    expect(text).toMatch(/b \/ a +1\.01x \[0\.99, 1\.03\] +5 +1\.012x \/ 1\.034x +1\.019x\n/);
    expect(text).toMatch(/By lane\nArm +Lane +Rate, 1\/s\n-+\na +read +213,000\n/);
    expect(text).toContain('Verified: 1,000 entries of 6 closes (made up)');
    expect(text).toContain('- doubt 5; measure longer\n2 more warnings in the report');
  });

  it('leaves tables of many answers, and columns that are too wide, to the report', () => {
    expect(renderTerminal(claimsReport(), PLAIN)).not.toContain('Cost by arm');
    const titles = Array.from({ length: 20 }, (_, index) => `column${String(index)}`);
    const wide = {
      caption: 'Wide',
      columns: titles.map((title) => ({ title, unit: '' })),
      rows: [titles],
    };
    const text = renderTerminal(comparisonReport({ tables: [wide] }), { color: true });
    expect(text).toContain('column3');
    expect(text).not.toContain('column13');
    const words = 'a contrast of very many words that nobody would shorten '.repeat(2);
    const long = renderTerminal(comparisonReport({ estimates: [estimate({ words })] }), PLAIN);
    expect(long).toMatch(
      /a contrast of very many words that nobody +1\.02x .* 1\.041x\nwould shorten/,
    );
  });

  it.each([undefined, 80, 20])(
    'keeps to %s columns and ASCII, however long its texts are',
    (columns) => {
      const fixture = claimsReport();
      const [, ...others] = fixture.answers.answers;
      for (const { answers } of [fixture.answers, { answers: others }]) {
        for (const answer of answers) {
          answer.title = 'a very long title '.repeat(20);
          answer.finding = `${'found '.repeat(80)}${'y'.repeat(400)}`;
          answer.untested = ['left out '.repeat(60)];
          answer.command = `kvtune ${'--flag '.repeat(60)}`;
        }
        const width = columns === undefined ? {} : { columns };
        const text = renderTerminal(
          { ...fixture, answers: { ...fixture.answers, answers } },
          { ...PLAIN, ...width },
        );
        for (const line of text.split('\n'))
          expect(line.length).toBeLessThanOrEqual(Math.max(80, columns ?? 100));
        expect(text).toMatch(/^[\n -~]*$/);
      }
    },
  );

  it('colours only when asked, and lets no control sequence through from a file', () => {
    const fixture = claimsReport();
    for (const answer of fixture.answers.answers) answer.finding = `${ESCAPE}[2J${answer.finding}`;
    expect(renderTerminal(fixture, PLAIN)).not.toContain(ESCAPE);
    const coloured = renderTerminal(fixture, { color: true });
    expect(coloured).toContain(`${ESCAPE}[32mreproduced`);
    expect(coloured).not.toContain(`${ESCAPE}[2J`);
  });

  it.each([
    ['Interrupted: ', interruptedReport(), 'not measured'],
    ['Still running: ', emptyReport(), 'Nothing has been judged yet.'],
  ])('begins with %s and prints no missing figure', (label, fixture, words) => {
    const text = renderTerminal(fixture, PLAIN);
    expect(text.startsWith(label)).toBe(true);
    expect(text).toContain(words);
    expect(text).not.toMatch(/NaN|undefined|null|Infinity/);
  });
});

describe('answerLine', () => {
  const [claim, capacity] = claimsReport().answers.answers;
  const [comparison] = comparisonReport().answers.answers;
  if (claim === undefined || capacity === undefined || comparison === undefined)
    throw new Error('the fixture has answers');

  it('tells verdict, figures and the smallest visible difference in one line', () => {
    expect(answerLine(claim, PLAIN)).toBe(
      'reproduced: freelist-24x, 17.8x [16.9, 18.8], published 24x (23.69)',
    );
    expect(answerLine(capacity, PLAIN)).toBe(
      'reproduced (visible from 1.041x): capacity-50x, 1.02x [0.98, 1.06], published 50x',
    );
    const few = { ...comparison, estimates: [estimate({ low: null, smallestVisible: null })] };
    expect(answerLine({ ...few, verdict: 'inconclusive' }, PLAIN)).toMatch(
      /^inconclusive \(too few sessions\): ab: operations per second/,
    );
  });

  it('is one line, cut where it is too long', () => {
    const long = { ...comparison, finding: `${ESCAPE}[2J first\nsecond ${'y'.repeat(500)}` };
    const line = answerLine(long, { color: false, columns: 80 });
    expect(line).toMatch(/^[ -~]{70,77}\.\.\.$/);
    expect(answerLine(long, { color: true })).toContain(`${ESCAPE}[32mno difference that matters`);
  });
});
