// EngineOptions: every switch of the engine, each with meaning, unit, default and cost. Options that
// the file itself decides (page size of an existing file) are read back after open, not trusted.

import { EngineError } from '../base/errors.ts';
import { choice, onOff, optionFaults, wholeNumber, type OptionRule } from '../base/option-rules.ts';
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

const CACHE_PAGES_MIN = 16;
const CACHE_BYTES_MAX = 2 ** 31;

/** What each option may be; fillPercent is a share in spite of its name, which is bbolt's. */
export const ENGINE_OPTION_RULES: Readonly<Record<keyof EngineOptions, OptionRule>> = {
  freelist: choice(FREELIST_KINDS, 'structure of the free pages in memory'),
  syncFreelist: onOff('whether each commit stores the whole freelist in the file'),
  pageSize: wholeNumber('bytes', PAGE_BYTES_MIN, PAGE_BYTES_MAX, 'page of a new file'),
  cacheBytes: wholeNumber(
    'bytes',
    CACHE_PAGES_MIN * PAGE_BYTES_MIN,
    CACHE_BYTES_MAX,
    'shared page cache',
  ),
  readersMax: wholeNumber('readers', 1, 65_536, 'read transactions open at once'),
  fillPercent: {
    kind: 'number',
    unit: '',
    min: 0.1,
    max: 1,
    whole: false,
    scale: 'linear',
    meaning: 'share of a page that a split leaves full',
  },
  readOnly: onOff('opens the file under a shared lock and never writes'),
};

/** Fills in defaults and checks; throws one INVALID_ARGUMENT that names every fault. */
export function resolveOptions(options: Partial<EngineOptions>): EngineOptions {
  const resolved = { ...DEFAULT_OPTIONS, ...options };
  const faults = [
    ...optionFaults<EngineOptions>(ENGINE_OPTION_RULES, resolved),
    ...pageFaults(resolved),
  ];
  if (faults.length > 0) throw new EngineError('INVALID_ARGUMENT', faults.join('; '));
  return resolved;
}

/** Faults that no option shows by itself. */
export function pageFaults({ pageSize, cacheBytes }: EngineOptions): string[] {
  const faults: string[] = [];
  if (Number.isInteger(pageSize) && (pageSize & (pageSize - 1)) !== 0) {
    faults.push(`pageSize ${pageSize} is no power of two`);
  }
  if (cacheBytes < CACHE_PAGES_MIN * pageSize) {
    faults.push(`cacheBytes ${cacheBytes} is less than ${CACHE_PAGES_MIN} pages`);
  }
  return faults;
}
