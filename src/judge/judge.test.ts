import { describe, expect, it } from 'vitest';
import { answerSchema } from '../record/answer.ts';
import type { Round } from '../record/round.ts';
import { answerOf, judge } from './judge.ts';
import { madeUpCell, madeUpQuestion, madeUpRounds, measuredOf } from './testing/made-up.ts';

const command = 'kvtune reproduce made-up';
const bound = {
  ...{ bottleneck: true, reason: 'a generating thread was busy', lateNsP50: 0, lateNsP99: 0 },
  ...{ lateNsMax: 0, skipped: 0, unfinished: 0, cpuShares: [], busyShares: [], ownShares: [] },
};

describe('judge', () => {
  it('goes by the rule where nothing speaks against the rounds', () => {
    const found = judge(madeUpQuestion(), measuredOf(madeUpRounds(3)), false);
    expect(found).toMatchObject({ verdict: 'reproduced', settled: true, looks: 1, needs: [] });
    expect([found.faults, found.warnings]).toEqual([[], []]);
  });

  it('says nothing of nothing, and what it needs', () => {
    const found = judge(madeUpQuestion(), measuredOf([]), false);
    expect(found).toMatchObject({ verdict: 'nothing', settled: false, looks: 0, faults: [] });
    expect(found.needs).toEqual([{ cell: 'made-up/main', arms: ['b', 'a'], sessions: 3 }]);
    expect(found.warnings.map(({ code }) => code)).toEqual(['few-sessions']);
  });

  it('does not go on with rounds that are void for good', () => {
    const wrong = madeUpRounds(1, {
      of: () => ({ warnings: [{ code: 'wrong-data', message: 'key 5 is missing' }] }),
    });
    expect(judge(madeUpQuestion(), measuredOf(wrong), false)).toMatchObject({
      ...{ verdict: 'wrong-data', settled: true, needs: [] },
    });
    const memory = { host: { ...measuredOf([]).run.host } };
    memory.host.workDir = { ...memory.host.workDir, fileSystem: 'tmpfs' };
    const inMemory = measuredOf(madeUpRounds(1), { run: memory });
    expect(judge(madeUpQuestion(), inMemory, false)).toMatchObject({
      ...{ verdict: 'invalid', settled: true },
    });
    // A question that writes nothing may lie there.
    const cells = [madeUpCell({ diskBytes: 0 })];
    expect(judge(madeUpQuestion({ cells }), inMemory, false).faults).toEqual([]);
  });

  it('goes on where a fault may heal', () => {
    const faults = (): { code: string; message: string }[] => [
      { code: 'dishonest-baseline', message: 'too slow' },
    ];
    const found = judge(madeUpQuestion({ faults }), measuredOf(madeUpRounds(1)), false);
    expect(found).toMatchObject({ verdict: 'invalid', settled: false });
    expect(found.needs).toHaveLength(1);
  });

  it('leaves out slices that the generator set, and none where they are many', () => {
    const busy = (slices: number) => ({
      of: ({ replicate }: Round) => (replicate < slices ? { health: bound } : {}),
    });
    const few = judge(madeUpQuestion(), measuredOf(madeUpRounds(3, busy(1))), true);
    expect(few.verdict).toBe('reproduced');
    expect(few.estimates.get('gain')?.slices).toBe(18);
    expect(few.warnings[0]?.message).toMatch(/^6 of 24 slices left out.*thread was busy/);
    const many = judge(madeUpQuestion(), measuredOf(madeUpRounds(3, busy(2))), true);
    expect(many.verdict).toBe('invalid');
    expect(many.estimates.get('gain')?.slices).toBe(24);
    expect(many.faults[0]).toMatchObject({ code: 'generator' });
  });

  it('has measured a question without contrasts when its cells had their sessions', () => {
    const beside = madeUpCell({ id: 'made-up/beside', role: 'curve', sessions: 1 });
    const question = madeUpQuestion({ contrasts: [], cells: [madeUpCell(), beside] });
    const part = judge(question, measuredOf(madeUpRounds(2)), false);
    expect(part).toMatchObject({ verdict: 'measured', settled: false });
    expect(part.needs).toEqual([{ cell: 'made-up/main', arms: ['a', 'b'], sessions: 1 }]);
    const all = [...madeUpRounds(3), ...madeUpRounds(1, { cell: beside })];
    expect(judge(question, measuredOf(all), false)).toMatchObject({ settled: true, needs: [] });
    expect(judge(question, measuredOf([]), true).verdict).toBe('nothing');
  });

  it('hands on rounds of other cells untouched', () => {
    const other = madeUpRounds(1, { cell: madeUpCell({ id: 'other/cell' }) });
    const found = judge(madeUpQuestion(), measuredOf([...madeUpRounds(3), ...other]), false);
    expect(found.rounds).toHaveLength(32);
    expect(found.estimates.get('gain')?.sessions).toBe(3);
  });

  it('doubts sessions that all gave the same', () => {
    const equal = madeUpRounds(3, {
      of: ({ arm }) => ({ figures: { operationsPerSecond: arm === 'a' ? 1 : 2 } }),
    });
    const { warnings } = judge(madeUpQuestion(), measuredOf(equal), true);
    expect(warnings.map(({ code }) => code)).toContain('zero-variance');
  });
});

