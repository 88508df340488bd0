// Which cell gets a session next. Pure: from what the questions need, what sessions cost and what is left of the
// budget to one step, or none. Order: headline questions until they are decided; every other question to its
// first look, by priority and then the cheapest first; cells that calibrate; then the question that seems soonest
// settled, and those that the judge does not call hopeless; curve cells, spread over each curve, and labelled
// ones, a session each; at last further sessions.
// Invariants: no step that does not fit the time or the machine; a question is bounded by its looks, a cell by
// the number of its sessions. What sessions are, and what they cost, others know.

import { Random } from '../../engine/index.ts';
import type { Judged, Need } from '../judge/judge.ts';
import type { Cell, Question } from '../question/question.ts';
import { cellsOf, type PlacedCell } from './cells.ts';
import type { Costs } from './costs.ts';
import { sessionsToSettle } from './time-to-settle.ts';

/** A question with what its rounds came to so far. */
export interface Ask {
  readonly question: Question;
  readonly judged: Judged;
}

export interface Room {
  readonly diskBytes: number;
  readonly memoryBytes: number;
}

export interface Situation {
  /** In the order in which they are asked. */
  readonly asks: readonly Ask[];
  /** Sessions in which all of these arms were measured. */
  readonly sessions: (cell: string, arms: readonly string[]) => number;
  /** Sessions begun, those that failed included. */
  readonly begun: (cell: string) => number;
  readonly costs: Pick<Costs, 'prepareSeconds' | 'sessionSeconds'>;
  readonly secondsLeft: number;
  /** What the machine has for a cell, prepared ones that could be cleared away included. */
  readonly room: Room;
  readonly prepared: ReadonlySet<string>;
  /** Cells whose sessions failed too often. */
  readonly givenUp: ReadonlySet<string>;
  readonly seed: number;
}

export interface Step extends PlacedCell {
  readonly arms: readonly string[];
}

/** A cell whose sessions fail this often is given up. */
export const FAULTS_MAX = 3;
const HEADLINE = 0;

/** A question that goes on, with what its next look takes. */
export interface OpenQuestion {
  readonly ask: Ask;
  readonly needs: readonly Need[];
  /** Whether some cell that it needs cannot be measured here. */
  readonly stuck: boolean;
  readonly seconds: number;
}

export class Schedule {
  /** In the order of the questions. */
  readonly open: readonly OpenQuestion[];
  readonly #situation: Situation;
  readonly #cells: ReadonlyMap<string, PlacedCell>;

