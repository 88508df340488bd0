// runBench(): one run of bench-peers: a question for each measurement, put to kvtune's own core, which has all arms
// of a cell run in turn in sessions; then rows, checks and whether the baseline is honest. Does not print; says
// what it is at through the context's note().

import { systemClock } from '../../src/measure/clock.ts';
import type { Cell, Evidence, Question } from '../../src/question/question.ts';
import type { Answer } from '../../src/record/answer.ts';
import { RunFolder } from '../../src/record/folder.ts';
import { SCHEMA_VERSION, type Round, type Scalar, type Warning } from '../../src/record/round.ts';
import { conduct } from '../../src/run/conduct.ts';
import { processSessions } from '../../src/run/session.ts';
import { KVTUNE_VERSION } from '../../src/version.ts';
import { NO_FAULT } from './aged-check.ts';
import { cellOf, wordsOf } from './cells.ts';
import { meterOf, OURS, type Bench } from './context.ts';
import {
  honesty,
  isAged,
  isMvcc,
  rowOf,
  type Baseline,
  type MeasurementName,
  type Row,
  type RowSpec,
} from './rows.ts';

/** Something that must hold for the figures to mean anything. */
export interface Check {
  readonly name: string;
  readonly ok: boolean;
  readonly detail: string;
}

export interface BenchResult {
  readonly peers: readonly string[];
  readonly rows: readonly Row[];
  /** That all sides of a measurement did the same work under the same settings. */
  readonly checks: readonly Check[];
  /** Settings as read back, in words, by the measurements that ran under them. */
  readonly conditions: readonly { readonly measurements: string[]; readonly settings: string }[];
  readonly baseline: Baseline | null;
  /** Whether our array arm is as cheap as bbolt's; null where it was not measured. */
  readonly honest: boolean | null;
}

const PROCEDURES = new URL('./procedures.js', import.meta.url).href;
const MEMORY = 'memoryBytes';
/** Settings that decide a figure: equal for all arms that were asked for the same. */
const SETTINGS: readonly string[] = [
  ...['pageSize', 'fillPercent', 'freelist', 'syncFreelist', 'sync', 'growSync', 'readOnly'],
  ...['batchLimit', 'batchIntervalMs', 'keys', 'keyBytes', 'valueBytes'],
];
/** Names under which an arm says what it did, and what it left. */
const DONE: readonly string[] = ['checksum', 'freePages', 'end', 'contents'];

/** Measures `asked`; rows beside etcd's storage only where there is one. */
export async function runBench(asked: readonly RowSpec[], bench: Bench): Promise<BenchResult> {
  const { peers, etcds, work, seed, signal } = bench;
  const specs = asked.filter(({ measurement }) => etcds.length > 0 || !isMvcc(measurement));
  const names = [...new Set(specs.map((spec) => spec.measurement))];
  const questions = names.map((name) => questionOf(name, specs, bench));
  const { rounds, answers, error } = await conduct({
    ...{ questions, previous: undefined, work, seed, signal, budgetSeconds: undefined },
    run: {
      ...{ schemaVersion: SCHEMA_VERSION, kvtune: KVTUNE_VERSION, id: 'bench-peers', seed },
      ...{ mode: 'default', command: 'npm run bench:peers', startedAt: systemClock.wallIso() },
      ...{ tags: {}, versions: {}, warnings: [] },
    },
    folder: new RunFolder(work.file('run')),
    clock: systemClock,
    sessions: processSessions({ work, clock: systemClock, procedures: PROCEDURES }),
    commandOf: () => 'npm run bench:peers',
    onProgress: once(bench.note),
    onAnswer: () => undefined,
  });
  signal.throwIfAborted();
  if (error !== undefined) {
    throw error instanceof Error ? error : new Error('a measurement failed', { cause: error });
  }
  const meter = meterOf(peers);
  const array = { cell: 'bench-peers/aged-array', arm: meter?.name ?? '' };
  const baseline = honesty(rounds, { ...array, peerVersion: peers[0].version }) ?? null;
  return {
    peers: [...peers, ...etcds].map((peer) => peer.version),
    rows: specs.flatMap((spec) => rowsOf(spec, rounds, bench)),
    checks: answers.map(checkOf),
    conditions: conditionsOf(names, rounds, bench),
    ...{ baseline, honest: baseline?.honest ?? null },
  };
}

/** One row a peer; one of the inside only for the bbolt with the meter. */
function rowsOf(spec: RowSpec, rounds: readonly Round[], { peers, etcds }: Bench): Row[] {
  const cell = `bench-peers/${spec.measurement}`;
  const [{ version }] = peers;
  const meter = meterOf(peers);
  const sides = spec.metered
    ? [{ arm: meter?.name ?? '', peerVersion: version }]
    : isMvcc(spec.measurement)
      ? etcds.map((etcd) => ({ arm: etcd.version, peerVersion: `etcd ${etcd.version}` }))
      : peers.map((peer) => ({ arm: peer.version, peerVersion: peer.version }));
  return sides.flatMap((side) => rowOf(spec, rounds, { cell, ...side }) ?? []);
}

