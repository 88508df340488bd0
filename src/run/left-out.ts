// What a run did not reach, one line a question: what is missing, and what it would take. Pure. Why a cell
// was given up after faults is said by conduct.ts where it happens.

import { fileSize, list, seconds } from '../judge/words.ts';
import type { Question } from '../question/question.ts';
import { Schedule, type OpenQuestion, type Room, type Situation } from './scheduler.ts';

/** At the end of a run; cells that were given up have a line of their own already. */
export function leftOut(situation: Situation): string[] {
  const schedule = new Schedule(situation);
  return situation.asks.flatMap(({ question }) => {
    const open = schedule.open.find(({ ask }) => ask.question === question);
    const { cells, seconds: needed } = schedule.unmeasured(question);
    const missing = cells.filter((cell) => !situation.givenUp.has(cell.id));
    const parts = [
      ...(open === undefined ? [] : [undecided(open, situation)]),
      ...(missing.length === 0
        ? []
        : [`${counted(missing.length, 'further cell')} not measured (about ${seconds(needed)})`]),
    ];
    return parts.length === 0 ? [] : [`${question.id}: ${parts.join('; ')}`];
  });
}

function undecided({ ask, needs, stuck, seconds: needed }: OpenQuestion, about: Situation): string {
  const { question } = ask;
  const room = stuck ? roomFor(question, about.room) : undefined;
  if (room !== undefined) return room;
  const left = `${seconds(Math.max(0, about.secondsLeft))} were left`;
  const sessions = needs.reduce((sum, need) => sum + need.sessions, 0);
  if (stuck || sessions === 0) return 'undecided: a cell that it needs could not be measured';
  const what = question.contrasts.length === 0 ? 'incomplete' : 'undecided';
  const more = `${counted(sessions, 'more session')} would take about ${seconds(needed)}`;
  return `${what}: ${more}, ${left}`;
}

/** What the machine lacks for a cell of the question. */
function roomFor({ cells }: Question, { diskBytes, memoryBytes }: Room): string | undefined {
  const large = cells.find((cell) => cell.diskBytes > diskBytes || cell.memoryBytes > memoryBytes);
  if (large === undefined) return undefined;
  const lacks = [
    ...(large.diskBytes > diskBytes
      ? [`${fileSize(large.diskBytes)} of disk, ${fileSize(diskBytes)} are free`]
      : []),
    ...(large.memoryBytes > memoryBytes
      ? [`${fileSize(large.memoryBytes)} of memory, ${fileSize(memoryBytes)} are free`]
      : []),
  ];
  return `not measured: ${large.title} needs ${list(lacks)}`;
}

function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}
