// Made-up runs for tests of questions: rounds as a session would record them, valid by the schema, with the
// figures that a test chooses, and estimates for a rule alone. Invariant: what a test does not name is that of
// a quiet, honest round, so that a verdict changes for the named reason alone. Nothing here is measured.

import { expect } from 'vitest';
import { Random } from '../../../engine/index.ts';
import { answerOf } from '../../judge/judge.ts';
import { answerSchema, type Answer, type Estimate } from '../../record/answer.ts';
import { SCHEMA_VERSION, type Round, type Scalars } from '../../record/round.ts';
import type { PlannedCell, Run } from '../../record/run.ts';
import type { Cell, Contrast, Estimates, Question } from '../../question/question.ts';

/** What a slice of an arm says; a function of its session and replicate where they are to differ. */
export type MadeUpArm = Partial<
  Pick<Round, 'figures' | 'counts' | 'series' | 'settings' | 'state' | 'warnings' | 'histograms'>
>;
type ArmOf = MadeUpArm | ((session: number, replicate: number) => MadeUpArm);

export interface MadeUp {
  /** By name; the cell's other arms have no rounds. */
  readonly arms: Readonly<Record<string, ArmOf>>;
  /** Default 3. */
  readonly sessions?: number;
  /** Of each arm; default: the arm's own, or the cell's. */
  readonly slices?: number;
  /** Figures and series of sessions lie about so far apart, as a share; those of slices half as far. Default 0.01. */
  readonly spread?: number;
}

/** Means 0 over the first four, so that the middle of many sessions stays put. */
const WOBBLE: readonly number[] = [1, -1, 0.5, -0.5, 0.2, -0.2, 0.8, -0.8];

const wobble = (index: number): number => WOBBLE[index % WOBBLE.length] ?? 0;

/** Rounds of some arms of a cell, session after session. */
export function roundsOf(
  cell: Cell,
  { arms, sessions = 4, slices, spread = 0.01 }: MadeUp,
): Round[] {
  const rounds: Round[] = [];
  for (let session = 0; session < sessions; session++) {
    let position = 0;
    for (const [at, arm] of cell.arms.entries()) {
      const own = arms[arm.name];
      if (own === undefined) continue;
      const count = slices ?? arm.slices ?? cell.slices;
      for (let replicate = 0; replicate < count; replicate++) {
        const shift = wobble(session + 3 * at) + wobble(replicate + at) / 2;
        const factor = 1 + spread * shift;
        const said = typeof own === 'function' ? own(session, replicate) : own;
        const { figures = {}, series = {} } = said;
        rounds.push(
          roundOf(cell, arm.name, {
            ...{ session, block: replicate, position: position++, replicate },
            ...said,
            figures: scaled(figures, factor),
            series: bent(series, (index) => 1 + spread * wobble(session + at + index)),
          }),
        );
      }
    }
  }
  return rounds;
}

/** Series that say where, not how much: they stay. */
const AXES: readonly string[] = ['keys', 'leases'];

/** Series whose entries move each by a factor of its own, so that slopes differ from session to session. */
function bent(
  series: Readonly<Record<string, readonly number[]>>,
  factorOf: (index: number) => number,
): Record<string, number[]> {
  return Object.fromEntries(
    Object.entries(series).map(([name, values]) => [
      name,
      values.map((value, index) => (AXES.includes(name) ? value : value * factorOf(index))),
    ]),
  );
}

function scaled(figures: Readonly<Record<string, number>>, factor: number): Record<string, number> {
  return Object.fromEntries(Object.entries(figures).map(([name, value]) => [name, value * factor]));
}

/** One slice of an arm, with what was asked read back as its settings. */
export function roundOf(cell: Cell, arm: string, over: Partial<Round> = {}): Round {
  const asked: Scalars = {
    ...cell.factors,
    ...cell.arms.find(({ name }) => name === arm)?.settings,
  };
  return {
    schemaVersion: SCHEMA_VERSION,
    kind: 'slice',
    question: cell.id.split('/', 1)[0] ?? '',
    cell: cell.id,
    arm,
    ...{ session: 0, block: 0, position: 0, replicate: 0 },
    startedAt: '2026-01-01T00:01:00.000Z',
    seconds: 1,
    asked,
    settings: asked,
    ...{ figures: {}, counts: {}, histograms: {}, series: {}, state: {} },
    resources: { rssBytesMax: 1e8, userSeconds: 1, systemSeconds: 0 },
    warnings: [],
    ...over,
  };
}

/** A cell as it stands in run.json. */
export function plannedOf(cell: Cell, prepared?: Scalars): PlannedCell {
  const { id, title, role, procedure, factors } = cell;
  return {
    ...{ question: id.split('/', 1)[0] ?? '', id, title, role, procedure, factors },
    arms: cell.arms.map(({ name, target, settings }) => ({ name, target, settings })),
    ...(prepared === undefined ? {} : { prepared }),
  };
}

/** A finished run on a disk. */
export function runOf(cells: readonly PlannedCell[], over: Partial<Run> = {}): Run {
  return {
    schemaVersion: SCHEMA_VERSION,
    kvtune: '0.0.0',
    id: 'made-up',
    seed: 1,
    mode: 'default',
    command: 'kvtune reproduce --seed 1',
    startedAt: '2026-01-01T00:00:00.000Z',
    finishedAt: '2026-01-01T00:08:00.000Z',
    status: 'finished',
    host: hostOf('ext4'),
    questions: [...new Set(cells.map(({ question }) => question))],
    cells: [...cells],
    ...{ untested: [], seconds: 480, measuredSeconds: 300, tags: {}, versions: {}, warnings: [] },
    ...over,
  };
}

