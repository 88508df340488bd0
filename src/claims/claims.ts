// The claims that kvtune can measure, in the order of a report. Adding one means a module beside
// this file and a line here; one that is measured by an experiment carries the experiment's id.

import { capacity50x } from './capacity-50x.ts';
import type { ClaimModule } from './claim.ts';
import { freelist24x } from './freelist-24x.ts';
import { leaseScale } from './lease-scale.ts';

export const CLAIMS: readonly ClaimModule[] = [freelist24x, capacity50x, leaseScale];

/** Those that rest on the cells of aged files; older runs measured these alone. */
export const FREELIST_CLAIM_IDS: readonly string[] = [freelist24x.id, capacity50x.id];

export const CLAIM_IDS: readonly string[] = CLAIMS.map((claim) => claim.id);
