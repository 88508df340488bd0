// What the generator notes, on a clock that tests move: latency from the intended start, late starts, what was
// skipped, and how it waits.

import { describe, expect, it } from 'vitest';
import { Random } from '../../engine/index.ts';
import {
  createArrivals,
  Operation,
  type Arrivals,
  type OperationKind,
} from '../../workloads/index.ts';
import { LatencyCounts } from '../measure/latency-counts.ts';
import { Generator, type Client } from './generator.ts';
import { LoadControl } from './load-control.ts';
import { LoadRecord, type RecordedCounts } from './load-record.ts';
import { FakeClock, FakeDoor, type FakeDoorOptions } from './testing/fake-door.ts';

const MS = 1e6;
const SECOND = 1e9;

interface Setting extends FakeDoorOptions {
  readonly clients?: number;
  readonly arrivals?: (client: number, clients: number) => Arrivals | undefined;
  readonly kind?: OperationKind;
  readonly warmUpNs?: number;
  readonly endNs?: number;
  readonly operationsMax?: number;
  readonly spins?: boolean;
  /** Runs between operations. */
  readonly onNext?: (clock: FakeClock, control: LoadControl) => void;
}

function constant(ratePerSecond: number) {
  return (client: number, clients: number): Arrivals =>
    createArrivals('constant', ratePerSecond, new Random(1), { client, clients });
}

/** A generator on a clock of its own, whose slices begin where the clock stands. */
function prepare(setting: Setting) {
  const { clients: count = 1, kind = 'put', onNext, spins = true } = setting;
  const clock = new FakeClock();
  const control = LoadControl.create(1);
  const door = new FakeDoor(clock, setting);
  const drawn: number[] = [];
  const clients = Array.from({ length: count }, (_, client): Client => {
    const next = (operation: Operation): void => {
      operation.kind = kind;
      drawn[client] = (drawn[client] ?? 0) + 1;
      onNext?.(clock, control);
    };
    const operation = new Operation();
    const fresh = { acknowledged: 0, refused: undefined, unsure: false };
    return { stream: { next }, operation, ...fresh };
  });
  const cpuNs = (): number => clock.now;
  const common = { clock, control, door, cpuNs, thread: 0, spins };
  const generator = new Generator({ ...common, clients });
  const slice = () => {
    const { warmUpNs = 0, endNs = SECOND, operationsMax = 0 } = setting;
    const startNs = clock.now;
    const times = { startNs, measureNs: startNs + warmUpNs, endNs: startNs + endNs };
    control.begin(times, operationsMax);
    const arrivals = clients.map((_, client) => setting.arrivals?.(client, count));
    const open = setting.arrivals !== undefined;
    const record = new LoadRecord(1, (endNs - warmUpNs) / SECOND, open);
    generator.run({ arrivals, record });
    const { lanes, ...rest } = record.plain();
    const lane = lanes[0]!;
    return { ...rest, lane };
  };
  return { slice, clients, door, control, clock, drawn };
}

function run(setting: Setting) {
  const { slice, ...parts } = prepare(setting);
  return { ...slice(), ...parts };
}

function quantile(recorded: RecordedCounts | undefined, share: number): number {
  return new LatencyCounts(recorded!.counts, recorded!.max).quantile(share);
}

