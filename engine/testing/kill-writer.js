// Kill writer: a process that writes to a store on a real disk until somebody kills it, and says of each
// request that was answered, by its number, one line at a time on stdout. Plain JavaScript, since a process
// of its own loads no TypeScript: the engine is the compiled one, whose address it is given. What request n
// does is said here and checked by kill.test.ts: it puts n under key n mod KEYS, or deletes that key.

import { Buffer } from 'node:buffer';
import { writeSync } from 'node:fs';
import { argv } from 'node:process';

const [engine, folder, first, durability, batchLimit] = argv.slice(2);
const { Store } = await import(engine);
/** As in kill.test.ts. */
const KEYS = 50;
const DELETES_EVERY = 7;
const GROUP_MAX = 6;

const store = Store.open(folder, {
  durability,
  batchLimit: Number(batchLimit),
  batchIntervalMs: 10,
  segmentBytes: 128 * 1024,
  requestBytesMax: 64 * 1024,
  indexBytes: 16 * 1024 ** 2,
  bufferBytes: 4 * 1024 ** 2,
});
writeSync(1, 'open\n');
for (let number = Number(first); ;) {
  const last = number + (number % GROUP_MAX);
  for (; number <= last; number++) store.submit(requestOf(number), answered(number));
  store.flush();
  store.tick();
}

function answered(number) {
  return (error) => {
    if (error !== undefined) throw error;
    writeSync(1, `${number}\n`);
  };
}

function requestOf(number) {
  const key = Buffer.from(`key ${number % KEYS}`);
  if (number % DELETES_EVERY === 0)
    return { kind: 'deleteRange', key, end: undefined, prevKv: false };
  // Some span pages of the file, and fill segments of the log.
  const value = Buffer.from(`${number}`.padEnd(number % 11 === 0 ? 6000 : 20));
  const flags = { prevKv: false, ignoreValue: false, ignoreLease: false };
  return { kind: 'put', key, value, lease: 0n, ...flags };
}
