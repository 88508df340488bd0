// LeaseUpkeep: what leases bring on by themselves: the revocation of those that are over, the steps of every
// revocation, and checkpoints of remaining times. All of it becomes requests, which are logged as those of
// clients; what a request does to leases and keys is the applier's business, and time the lessor's.
//
// A revocation is as many logged requests as its keys take steps; who asked hears of the last one. A lease
// has one step queued at most, and the next one is made from tick(), so that others come in between.

import type { EngineError } from '../base/errors.ts';
import type { LeaseId } from '../base/ids.ts';
import { LeaseCheckpoints, LeaseDue } from '../lease/lease-list.ts';
import type { Lessor } from '../lease/lessor.ts';
import { LEASE_TICK_MS } from '../lease/options.ts';
import type { Done } from './request-group.ts';
import type { Request } from './requests.ts';
import type { Response } from './responses.ts';

/** The store, as far as it is needed here. */
export interface RequestQueue {
  /** Whether such a request can be taken now; tells `done` where it cannot. */
  accepts(kind: Request['kind'], done: Done): boolean;
  /** Queues a request without asking. */
  queue(request: Request, done: Done): void;
}

interface Revocation {
  readonly waiting: Done[];
  stepQueued: boolean;
}

export class LeaseUpkeep {
  /** Keys that one step of a revocation deletes. */
  readonly revokeKeys: number;
  readonly #lessor: Lessor;
  readonly #queue: RequestQueue;
  readonly #revocations = new Map<LeaseId, Revocation>();
  readonly #due = new LeaseDue();
  readonly #checkpoints = new LeaseCheckpoints();
  #lastTickMs = Number.NEGATIVE_INFINITY;

  constructor(lessor: Lessor, queue: RequestQueue, revokeKeys: number) {
    this.#lessor = lessor;
    this.#queue = queue;
    this.revokeKeys = revokeKeys;
  }

  /** Revocations that are not over. */
  get revocations(): number {
    return this.#revocations.size;
  }

  /** Queues the first step of a revocation; `done` hears of the last, or of a refusal. */
  revoke(id: LeaseId, done: Done): void {
    const under = this.#revocations.get(id);
    if (under !== undefined) {
      under.waiting.push(done);
      return;
    }
    if (!this.#queue.accepts('leaseRevoke', done)) return;
    const revocation = { waiting: [done], stepQueued: false };
    this.#revocations.set(id, revocation);
    this.#step(id, revocation);
  }

  /** Goes on with a revocation of which file or log tell, at the next tick(). */
  resume(id: LeaseId): void {
    this.#revocations.set(id, { waiting: [], stepQueued: false });
  }

  /** Forgets the remaining time that was persisted, where one was: the lease is kept alive. */
  keptAlive(id: LeaseId): void {
    if (this.#lessor.remainingPersisted(id) > 0) this.#checkpoint(id, 0);
  }

  /** Queues what is due: requests for leases that are over, checkpoints, a step of each revocation. */
  tick(nowMs: number): void {
    if (nowMs - this.#lastTickMs >= LEASE_TICK_MS) {
      this.#lastTickMs = nowMs;
      this.#tickLessor(nowMs);
    }
    for (const [id, revocation] of this.#revocations) {
      if (!revocation.stepQueued) this.#step(id, revocation);
    }
  }

  /** Tells those who wait for a revocation that they wait in vain. */
  close(error: EngineError): void {
    const revocations = [...this.#revocations.values()];
    this.#revocations.clear();
    for (const { waiting } of revocations) for (const done of waiting) done(error, undefined);
  }

  #tickLessor(nowMs: number): void {
    if (this.#lessor.count === 0) return;
    this.#lessor.tick(nowMs, this.#due);
    for (let i = 0; i < this.#due.length; i++) this.revoke(this.#due.idAt(i), nobody);
    if (this.#lessor.options.checkpointSeconds === 0) return;
    this.#lessor.checkpoints(nowMs, this.#checkpoints);
    for (let i = 0; i < this.#checkpoints.length; i++) {
      this.#checkpoint(this.#checkpoints.idAt(i), this.#checkpoints.remainingSecondsAt(i));
    }
  }

  #checkpoint(id: LeaseId, remainingSeconds: number): void {
    if (!this.#queue.accepts('leaseCheckpoint', nobody)) return;
    this.#queue.queue({ kind: 'leaseCheckpoint', id, remainingSeconds }, nobody);
  }

  #step(id: LeaseId, revocation: Revocation): void {
    const keysMax = this.revokeKeys;
    // Bringing many keys in order is a step of its own, and no request: which keys go depends on the order
    // alone, so the log need not know.
    if (!this.#lessor.readyKeys(id, keysMax)) return;
    revocation.stepQueued = true;
    this.#queue.queue({ kind: 'leaseRevoke', id, keysMax }, (error, response) => {
      revocation.stepQueued = false;
      if (!isOver(error, response)) return;
      this.#revocations.delete(id);
      for (const done of revocation.waiting) done(error, response);
    });
  }
}

function isOver(error: EngineError | undefined, response: Response | undefined): boolean {
  return error !== undefined || response?.kind !== 'leaseRevoke' || !response.more;
}

/** Nobody waits: a refusal comes to light with the next tick. */
function nobody(): void {
  return;
}
