// Revision keys as etcd's backend writes them: 17 bytes, the revision's main number as big-endian
// u64, an underscore, its sub number as big-endian u64. They ascend with every put, so a store of
// revisions always grows at its right edge.

const UNDERSCORE = 0x5f;
const WORD = 0x1_0000_0000;

export const REVISION_KEY_BYTES = 17;

/** Writes revision {main, 0} into the first 17 bytes of `key`. `main` is a safe integer. */
export function writeRevision(key: Uint8Array, main: number): void {
  const high = Math.floor(main / WORD);
  const low = main >>> 0;
  for (let i = 0; i < 4; i++) {
    key[i] = high >>> (24 - 8 * i);
    key[4 + i] = low >>> (24 - 8 * i);
  }
  key[8] = UNDERSCORE;
  key.fill(0, 9, REVISION_KEY_BYTES);
}

/** The main number of a revision key. */
export function readRevision(key: Uint8Array): number {
  let main = 0;
  for (let i = 0; i < 8; i++) main = main * 256 + (key[i] ?? 0);
  return main;
}
