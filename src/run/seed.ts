// Seeds of parts of a run, each from the run's own and the part's place, so that no two parts share a stream and
// none moves when another is left out.

/** FNV-1a over the run's seed and a place, 32 bits. */
export function seedOf(seed: number, ...place: readonly (string | number)[]): number {
  let hash = 0x811c_9dc5;
  for (const character of JSON.stringify([seed, ...place])) {
    hash = Math.imul(hash ^ (character.codePointAt(0) ?? 0), 0x0100_0193);
  }
  return hash >>> 0;
}
