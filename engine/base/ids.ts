// Branded numbers of the engine. A 64-bit field of the file format is a safe integer in memory;
// bigint appears in codecs and lease ids only. The brands cost nothing at run time: they keep a pgid
// from being passed where a txid is meant.

/** Number of a page in the file; page n starts at byte n * pageSize. */
export type Pgid = number & { readonly __brand: 'Pgid' };

/** Number of a write transaction; a reader holds the txid of the meta page it started from. */
export type Txid = number & { readonly __brand: 'Txid' };

export function pgid(value: number): Pgid {
  return value as Pgid;
}

export function txid(value: number): Txid {
  return value as Txid;
}

/** Number of a lease: any int64 but 0. etcd makes ids beyond 2^53, so a number would not hold them. */
export type LeaseId = bigint & { readonly __brand: 'LeaseId' };

export function leaseId(value: bigint): LeaseId {
  return value as LeaseId;
}
