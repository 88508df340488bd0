// Alarms: which of etcd's alarms are raised, in memory and in the bucket `alarm`, where the key is an
// AlarmMember message of etcd's (memberID 1, alarm 2) and the value is empty. They outlive a restart, since
// only an operator disarms them. Raised by a member of an etcd cluster counts as raised; we name no member.

import { FieldReader } from '../base/protobuf.ts';
import type { Backend } from '../mvcc/backend.ts';
import { ALARM_BUCKET } from '../mvcc/buckets.ts';
import { ALARMS } from './requests.ts';

export type Alarm = (typeof ALARMS)[number];

const ALARM_FIELD = 2;
const ALARM_TAG = 0x10;
const NOTHING = new Uint8Array(0);

export class Alarms {
  readonly #backend: Backend;
  /** Keys in the bucket that raise each. */
  readonly #keys = new Map<Alarm, Uint8Array[]>();

  /** Reads what the file has. Alarms that are not known here stay in the file. */
  constructor(backend: Backend) {
    this.#backend = backend;
    backend.db.read((tx) => {
      const cursor = tx.bucket(ALARM_BUCKET)!.cursor();
      for (let there = cursor.first(); there; there = cursor.next()) {
        const key = cursor.key();
        const alarm = alarmOf(key);
        if (alarm !== undefined) this.#keys.set(alarm, [...(this.#keys.get(alarm) ?? []), key]);
      }
    });
  }

  has(alarm: Alarm): boolean {
    return this.#keys.has(alarm);
  }

  raise(alarm: Alarm): void {
    if (this.#keys.has(alarm)) return;
    const key = Uint8Array.of(ALARM_TAG, ALARMS.indexOf(alarm));
    this.#keys.set(alarm, [key]);
    this.#backend.put(ALARM_BUCKET, key, NOTHING);
  }

  disarm(alarm: Alarm): void {
    for (const key of this.#keys.get(alarm) ?? []) this.#backend.put(ALARM_BUCKET, key, undefined);
    this.#keys.delete(alarm);
  }
}

function alarmOf(key: Uint8Array): Alarm | undefined {
  const fields = new FieldReader().reset(key);
  let number = 0;
  while (fields.next()) if (fields.field === ALARM_FIELD) number = fields.number();
  return ALARMS[number];
}
