// The process that clears a large work folder away (clearing.ts): removes the folder that it is given first, and then
// the others that are empty by then, in their order. It prints nothing; what cannot be removed stays.

import { rmdirSync, rmSync } from 'node:fs';
import { markOf } from './clearing.ts';

const [folder, ...above] = process.argv.slice(2);
try {
  if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
  for (const one of above) rmdirSync(one);
} catch {
  // A folder that another run uses by now.
} finally {
  rmSync(markOf(process.pid), { force: true });
}
