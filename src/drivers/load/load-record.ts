// LoadRecord: what one generating thread notes of its measured time, in typed arrays: counts and latencies
// by lane, operations ended in each slice of time, how late operations were started. What allocates is for
// errors only. RecordedLoad is the same as plain data, for the way to another thread.

import { LatencyCounts } from '../../measure/latency-counts.ts';

export const SLICE_NS = 1e8;

export interface RecordedLane {
  readonly operations: number;
  readonly errors: Readonly<Record<string, number>>;
  readonly entriesRead: number;
  readonly bytesRead: number;
  readonly latency: RecordedCounts;
  readonly service: RecordedCounts;
  /** How late its operations were started; empty for a closed loop. */
  readonly late: RecordedCounts;
}

export interface RecordedCounts {
  readonly counts: Uint32Array;
  readonly max: number;
}

export interface RecordedLoad {
  readonly lanes: readonly RecordedLane[];
  readonly slices: Float64Array;
  readonly late: RecordedCounts;
  /** Sums of the same, and of what operations that ended took from their start. */
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
  readonly service = new LatencyCounts();
  readonly late = new LatencyCounts();
}

export class LoadRecord {
  readonly late: LatencyCounts = new LatencyCounts();
  lateNs = 0;
  serviceNs = 0;
  skipped = 0;
  unfinished = 0;
  idleNs = 0;
  readNs = 0;
  cpuNs: number | undefined;
  readonly #lanes: readonly LaneRecord[];
  readonly #slices: Float64Array;

  constructor(lanes: number, seconds: number) {
    this.#lanes = Array.from({ length: lanes }, () => new LaneRecord());
    this.#slices = new Float64Array(Math.ceil((seconds * 1e9) / SLICE_NS));
  }

  /** An operation of an open loop, so long after it was due and its client was free. */
  started(lane: number, lateNs: number): void {
    this.late.record(lateNs);
    this.#lane(lane).late.record(lateNs);
    this.lateNs += lateNs;
  }

  /** An operation that ended `atNs` after the measured time began. */
  ended(lane: number, atNs: number, latencyNs: number, serviceNs: number): void {
    const record = this.#lane(lane);
    record.operations++;
    record.latency.record(latencyNs);
    record.service.record(serviceNs);
    this.serviceNs += serviceNs;
    const slice = Math.floor(atNs / SLICE_NS);
    this.#slices[slice] = (this.#slices[slice] ?? 0) + 1;
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

  /** Plain data; `late` and the lanes' counts go along, not copies. */
  plain(): RecordedLoad {
    const { late, lateNs, serviceNs, skipped, unfinished, idleNs, readNs, cpuNs } = this;
    return {
      ...{ late: countsOf(late), lateNs, serviceNs, skipped, unfinished, idleNs, readNs, cpuNs },
      slices: this.#slices,
      lanes: this.#lanes.map(({ latency, service, late: ofLane, ...lane }) => ({
        ...lane,
        latency: countsOf(latency),
        service: countsOf(service),
        late: countsOf(ofLane),
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
