// Admission: which requests are refused before they are logged: those that are too large, and, because of what
// they would grow, those that find the key index in memory full, or the file over its quota, for which the
// alarm is raised as etcd does. What takes
// nothing away from either passes: deletions, compactions, leases that end. Health comes before (store.ts).

import { EngineError } from '../base/errors.ts';
import type { Db } from '../db/db.ts';
import type { KeyIndex } from '../mvcc/key-index.ts';
import type { Alarms } from './alarms.ts';
import { requestLimit } from './options.ts';
import type { RequestGroup } from './request-group.ts';
import type { RequestKind } from './requests.ts';

/** What a put may take of the key index beside its key: a record, a block, its share of split nodes. */
const INDEX_KEY_BYTES = 512;
const INDEX_RESERVE_BYTES = 4 * 1024 ** 2;

export interface AdmissionParts {
  readonly db: Db;
  readonly index: KeyIndex;
  readonly group: RequestGroup;
  readonly alarms: Alarms;
  readonly quotaBytes: number;
  readonly requestBytesMax: number;
  /** Of the log: no request is larger. */
  readonly segmentBytes: number;
  /** Queues the alarm, and answers it before it returns unless a group is being answered. */
  readonly raise: (done: () => void) => void;
}

export class Admission {
  readonly quotaBytes: number;
  readonly requestBytesMax: number;
  readonly #parts: AdmissionParts;
  readonly #requestLimit: number;
  /** Bytes of the key index that are kept for deletions, and for a request that is larger than most. */
  readonly #indexReserve: number;
  #alarmQueued = false;

  constructor(parts: AdmissionParts) {
    this.#parts = parts;
    this.quotaBytes = parts.quotaBytes;
    this.requestBytesMax = parts.requestBytesMax;
    this.#requestLimit = requestLimit(parts);
    this.#indexReserve = Math.min(INDEX_RESERVE_BYTES, parts.index.indexBytes / 4);
  }

  /** Why a request of so many bytes is not taken; undefined where it is. */
  refusalOfSize(bytes: number): EngineError | undefined {
    const limit = this.#requestLimit;
    if (bytes <= limit) return undefined;
    const message = `request is too large: ${bytes} bytes, at most ${limit}`;
    return new EngineError('REQUEST_TOO_LARGE', message);
  }

  /** Why such a request is not taken now; undefined where it is. May raise the alarm. */
  refusalOf(kind: RequestKind): EngineError | undefined {
    if (kind !== 'put' && kind !== 'txn' && kind !== 'leaseGrant') return undefined;
    const { db, index, alarms } = this.#parts;
    const { bytes, count } = this.#parts.group;
    if (index.bytesLeft < this.#indexReserve + bytes + INDEX_KEY_BYTES * count) {
      return new EngineError('NO_SPACE', 'the key index is full; raise indexBytes');
    }
    if (db.fileBytes > this.quotaBytes && !alarms.has('noSpace')) this.#raise();
    if (!alarms.has('noSpace')) return undefined;
    return new EngineError(
      'QUOTA_EXCEEDED',
      `database space exceeded: over ${this.quotaBytes} bytes; compact, defragment, disarm the alarm`,
    );
  }

  #raise(): void {
    if (this.#alarmQueued) return;
    this.#alarmQueued = true;
    this.#parts.raise(() => {
      this.#alarmQueued = false;
    });
  }
}
