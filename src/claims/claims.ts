// The claims that kvtune can measure, in the order of a report. Adding one means a module beside
// this file and a line here.

import { capacity50x } from './capacity-50x.ts';
import type { ClaimModule } from './claim.ts';
import { freelist24x } from './freelist-24x.ts';

export const CLAIMS: readonly ClaimModule[] = [freelist24x, capacity50x];

export const CLAIM_IDS: readonly string[] = CLAIMS.map((claim) => claim.id);
