// BackendReader: one thread's view of the backend: a snapshot {state of the Db, entries of the buffer,
// revision} and lookups of messages by revision in it. How it keeps the writer off is the backend's
// readLock (backend.ts). Messages are read in place: at `u8`, `start`, `length` until the next lookup.
// One snapshot at a time; end it soon, it keeps pages and buffer from being used again.

import { EngineError } from '../base/errors.ts';
import type { Cursor } from '../btree/cursor.ts';
import type { ReadSession } from '../db/read-session.ts';
import { Reader } from '../db/reader.ts';
import { Published } from '../shared/published.ts';
import { RwLock } from '../shared/rw-lock.ts';
import type { Vfs } from '../vfs/vfs.ts';
import {
  BUFFER_END_FIELD,
  COMPACTED_FIELD,
  PUBLISHED_FIELDS,
  REVISION_FIELD,
  type BackendShare,
} from './backend.ts';
import { KEY_BUCKET } from './buckets.ts';
import type { ReadLock } from './options.ts';
import { encodeRevision, REVISION_BYTES, TOMBSTONE_BYTES } from './revision.ts';
import { BufferMemory } from './write-buffer.ts';

/** What only the writer may see: its revision in the making, and the buffer's end. */
export interface InsideState {
  readonly revision: number;
  readonly bufferEnd: number;
}

export class BackendReader {
  /** Memory of the message that was found. */
  u8: Uint8Array = new Uint8Array(0);
  start = 0;
  length = 0;
  readonly #readLock: ReadLock;
  readonly #lock: RwLock;
  readonly #state: Published;
  readonly #buffer: BufferMemory;
  readonly #reader: Reader;
  readonly #published = new Float64Array(PUBLISHED_FIELDS);
  readonly #latest = new Float64Array(PUBLISHED_FIELDS);
  readonly #key = new Uint8Array(TOMBSTONE_BYTES);
  readonly #revisionKey = this.#key.subarray(0, REVISION_BYTES);
  /** Of 'copy': entries of the snapshot, as etcd's read buffer copies its own. */
  readonly #copied = new CopiedEntries();
  readonly #session: ReadSession;
  /** Cursor on the bucket of keys in the state #cursorTxid of the Db. */
  #cursor: Cursor | undefined;
  #cursorTxid = -1;
  #from = 0;
  #firstMain = Number.POSITIVE_INFINITY;
  #end = 0;

  static attach(share: BackendShare, vfs: Vfs): BackendReader {
    return new BackendReader(share, Reader.attach(share.db, vfs));
  }

  constructor(share: BackendShare, reader: Reader) {
    this.#readLock = share.readLock;
    this.#lock = new RwLock(new Int32Array(share.lock), 0);
    this.#state = new Published(share.state, 0, PUBLISHED_FIELDS);
    this.#buffer = new BufferMemory(share.buffer);
    this.#reader = reader;
    this.#session = reader.session();
  }

