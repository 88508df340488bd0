// The process of one plain workload of ours: takes a LoadRequest as JSON in its one argument, prints a
// LoadAnswer as JSON; or an MvccRequest and an MvccAnswer. Started by bench-peers; by hand it is the thing to profile:
//
//   node --cpu-prof dist/scripts/bench-peers-child.js '{"work":"scan","path":"file.db","passes":9}'

import { runLoad } from './bench-peers/our-load.ts';
import { runMvcc, type MvccRequest } from './bench-peers/our-mvcc.ts';
import type { LoadRequest } from '../src/drivers/kv-driver.ts';

// Comes from bench-peers, or from someone who measures by hand: a wrong one fails as it is used.
const request = JSON.parse(process.argv[2] ?? '{}') as LoadRequest | MvccRequest;
const answer =
  request.work === 'mvcc-put' || request.work === 'read-cost' ? runMvcc(request) : runLoad(request);
process.stdout.write(`${JSON.stringify(answer)}\n`);
