// Lock worker: a thread that uses a RwLock as it is told, and can be stopped before any of its atomic
// operations, to be killed there or to let others in between. Plain JavaScript, because a worker loads no
// TypeScript: the lock it imports is the compiled one, whose address it is given. locking-thread.ts is the
// test's side, and says what the words mean.
//
// A step is an atomic operation. Looking at a word again and seeing the same is none, or a spin would be
// a thousand. Without `loads` no look is one: to die after a look is to die before it.

import { parentPort, workerData } from 'node:worker_threads';
import { slowAtomics } from './slow-atomics.js';

const { RwLock } = await import(workerData.lock);
const { Random } = await import(workerData.random);
const { WORD, STATE, TALLY, own } = workerData;
const words = new Int32Array(workerData.words);
const tally = new Int32Array(workerData.tally);
const { load, store, notify, wait } = Atomics;
const OPERATIONS = ['load', 'store', 'compareExchange', 'notify', 'wait'];
let lastLook = '';

function become(state) {
  store(words, WORD.state, state);
  notify(words, WORD.state);
}

function step(name, index, result) {
  const look = `${index} ${result}`;
  const again = name === 'load' && (load(words, WORD.loads) === 0 || look === lastLook);
  lastLook = name === 'load' ? look : '';
  if (again || load(words, WORD.state) === STATE.done) return;
  const steps = load(words, WORD.steps) + 1;
  store(words, WORD.steps, steps);
  if (steps !== load(words, WORD.stopAt)) return;
  const { resumed } = WORD;
  const seen = load(words, resumed);
  become(STATE.stopped);
  wait(words, resumed, seen);
  become(STATE.running);
}

function countSteps() {
  for (const name of OPERATIONS) {
    const original = Atomics[name];
    Atomics[name] = (array, index, ...rest) => {
      // What a look finds decides whether it is a step; it looks again after having stood still.
      step(name, index, name === 'load' ? load(array, index) : 0);
      if (name !== 'wait') return original(array, index, ...rest);
      become(STATE.asleep);
      const result = original(array, index, ...rest);
      become(STATE.running);
      return result;
    };
  }
}

function inside(random) {
  if (random !== undefined && random.below(400) === 0) {
    wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1);
  }
}

/** A writer that was killed stands inside for ever, with its work half done. */
function torn() {
  return tally[TALLY.inside] !== 0 && tally[TALLY.inside] === tally[TALLY.dying];
}

/** Reads what writers keep equal; plain loads, which only the lock makes safe. */
function read(lock, random) {
  lock.lockShared();
  const first = tally[TALLY.first];
  inside(random);
  const second = tally[TALLY.second];
  const still = tally[TALLY.first] === first && tally[TALLY.inside] === 0;
  if (!torn() && (first !== second || !still)) {
    throw new Error(`a reader saw ${first} and ${second}: a writer was in`);
  }
  lock.unlockShared();
  tally[TALLY.reads + own]++;
}

/** Counts in two words by plain loads and stores: two writers at once would lose a count. */
function write(lock, random) {
  lock.lockExclusive();
  if (torn()) tally[TALLY.first] = tally[TALLY.second];
  else if (tally[TALLY.inside] !== 0) throw new Error('a writer was not alone');
  tally[TALLY.inside] = own + 1;
  const first = tally[TALLY.first];
  const second = tally[TALLY.second];
  tally[TALLY.first] = first + 1;
  inside(random);
  tally[TALLY.second] = second + 1;
  tally[TALLY.writes + own]++;
  if (first !== second || tally[TALLY.first] !== tally[TALLY.second]) {
    throw new Error(`a writer found ${first} and ${second}: it was not alone`);
  }
  tally[TALLY.inside] = 0;
  lock.unlockExclusive();
}

function obey(lock) {
  countSteps();
  for (let command = 1; ; command++) {
    while (load(words, WORD.command) < command) wait(words, WORD.command, command - 1);
    const act = workerData.ACTS[load(words, WORD.act)];
    lastLook = '';
    become(STATE.running);
    if (act === 'read') read(lock);
    else if (act === 'write') write(lock);
    else lock[act]();
    become(STATE.done);
  }
}

/** Reads and writes until told to stop, with pauses between the steps of the lock. */
function stream(lock) {
  const { seed, writesIn1000, pauseEvery } = workerData.stream;
  const random = new Random(seed);
  if (pauseEvery > 0) slowAtomics(random, pauseEvery);
  while (load(words, WORD.command) === 0) {
    if (random.below(1000) < writesIn1000) write(lock, random);
    else read(lock, random);
  }
  become(STATE.done);
}

const lock = new RwLock(tally, TALLY.lock);
parentPort.postMessage('ready');
if (workerData.stream === undefined) obey(lock);
else stream(lock);
