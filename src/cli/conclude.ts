// conclude(): from recorded rounds to claims and a rendered report. Used when a run ends and when a
// stored run is rendered again, so that both say the same.

import { Random } from '../../engine/index.ts';
import { CLAIMS, FREELIST_CLAIM_IDS } from '../claims/claims.ts';
import { summarizeSurface } from '../claims/surface.ts';
import type { StoredRun } from '../record/run-folder.ts';
import { SCHEMA_VERSION, type ClaimsFile } from '../record/schema.ts';
import { renderReport, type Report } from '../report/report.ts';

/** Judges the claims in `ids`, or else those that the run was to measure, by their rules. Pure. */
export function judge(stored: StoredRun, ids?: readonly string[]): ClaimsFile {
  const { run, samples, experiments } = stored;
  // A run that names no claims was recorded when there were two.
  const judged = ids ?? run.claims ?? FREELIST_CLAIM_IDS;
  const random = new Random(run.seed);
  // Draws of its own: what the surface holds must not move an interval of a claim.
  const surfaceRandom = new Random(run.seed);
  const surface = summarizeSurface(stored, () => surfaceRandom.unit());
  return {
    schemaVersion: SCHEMA_VERSION,
    kvtune: run.kvtune,
    seed: run.seed,
    mode: run.mode,
    startedAt: run.startedAt,
    status: run.status,
    host: { fingerprint: run.host.fingerprint },
    claims: CLAIMS.filter((claim) => judged.includes(claim.id)).map((claim) =>
      claim.evaluate({
        ...{ run, samples, experiments, command: run.command },
        unit: () => random.unit(),
      }),
    ),
    ...(surface === undefined ? {} : { surface }),
  };
}

export function renderRun(stored: StoredRun, claims: ClaimsFile): Promise<Report> {
  return renderReport({ ...stored, claims });
}
