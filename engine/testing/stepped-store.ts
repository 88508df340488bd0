// SteppedStore, for tests: a small store, every state it had, and a judge of answers. An answer must be the
// state at one revision, the one that it names, which was the newest at some moment of the read; or COMPACTED
// where that revision is gone, or READ_TOO_OLD where the write buffer did go round under the read. Writer and
// reader share a thread; where locks have to tell them apart, `thread` is who acts. Test support; not part of
// the engine.

import { EngineError } from '../base/errors.ts';
import { leaseId } from '../base/ids.ts';
import { Db } from '../db/db.ts';
import { releaseBackendThread } from '../mvcc/backend.ts';
import { Mvcc } from '../mvcc/mvcc.ts';
import { END_OF_KEYS, MvccReader, type RangeRequest } from '../mvcc/mvcc-reader.ts';
import type { ReadLock } from '../mvcc/options.ts';
import { RwLock } from '../shared/rw-lock.ts';
import { bytesOf, textOf } from '../../scripts/simulation/model.ts';
import { MemoryVfs } from '../vfs/memory-vfs.ts';
import { Waiting, withoutWaiting } from './stepping.ts';

const NOBODY = leaseId(0n);
const KEYS = 6;
/** Values are of many lengths, so that none takes just the place of an older one. */
const VALUE_BYTES_MAX = 60;
const BUFFER_ENTRIES = 64;
/** More looks at shared memory than a read takes, and fewer than a lock does before it sleeps. */
const LOOKS_MAX = 200;
const WRITER = 0;
const ONLOOKER = 1;

interface Entry {
  readonly value: string;
  readonly create: number;
  readonly mod: number;
  readonly version: number;
}
/** By key. */
type State = ReadonlyMap<string, Entry>;

interface Answer {
  readonly revision: number;
  readonly text: string;
}

/** How often reads ended how. */
export interface Outcomes {
  answers: number;
  compacted: number;
  lost: number;
  /** Cut off, since they waited for the writer, who waits for them here. */
  waits: number;
}

export class SteppedStore {
  readonly mvcc: Mvcc;
  readonly outcomes: Outcomes = { answers: 0, compacted: 0, lost: 0, waits: 0 };
  readonly #vfs = new MemoryVfs();
  readonly #thread: { id: number };
  readonly #onlooker: RwLock;
  #reader: MvccReader;
  #readerThread = ONLOOKER + 1;
  /** By revision; none are forgotten. */
  readonly #states: State[] = [];
  /** Of a transaction that is not shown yet. */
  #next: Map<string, Entry> | undefined;
  /** What every reader sees at least. */
  #revision: number;
  #compacted = 0;
  #turn = 0;
  #impatient = false;