function questionOf(name: MeasurementName, specs: readonly RowSpec[], bench: Bench): Question {
  const own = specs.filter((spec) => spec.measurement === name);
  // Whether the baseline is honest is always said.
  const metered = name === 'aged-array' || own.some((spec) => spec.metered);
  const checked = name === specs.find(({ measurement }) => isAged(measurement))?.measurement;
  const cell = cellOf(name, bench, { metered, checked });
  return {
    ...{ id: name, kind: 'calibration', title: name, target: 'engine', alpha: 0.05, priority: 0 },
    ...{ cells: [cell], contrasts: [], looks: [cell.sessions], rule: () => 'measured' },
    ruleText: 'none: rows are held to bars',
    faults: (evidence) => workFaults(cell, evidence),
    wording: () => ({
      ...{ finding: name, measured: null, limits: [], caveats: [] },
      ...{ panels: [], tables: [], facts: [] },
    }),
  };
}

/** Bytes by which the mean of a key's message may differ. */
const BYTES_ALIKE = 16;

/** All arms saw and left the same, under the same settings; and bbolt finds no fault in our files. */
export function workFaults(
  { id }: Pick<Cell, 'id'>,
  { rounds, cells }: Pick<Evidence, 'rounds' | 'cells'>,
): Warning[] {
  const own = rounds.filter(({ cell }) => cell === id);
  const prepared = cells.find((cell) => cell.id === id)?.prepared ?? {};
  return [
    ...SETTINGS.flatMap((name) => {
      const asked = new Set(own.map((round) => round.asked[name]));
      return [...asked].flatMap((level) => {
        const alike = own.filter((round) => round.asked[name] === level);
        return differing(`settings, ${name}`, alike, ({ settings }) => settings[name]);
      });
    }),
    ...firstOfEach(
      sameSeed(own).flatMap((alike) => [
        ...DONE.flatMap((name) =>
          differing(name, alike, ({ state, settings }) => state[name] ?? settings[name]),
        ),
        // Numbers in a message take a byte more or less: where it lies is drawn, so the mean differs a little.
        ...differing('bytesPerKey', alike, ({ figures: { bytesPerKey } }) =>
          bytesPerKey === undefined ? undefined : Math.round(bytesPerKey / BYTES_ALIKE),
        ),
      ]),
    ),
    ...Object.entries(prepared).flatMap(([name, found]): Warning[] =>
      name.startsWith('check of') && found !== NO_FAULT
        ? [{ code: 'wrong-data', message: `bbolt's ${name}: ${String(found)}` }]
        : [],
    ),
  ];
}

/** Of faults that every block repeats the first. */
function firstOfEach(faults: readonly Warning[]): Warning[] {
  const whatOf = ({ message }: Warning): string => message.split(':', 1)[0] ?? '';
  return [...new Map([...faults].reverse().map((fault) => [whatOf(fault), fault])).values()];
}

/** Rounds of one block of one session: they drew the same keys. */
function sameSeed(rounds: readonly Round[]): Round[][] {
  const blocks = new Map<string, Round[]>();
  for (const round of rounds) {
    const block = `${String(round.session)}/${String(round.block)}`;
    blocks.set(block, [...(blocks.get(block) ?? []), round]);
  }
  return [...blocks.values()];
}

/** A fault where rounds that have the figure do not agree on it. */
function differing(
  what: string,
  rounds: readonly Round[],
  of: (round: Round) => Scalar | undefined,
): Warning[] {
  const arms = new Map<Scalar, Set<string>>();
  for (const round of rounds) {
    const value = of(round);
    if (value !== undefined) arms.set(value, (arms.get(value) ?? new Set()).add(round.arm));
  }
  if (arms.size < 2) return [];
  const found = [...arms].map(([value, names]) => `${String(value)} (${[...names].join(', ')})`);
  return [{ code: 'other-work', message: `${what}: ${found.join(' against ')}` }];
}

function checkOf({ question, verdict, warnings }: Answer): Check {
  const ok = verdict === 'measured';
  return { name: question, ok, detail: ok ? 'same work' : (warnings[0]?.message ?? verdict) };
}

/** What a measurement is about, what all its arms read back alike, and the memory of each. */
function conditionsOf(
  names: readonly MeasurementName[],
  rounds: readonly Round[],
  { scale }: Bench,
): BenchResult['conditions'] {
  const conditions = new Map<string, string[]>();
  for (const name of names) {
    const slices = rounds.filter(({ kind, question }) => kind === 'slice' && question === name);
    const all = Object.entries(slices[0]?.settings ?? {});
    const alike = all.filter(
      ([setting, value]) =>
        setting !== MEMORY && slices.every(({ settings }) => settings[setting] === value),
    );
    const arms = [...new Set(slices.map(({ arm }) => arm))].sort();
    const words = [
      wordsOf(name, scale),
      ...alike.map(([setting, value]) => `${setting} ${String(value)}`),
      ...arms.flatMap((arm) => memoryWords(slices, arm)),
    ];
    const text = words.filter((word) => word !== '').join(', ');
    conditions.set(text, [...(conditions.get(text) ?? []), name]);
  }
  return [...conditions].map(([settings, measurements]) => ({ measurements, settings }));
}

function memoryWords(rounds: readonly Round[], arm: string): string[] {
  const bytes = rounds.find((round) => round.arm === arm)?.settings[MEMORY];
  if (typeof bytes !== 'number') return [];
  const size = bytes === 0 ? 'as large as the file' : `of ${String(bytes / 2 ** 20)} MiB`;
  return [arm === OURS ? `${arm}'s page cache ${size}` : `the first map of bbolt ${arm} ${size}`];
}

/** A line for each thing that is new. */
function once(note: (text: string) => void): (share: number, doing: string) => void {
  let last = '';
  return (_share, doing) => {
    const milestone = doing.replace(/,? \d+%$/, '');
    if (milestone !== last) note(milestone);
    last = milestone;
  };
}
