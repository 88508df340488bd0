// Seeded uniform and normal numbers for tests of statistics. Not for measurements: those take the
// engine's seeded generator.

/** Uniform numbers in [0, 1), the same for the same seed (a 32-bit Weyl sequence, mixed). */
export function seededUnit(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x9e3779b9) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 16), 0x21f0aaad);
    mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a2d97);
    return ((mixed ^ (mixed >>> 15)) >>> 0) / 2 ** 32;
  };
}

/** Standard normal numbers from `unit` (Box-Muller, one of the two kept). */
export function seededNormal(unit: () => number): () => number {
  return () => Math.sqrt(-2 * Math.log(1 - unit())) * Math.cos(2 * Math.PI * unit());
}
