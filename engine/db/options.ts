// EngineOptions: every switch of the engine, each with meaning, unit, default and cost. Options that
// the file itself decides (page size of an existing file) are read back after open, not trusted.

import { EngineError } from '../base/errors.ts';
import { FREELIST_KINDS } from '../freelist/create.ts';
import type { FreelistKind } from '../freelist/freelist.ts';
import { PAGE_BYTES_MAX, PAGE_BYTES_MIN } from '../page/layout.ts';

export interface EngineOptions {
  /**
   * Structure of the free pages in memory. Default 'hashmap'. 'array' is bbolt's first one. 'bitmap' is
   * ours: first fit like the array, as fast as the hashmap, one bit a page of the file.
   */
  readonly freelist: FreelistKind;
  /**
   * Whether each commit stores the whole freelist in the file. Default false, as etcd sets it. true
   * costs 8 bytes of write a free page and commit; false costs a walk of the tree at open.
   */
  readonly syncFreelist: boolean;
  /** Bytes of a page in a new file, a power of two, 512 to 65,536. Default 4096. */
  readonly pageSize: number;
  /** Bytes of shared page cache. Default 256 MiB. */
  readonly cacheBytes: number;
  /** Read transactions open at once, over all threads. Default 126. Costs 8 bytes each. */
  readonly readersMax: number;
  /** Share of a page that a split leaves full, 0.1 to 1. Default 0.5, as bbolt; etcd sets 0.9. */
  readonly fillPercent: number;
  /** Opens under a shared lock and never writes. Default false. */
  readonly readOnly: boolean;
}

export const DEFAULT_OPTIONS: EngineOptions = {
  freelist: 'hashmap',
  syncFreelist: false,
  pageSize: 4096,
  cacheBytes: 256 * 1024 * 1024,
  readersMax: 126,
  fillPercent: 0.5,
  readOnly: false,
};

const CACHE_BYTES_MAX = 2 ** 31;

/** Fills in defaults and checks; throws one INVALID_ARGUMENT that names every fault. */
export function resolveOptions(options: Partial<EngineOptions>): EngineOptions {
  const resolved = { ...DEFAULT_OPTIONS, ...options };
  const faults: string[] = [];
  const { pageSize, cacheBytes, readersMax, fillPercent } = resolved;
  if (
    !Number.isInteger(pageSize) ||
    pageSize < PAGE_BYTES_MIN ||
    pageSize > PAGE_BYTES_MAX ||
    (pageSize & (pageSize - 1)) !== 0
  ) {
    faults.push(
      `pageSize ${pageSize} is no power of two from ${PAGE_BYTES_MIN} to ${PAGE_BYTES_MAX}`,
    );
  }
  if (!(cacheBytes >= 16 * pageSize && cacheBytes <= CACHE_BYTES_MAX)) {
    faults.push(`cacheBytes ${cacheBytes} is not between 16 pages and ${CACHE_BYTES_MAX}`);
  }
  if (!Number.isInteger(readersMax) || readersMax < 1 || readersMax > 65_536) {
    faults.push(`readersMax ${readersMax} is not between 1 and 65536`);
  }
  if (!(fillPercent >= 0.1 && fillPercent <= 1)) {
    faults.push(`fillPercent ${fillPercent} is not between 0.1 and 1`);
  }
  if (!FREELIST_KINDS.includes(resolved.freelist)) {
    faults.push(`freelist '${resolved.freelist}' is not ${FREELIST_KINDS.join(', ')}`);
  }
  if (faults.length > 0) throw new EngineError('INVALID_ARGUMENT', faults.join('; '));
  return resolved;
}