export function hostOf(fileSystem: string): Run['host'] {
  return {
    fingerprint: 'made-up',
    cpu: { model: 'test', cores: 2, governor: 'performance' },
    memoryBytes: 8e9,
    ...{ os: 'linux', kernel: '6.1', node: 'v20.19.0', virtualization: 'none' },
    workDir: {
      fileSystem,
      ...{ mountOptions: 'rw', device: 'test', deviceModel: 'test' },
      ...{ writeCache: 'write back', scheduler: 'none', freeBytes: 100e9 },
    },
    syncLatencyBefore: { samples: 100, p50Us: 150, p99Us: 400, maxUs: 900 },
    background: { loadBefore: 0.1 },
    warnings: [],
  };
}

/** What a contrast came to: a value without width, an interval, or nothing of it. */
export type MadeUpEstimate =
  number | readonly [low: number, high: number] | Partial<Estimate> | null;

/** Estimates of a question's contrasts for its rule; those that are not named were not measured. */
export function estimatesOf(
  contrasts: readonly Contrast[],
  values: Readonly<Record<string, MadeUpEstimate>>,
  floor: number | null = 1.02,
): Estimates {
  const unknown = Object.keys(values).filter((id) => contrasts.every((one) => one.id !== id));
  if (unknown.length > 0) throw new Error(`no contrast is called ${unknown.join(', ')}`);
  return new Map(
    contrasts.map((contrast) => [
      contrast.id,
      estimateOf(contrast, values[contrast.id] ?? null, floor),
    ]),
  );
}

function estimateOf(contrast: Contrast, made: MadeUpEstimate, floor: number | null): Estimate {
  const { id, words, unit, kind, cell } = contrast;
  const about = {
    ...{ id, words, unit, kind, cell, deciding: true },
    ...{ sessions: 3, slices: 12, alpha: 0.0125, smallestVisible: 1.05 },
    ...{ floorWithin: floor, floorBetween: floor },
  };
  if (made === null) {
    const nothing = { value: null, low: null, high: null, sessions: 0, slices: 0 };
    return { ...about, ...nothing, floorWithin: null, floorBetween: null, smallestVisible: null };
  }
  if (typeof made === 'number') return { ...about, value: made, low: made, high: made };
  if (isPair(made)) {
    const [low, high] = made;
    const middle = contrast.scale === 'log' ? Math.sqrt(low * high) : (low + high) / 2;
    return { ...about, value: middle, low, high };
  }
  return { ...about, ...{ value: null, low: null, high: null }, ...made };
}

function isPair(made: MadeUpEstimate): made is readonly [number, number] {
  return Array.isArray(made);
}

/** What a question answers to these rounds, in the end; checked: a file holds what was computed. */
export function answered(
  question: Question,
  rounds: readonly Round[],
  over: { readonly run?: Partial<Run>; readonly prepared?: Scalars } = {},
): Answer {
  const cells = question.cells.map((cell) => plannedOf(cell, over.prepared));
  const measured = { run: runOf(cells, over.run), rounds, cells };
  const answer = answerOf(question, { ...measured, command: 'kvtune reproduce' });
  expect(answerSchema.parse(JSON.parse(JSON.stringify(answer)))).toEqual(answer);
  expect(JSON.stringify(answer)).not.toMatch(/NaN|Infinity|undefined/);
  return answer;
}

/** The cell of a question by the end of its id. */
export function cellOf({ cells }: Pick<Question, 'cells'>, name: string): Cell {
  const found = cells.find(({ id }) => id.endsWith(`/${name}`));
  if (found === undefined) throw new Error(`no cell is called ${name}`);
  return found;
}

/** Each point between two cuts of a contrast is as good as any other: a look may rest on few of them. */
export function expectCutsComplete({
  contrasts,
  rule,
}: Pick<Question, 'contrasts' | 'rule'>): void {
  const random = new Random(1);
  const own = contrasts.filter(({ supporting }) => supporting !== true);
  const gaps = own.map(({ cuts, scale }) => {
    const sorted = [...cuts].sort((a, b) => a - b);
    const [first = 1, last = 1] = [sorted[0], sorted.at(-1)];
    const ends = scale === 'log' ? [first / 4, last * 4] : [first - 1, last + 1];
    return [...sorted, ends[1] ?? last].map((to, i) => [sorted[i - 1] ?? ends[0] ?? first, to]);
  });
  const pick = ([from = 0, to = 0]: readonly number[]): number =>
    from + (to - from) * (0.01 + 0.98 * random.unit());
  const combine = (chosen: readonly (readonly number[])[]): void => {
    const next = gaps[chosen.length];
    if (next !== undefined) {
      for (const gap of next) combine([...chosen, gap]);
      return;
    }
    const verdicts = Array.from({ length: 8 }, () => {
      const values = Object.fromEntries(own.map(({ id }, i) => [id, pick(chosen[i] ?? [])]));
      return rule(estimatesOf(contrasts, values, 1));
    });
    expect(new Set(verdicts), JSON.stringify(chosen)).toHaveProperty('size', 1);
  };
  combine([]);
}
