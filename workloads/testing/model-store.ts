// ModelStore: the least store that a workload's operations can be tried on: a map of keys and the leases
// they hang on, in no way like the truth's own replay. It checks what any driver may rely on: that deletes
// and guarded writes meet what they expect, that leases are granted before use, that bytes are in place.

import { keyIdOf } from '../key-format.ts';
import type { Operation, Preload } from '../workload.ts';
import { verifyValue } from '../value.ts';

interface Entry {
  readonly key: Uint8Array;
  value: Uint8Array;
  lease: number;
}

export class ModelStore {
  readonly entries = new Map<string, Entry>();
  readonly leases = new Set<number>();
  readonly counts = new Map<string, number>();

  load(preload: Preload, operation: Operation): void {
    for (let i = 0; i < preload.leases; i++) {
      preload.fillLease(i, operation);
      this.apply(operation);
    }
    let before = '';
    for (let i = 0; i < preload.keys; i++) {
      preload.fill(i, operation);
      const name = nameOf(operation.key, operation.keyLength);
      if (operation.kind !== 'put' || name <= before) throw new Error(`${name} is out of order`);
      before = name;
      this.apply(operation);
    }
  }

  apply(operation: Operation): void {
    const { kind, lease } = operation;
    this.counts.set(kind, (this.counts.get(kind) ?? 0) + 1);
    if (kind === 'put' || kind === 'txn') this.#put(operation);
    else if (kind === 'delete') this.#delete(operation);
    else if (kind === 'get' || kind === 'range') this.#read(operation);
    else if (kind === 'leaseGrant') {
      if (this.leases.has(lease)) throw new Error(`lease ${lease} is there already`);
      if (operation.ttlSeconds < 1) throw new Error(`lease ${lease} has no time to live`);
      this.leases.add(lease);
    } else if (kind !== 'compact') {
      if (!this.leases.has(lease)) throw new Error(`there is no lease ${lease}`);
      if (kind === 'leaseRevoke') this.#revoke(lease);
    }
  }

  #put(operation: Operation): void {
    const key = operation.key.slice(0, operation.keyLength);
    const value = operation.value.slice(0, operation.valueLength);
    const name = nameOf(key, key.length);
    const fault = verifyValue(key, value);
    if (fault !== undefined) throw new Error(fault);
    if (keyIdOf(key) !== operation.keyId) throw new Error(`${name} is not ${operation.keyId}`);
    const held = this.entries.get(name);
    if (operation.kind === 'txn' && operation.creates !== (held === undefined)) {
      throw new Error(`${name}: a guarded write meets what it did not expect`);
    }
    const { lease } = operation;
    if (lease !== 0 && !this.leases.has(lease)) throw new Error(`there is no lease ${lease}`);
    this.entries.set(name, { key, value, lease });
  }

  #delete(operation: Operation): void {
    const name = nameOf(operation.key, operation.keyLength);
    if (!this.entries.delete(name)) throw new Error(`${name} is deleted and not there`);
  }

  #read(operation: Operation): void {
    const name = nameOf(operation.key, operation.keyLength);
    if (operation.kind === 'get') {
      if (!this.entries.has(name)) throw new Error(`${name} is read and not there`);
      return;
    }
    const end = nameOf(operation.end, operation.endLength);
    if (end <= name) throw new Error(`the range from ${name} ends before it begins`);
  }

  #revoke(lease: number): void {
    this.leases.delete(lease);
    for (const [name, entry] of this.entries) {
      if (entry.lease === lease) this.entries.delete(name);
    }
  }
}

function nameOf(key: Uint8Array, length: number): string {
  return Buffer.from(key.subarray(0, length)).toString('latin1');
}