describe('open loop', () => {
  it('counts the wait behind a stall of the store as latency, not as service', () => {
    // One client, one operation each 10 ms that takes 1 ms; the store stands still from 200 to 700 ms.
    const { lane, skipped } = run({
      arrivals: constant(100),
      serviceNs: () => MS,
      stall: { fromNs: 200 * MS, untilNs: 700 * MS },
    });
    // Due every 10 ms for a second, and none is lost: the 50 held up are made good, one a millisecond.
    expect(lane.operations).toBe(100);
    expect(skipped).toBe(0);
    // Held up: due at 200, 210, ... until the last that still found a queue.
    const held = Array.from({ length: 56 }, (_, i) => (701 + i - (200 + 10 * i)) * MS);
    const expected = held.filter((latency) => latency > MS).length;
    const slow = lane.latency.counts.subarray(bucketAt(2 * MS)).reduce((sum, n) => sum + n, 0);
    expect(slow).toBeGreaterThan(expected - 3);
    expect(slow).toBeLessThan(expected + 3);
    expect(quantile(lane.latency, 1) / MS).toBeCloseTo(501, 0);
    expect(quantile(lane.latency, 0.75) / MS).toBeGreaterThan(250);
    // The store itself was slow once.
    expect(quantile(lane.service, 0.98) / MS).toBeCloseTo(1, 1);
    expect(quantile(lane.service, 1) / MS).toBeCloseTo(501, 0);
    // And the generator was never late: its client had something under way.
    expect(quantile(lane.late, 1)).toBeLessThan(1000);
  });

  it('does not count a slow store as late starts, but as skipped ones', () => {
    // 1000 operations a second of 10 ms each: a tenth is done.
    const { lane, skipped, clients } = run({
      arrivals: constant(1000),
      serviceNs: () => 10 * MS,
    });
    expect(lane.operations).toBe(99);
    expect(skipped).toBe(1000 - 100);
    expect(clients[0]!.acknowledged).toBe(100);
    expect(quantile(lane.late, 1)).toBeLessThan(1000);
  });

  it('counts an idle client that is started late as the generator being late', () => {
    // Two clients of one thread; reads of one take 30 ms and keep the thread from starting the other's.
    let turn = 0;
    const { lane } = run({
      clients: 2,
      arrivals: constant(20),
      kind: 'get',
      atOnce: ['get'],
      serviceNs: () => (turn++ % 2 === 0 ? 60 * MS : 1000),
    });
    expect(quantile(lane.late, 1) / MS).toBeCloseTo(10, 0);
    expect(quantile(lane.service, 0.4)).toBeLessThan(2000);
    expect(quantile(lane.latency, 0.5) / MS).toBeCloseTo(10, 0);
  });

  it('counts clients that wait for their thread as the generator being late', () => {
    // Ten clients whose reads of 1 ms are due every 2 ms each: the thread can do a fifth of that.
    const { lane, skipped, lateNs, serviceNs } = run({
      clients: 10,
      arrivals: constant(5000),
      kind: 'get',
      atOnce: ['get'],
      serviceNs: () => MS,
    });
    expect(lane.operations).toBe(999);
    expect(skipped).toBeGreaterThan(3900);
    // Each waits for the nine others, though its own last read ended long ago.
    expect(quantile(lane.late, 0.5) / MS).toBeCloseTo(9, 0);
    expect(quantile(lane.service, 1) / MS).toBeCloseTo(1, 1);
    expect(lateNs / serviceNs).toBeGreaterThan(8);
  });

  it('starts on the spot where it may look at the clock, and oversleeps where it may not', () => {
    const common = { arrivals: constant(100), serviceNs: () => 1000, oversleepNs: 70_000 };
    const spinning = run({ ...common, spins: true });
    const sleeping = run({ ...common, spins: false });
    expect(quantile(spinning.lane.late, 1)).toBeLessThan(200);
    expect(quantile(sleeping.lane.late, 0.5) / 1000).toBeCloseTo(70, 0);
    // Either way nearly all of the time is slept.
    expect(spinning.door.sleptNs / SECOND).toBeGreaterThan(0.98);
    expect(spinning.idleNs / SECOND).toBeGreaterThan(0.99);
  });

  it('notes nothing of the warm-up, but what was started in it and ended after', () => {
    const { lane, skipped } = run({
      arrivals: constant(10),
      serviceNs: () => 30 * MS,
      warmUpNs: 520 * MS,
    });
    // Due at 0, 100, ... 900: that of 500 ends at 530.
    expect(lane.operations).toBe(5);
    expect(skipped).toBe(0);
    expect(quantile(lane.latency, 1) / MS).toBeCloseTo(30, 0);
  });

  it('gives clients without a part of the rate nothing to do', () => {
    const never = { next: () => Number.POSITIVE_INFINITY };
    const { clients, lane } = run({
      clients: 2,
      arrivals: (client, count) => (client === 0 ? never : constant(20)(client, count)),
      serviceNs: () => MS,
    });
    expect(clients.map(({ acknowledged }) => acknowledged)).toEqual([0, 10]);
    expect(lane.operations).toBe(10);
  });
});

