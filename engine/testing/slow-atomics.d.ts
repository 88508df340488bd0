// Types of slow-atomics.js. That file is plain JavaScript so that reading threads, which load no
// TypeScript, can use it as well.

import type { Random } from '../base/random.ts';

/** Makes one atomic operation in `every` of the calling thread pause; returns what undoes it. */
export declare function slowAtomics(random: Random, every: number): () => void;
