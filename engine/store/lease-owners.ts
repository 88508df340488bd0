// LeaseOwners: leases as the key space sees them: a key with a lease belongs to it from the change that says so
// until one that says otherwise. Keys are attached and detached in the lessor, which keeps them; whether
// a lease may be used is checked before (applier.ts).

import type { LeaseId } from '../base/ids.ts';
import type { Lessor } from '../lease/lessor.ts';
import type { KeyOwners } from '../mvcc/mvcc.ts';

export class LeaseOwners implements KeyOwners {
  readonly #lessor: Lessor;
  #some = false;

  constructor(lessor: Lessor) {
    this.#lessor = lessor;
  }

  get some(): boolean {
    return this.#some;
  }

  /** Nothing for a lease that is gone: a key of a file that names one stays, as in etcd. */
  attach(lease: LeaseId, key: Uint8Array): void {
    this.#some = true;
    if (this.#lessor.has(lease)) this.#lessor.attach(lease, key);
  }

  detach(lease: LeaseId, key: Uint8Array): void {
    if (this.#lessor.has(lease)) this.#lessor.detach(lease, key);
  }
}
