import { describe, expect, it } from 'vitest';
import { cellLine, renderTerminal } from './terminal.ts';
import { emptyReport, interruptedReport, syntheticReport } from './testing/fixture.ts';

const PLAIN = { color: false };
const ESCAPE = '\u001b';

describe('renderTerminal', () => {
  it('shows claims, curve, findings and what is untested, in that order', () => {
    const text = renderTerminal(syntheticReport(), PLAIN);
    const order = ['24x (23.69)', '17.8x [16.9, 18.8]', 'hashmap s', 'freelist-24x:', 'untested:'];
    const places = order.map((mark) => text.indexOf(mark));
    expect(Math.min(...places)).toBeGreaterThanOrEqual(0);
    expect(places).toEqual([...places].sort((a, b) => a - b));
    expect(text).toMatch(/100 GB +93\.1 +5\.22 +17\.8x \[16\.9, 18\.8\]\n/);
    expect(text).toMatch(/100 GB +118 +5\.40 .*worst case, decides nothing/);
  });

  it('shows the times of a cell that has too few rounds for a ratio', () => {
    const fixture = syntheticReport();
    for (const claim of fixture.claims.claims) claim.curve = [];
    expect(renderTerminal(fixture, PLAIN)).toMatch(/2 GB +4\.71 +4\.62 +too few rounds\n/);
  });

  it('keeps to 100 columns and ASCII, however long its texts are', () => {
    const fixture = syntheticReport();
    for (const claim of fixture.claims.claims) {
      claim.title = 'a very long title '.repeat(20);
      claim.finding = `${'found '.repeat(80)}${'y'.repeat(400)}`;
    }
    fixture.run.untested = ['left out '.repeat(60)];
    const text = renderTerminal(fixture, PLAIN);
    for (const line of text.split('\n')) expect(line.length).toBeLessThanOrEqual(100);
    expect(text).toMatch(/^[\n -~]*$/);
  });

  it('colours only when asked, and lets no control sequence through from a file', () => {
    const fixture = syntheticReport();
    for (const claim of fixture.claims.claims) claim.finding = `${ESCAPE}[2J${claim.finding}`;
    expect(renderTerminal(fixture, PLAIN)).not.toContain(ESCAPE);
    const coloured = renderTerminal(fixture, { color: true });
    expect(coloured).toContain(`${ESCAPE}[32mreproduced`);
    expect(coloured).not.toContain(`${ESCAPE}[2J`);
  });

  it.each([
    ['Interrupted: ', interruptedReport()],
    ['Still running: ', emptyReport()],
  ])('begins with %s and prints no missing figure', (label, fixture) => {
    const text = renderTerminal(fixture, PLAIN);
    expect(text.startsWith(label)).toBe(true);
    expect(text).toContain('not measured');
    expect(text).not.toMatch(/NaN|undefined|null|Infinity/);
  });
});

describe('cellLine', () => {
  it('tells size, arms, ratio and rounds of one finished cell', () => {
    const { run, claims } = syntheticReport();
    const [claim] = claims.claims;
    const cell = run.cells.find(({ id }) => id === 'main-25gb');
    if (claim === undefined || cell === undefined) throw new Error('the fixture lost its cell');
    const arms = claim.arms.filter((arm) => arm.cell === cell.id);
    const point = claim.curve.find((entry) => entry.cell === cell.id);
    const line = cellLine({ cell, arms, point }, PLAIN);
    expect(line).toMatch(
      /^25 GB +array +21\.6 s +hashmap +4\.83 s +ratio 4\.5x \[4\.3, 4\.7\] +6 rounds$/,
    );
    expect(cellLine({ cell, arms: [] }, PLAIN)).toMatch(/^25 GB +0 rounds$/);
  });
});
