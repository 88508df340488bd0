// The procedures by name: what run/arm-process.ts can measure an arm with. A new procedure is a module of this
// folder and a line here; a cell names it in its field `procedure`.

import { load } from './load.ts';
import type { Procedure } from './procedure.ts';

export const PROCEDURES: readonly Procedure[] = [load];