  /**
   * Takes a snapshot: of what is published, or, for the writer, of what stands inside its open
   * transaction. Throws READERS_FULL, TX_CLOSED.
   */
  begin(inside?: InsideState): void {
    if (this.#readLock !== 'concurrent') this.#lock.lockShared();
    try {
      // First the state of the Db, then what is newer: an entry that the state lacks is kept from here on.
      this.#session.begin();
      this.#state.read(this.#published);
      if (inside !== undefined) {
        this.#published[REVISION_FIELD] = inside.revision;
        this.#published[BUFFER_END_FIELD] = inside.bufferEnd;
      }
      this.#from = this.#session.note;
      this.#end = this.#published[BUFFER_END_FIELD]!;
      const { mains, entriesMax } = this.#buffer;
      const some = this.#end > this.#from;
      this.#firstMain = some ? mains[this.#from % entriesMax]! : Number.POSITIVE_INFINITY;
      if (this.#readLock === 'copy') this.#copied.copy(this.#buffer, this.#from, this.#end);
    } catch (error) {
      this.#session.end();
      if (this.#readLock !== 'concurrent') this.#lock.unlockShared();
      throw error;
    }
    if (this.#readLock === 'copy') this.#lock.unlockShared();
  }

  end(): void {
    if (!this.#session.isOpen) return;
    this.#cursor?.close();
    this.#session.end();
    if (this.#readLock === 'global') this.#lock.unlockShared();
  }

  /** Newest revision of the snapshot. */
  get revision(): number {
    return this.#published[REVISION_FIELD]!;
  }

  /** Newest revision that anybody has seen compacted, later than the snapshot or not. */
  compacted(): number {
    this.#state.read(this.#latest);
    return this.#latest[COMPACTED_FIELD]!;
  }

  /**
   * Finds the message stored under a revision that is no tombstone; false when there is none. Throws
   * READ_TOO_OLD. Call assertKept() after using the message: a reader that stood still may have lost it.
   */
  find(main: number, sub: number): boolean {
    if (main >= this.#firstMain) {
      if (this.#readLock === 'copy') return this.#copied.find(this, this.#buffer, main, sub);
      const at = this.#buffer.find(this.#from, this.#end, main, sub);
      if (at < 0) {
        // Not there, unless it was written over while it was looked for.
        this.#buffer.assertKept(this.#from);
        return false;
      }
      this.u8 = this.#buffer.u8;
      this.start = this.#buffer.offsets[at]!;
      this.length = this.#buffer.messageLength(at);
      return true;
    }
    encodeRevision(this.#key, main, sub);
    const cursor = this.#cursorOf();
    if (!cursor.find(this.#revisionKey)) {
      // Where the buffer begins may have been read after it went round: then it is not for the file to have.
      this.#buffer.assertKept(this.#from);
      return false;
    }
    this.u8 = cursor.buffer.u8;
    this.start = cursor.valueStart;
    this.length = cursor.valueLength;
    return true;
  }

  /** Throws READ_TOO_OLD when messages found in the buffer may have been written over meanwhile. */
  assertKept(): void {
    this.#buffer.assertKept(this.#from);
  }

  /** Closes this thread's file. */
  detach(): void {
    this.end();
    this.#reader.detach();
  }

  #cursorOf(): Cursor {
    const { txid } = this.#session;
    if (this.#cursor !== undefined && this.#cursorTxid === txid) return this.#cursor;
    const keys = this.#session.bucket(KEY_BUCKET);
    if (keys === undefined) throw new EngineError('CORRUPT', 'the file has no bucket "key"');
    // Before the old one goes: end() closes the one it finds.
    this.#cursor?.close();
    this.#cursor = keys.ownCursor();
    this.#cursorTxid = txid;
    return this.#cursor;
  }
}

/** What 'copy' takes of the buffer: where messages lie; the messages themselves are never moved. */
class CopiedEntries {
  #mains = new Float64Array(0);
  #subs = new Uint32Array(0);
  #offsets = new Uint32Array(0);
  #lengths = new Uint32Array(0);
  #count = 0;

  /** Copies entries [from, end). Cost: 20 bytes an entry. */
  copy(buffer: BufferMemory, from: number, end: number): void {
    const count = end - from;
    // New memory each time, as in etcd, whose copies share nothing either.
    this.#mains = new Float64Array(count);
    this.#subs = new Uint32Array(count);
    this.#offsets = new Uint32Array(count);
    this.#lengths = new Uint32Array(count);
    this.#count = count;
    const { entriesMax } = buffer;
    for (let copied = 0; copied < count;) {
      const at = (from + copied) % entriesMax;
      const run = Math.min(count - copied, entriesMax - at);
      this.#mains.set(buffer.mains.subarray(at, at + run), copied);
      this.#subs.set(buffer.subs.subarray(at, at + run), copied);
      this.#offsets.set(buffer.offsets.subarray(at, at + run), copied);
      this.#lengths.set(buffer.lengths.subarray(at, at + run), copied);
      copied += run;
    }
  }

  find(reader: BackendReader, buffer: BufferMemory, main: number, sub: number): boolean {
    let low = 0;
    let high = this.#count;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const other = this.#mains[middle]!;
      if (other < main || (other === main && this.#subs[middle]! < sub)) low = middle + 1;
      else high = middle;
    }
    if (low === this.#count || this.#mains[low] !== main || this.#subs[low] !== sub) return false;
    reader.u8 = buffer.u8;
    reader.start = this.#offsets[low]!;
    reader.length = this.#lengths[low]! & 0x7fff_ffff;
    return true;
  }
}
