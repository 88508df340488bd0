// Kinds of freelist: createFreelist() is the one place that maps a kind's name to its class, so that
// nobody else has to know the classes. Options name the kind; the kinds' own files say what each costs.

import { ArrayFreelist } from './array-freelist.ts';
import { BitmapFreelist } from './bitmap-freelist.ts';
import type { Freelist, FreelistKind } from './freelist.ts';
import { HashmapFreelist } from './hashmap-freelist.ts';

export const FREELIST_KINDS: readonly FreelistKind[] = ['array', 'hashmap', 'bitmap'];

export function createFreelist(kind: FreelistKind): Freelist {
  switch (kind) {
    case 'array':
      return new ArrayFreelist();
    case 'hashmap':
      return new HashmapFreelist();
    case 'bitmap':
      return new BitmapFreelist();
  }
}