  constructor(situation: Situation) {
    this.#situation = situation;
    this.#cells = cellsOf(situation.asks.map(({ question }) => question));
    this.open = situation.asks.flatMap((ask) => this.#openOf(ask));
  }

  /** Undefined where nothing is left to do, or nothing of it fits. */
  next(): Step | undefined {
    const { secondsLeft } = this.#situation;
    const ready = this.open.filter(({ stuck }) => !stuck);
    const headline = ready.filter(({ ask }) => ask.question.priority === HEADLINE);
    const firstLooks = ready
      .filter((one) => this.#isUnseen(one) && one.seconds <= secondsLeft)
      .sort(
        (a, b) =>
          this.#begunFirst(a, b) ||
          a.ask.question.priority - b.ask.question.priority ||
          a.seconds - b.seconds,
      );
    const soonest = ready
      .filter((one) => !this.#isUnseen(one))
      .map((one) => ({ one, seconds: this.#secondsToSettle(one) }))
      .filter(({ seconds }) => seconds <= secondsLeft)
      .sort((a, b) => a.seconds - b.seconds);
    return (
      this.#firstOf(headline) ??
      this.#firstOf(firstLooks) ??
      this.#beside(({ calibrates }) => calibrates === true, 'first') ??
      this.#firstOf(soonest.map(({ one }) => one)) ??
      this.#firstOf(ready.filter(({ seconds }) => seconds <= secondsLeft)) ??
      this.#beside(({ role }) => role === 'curve', 'first') ??
      this.#beside(({ role }) => role === 'labelled', 'first') ??
      this.#cheapest() ??
      this.#beside(({ role }) => role === 'curve', 'further') ??
      this.#beside(({ role }) => role === 'labelled', 'further')
    );
  }

  /** Cells of the question that decide nothing and were not measured, and what a session of each takes. */
  unmeasured(question: Question): { readonly cells: readonly Cell[]; readonly seconds: number } {
    const cells = this.#besides(question).filter((cell) => this.#sessionsOf(cell) === 0);
    return { cells, seconds: cells.reduce((sum, cell) => sum + this.#seconds(cell), 0) };
  }

  /** Seconds that all there is to do would take, by what is known now; the budget does not bound it. */
  secondsToDo(): number {
    const open = this.open.map((one) => {
      const settle = this.#secondsToSettle(one);
      return Number.isFinite(settle) ? settle : one.seconds;
    });
    const besides = this.#situation.asks.flatMap(({ question }) =>
      this.#besides(question).map((cell) => {
        const left = Math.max(0, cell.sessions - this.#sessionsOf(cell));
        return this.#canRun(cell) && left > 0 ? this.#seconds(cell, namesOf(cell), left) : 0;
      }),
    );
    return [...open, ...besides].reduce((sum, seconds) => sum + seconds, 0);
  }

  #openOf(ask: Ask): OpenQuestion[] {
    const all = this.#needsOf(ask);
    if (all.length === 0) return [];
    const needs = all.filter((need) => this.#canRun(this.#cells.get(need.cell)?.cell));
    const seconds = needs.reduce((sum, { cell: id, arms, sessions }) => {
      const cell = this.#cells.get(id)?.cell;
      return cell === undefined ? sum : sum + this.#seconds(cell, arms, sessions);
    }, 0);
    return [{ ask, needs, stuck: needs.length < all.length, seconds }];
  }

  /** What needs most comes first, then what is prepared; without contrasts the least measured cell, in an order of the seed. */
  #needsOf({ question, judged }: Ask): Need[] {
    const { prepared, seed } = this.#situation;
    if (question.contrasts.length > 0) {
      if (judged.settled) return [];
      const isPrepared = ({ cell }: Need): number => (prepared.has(cell) ? 0 : 1);
      return [...judged.needs].sort(
        (a, b) => b.sessions - a.sessions || isPrepared(a) - isPrepared(b),
      );
    }
    const needs = question.cells
      .filter((cell) => isMain(question, cell))
      .map((cell) => ({ cell, arms: namesOf(cell), sessions: this.#sessionsOf(cell) }))
      .filter(({ cell, sessions }) => sessions < cell.sessions);
    new Random(seed).shuffle(needs);
    return needs
      .sort((a, b) => a.sessions - b.sessions)
      .map(({ cell, arms, sessions }) => ({
        ...{ cell: cell.id, arms },
        sessions: cell.sessions - sessions,
      }));
  }

  /** Whether it has not had its first look; one without contrasts has but one, the last. */
  #isUnseen({ ask: { question }, needs }: OpenQuestion): boolean {
    const [first = 1] = question.looks;
    return question.contrasts.length === 0 || needs.some((need) => this.#sessions(need) < first);
  }

  /** Infinite where it does not seem to settle within its looks. */
  #secondsToSettle({ ask: { question, judged }, needs, seconds }: OpenQuestion): number {
    if (question.contrasts.length === 0) return seconds;
    const next = question.looks[judged.looks] ?? 0;
    const sessions = sessionsToSettle(question, judged);
    if (sessions === undefined) return Number.POSITIVE_INFINITY;
    const further = needs.reduce((sum, { cell: id, arms }) => {
      const cell = this.#cells.get(id)?.cell;
      return cell === undefined ? sum : sum + this.#situation.costs.sessionSeconds(cell, arms);
    }, 0);
    return seconds + Math.max(0, sessions - next) * further;
  }

  #firstOf(open: readonly OpenQuestion[]): Step | undefined {
    for (const { ask, needs } of open) {
      for (const need of needs) {
        const step = this.#stepFor(need, ask.question.priority);
        if (step !== undefined) return step;
      }
    }
    return undefined;
  }

  /** What was begun is seen through: half of a first look says nothing. */
  #begunFirst(a: OpenQuestion, b: OpenQuestion): number {
    const isBegun = ({ needs }: OpenQuestion): boolean =>
      needs.some((need) => this.#sessions(need) > 0);
    return Number(isBegun(b)) - Number(isBegun(a));
  }

  #cheapest(): Step | undefined {
    const steps = this.open.flatMap(({ ask, needs }) =>
      needs.flatMap((need) => this.#stepFor(need, ask.question.priority) ?? []),
    );
    return steps.sort((a, b) => this.#secondsOf(a) - this.#secondsOf(b))[0];
  }

  /** With the arms that questions as urgent as this one need of the cell as well, where that fits. */
  #stepFor(need: Need, priority: number): Step | undefined {
    const placed = this.#cells.get(need.cell);
    if (placed === undefined) return undefined;
    const needed = this.open
      .filter(({ ask }) => ask.question.priority <= priority)
      .flatMap(({ needs }) => needs.filter(({ cell }) => cell === need.cell))
      .flatMap(({ arms }) => arms);
    const step = (arms: readonly string[]): Step => ({
      ...placed,
      arms: namesOf(placed.cell).filter((name) => arms.includes(name)),
    });
    return [step([...needed, ...need.arms]), step(need.arms)].find((one) => this.#fits(one));
  }

  /** Each question's cells of a kind, spread; those of all questions in turn. */
  #beside(isOf: (cell: Cell) => boolean, which: 'first' | 'further'): Step | undefined {
    const places = this.#situation.asks.flatMap(({ question }) =>
      spread(this.#besides(question).filter(isOf)).map((cell, place) => {
        return { cell, question: question.id, place, sessions: this.#sessionsOf(cell) };
      }),
    );
    return places
      .filter(({ cell, sessions }) => sessions < (which === 'first' ? 1 : cell.sessions))
      .sort((a, b) => a.sessions - b.sessions || a.place - b.place)
      .map(({ cell, question }) => ({ cell, question, arms: namesOf(cell) }))
      .find((step) => this.#fits(step));
  }

  /** Cells that a question brings and that decide nothing. */
  #besides(question: Question): readonly Cell[] {
    return question.cells.filter(
      (cell) =>
        this.#cells.get(cell.id)?.question === question.id &&
        cell.role !== 'deciding' &&
        !(question.contrasts.length === 0 && isMain(question, cell)),
    );
  }

  #fits(step: Step): boolean {
    return this.#canRun(step.cell) && this.#secondsOf(step) <= this.#situation.secondsLeft;
  }

  #canRun(cell: Cell | undefined): boolean {
    if (cell === undefined) return false;
    const { givenUp, room, begun, asks, prepared } = this.#situation;
    if (givenUp.has(cell.id) || cell.memoryBytes > room.memoryBytes) return false;
    if (!prepared.has(cell.id) && cell.diskBytes > room.diskBytes) return false;
    // Sessions whose rounds nobody can use would be asked for for ever.
    const looks = asks.map(({ question: { contrasts, looks: all } }) =>
      contrasts.some((contrast) => contrast.cell === cell.id) ? (all.at(-1) ?? 0) : 0,
    );
    const bound = looks.reduce((sum, last) => sum + last, cell.sessions + FAULTS_MAX);
    return begun(cell.id) < bound;
  }

  #secondsOf({ cell, arms }: Step): number {
    return this.#seconds(cell, arms);
  }

  #seconds(cell: Cell, arms: readonly string[] = namesOf(cell), sessions = 1): number {
    const { costs, prepared } = this.#situation;
    const preparing = prepared.has(cell.id) ? 0 : costs.prepareSeconds(cell);
    return preparing + sessions * costs.sessionSeconds(cell, arms);
  }

  #sessions({ cell, arms }: Need): number {
    return this.#situation.sessions(cell, arms);
  }

  #sessionsOf(cell: Cell): number {
    return this.#situation.sessions(cell.id, namesOf(cell));
  }
}

/** Whether a question without contrasts stays open until the cell had its sessions. */
export function isMain({ kind }: Question, { role }: Cell): boolean {
  return role === 'deciding' || kind === 'load' || kind === 'sweep';
}

function namesOf(cell: Cell): string[] {
  return cell.arms.map((arm) => arm.name);
}

/** Ends first, then the middle, then the quarters: any first part is spread over the whole. */
export function spread<Item>(items: readonly Item[]): Item[] {
  const order = new Set<number>();
  const last = items.length - 1;
  if (last >= 0) order.add(0).add(last);
  for (let parts = 2; order.size < items.length; parts *= 2) {
    for (let part = 1; part < parts; part += 2) order.add(Math.round((last * part) / parts));
  }
  return [...order].flatMap((index) => items.slice(index, index + 1));
}
