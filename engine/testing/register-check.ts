// Register check: whether what readers and writers of a key saw can be told as one register's life, each
// operation taking effect at one moment between its begin and its end (linearizability; Herlihy and Wing
// 1990). That is hard to decide in general, and simple here: each write has its own revision, and
// revisions are the order of writes, so only moments are left to choose. Takes n log n for n operations.
// Test support; not part of the engine.
//
// Faults, each named by two operations:
//   order     a write began after one with a higher revision had ended
//   stale     a read shows less than a write that had ended before the read began
//   future    a read shows a write that began after the read had ended
//   backwards a read shows less than a read that had ended before it began
//   unknown   a read shows a revision that nobody wrote, or its write another value
// None of these means linearizable: sort by revision, a write before its reads, reads by begin. No two
// operations that do not overlap stand the wrong way round then, and each read follows its write. A write
// that was never acknowledged ends at Infinity: it may have happened or not. A read that finds nothing
// has revision NEVER_WRITTEN, so keys that are deleted cannot be told here.

/** Revision of a key before its first write. */
export const NEVER_WRITTEN = 0;

/** Moments are of one clock for all threads, in any unit; two that are equal count as overlapping. */
export interface RegisterOperation {
  readonly kind: 'read' | 'write';
  readonly key: string;
  /** What was written or shown: unique to its write, rising in the order of writes of the key. */
  readonly revision: number;
  /** What the write wrote or the read showed; undefined where only revisions are recorded. */
  readonly value?: string | undefined;
  readonly begin: number;
  /** Infinity: no answer came. */
  readonly end: number;
}

export interface RegisterFault {
  readonly kind: 'order' | 'stale' | 'future' | 'backwards' | 'unknown';
  readonly operation: RegisterOperation;
  /** What it contradicts; undefined for an unknown revision. */
  readonly other: RegisterOperation | undefined;
}

/** Every operation that contradicts another, by key; none means linearizable. */
export function checkRegisters(history: readonly RegisterOperation[]): RegisterFault[] {
  const keys = new Map<string, RegisterOperation[]>();
  for (const operation of history) {
    const operations = keys.get(operation.key);
    if (operations === undefined) keys.set(operation.key, [operation]);
    else operations.push(operation);
  }
  return [...keys.values()].flatMap(checkKey);
}

/** The fault in words, for a test's message. */
export function describeFault({ kind, operation, other }: RegisterFault): string {
  const tell = (one: RegisterOperation): string =>
    `${one.kind} of revision ${one.revision} in [${one.begin}, ${one.end}]`;
  const told = `${kind}: ${operation.key}: ${tell(operation)}`;
  return other === undefined ? told : `${told}, against ${tell(other)}`;
}

function checkKey(operations: readonly RegisterOperation[]): RegisterFault[] {
  const writes = new Map<number, RegisterOperation>();
  const faults: RegisterFault[] = [];
  for (const operation of operations) {
    if (operation.kind !== 'write') continue;
    const twin = writes.get(operation.revision);
    if (twin !== undefined || operation.revision <= NEVER_WRITTEN) {
      faults.push({ kind: 'order', operation, other: twin });
    }
    writes.set(operation.revision, operation);
  }
  // A read without an answer shows nothing.
  const reads = operations.filter(({ kind, end }) => kind === 'read' && end !== Infinity);
  for (const read of reads) {
    const write = writes.get(read.revision);
    const known = write === undefined ? read.revision === NEVER_WRITTEN : sameValue(write, read);
    if (!known) faults.push({ kind: 'unknown', operation: read, other: write });
    if (write !== undefined && write.begin > read.end) {
      faults.push({ kind: 'future', operation: read, other: write });
    }
  }
  return [...faults, ...findOvertaken(operations)];
}

function sameValue(write: RegisterOperation, read: RegisterOperation): boolean {
  return write.value === undefined || read.value === undefined || write.value === read.value;
}

/** Operations that show or write less than one that had ended before they began. */
function findOvertaken(operations: readonly RegisterOperation[]): RegisterFault[] {
  const ended = operations.filter(({ end }) => end !== Infinity).sort((a, b) => a.end - b.end);
  const begun = operations
    .filter(({ kind, end }) => kind === 'write' || end !== Infinity)
    .sort((a, b) => a.begin - b.begin);
  const faults: RegisterFault[] = [];
  let highestWrite: RegisterOperation | undefined;
  let highestRead: RegisterOperation | undefined;
  let at = 0;
  for (const operation of begun) {
    for (; at < ended.length && ended[at]!.end < operation.begin; at++) {
      const one = ended[at]!;
      if (one.kind === 'write') highestWrite = higher(highestWrite, one);
      else highestRead = higher(highestRead, one);
    }
    const { kind, revision } = operation;
    if (highestWrite !== undefined && revision < highestWrite.revision) {
      const fault = kind === 'write' ? 'order' : 'stale';
      faults.push({ kind: fault, operation, other: highestWrite });
    } else if (highestRead !== undefined && revision < highestRead.revision) {
      faults.push({
        kind: kind === 'write' ? 'order' : 'backwards',
        operation,
        other: highestRead,
      });
    }
  }
  return faults;
}

function higher(one: RegisterOperation | undefined, other: RegisterOperation): RegisterOperation {
  return one === undefined || other.revision > one.revision ? other : one;
}