describe('answerOf', () => {
  const answer = (rounds: readonly Round[], over = {}) => {
    const found = answerOf(madeUpQuestion(over), { ...measuredOf(rounds), command });
    expect(answerSchema.strict().parse(JSON.parse(JSON.stringify(found)))).toEqual(found);
    return found;
  };

  it('fills in what the judge knows', () => {
    const found = answer(madeUpRounds(3));
    expect(found).toMatchObject({
      ...{ question: 'made-up', verdict: 'reproduced', finding: 'b does more.', looks: 1 },
      ...{ alpha: 0.05, rule: 'A rule.', command, untested: [], warnings: [] },
      arms: [
        { cell: 'made-up/main', arm: 'a', settings: { threads: 1, lock: 'a' } },
        { cell: 'made-up/main', arm: 'b', settings: { threads: 1, lock: 'b' } },
      ],
    });
    expect(found.estimates[0]).toMatchObject({ id: 'gain', deciding: true, sessions: 3 });
    expect(found.method).toContain('5% are shared by 1 contrast and looks after 3, 5 and 8');
    expect(found.method).toContain('an error of 1.7% each');
  });

  it('says too few sessions in place of figures', () => {
    expect(answer(madeUpRounds(2))).toMatchObject({
      ...{ verdict: 'inconclusive', finding: 'Too few sessions: 2 of at least 3.', looks: 0 },
    });
  });

  it('names what was not measured', () => {
    const found = answer([]);
    expect(found).toMatchObject({ verdict: 'nothing', finding: 'Nothing was measured.' });
    expect(found.untested).toEqual(['not measured: a cell']);
  });

  it('overrules the finding of rounds that may not judge', () => {
    const mistaken = madeUpRounds(3, { of: () => ({ settings: { lock: 'a' } }) });
    const { verdict, finding } = answer(mistaken);
    expect(verdict).toBe('invalid');
    expect(finding).toMatch(/^Not valid as measured \(12 rounds .* read back a\); .*b does more/);
    const missing = { code: 'wrong-data', message: 'key 5 is missing' };
    const closed = madeUpRounds(3, {
      of: ({ position }) => (position === 7 ? { kind: 'close', warnings: [missing] } : {}),
    });
    const wrong = answer(closed);
    expect(wrong.verdict).toBe('wrong-data');
    expect(wrong.finding).toMatch(/did not hold what it acknowledged.*key 5 is missing/);
    expect(wrong.warnings[0]?.code).toBe('wrong-data');
  });

  it('describes figures for pictures, unadjusted', () => {
    const question = madeUpQuestion();
    const [gain] = question.contrasts;
    let alpha = 0;
    answer(madeUpRounds(3), {
      wording: (evidence: Parameters<typeof question.wording>[0]) => {
        alpha = evidence.describe(gain!).alpha;
        return question.wording(evidence);
      },
    });
    expect(alpha).toBe(0.05);
  });
});
