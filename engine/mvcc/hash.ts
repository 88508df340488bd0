// Keyspace hash, etcd's HashKV (server/storage/mvcc/hash.go, the same in 3.4 and 3.5): CRC-32C over the
// name of the bucket `key`, then over revision key and message of every revision up to one that is asked
// for, in order. Revisions at or below the last compaction count only where they are what their key lives
// by at the revision asked for: so the hash does not depend on how far a compaction has got in the file.
//
// Where no key lives at the revision asked for, etcd counts all that it finds of the compacted revisions.
// Once its compaction has finished that is what lived at the compacted revision; here it always is.

import { crc32c } from '@node-rs/crc32';
import { EngineError } from '../base/errors.ts';
import { copyRange } from '../base/bytes.ts';
import type { Cursor } from '../btree/cursor.ts';
import { KEY_BUCKET } from './buckets.ts';
import { KeyState, RevisionList } from './key-index-reader.ts';
import { KeyValueView } from './key-value.ts';
import type { Mvcc } from './mvcc.ts';
import { RevisionKey } from './revision.ts';

/** Revisions hashed in a step: about a millisecond. */
const STEP_REVISIONS = 1000;
/** Gathered before the checksum is asked: a call for each revision would cost more than the sum. */
const GATHERED_BYTES = 64 * 1024;
/** No key comes before it. */
const FIRST_KEY = new Uint8Array(1);

export interface KeyspaceHash {
  readonly hash: number;
  /** Revision up to which was hashed, and the last compacted one. */
  readonly revision: number;
  readonly compacted: number;
}

/**
 * Hashes all up to `revision` (0: the newest) in steps; yields how many revisions it has looked at. Needs
 * everything committed when it starts; holds a state of the file until it ends. Throws COMPACTED, also
 * when the revision is compacted half-way, and FUTURE_REVISION.
 */
export function* hashSteps(mvcc: Mvcc, revision: number): Generator<number, KeyspaceHash> {
  const { compacted } = mvcc;
  const upTo = revision > 0 ? revision : mvcc.revision;
  if (upTo > mvcc.revision) {
    throw new EngineError(
      'FUTURE_REVISION',
      `revision ${upTo} is a future revision; the newest is ${mvcc.revision}`,
    );
  }
  assertKept(mvcc, upTo);
  const kept = new KeptRevisions(mvcc, upTo);
  const hasher = new Hasher();
  hasher.add(KEY_BUCKET, 0, KEY_BUCKET.length);
  const at = new RevisionKey();
  const tx = mvcc.backend.db.beginRead();
  try {
    const cursor = tx.bucket(KEY_BUCKET)!.cursor();
    let looked = 0;
    for (let there = cursor.first(); there; there = cursor.next()) {
      const { u8 } = cursor.buffer;
      at.read(u8, cursor.keyStart, cursor.keyLength);
      if (at.main > upTo) break;
      if (at.main > compacted || kept.has(cursor, at)) {
        hasher.add(u8, cursor.keyStart, cursor.keyLength);
        hasher.add(u8, cursor.valueStart, cursor.valueLength);
      }
      if (++looked % STEP_REVISIONS === 0) {
        yield looked;
        assertKept(mvcc, kept.at);
      }
    }
    return { hash: hasher.finish(), revision: upTo, compacted };
  } finally {
    tx.end();
  }
}

/** Which of the compacted revisions count. */
class KeptRevisions {
  /** Revision at which a key has to live by them; nothing later may be compacted meanwhile. */
  readonly at: number;
  readonly #mvcc: Mvcc;
  readonly #state = new KeyState();
  readonly #view = new KeyValueView();

  constructor(mvcc: Mvcc, upTo: number) {
    this.#mvcc = mvcc;
    const some = mvcc.index.range(FIRST_KEY, undefined, upTo, 1, new RevisionList()) > 0;
    this.at = some ? upTo : mvcc.compacted;
  }

  has(cursor: Cursor, { main, sub, tombstone }: RevisionKey): boolean {
    if (tombstone) return false;
    const { u8 } = cursor.buffer;
    const { keyStart, keyLength } = this.#view.read(u8, cursor.valueStart, cursor.valueLength);
    const key = u8.slice(keyStart, keyStart + keyLength);
    const found = this.#mvcc.index.find(key, this.at, this.#state);
    return found && this.#state.main === main && this.#state.sub === sub;
  }
}

function assertKept(mvcc: Mvcc, revision: number): void {
  if (revision >= mvcc.compacted) return;
  throw new EngineError(
    'COMPACTED',
    `revision ${revision} has been compacted; the oldest that is kept is ${mvcc.compacted}`,
  );
}

class Hasher {
  readonly #gathered = new Uint8Array(GATHERED_BYTES);
  #length = 0;
  #sum = 0;

  add(source: Uint8Array, start: number, length: number): void {
    for (let done = 0; done < length;) {
      if (this.#length === GATHERED_BYTES) this.#flush();
      const part = Math.min(length - done, GATHERED_BYTES - this.#length);
      copyRange(source, start + done, part, this.#gathered, this.#length);
      this.#length += part;
      done += part;
    }
  }

  finish(): number {
    this.#flush();
    return this.#sum;
  }

  #flush(): void {
    this.#sum = crc32c(this.#gathered.subarray(0, this.#length), this.#sum);
    this.#length = 0;
  }
}
