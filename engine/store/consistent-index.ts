// ConsistentIndex: how far a store's file has come in its log, as etcd's cindex: the index of the last request
// that was carried out, the identity that file and log share, and what the file needs of the log. All stands
// in one value of the meta bucket, and is stored with every commit of the backend: what is behind the index
// comes from the log.
//
// A file says of its log 'new': it is being made; 'used': it may hold what the file lacks, so that the file
// must not be opened without it; 'whole': the file has all that was answered, as a copy or a store that was
// closed. A whole file without a log, like one of etcd's, begins a log, and with it an identity, of its own.
//
// For etcd's own tools the index stands beside it where etcd has it, counted on from etcd's where a file of
// etcd's was taken over: a log of ours begins with 1. When it is stored is the store's to say.

import { randomBytes } from 'node:crypto';
import { EngineError } from '../base/errors.ts';
import type { Db } from '../db/db.ts';
import type { Backend } from '../mvcc/backend.ts';
import { CONSISTENT_INDEX, META_BUCKET, STORE_IDENTITY, TERM } from '../mvcc/buckets.ts';
import { readBig, writeBig } from '../mvcc/revision.ts';
import type { Vfs } from '../vfs/vfs.ts';
import { Wal } from '../wal/wal.ts';

/** As stored: the position here is the number. */
const LOG_STATES = ['new', 'used', 'whole'] as const;
export type LogState = (typeof LOG_STATES)[number];

const IDENTITY_BYTES = 16;
const INDEX_BYTES = 8;
const LOG_STATE_AT = IDENTITY_BYTES + INDEX_BYTES;
const RECORD_BYTES = LOG_STATE_AT + 1;

export class ConsistentIndex {
  /** Names the store. */
  readonly identity: Uint8Array;
  /** What the file says of its log with the next commit. */
  log: LogState = 'new';
  /** Index of the last request carried out. */
  value = 0;
  /** etcd's index is ours plus this. */
  readonly #etcdBase: number;

  /** Reads what the file says; `hasLog`: whether a log lies beside it. Throws CORRUPT. */
  constructor(db: Db, hasLog: boolean) {
    const { record, etcdIndex } = db.read((tx) => {
      const meta = tx.bucket(META_BUCKET);
      const index = meta?.get(CONSISTENT_INDEX);
      return {
        record: meta?.get(STORE_IDENTITY)?.slice(),
        etcdIndex: index?.length === INDEX_BYTES ? readBig(index, 0) : 0,
      };
    });
    const log = record === undefined ? undefined : logStateOf(record);
    if (record !== undefined && log !== undefined && (hasLog || log === 'new')) {
      this.identity = record.slice(0, IDENTITY_BYTES);
      this.value = readBig(record, IDENTITY_BYTES);
      this.log = log;
    } else if (log === 'used') {
      throw new EngineError(
        'CORRUPT',
        `the log of ${db.path} is missing: it may hold writes that the file lacks; put it back`,
      );
    } else this.identity = new Uint8Array(randomBytes(IDENTITY_BYTES));
    this.#etcdBase = Math.max(0, etcdIndex - this.value);
  }

  /** Opens the log beside the file, or makes it. Throws as Wal.open() and Backend.commit() do. */
  openLog(
    backend: Backend,
    options: { readonly folder: string; readonly segmentBytes: number },
    vfs: Vfs,
  ): Wal {
    const { folder, segmentBytes } = options;
    // The identity is durable before the log is made that bears it, ...
    if (this.log === 'new') this.#commit(backend);
    const wal = Wal.open(folder, { identity: this.identity, segmentBytes }, vfs);
    if (this.log === 'used') return wal;
    try {
      // ... and that there is a log, before anything is answered.
      this.log = 'used';
      this.#commit(backend);
    } catch (error) {
      wal.close();
      throw error;
    }
    return wal;
  }

  /** Adds all of it to the next commit, which must not hold what the log could lose. */
  store(backend: Backend): void {
    const record = new Uint8Array(RECORD_BYTES);
    record.set(this.identity);
    writeBig(record, IDENTITY_BYTES, this.value);
    record[LOG_STATE_AT] = LOG_STATES.indexOf(this.log);
    backend.put(META_BUCKET, STORE_IDENTITY, record);
    const index = new Uint8Array(INDEX_BYTES);
    writeBig(index, 0, this.#etcdBase + this.value);
    backend.put(META_BUCKET, CONSISTENT_INDEX, index);
    const term = new Uint8Array(INDEX_BYTES);
    writeBig(term, 0, 1);
    backend.put(META_BUCKET, TERM, term);
  }

  #commit(backend: Backend): void {
    this.store(backend);
    backend.commit();
  }
}

function logStateOf(record: Uint8Array): LogState {
  const state = record.length === RECORD_BYTES ? LOG_STATES[record[LOG_STATE_AT]!] : undefined;
  if (state !== undefined) return state;
  throw new EngineError('CORRUPT', `the store's identity of ${record.length} bytes is malformed`);
}
