// SHA-256 of whole files, read in pieces: what proves that two files, or one file at two moments, hold
// the same bytes. Holes count as the zeros they are read as.

import { createHash } from 'node:crypto';
import { closeSync, openSync, readSync } from 'node:fs';

const PIECE_BYTES = 1 << 22;

/** Digest of all bytes of the file, as hex. */
export function fileDigest(path: string): string {
  const hash = createHash('sha256');
  const piece = new Uint8Array(PIECE_BYTES);
  const fd = openSync(path, 'r');
  try {
    for (;;) {
      const bytes = readSync(fd, piece, 0, PIECE_BYTES, null);
      if (bytes === 0) return hash.digest('hex');
      hash.update(piece.subarray(0, bytes));
    }
  } finally {
    closeSync(fd);
  }
}
