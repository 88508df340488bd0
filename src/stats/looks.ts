// Looks: after which numbers of sessions the data are looked at, and what error each look may spend. Pure. The
// error of a question is shared by its contrasts, by their weights, and equally by its looks (Bonferroni), so
// that all intervals at all looks hold the truth together, whichever look turns out to be the last.

/** Error of one contrast at one look: `weight` of the `weights` of all contrasts together. */
export function alphaShare(about: {
  readonly alpha: number;
  readonly weight: number;
  readonly weights: number;
  readonly looks: number;
}): number {
  return (about.alpha * about.weight) / (about.weights * Math.max(1, about.looks));
}

export interface Look {
  /** Looks reached, 0 for none. */
  readonly taken: number;
  /** Sessions of the last look reached; undefined before the first. */
  readonly sessions: number | undefined;
  /** Sessions of the next one; undefined after the last. */
  readonly next: number | undefined;
}

/** Where so many sessions stand among the looks, which ascend. */
export function lookAt(looks: readonly number[], sessions: number): Look {
  const taken = looks.filter((look) => look <= sessions).length;
  return { taken, sessions: looks[taken - 1], next: looks[taken] };
}