describe('closed loop', () => {
  it('starts the next operation when the last has ended', () => {
    const { lane, clients } = run({ clients: 4, serviceNs: () => MS });
    // One server: 1000 a second, each waits for the three before it.
    expect(lane.operations).toBeGreaterThan(995);
    expect(quantile(lane.latency, 0.5) / MS).toBeCloseTo(4, 0);
    // Latency and service are one, and nothing can be late.
    expect(lane.service).toBeUndefined();
    expect(lane.late).toBeUndefined();
    for (const { acknowledged } of clients) expect(acknowledged / 250).toBeCloseTo(1, 1);
  });

  it('ends at a number of operations', () => {
    const { lane, control, clients } = run({
      clients: 3,
      serviceNs: () => MS,
      operationsMax: 100,
    });
    expect(lane.operations).toBe(100);
    expect(control.endNs / MS).toBeCloseTo(100, 0);
    // What was under way then is answered too, since the truth is worked out from it.
    expect(clients.reduce((sum, { acknowledged }) => sum + acknowledged, 0)).toBe(102);
    expect(clients.every(({ unsure }) => !unsure)).toBe(true);
  });

  it('ends when it is told to', () => {
    let count = 0;
    const { lane, control } = run({
      serviceNs: () => MS,
      onNext: (clock, load) => {
        if (++count === 50) load.stop(clock.now);
      },
    });
    expect(lane.operations).toBe(49);
    expect(control.endNs / MS).toBeCloseTo(49, 0);
  });

  it('waits for room instead of dropping', () => {
    const { lane, clients } = run({ clients: 8, room: 2, serviceNs: () => MS });
    expect(lane.operations).toBeGreaterThan(990);
    const acknowledged = clients.map((client) => client.acknowledged);
    expect(acknowledged.reduce((sum, one) => sum + one, 0)).toBeGreaterThanOrEqual(lane.operations);
  });

  it('tells errors by code and which operations had none of their effect', () => {
    let count = 0;
    const { lane, clients } = run({
      serviceNs: () => MS,
      endNs: 100.5 * MS,
      errorOf: () => (++count % 10 === 0 ? 'LEASE_NOT_FOUND' : undefined),
    });
    expect(lane.operations + (lane.errors['LEASE_NOT_FOUND'] ?? 0)).toBe(100);
    expect(lane.errors).toEqual({ LEASE_NOT_FOUND: 10 });
    expect(clients[0]!.refused).toEqual([9, 19, 29, 39, 49, 59, 69, 79, 89, 99]);
  });
});

describe('slices', () => {
  it('go on with their clients, and count each operation in one of them', () => {
    const { slice, clients, drawn } = prepare({
      clients: 4,
      serviceNs: () => MS,
      endNs: SECOND / 4,
    });
    const counted = [slice(), slice(), slice()].map(({ lane }) => lane.operations);
    for (const operations of counted) expect(operations / 250).toBeCloseTo(1, 1);
    const acknowledged = clients.map((client) => client.acknowledged);
    expect(acknowledged).toEqual(drawn);
    // What was under way at a slice's end was waited for, and is in none.
    expect(sum(acknowledged)).toBe(sum(counted) + 3 * 4);
  });

  it('begin their schedules anew: what one did not start is not due in the next', () => {
    const setting = { arrivals: constant(1000), serviceNs: () => 10 * MS, endNs: SECOND / 4 };
    const { slice } = prepare(setting);
    for (let i = 0; i < 3; i++) {
      const { lane, skipped } = slice();
      expect(lane.operations).toBe(24);
      expect(skipped).toBe(225);
      // The longest wait is that of this slice alone.
      expect(quantile(lane.latency, 1) / MS).toBeLessThan(SECOND / 4 / MS);
    }
  });

  it('give the store what it had no room for at the end of the one before', () => {
    // The store takes two at a time, and then nothing until long after the load is told to stop.
    const stall = { fromNs: 0, untilNs: SECOND };
    const setting = { clients: 4, room: 2, serviceNs: () => MS, stall, endNs: SECOND / 4 };
    let waited = 0;
    const { slice, clients, door, control, clock, drawn } = prepare(setting);
    const wait = door.wait.bind(door);
    door.wait = (milliseconds) => {
      wait(milliseconds);
      if (++waited === 5) control.stop(clock.now);
    };
    slice();
    const acknowledged = (): number[] => clients.map((client) => client.acknowledged);
    // Two were carried out, one was drawn and had no room, one was never started.
    expect(sum(drawn)).toBe(3);
    expect(sum(acknowledged())).toBe(2);
    door.wait = wait;
    slice();
    expect(sum(acknowledged())).toBeGreaterThan(100);
    expect(acknowledged()).toEqual(drawn);
  });

  it('count nothing of an operation that is answered in a later one', () => {
    // Not answered within the 10 s that a slice waits for what is under way.
    let first = true;
    const serviceNs = (): number => {
      const took = first ? 20 * SECOND : MS;
      first = false;
      return took;
    };
    const { slice, clients } = prepare({ serviceNs, endNs: 8 * SECOND });
    expect(slice().lane.operations).toBe(0);
    expect(clients[0]).toMatchObject({ acknowledged: 0, unsure: true });
    const { lane } = slice();
    expect(quantile(lane.latency, 1) / MS).toBeCloseTo(1, 1);
    expect(clients[0]).toMatchObject({ acknowledged: lane.operations + 2, unsure: false });
  });
});

function sum(values: readonly number[]): number {
  return values.reduce((all, one) => all + one, 0);
}

/** Index of the bucket in which a latency is counted. */
function bucketAt(nanoseconds: number): number {
  const counts = new LatencyCounts();
  counts.record(nanoseconds);
  return counts.counts.indexOf(1);
}
