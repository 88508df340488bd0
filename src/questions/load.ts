// Questions that a user makes up: run (figures of one load), ab (two configurations under the same load) and sweep (a
// load over levels of factors). Everything follows from the request as run.json holds it, so that a run is judged,
// rendered and resumed from its folder. Pure; how two arms are compared stands in load-comparison.ts, what a
// sweep shows in load-sweep.ts.

import type { LoadRequest } from '../record/run.ts';
import type { Scalars } from '../record/round.ts';
import type { Arm, Cell, Evidence, Question } from '../question/question.ts';
import { count, digits } from '../judge/words.ts';
import { levelIn } from './cell-figures.ts';
import { ALPHA, LAYER } from './claim-question.ts';
import { loadCell, workloadOf } from './load-cell.ts';
import { comparison, P99_OPERATIONS_MIN } from './load-comparison.ts';
import {
  laneSummaries,
  laneTable,
  loadFacts,
  type LaneSummary,
  type LoadWording,
} from './load-lanes.ts';
import { sweepWording } from './load-sweep.ts';

const LOAD_QUESTION = 'load';

/** Numbers of sessions at which a comparison is looked at, as far as the request allows them. */
const LOOKS: readonly number[] = [4, 8, 12, 16, 24, 32, 48, 64];

/** The question of a request. Throws what the factor table and the workload say of levels that are wrong. */
export function loadQuestion(request: LoadRequest): Question {
  switch (request.command) {
    case 'run':
      return runQuestion(request);
    case 'ab':
      return abQuestion(request);
    case 'sweep':
      return sweepQuestion(request);
  }
}

/** What questions of a load have in common; by default nothing is compared, and the fewest sessions suffice. */
function questionOf(
  request: LoadRequest,
  about: Pick<Question, 'kind' | 'title' | 'cells' | 'ruleText'> &
    Partial<Pick<Question, 'contrasts' | 'looks' | 'rule'>> & {
      readonly wording: (evidence: Evidence) => LoadWording;
    },
): Question {
  return {
    ...{ id: LOAD_QUESTION, target: 'engine', alpha: ALPHA, priority: 0, contrasts: [] },
    ...{ looks: [request.sessionsMin], rule: () => 'measured', faults: () => [], ...about },
    wording: (evidence) => ({
      ...{ measured: null, panels: [], ...about.wording(evidence), limits: [], caveats: [LAYER] },
      facts: loadFacts(evidence.rounds, request.factors['verify'] !== false),
    }),
  };
}

function runQuestion(request: LoadRequest): Question {
  const cells = cellsOf(request);
  return questionOf(request, {
    ...{ kind: 'load', title: `${request.workload}: ${loadWords(request.factors)}`, cells },
    ruleText: 'None: figures of a load are measured, not judged.',
    wording: (evidence) => runWording(evidence, request, cells),
  });
}

function sweepQuestion(request: LoadRequest): Question {
  const cells = cellsOf(request);
  const names = request.levels.map(({ name }) => name).join(' x ');
  return questionOf(request, {
    ...{ kind: 'sweep', title: `${request.workload} over ${names}`, cells },
    ruleText:
      'None: figures of a sweep are measured, not judged; the best of many is also the luckiest.',
    wording: (evidence) => sweepWording(evidence, request, cells),
  });
}

function abQuestion(request: LoadRequest): Question {
  const cells = cellsOf(request);
  const [cell] = cells;
  if (cell === undefined) throw new Error('a comparison has one cell');
  const { canDecide, ...compared } = comparison(request, cell);
  return questionOf(request, {
    ...{ kind: 'comparison', title: `${request.workload}: a against b`, cells, ...compared },
    looks: canDecide ? looksOf(request) : [request.sessionsMin],
  });
}

function looksOf({ sessionsMin, sessionsMax }: LoadRequest): number[] {
  const between = LOOKS.filter((look) => look > sessionsMin && look < sessionsMax);
  return [...new Set([Math.min(sessionsMin, sessionsMax), ...between, sessionsMax])];
}

/** One cell; of a sweep one for each combination of levels. */
function cellsOf(request: LoadRequest): Cell[] {
  let combinations: Scalars[] = [{}];
  for (const { name, levels } of request.command === 'sweep' ? request.levels : []) {
    combinations = combinations.flatMap((others) =>
      levels.map((level) => ({ ...others, [name]: level })),
    );
  }
  return combinations.map((levels) => {
    const named = Object.entries(levels).map(([name, level]) => `${name}=${String(level)}`);
    return loadCell({
      id: `${LOAD_QUESTION}/${named.length === 0 ? request.workload : named.join(',')}`,
      title: named.length === 0 ? request.workload : named.join(', '),
      role: 'deciding',
      factors: { ...request.factors, ...levels },
      arms: request.arms.map((arm) => armOf(arm, levels)),
      ...{ slices: request.slicesPerSession, sessions: request.sessionsMin },
    });
  });
}

/** What the engine's defaults give is left out, and so is what varies: an arm's settings go before the cell's. */
function armOf({ name, settings }: LoadRequest['arms'][number], levels: Scalars): Arm {
  const given = settings.filter(
    (setting) => setting.origin !== 'default' && !Object.hasOwn(levels, setting.name),
  );
  return {
    ...{ name, target: 'engine' },
    settings: Object.fromEntries(given.map((setting) => [setting.name, setting.value])),
  };
}

function runWording(
  evidence: Evidence,
  { workload, factors }: LoadRequest,
  [cell]: readonly Cell[],
): LoadWording {
  const [arm] = cell?.arms ?? [];
  if (cell === undefined || arm === undefined) throw new Error('a load has one cell and one arm');
  const lanes = laneSummaries(evidence.rounds, cell, workloadOf(factors).lanes);
  const tables = laneTable(lanes);
  const rate = levelIn(evidence, cell.id, arm.name, 'operationsPerSecond');
  if (rate === undefined) {
    return { finding: 'Nothing was measured: no operation ended.', tables };
  }
  const { value, low, high, sessions } = rate;
  return {
    finding: `${workload}: ${digits(value)} operations/s, ${loadWords(factors)}${tailWords(lanes)}.`,
    measured: {
      ...{ value, low, high, sessions, unit: '/s', what: 'operations/s' },
      at: { workload, clients: factors['clients'] ?? 0 },
    },
    tables,
  };
}

/** Of few operations it is the slowest one. */
function tailWords(lanes: readonly LaneSummary[]): string {
  const told = lanes.filter(({ operations }) => operations >= P99_OPERATIONS_MIN);
  const [slowest] = [...told].sort((a, b) => b.p99Us - a.p99Us);
  return slowest === undefined
    ? ''
    : `; ${slowest.lane} has the longest p99, ${microseconds(slowest.p99Us)}`;
}

/** 'a closed loop of 64 clients', '64 clients, 10,000 operations/s due (poisson)'. */
function loadWords(factors: Scalars): string {
  const clients = Number(factors['clients']);
  const who = `${count(clients)} client${clients === 1 ? '' : 's'}`;
  if (factors['loop'] !== 'open') return `a closed loop of ${who}`;
  const rate = count(Number(factors['ratePerSecond']));
  return `${who}, ${rate} operations/s due (${String(factors['arrival'])})`;
}

function microseconds(us: number): string {
  if (us >= 1e6) return `${digits(us / 1e6)} s`;
  return us >= 1e3 ? `${digits(us / 1e3)} ms` : `${digits(us)} us`;
}
