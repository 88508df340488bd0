// LoadRecord: what one generating thread notes of the measured time of a slice, in typed arrays: counts and
// latencies by lane, operations ended in each tenth of a second, how late operations were started. What
// allocates is for errors only. RecordedLoad is the same as plain data, for the way to another thread.

import { LatencyCounts } from '../measure/latency-counts.ts';

export const PART_NS = 1e8;

export interface RecordedLane {
  readonly operations: number;
  readonly errors: Readonly<Record<string, number>>;
  readonly entriesRead: number;
  readonly bytesRead: number;
  readonly latency: RecordedCounts;
  /** From the start itself, and how late its operations were started; undefined in a closed loop. */
  readonly service: RecordedCounts | undefined;
  readonly late: RecordedCounts | undefined;
}

export interface RecordedCounts {
  readonly counts: Uint32Array;
  readonly max: number;
}

export interface RecordedLoad {
  readonly lanes: readonly RecordedLane[];
  /** Operations ended in each tenth of a second. */
  readonly parts: Float64Array;
  /** Sums of what operations were started late, and of what operations that ended took from their start. */
  readonly lateNs: number;
  readonly serviceNs: number;
  readonly skipped: number;
  readonly unfinished: number;
  /** Nanoseconds of the measured time that went into: sleeping or spinning, reading the store. */
  readonly idleNs: number;
  readonly readNs: number;
  /** CPU time of the measured time; undefined where the system does not tell. */
  readonly cpuNs: number | undefined;
}

class LaneRecord {
  operations = 0;
  entriesRead = 0;
  bytesRead = 0;
  readonly errors: Record<string, number> = {};
  readonly latency = new LatencyCounts();
  readonly service: LatencyCounts | undefined;
  readonly late: LatencyCounts | undefined;

  constructor(open: boolean) {
    this.service = open ? new LatencyCounts() : undefined;
    this.late = open ? new LatencyCounts() : undefined;
  }
}

export class LoadRecord {
  lateNs = 0;
  serviceNs = 0;
  skipped = 0;
  unfinished = 0;
  idleNs = 0;
  readNs = 0;
  cpuNs: number | undefined;
  readonly #lanes: readonly LaneRecord[];
  readonly #parts: Float64Array;

  constructor(lanes: number, seconds: number, open = true) {
    this.#lanes = Array.from({ length: lanes }, () => new LaneRecord(open));
    this.#parts = new Float64Array(Math.ceil((seconds * 1e9) / PART_NS));
  }

  /** An operation of an open loop, so long after it was due and its client was free. */
  started(lane: number, lateNs: number): void {
    this.#lane(lane).late?.record(lateNs);
    this.lateNs += lateNs;
  }

  /** An operation that ended `atNs` after the measured time began. */
  ended(lane: number, atNs: number, latencyNs: number, serviceNs: number): void {
    const record = this.#lane(lane);
    record.operations++;
    record.latency.record(latencyNs);
    record.service?.record(serviceNs);
    this.serviceNs += serviceNs;
    const part = Math.floor(atNs / PART_NS);
    this.#parts[part] = (this.#parts[part] ?? 0) + 1;
  }

  failed(lane: number, code: string): void {
    const { errors } = this.#lane(lane);
    errors[code] = (errors[code] ?? 0) + 1;
  }

  read(lane: number, entries: number, bytes: number, nanoseconds: number): void {
    const record = this.#lane(lane);
    record.entriesRead += entries;
    record.bytesRead += bytes;
    this.readNs += nanoseconds;
  }

  /** Plain data; the lanes' counts go along, not copies. */
  plain(): RecordedLoad {
    const { lateNs, serviceNs, skipped, unfinished, idleNs, readNs, cpuNs } = this;
    return {
      ...{ lateNs, serviceNs, skipped, unfinished, idleNs, readNs, cpuNs },
      parts: this.#parts,
      lanes: this.#lanes.map(({ latency, service, late, ...lane }) => ({
        ...lane,
        latency: countsOf(latency),
        service: service && countsOf(service),
        late: late && countsOf(late),
      })),
    };
  }

  #lane(lane: number): LaneRecord {
    const record = this.#lanes[lane];
    if (record === undefined) throw new RangeError(`the workload has no lane ${lane}`);
    return record;
  }
}

function countsOf({ counts, max }: LatencyCounts): RecordedCounts {
  return { counts, max };
}
