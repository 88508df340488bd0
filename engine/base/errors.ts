// EngineError: every operating fault of the engine, with a closed code. Bugs are not EngineErrors:
// they end in assert(), which nobody catches. Absent is a value, never an error.

export const ENGINE_ERROR_CODES = [
  'BUCKET_EXISTS',
  'BUCKET_NOT_FOUND',
  'COMPACTED',
  'CORRUPT',
  'DUPLICATE_KEY',
  'EMPTY_KEY',
  'FUTURE_REVISION',
  'INCOMPATIBLE_VALUE',
  'INVALID_ARGUMENT',
  'IO',
  'KEY_NOT_FOUND',
  'LEASE_EXISTS',
  'LEASE_NOT_FOUND',
  'LEASE_TTL_TOO_LARGE',
  'LOCKED',
  'NOT_A_DATABASE',
  'NO_SPACE',
  'POISONED',
  'QUOTA_EXCEEDED',
  'READERS_FULL',
  'READ_TOO_OLD',
  'REQUEST_TOO_LARGE',
  'TOO_MANY_OPERATIONS',
  'TX_CLOSED',
  'UNSUPPORTED',
  'VERSION_MISMATCH',
] as const;

export type EngineErrorCode = (typeof ENGINE_ERROR_CODES)[number];

export class EngineError extends Error {
  override readonly name = 'EngineError';
  readonly code: EngineErrorCode;

  constructor(code: EngineErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.code = code;
  }
}