  constructor(readLock: ReadLock, thread = { id: WRITER }) {
    this.#thread = thread;
    const db = Db.open('db', { pageSize: 512, cacheBytes: 64 * 512, readersMax: 4 }, this.#vfs);
    const options = {
      ...{ readLock, indexLock: 'optimistic' as const, indexBytes: 64 * 1024 ** 2 },
      ...{ batchLimit: 1000, batchIntervalMs: 0, bufferEntries: BUFFER_ENTRIES, bufferBytes: 2048 },
      ...{ compactionBatch: 4, compactionPauseMs: 0 },
    };
    const owners = { some: false, attach: () => undefined, detach: () => undefined };
    this.mvcc = new Mvcc(db, options, owners);
    this.#revision = this.mvcc.revision;
    this.#states[this.#revision] = new Map();
    thread.id = ONLOOKER;
    this.#onlooker = new RwLock(new Int32Array(this.mvcc.share().backend.lock), 0);
    thread.id = WRITER;
    this.#reader = this.attach();
    for (let i = 0; i < KEYS; i++) this.put();
  }

  /** Another reader, of a thread of its own. */
  attach(): MvccReader {
    const { id } = this.#thread;
    this.#thread.id = ++this.#readerThread;
    try {
      return MvccReader.attach(this.mvcc.share(), this.#vfs);
    } finally {
      this.#thread.id = id;
    }
  }

  close(): void {
    this.#reader.detach();
    this.mvcc.close();
  }

  /** Newest revision that every reader sees. */
  get revision(): number {
    return this.#revision;
  }

  // What the writer does.

  /** Begins a transaction, or goes on with it. */
  append(): void {
    if (this.#next === undefined) this.#begin();
    this.#put(this.#key());
    this.#delete();
  }

  /** Shows what was appended. */
  end(): void {
    if (this.#next === undefined) return;
    // Whoever sees the revision, sees the state.
    this.#states[this.mvcc.revision + 1] = this.#next;
    this.#next = undefined;
    this.#revision = this.mvcc.end();
    // As the store does it: behind a request.
    if (this.mvcc.backend.batchFull) this.mvcc.backend.commit();
  }

  put(): void {
    this.#begin();
    this.#put(this.#key());
    this.end();
  }

  /** Several keys change at once, one of them twice. */
  txn(): void {
    this.append();
    const key = this.#key();
    this.#put(key);
    this.#put(key);
    this.end();
  }

  commit(): void {
    this.mvcc.backend.commit();
  }

  /** Writes as often as the write buffer has entries, times `rounds`, and commits in between. */
  goRound(rounds: number): void {
    for (let i = 0; i < rounds * BUFFER_ENTRIES; i++) this.put();
  }

  /** From now on for readers; compactStep() does it. */
  compact(): void {
    if (this.#revision > this.mvcc.compacted) this.mvcc.compact(this.#revision);
    this.#compacted = this.mvcc.compacted;
  }

  compactStep(): void {
    this.mvcc.stepCompaction(Number.POSITIVE_INFINITY);
  }

  compactAll(): void {
    this.compact();
    this.mvcc.finishCompaction();
    this.commit();
  }

  /** Whether a reader is inside of the lock, so that the writer would wait to show a change or to commit. */
  get locked(): boolean {
    return this.#as(ONLOOKER, () => {
      if (!this.#onlooker.tryLockExclusive(0)) return true;
      this.#onlooker.unlockExclusive();
      return false;
    });
  }

  asWriter(work: () => void): void {
    this.#as(WRITER, work);
  }

  // What a reader does. All throw where the answer is none of those that it may be.

  range(request: RangeRequest): void {
    this.#judge(request.revision ?? 0, told(request), () => {
      const { revision, count, more, kvs } = this.#reader.range(request);
      const entries = kvs.map((kv) => {
        const entry = { ...kv, create: kv.createRevision, mod: kv.modRevision };
        return entryText(textOf(kv.key), { ...entry, value: textOf(kv.value) });
      });
      return { revision, text: answerText(count, more, entries) };
    });
  }

  get(name: string): void {
    const target = new Uint8Array(VALUE_BYTES_MAX);
    const value = (state: State): string => state.get(name)?.value ?? '-';
    this.#judge(0, value, () => {
      const length = this.#reader.get(bytesOf(name), target);
      const text = length < 0 ? '-' : textOf(target.subarray(0, length));
      return { revision: this.#reader.revision, text };
    });
  }

  /** Runs `work`, whose reads are cut off, and their readers gone, where they would wait. */
  impatient(work: () => void): void {
    this.#impatient = true;
    try {
      work();
    } finally {
      this.#impatient = false;
    }
  }

  #judge(asked: number, expected: (state: State) => string, read: () => Answer): void {
    const first = this.#revision;
    const compacted = this.#compacted;
    const { lostReads } = this.mvcc.backend;
    try {
      const { revision, text } = this.#as(this.#readerThread, () =>
        this.#impatient ? withoutWaiting(read, LOOKS_MAX) : read(),
      );
      const at = asked === 0 ? revision : asked;
      const state = expected(this.#states[at] ?? new Map());
      if (revision < first || revision > this.mvcc.revision || at < compacted || text !== state) {
        throw new Error(
          `answer ${text}, not ${state}, at ${at}: ${first} to ${this.mvcc.revision}`,
        );
      }
      this.outcomes.answers++;
    } catch (error) {
      if (error instanceof Waiting) this.#replaceReader();
      else if (!(error instanceof EngineError)) throw error;
      else if (error.code === 'COMPACTED' && asked > 0 && asked < this.mvcc.compacted) {
        this.outcomes.compacted++;
      } else if (error.code === 'READ_TOO_OLD' && this.mvcc.backend.lostReads > lostReads) {
        this.outcomes.lost++;
      } else throw error;
    }
  }

  /** Its thread ended where it waited. */
  #replaceReader(): void {
    this.outcomes.waits++;
    this.#reader.detach();
    releaseBackendThread(this.mvcc.share().backend, this.#readerThread);
    this.#reader = this.attach();
  }

  #as<T>(id: number, work: () => T): T {
    const before = this.#thread.id;
    this.#thread.id = id;
    try {
      return work();
    } finally {
      this.#thread.id = before;
    }
  }

  #begin(): void {
    this.#next = new Map(this.#states[this.#revision]);
    this.mvcc.begin();
  }

  #put(name: string): void {
    const mod = this.#revision + 1;
    const length = 1 + ((17 * this.#turn) % VALUE_BYTES_MAX);
    const value = `${mod}.${this.#turn} `.repeat(VALUE_BYTES_MAX).slice(0, length);
    const key = bytesOf(name);
    this.mvcc.put(key, key.length, { u8: bytesOf(value), start: 0, length }, NOBODY);
    const { create = mod, version = 0 } = this.#next!.get(name) ?? {};
    this.#next!.set(name, { value, create, mod, version: version + 1 });
  }

  #delete(): void {
    const [name] = this.#next!.keys();
    if (name === undefined) return;
    this.mvcc.deleteRange(bytesOf(name), undefined);
    this.#next!.delete(name);
  }

  /** Keys take turns. */
  #key(): string {
    return `k${(5 * ++this.#turn) % KEYS}`;
  }
}

/** What is to be answered to the request where the store is in that state. */
function told({ key, end, limit = 0, countOnly }: RangeRequest): (state: State) => string {
  const first = textOf(key);
  const behind = end === undefined || end === END_OF_KEYS ? '~' : textOf(end);
  return (state) => {
    const names = [...state.keys()].filter((name) => name >= first && name < behind).sort();
    const shown = countOnly === true ? [] : names.slice(0, limit > 0 ? limit : undefined);
    const more = shown.length > 0 && shown.length < names.length;
    const entries = shown.map((name) => entryText(name, state.get(name)!));
    return answerText(names.length, more, entries);
  };
}

function entryText(name: string, { value, create, mod, version }: Entry): string {
  return `${name}=${value}@${create}.${mod}.${version}`;
}

function answerText(count: number, more: boolean, entries: readonly string[]): string {
  return `${count}${more ? '+' : ''}: ${entries.join(', ')}`;
}
